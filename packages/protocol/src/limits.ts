/**
 * Every limit that both sides of the wire agree on, with its unit and its reason.
 *
 * Invariant: nothing in the protocol is unbounded. A decoder that meets a larger number answers with a code.
 */

/** Bytes one client message may hold. 16 KiB: a hundred intents fit, a bomb does not. */
export const clientMessageBytesMax = 16 * 1024;
/** Bytes one client frame may hold. A keyframe of a crowded view stays far below. */
export const clientFrameBytesMax = 4 * 1024 * 1024;
/** Bytes of a keyframe that may come packed: a region of a thousand entities with long names. A bomb is at most this. */
export const packedKeyframeBytesMax = 256 * 1024;
/** Intents in one client message. A tick at 10 Hz with a frantic player needs fewer than ten. */
export const intentsPerMessageMax = 64;
/** Encoded bytes of one intent, fact or message record. Chat of 240 characters in any script fits. */
export const recordBytesMax = 2048;
/** Entity kinds in one schema: the kind has 8 bits in an entity's id. */
export const kindsMax = 255;
/** Fields of one channel of one kind: they share a change mask that is read as one number. */
export const fieldsPerChannelMax = 24;
/** Rows of one kind in one zone: the row has 16 bits in an entity's id. */
export const rowsPerKindMax = 65_536;
/** Zones in one realm: the zone has 12 bits in an entity reference. */
export const zonesMax = 4096;
/** Regions in one zone: a region's index has 16 bits on the wire. */
export const regionsPerZoneMax = 65_535;
/** How often a region may split in four: 64 m become 2 m, which holds few people however they crowd. */
export const regionDepthMax = 5;
/** Least bits of a region's number: room for a grid to split even where it has few regions. */
export const regionBitsMin = 10;
/** Metres by which an entity may stand outside its region inside the zone; hysteresis stays below. */
export const regionMarginM = 4;
/** Metres by which an entity may stand outside its zone before it is clamped: a crossing ends long before. */
export const zoneMarginM = 16;
/** Options of one enumeration: one byte in a column. */
export const optionsMax = 256;
/** UTF-8 bytes of one text field. */
export const textBytesMax = 1024;
/** Levels of replication (channels × stride): the level has 4 bits in a section header. */
export const levelsMax = 16;
/** Longest stride in ticks: a window never spans more, so leaves and change ticks need no longer memory. */
export const strideTicksMax = 32;
/** Ticks for which a freed entity id rests before it is given again: twice the longest window. */
export const idRestTicks = 2 * strideTicksMax;
/** Metres between two wire positions: 1/64 m. */
export const positionStepsPerM = 64;
/** Metres per second up to which a change of place is told by its low bits alone: runners, not those who leap or fall. */
export const nearSpeedMps = 9.6;
/** Metres between two simulated positions: 1/1024 m. Prediction and zone share this lattice and so agree exactly. */
export const finePositionStepsPerM = 1024;
/** Characters of a name that a person typed. */
export const nameCharactersMax = 24;
