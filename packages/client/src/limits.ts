/** Every limit and rhythm of the SDK, with its unit and its reason. What both sides agree on stands in the protocol's limits. */

/** Milliseconds after which something is acknowledged even if nothing is to be said. The server stops composing at 1000. */
export const acknowledgeMs = 250;
/** Received bytes that are acknowledged at once: a quarter of what the server lets pass unacknowledged. */
export const acknowledgeBytes = 16 * 1024;
/** Milliseconds between two pings. */
export const pingMs = 2000;
/** Milliseconds without a byte from the server after which the socket counts as lost. Pongs alone come every 2 s. */
export const silenceMsMax = 8000;
/** Intents that may wait for their acknowledgement: as many as the gateway keeps, so that it never has to drop one silently. */
export const pendingIntentsMax = 64;
/** Bytes of intents in one message; the rest goes into the next one. Half of what the server accepts. */
export const messageBytesMax = 8 * 1024;
/** Milliseconds of the first pause before a reconnect; it doubles from then on. */
export const backoffMsMin = 250;
/** Milliseconds of the longest pause before a reconnect. */
export const backoffMsMax = 8000;
/** Attempts in a row without a welcome, after which the connection gives up. With the pauses above: about five minutes. */
export const attemptsMax = 40;
/** Milliseconds for a socket to open and be welcomed. */
export const welcomeMsMax = 10_000;
/** Milliseconds before keyframes are asked for again; it doubles while they do not help. */
export const resyncMsMin = 1000;
export const resyncMsMax = 8000;
/** Milliseconds for which an entity that left one zone, or a picture that is being renewed, is kept for its successor. */
export const transitMsMax = 1000;
/** Ticks after which a zone that tells nothing of a group has no member of it any more. Zones tell every 4 ticks. */
export const groupTicksMax = 30;
/** Observations that the estimate of jitter looks back on: 3 s at 20 Hz. */
export const jitterSamples = 64;
/** Recorded positions of one interpolated entity: more than a second at 10 Hz. */
export const trackSamples = 16;
/** Recorded steps of a prediction: more than 12 s at 20 Hz. */
export const historySteps = 256;
