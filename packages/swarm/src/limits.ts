/**
 * Every limit and rhythm of the swarm, with its unit and its reason. What both sides of the wire agree on stands in the
 * protocol's limits.
 */

/** Players in one process: loopback offers 28,000 ports from one address, and some are in TIME_WAIT. */
export const playersMax = 20_000;
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
/** Slots of the wheel, a power of two: a turn of four seconds, so that beats and most pauses need one turn only. */
export const wheelSlots = 1024;

/** Milliseconds from asking for a ticket to the welcome. */
export const joinMsMax = 15_000;
/** Milliseconds after the ramp in which the last players may still arrive. */
export const gatherMsMax = 15_000;
/** Milliseconds between the last arrival and the measuring: the first keyframes are no steady state. */
export const settleMs = 1000;
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
/** Bytes of a ticket's answer. */
export const ticketBytesMax = 16 * 1024;
/** Milliseconds for any answer over HTTP. */
export const httpMsMax = 10_000;

/** One player of so many decodes and checks everything. */
export const playersPerObserver = 100;
/**
 * Milliseconds after a mismatch in which an observer waits for keyframes and counts nothing. Above the second within
 * which a server obeys one `resync` only.
 */
export const resyncQuietMs = 1500;
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
/** Milliseconds between two progress lines on a terminal, and elsewhere. */
export const progressMs = { terminal: 1000, file: 2000 } as const;
