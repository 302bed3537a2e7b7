/**
 * Every limit of the gateway that is not an operator's choice, with its unit and its reason.
 */

/** Sessions that one gateway may name: 24 bits of a session's number. */
export const sessionsPerGatewayMax = 0xff_ffff;
/** Tick frames kept per zone: two frames of a client that gets every fourth tick; who falls no further behind needs no keyframe. */
export const framesKept = 8;
/** Percent of real time below which a zone takes nobody in: one more player would make it slower for all. */
export const joinDilationMin = 60;
/** Facts that wait for one session's acknowledgement. */
export const factsWaitingMax = 512;
/** Bytes of those facts. */
export const factBytesWaitingMax = 64 * 1024;
/** Bytes sent and not acknowledged before composing stops, beside keyframes. */
export const unacknowledgedBytesMax = 64 * 1024;
/** Milliseconds that the oldest frame may stay unacknowledged before composing stops. */
export const unacknowledgedMsMax = 1000;
/**
 * Bytes of keyframes for which a client gets one millisecond more: 64 KiB/s. Without it a client on a slow line would
 * be called stale over the very keyframes that bring it back, for ever.
 */
export const keyframeBytesPerMs = 64;
/** Frames that may be unacknowledged: a power of two above one second at 60 Hz. */
export const framesInFlightMax = 64;
/** Bytes in the socket's own buffer before composing stops, beside keyframes. */
export const bufferedBytesMax = 64 * 1024;
/** Milliseconds for which a stale client may acknowledge nothing before it is closed with `not_draining`. */
export const staleMsMax = 30_000;
/** Bytes of keyframes in one client frame; the rest follows with the next. At least one keyframe always goes. */
export const keyframeBytesPerFrameMax = 256 * 1024;
/** Ticks after which a keyframe that did not come is asked for again. */
export const keyframeRetryTicks = 8;
/** Intents of a session that the zone has not acknowledged. */
export const intentsWaitingMax = 64;
/** Intents of a session in one batch; the rest waits for the next tick. */
export const intentsPerTickMax = 16;
/** Milliseconds of flooding after which a connection is closed. */
export const floodMsMax = 10_000;
/** Messages and intents dropped in one flood after which a connection is closed. */
export const floodDropsMax = 600;
/** Milliseconds for which a flooding client is not read: a few messages' worth of its rate comes back meanwhile. */
export const floodPauseMs = 100;
/** A flood is over when nothing was dropped for this many milliseconds. */
export const floodRestMs = 2000;
/** Milliseconds between two `resync` of one client that are obeyed: each costs a view of keyframes. */
export const resyncMsMin = 1000;
/** Milliseconds that a login may take, from the hello to the join. */
export const loginMsMax = 15_000;
/** Milliseconds that a login waits for the older session of its character to be saved. */
export const takeoverMsMax = 5000;
/** Milliseconds without a tick frame after which a zone is silent: nobody joins it, whoever plays there stays. */
export const zoneSilentMs = 5000;
/** Milliseconds of silence about a session after which another zone that reports it is believed: its goodbye was lost. */
export const lostHandoverMs = 500;
/** Milliseconds that a running zone may not report a session before it is taken for unknown there. */
export const unreportedMsMax = 10_000;
/**
 * Milliseconds after which a session that its running zone does not report is let in again from its last save. A handover
 * that was lost is repeated within one second.
 */
export const rejoinMs = 3000;
/** Milliseconds after which a zone is told again that a session came here from another gateway. */
export const recallMs = 500;
/** Milliseconds for which a gateway passes on what zones say of a session that went to another one: some ticks, and room. */
export const movedMsMax = 5000;
/** Milliseconds between two wishes that a zone lets a session go which nobody here knows. */
export const orphanMs = 1000;
/** Orphans remembered at a time: more are told later. */
export const orphansMax = 4096;
/** Milliseconds that a session may wait for the zone to let it go, before the gateway forgets it. */
export const endingMsMax = 30_000;
/** Milliseconds between two looks at every session: handshakes, silence, absence. */
export const sweepMs = 250;
/** Connections that are not yet sessions, as a share of the capacity: a place for those who wait at the door. */
export const handshakesPerCapacity = 0.25;
/** Handshakes allowed whatever the capacity. */
export const handshakesMin = 64;
/** Addresses whose connections are counted at a time: one per connection at most, and a guard beside that. */
export const addressesMax = 65_536;
/** Units of a ticket or resume key as a client offers it: a token of some 400 characters is usual. */
export const credentialUnitsMax = 2048;
/** A ticket may end at most this many milliseconds from now; its own life is 30 s, the rest is for clocks that differ. */
export const ticketMsMax = 120_000;
/** Life of a ticket issued here, milliseconds. */
export const ticketLifeMs = 30_000;
