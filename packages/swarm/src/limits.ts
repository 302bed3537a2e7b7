/**
 * Every limit and rhythm of the swarm, with its unit and its reason. What both sides of the wire agree on stands in the
 * protocol's limits.
 */

/** Players of one swarm: loopback offers 28,000 ports from one address, and some are in TIME_WAIT. */
export const playersMax = 20_000;
/** Processes that share the players: more than any machine has cores for. */
export const processesMax = 64;
/** Metres along a side of a square on which everybody stands. */
export const squareMMax = 10_000;
/** Metres from the middle of the world to a square. */
export const placeMMax = 10_000_000;
/** Metres between a place and its zone's edges: nobody begins by crossing one. An eighth of a side in small zones. */
export const placeMarginM = 24;
/** Seconds that a stall ends before the measured time does, so that everyone can be right again. */
export const recoverSecondsMin = 5;
/** Intents that a flooding player sends at once, in each step of the wheel: 32,000 a second. */
export const floodBurst = 128;
/** Bytes that wait at a flooding player's socket before it pauses: the server reads no faster. */
export const floodWaitingBytesMax = 256 * 1024;
/** Seconds of steady play: a day. */
export const secondsMax = 86_400;
/** Seconds over which the players join. */
export const rampSecondsMax = 3600;
/** Players that join in a second unless `--ramp` says otherwise: a login costs a signature and a row. */
export const joinsPerSecond = 100;
/** Largest seed: 32 bits. */
export const seedMax = 0xffff_ffff;
/** Largest weight of one persona in `--mix`. */
export const weightMax = 100;

/**
 * Milliseconds between two messages of a player, each with its intent and its acknowledgement: four intents a second, and
 * just under the 250 ms within which a client has to acknowledge. A multiple of `wheelStepMs`, so that the plan's
 * times are the wheel's.
 */
export const beatMs = 240;
/** Received bytes that are acknowledged at once: a quarter of what the server lets pass unacknowledged. */
export const acknowledgeBytes = 16 * 1024;
/** Intents of one player that wait for their acknowledgement: 15 s. A power of two. */
export const pendingIntentsMax = 64;

/** Resolution of the timer wheel in milliseconds: a tenth of a tick, and no more wake-ups than a machine notices. */
export const wheelStepMs = 4;
/** Milliseconds of the plan that are made good at once: between two such lots sockets are read, however late the swarm is. */
export const advanceMsMax = 64;
/** Slots of the wheel, a power of two: a turn of four seconds, so that beats and most pauses need one turn only. */
export const wheelSlots = 1024;

/** Milliseconds from asking for a ticket to the welcome. */
export const joinMsMax = 15_000;
/**
 * Joins under way at once: at the start, at least, at most, and how many more after each welcome. At 50 ms a login the
 * start is 640 a second.
 */
export const joinWindow = { start: 32, min: 4, max: 256, step: 0.25 } as const;
/** Milliseconds after the ramp without an arrival, after which nobody else is waited for: twice the time of a join. */
export const gatherMsMax = 2 * joinMsMax;
/** Milliseconds between the last arrival and the measuring, and for each player: the first keyframes are no steady state. */
export const settleMs = 1000;
export const settleMsPerPlayer = 0.5;
/** Milliseconds in which the server may answer the goodbyes. */
export const leaveMsMax = 5000;
/** Pause before the first reconnect, milliseconds; doubled by each that fails. */
export const backoffMsMin = 250;
/** Longest pause before a reconnect, milliseconds. */
export const backoffMsMax = 8000;
/** Attempts in a row without a welcome, after which a player gives up: about half a minute. */
export const attemptsMax = 8;
/** Tickets asked for at a time; the others wait in line. */
export const ticketRequestsMax = 32;
/** Bytes of any answer over HTTP: a map of a thousand zones. */
export const answerBytesMax = 128 * 1024;
/** Milliseconds for any answer over HTTP. */
export const httpMsMax = 10_000;

/** One player of so many decodes and checks everything. */
export const playersPerObserver = 100;
/**
 * Milliseconds after a mismatch in which an observer waits for keyframes and counts nothing. Above the second within
 * which a server obeys one `resync` only.
 */
export const resyncQuietMs = 1500;
/** Milliseconds between two looks of an observer who is near to it. */
export const nearestLookMs = 500;
/** Mismatches that are kept with their details. */
export const mismatchDetailsMax = 16;
/** Kinds of errors that are counted apart; the rest is counted as "other". */
export const errorKindsMax = 64;
/** Milliseconds between two looks of the observers around, for everyone's knowledge of targets. */
export const sightingsMs = 500;
/** Creatures and things that are remembered at a time. */
export const sightingsMax = 8192;

/** Longest time that a histogram tells apart, milliseconds: ten minutes. */
export const latencyMsMax = 600_000;
/** What nobody answered counts with its age at the end, if it is at least this old: younger ones were just on their way. */
export const unansweredMsMin = 1000;

/**
 * Lag of the swarm's own timers, p99 in milliseconds, above which its latencies are its own: half a tick. The burst of one
 * tick's frames for 1,000 players costs 10.
 */
export const lagMsWarn = 25;
/** Percent of one core above which the swarm was the bottleneck. */
export const cpuPercentWarn = 80;
/** Milliseconds between two looks at the server's status: what stands for a shorter time is not seen. */
export const statusMs = 1000;
/** Milliseconds that another process of the swarm may take to start, and to send what it has measured. */
export const processMsMax = 30_000;
/** Milliseconds between two reports of a process to the one that started it. */
export const shareReportMs = 500;
/** Milliseconds between two progress lines on a terminal, and elsewhere. */
export const progressMs = { terminal: 1000, file: 2000 } as const;
