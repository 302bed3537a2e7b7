/**
 * What the bits of client frames are spent on, and what they would be without each trick of the format.
 *
 * Owns the names and the sums. A trick is taken back one at a time, in units that the format has: a block without it ends
 * at a whole byte again, and lengths in front of it grow as they must.
 */

/** What bits are for, in the order of the wire. */
export const wireParts = [
  "framing",
  "head",
  "moved",
  "self",
  "facts",
  "partHeads",
  "sectionHeads",
  "drops",
  "reshapes",
  "keyframes",
  "packedKeyframes",
  "intros",
  "blockRegions",
  "blockLeaves",
  "blockEnters",
  "blockFlags",
  "blockNames",
  "blockMasks",
  "blockPositions",
  "blockCritical",
  "blockDetailed",
  "blockCosmetic",
  "blockMetadata",
  "blockPadding",
  "group",
] as const;
export type WirePart = (typeof wireParts)[number];

/** What each part is, for people. */
export const wirePartTexts: Readonly<Record<WirePart, string>> = {
  framing: "WebSocket framing",
  head: "frame number, time, tick, acknowledgement",
  moved: "own position and id",
  self: "self",
  facts: "facts",
  partHeads: "heads of zone parts",
  sectionHeads: "heads of sections",
  drops: "drops",
  reshapes: "splits and merges",
  keyframes: "keyframes",
  packedKeyframes: "keyframes, packed",
  intros: "intros",
  blockRegions: "blocks: region numbers",
  blockLeaves: "blocks: who left",
  blockEnters: "blocks: who came",
  blockFlags: "blocks: flags",
  blockNames: "blocks: who changed",
  blockMasks: "blocks: which fields",
  blockPositions: "blocks: positions",
  blockCritical: "blocks: critical, beside positions",
  blockDetailed: "blocks: detailed",
  blockCosmetic: "blocks: cosmetic",
  blockMetadata: "blocks: metadata",
  blockPadding: "blocks: padding",
  group: "group",
};

/** Tricks of the format, each with what stands in its place when it is taken back. */
export const wireTricks = [
  "relativePositions",
  "regionNumbers",
  "wireIds",
  "listOrBitmap",
  "memberIndexes",
  "nearPositions",
  "shortPositions",
  "changedFields",
  "shortMasks",
  "packedKeyframes",
] as const;
export type WireTrick = (typeof wireTricks)[number];

export const wireTrickTexts: Readonly<Record<WireTrick, readonly [name: string, instead: string]>> = {
  relativePositions: ["whole positions, relative", "32 + 32 bits"],
  regionNumbers: ["short region numbers", "16 bits"],
  wireIds: ["short ids", "24 bits"],
  listOrBitmap: ["list where few changed", "a bit a member"],
  memberIndexes: ["members by place", "short ids"],
  nearPositions: ["low bits of near ones", "whole, relative"],
  shortPositions: ["both of these", "32 + 32 bits"],
  changedFields: ["only changed fields", "all of a channel"],
  shortMasks: ["short masks", "a bit a field"],
  packedKeyframes: ["large keyframes packed", "plain"],
};

/** Sums over frames. All counts are of bits, but for those that say otherwise. */
export class WireSums {
  readonly parts = new Map<WirePart, number>(wireParts.map((part) => [part, 0]));
  /** Whole frames without each trick. */
  readonly without = new Map<WireTrick, number>(wireTricks.map((trick) => [trick, 0]));
  /** Bits of blocks by level, and entities that they refreshed. */
  readonly levelBits: number[] = [];
  readonly levelUpdates: number[] = [];
  readonly levelBlocks: number[] = [];
  /** Whole frames, framing included. */
  bits = 0;
  frames = 0;
  /** Entities that a frame refreshed, counted once for each of its zone parts. */
  updates = 0;

  add(part: WirePart, bits: number): void {
    this.parts.set(part, this.parts.get(part)! + bits);
  }

  addWithout(trick: WireTrick, bits: number): void {
    this.without.set(trick, this.without.get(trick)! + bits);
  }

  /** Adds what another one counted. */
  addAll(other: WireSums): void {
    for (const [part, bits] of other.parts) this.add(part, bits);
    for (const [trick, bits] of other.without) this.addWithout(trick, bits);
    other.levelBits.forEach((bits, level) => {
      this.addBlock(level, bits, other.levelUpdates[level]!);
      this.levelBlocks[level]! += other.levelBlocks[level]! - 1;
    });
    this.bits += other.bits;
    this.frames += other.frames;
    this.updates += other.updates;
  }

  addBlock(level: number, bits: number, updates: number): void {
    this.levelBits[level] = (this.levelBits[level] ?? 0) + bits;
    this.levelUpdates[level] = (this.levelUpdates[level] ?? 0) + updates;
    this.levelBlocks[level] = (this.levelBlocks[level] ?? 0) + 1;
  }
}
