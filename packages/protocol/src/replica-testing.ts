/**
 * What tests of the replica stand on: blocks by hand, from nothing but the drawings in the headers of replica.ts and
 * wire-id.ts, and a small zone to apply them to.
 */
import { BitWriter } from "./bits.ts";
import { position, text, uint } from "./fields.ts";
import type { Level } from "./levels.ts";
import { regionMarginM, zoneMarginM } from "./limits.ts";
import { RegionGrid, type RegionShape } from "./regions.ts";
import { type ReplicaEntity, ZoneReplica } from "./replica.ts";
import { critical, defineSchema, detailed, entity, metadata } from "./schema.ts";

const Dot = entity("dot", {
  position: critical(position()),
  size: critical(uint(4)),
  mood: detailed(uint(3)),
  name: metadata(text(7)),
});
const Post = entity("post", { position: critical(position()) });
const Tree = entity("tree", { position: critical(position()) });
export const { kinds } = defineSchema({
  name: "g",
  version: "1",
  entities: [Dot, Post, Tree],
  intents: [],
  facts: [],
});
export const grid = new RegionGrid(2, { x: 0, y: 0, width: 128, height: 64 }, 64);
export const levels: Level[] = [
  { radiusM: 64, strideTicks: 1, channelStrides: [1, 2, 0, 1] },
  { radiusM: 128, strideTicks: 2, channelStrides: [2, 0, 0, 0] },
];

/** Blocks by hand, from nothing but the drawings in the headers of replica.ts and wire-id.ts. */
export class Wire extends BitWriter {
  region(region: number): this {
    this.align();
    this.bits(region, 10);
    return this;
  }
  /** A quarter's number, then its cell (one bit of two cells) and the quadrants on the way down. */
  quarter(region: number, cell: number, ...quadrants: number[]): this {
    this.region(region).bits(cell, 1);
    this.bits(quadrants.length, 3);
    for (const quadrant of quadrants.toReversed()) this.bits(quadrant, 2);
    return this;
  }
  /** Both cells lie at the zone's edge on all sides but where they meet; 96 m are 13 bits. */
  at(x: number, y: number, size: number): this {
    const origin = x < 64 ? -zoneMarginM : 64 - regionMarginM;
    this.bits((x - origin) * 64, 13);
    this.bits((y + zoneMarginM) * 64, 13);
    this.bits(size, 4);
    return this;
  }
  /** The same relative to a quarter. */
  within({ originX, originY, positionBits }: RegionShape, x: number, y: number, size: number): this {
    this.bits(x * 64 - originX, positionBits);
    this.bits(y * 64 - originY, positionBits);
    this.bits(size, 4);
    return this;
  }
  mood(value: number): this {
    this.bits(value, 3);
    return this;
  }
  name(words: string): this {
    const bytes = new TextEncoder().encode(words);
    this.bits(bytes.length, 3);
    for (const byte of bytes) this.bits(byte, 8);
    return this;
  }
  /** Of three kinds the last needs two bits. */
  id(row: number, kind = 0): this {
    const width = Math.max(1, row.toString(2).length);
    this.bits(kind, 2);
    this.bits(width - 1, 4);
    if (width === 1) this.bits(row, 1);
    else this.bits(row - 2 ** (width - 1), width - 1);
    return this;
  }
  flag(...flags: number[]): this {
    for (const flag of flags) this.bits(flag, 1);
    return this;
  }
  count(value: number): this {
    this.gamma(value);
    return this;
  }
}

/** Events in the words of a listener. */
export function replica() {
  const events: string[] = [];
  const say = (dot: ReplicaEntity) => `${dot.id}@${dot.region}`;
  const zone = new ZoneReplica({
    grid,
    kinds,
    levels,
    listener: {
      appeared: (dot) => events.push(`+${say(dot)}`),
      changed: (dot, channel) => events.push(`~${say(dot)}.${channel}`),
      vanished: (dot, movedTo) => events.push(`-${say(dot)}${movedTo === 0 ? "" : `>${movedTo}`}`),
    },
  });
  const told = () => events.splice(0);
  return { zone, told };
}

/** A keyframe of region 0 with dots 1 and 3, and of region 1 with dot 4. */
export function dotKeyframes(): Uint8Array {
  const wire = new Wire();
  wire.region(0).count(2);
  wire.count(1).at(10, 20, 5).mood(1).name("one");
  wire.count(1).at(12, 20, 6).mood(2).name("three");
  wire.region(1).count(1).count(4).at(70, 20, 7).mood(3).name("four");
  return wire.bytes();
}

function demand(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(`the state to begin with: ${problem}`);
}

export function withDots() {
  const made = replica();
  demand(made.zone.applyKeyframes(4, dotKeyframes()));
  made.told();
  return made;
}

/** Where the quarters of cell 0 lie, and the south-eastern one's own quarters. */
export const cell0 = grid.shapeOf(0);
export const northWest = grid.quarterOf(cell0, 0);
export const southEast = grid.quarterOf(cell0, 3);
/** The first quarters that are given out: 2 to 5, then 6 to 9. */
export const quarters = 2;
export const moreQuarters = 6;

/** Region 0 splits into 2 to 5: dot 1 goes into the north-west, dot 3 into the south-east. */
export function splitBytes(): Uint8Array {
  const wire = new Wire();
  wire.region(0).flag(0).bits(quarters, 10);
  wire.count(2).bits(0, 2);
  wire.bits(3, 2);
  return wire.bytes();
}

export function mergeBytes(region: number, first: number): Uint8Array {
  const wire = new Wire();
  wire.region(region).flag(1).bits(first, 10);
  return wire.bytes();
}

export function withQuarters() {
  const made = withDots();
  demand(made.zone.applyReshapes(splitBytes()));
  return made;
}
