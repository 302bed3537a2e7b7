/**
 * The levels of replication in the form that views compute with; one for all sessions.
 *
 * Owns the rule that says when a region may change its level without a keyframe. The client has, of each channel of a
 * level, everything up to the last tick at which the channel was due there; a block carries the window
 * (t − stride, t]. So a change from one level to another is free when every channel of the new level is sent at the old
 * one too, and the new level's next window begins no later than what the client has.
 * Invariant: ticks here are a region's own: the zone's, shifted by the region's phase.
 */
import { type Level, lastDue, levelsMax, strideTicksMax } from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import { knownWithinM } from "../replication/replicator.ts";

/** Metres beyond `knownWithinM` of the replicator for regions' hysteresis and what a walk makes of a straight line. */
const slackM = 8;
/** Metres within the edge of what a viewer sees of a channel in which newcomers are told in full: see `takesIntros`. */
export const introRimM = knownWithinM + slackM;

export class ViewPlan {
  readonly levels: readonly Level[];
  /** Metres within which something is in view at all. */
  readonly radiusM: number;
  /** Metres within which something that is in view stays so. */
  readonly reachM: number;
  /** Rings around a viewer, nearest first. */
  readonly rings: number;
  /** Squared radius of each ring, and squared distance up to which a region keeps it. */
  readonly squares: Float64Array;
  readonly keepSquares: Float64Array;
  /** Metres that a viewer moves before the view is computed again. */
  readonly stepM: number;
  /** Metres after which the view of a viewer with room on its line is computed again. */
  readonly widestStepM: number;
  /** By ring: how far from the viewer the ring's channels reach, whatever the stride. */
  readonly #coverM: Float64Array;
  /** By ring, then log2 of the stride: the level with the ring's channels and at least that stride (nearest that exists). */
  readonly #levelOf: readonly Uint8Array[];
  /** Level of what a ring is made of: `isCovered[a * levels + b]` says that a sends each channel of b. */
  readonly #covers: Uint8Array;

  constructor(options: { levels: readonly Level[]; hysteresisPercent: number; stepM: number }) {
    const { levels, hysteresisPercent, stepM } = options;
    assert(levels.length >= 1 && levels.length <= levelsMax, "a view has 1 to 16 levels");
    const rings = levels.filter((level) => level.radiusM > 0).sort((a, b) => a.radiusM - b.radiusM);
    assert(rings.length >= 1, "a view has a ring");
    const stretch = 1 + hysteresisPercent / 100;
    this.levels = levels;
    this.stepM = stepM;
    this.widestStepM = Math.max(stepM, rings[0]!.radiusM / 8);
    this.rings = rings.length;
    this.radiusM = rings.at(-1)!.radiusM;
    this.reachM = this.radiusM * stretch;
    this.squares = Float64Array.from(rings, ({ radiusM }) => radiusM * radiusM);
    this.keepSquares = Float64Array.from(rings, ({ radiusM }) => (radiusM * stretch) ** 2);
    this.#coverM = Float64Array.from(rings, (ring) =>
      Math.max(...rings.filter((other) => sends(other, ring)).map(({ radiusM }) => radiusM)),
    );
    this.#levelOf = rings.map((ring) => levelsByStride(levels, ring));
    this.#covers = Uint8Array.from({ length: levels.length ** 2 }, (_, place) => {
      const [a, b] = [levels[Math.floor(place / levels.length)]!, levels[place % levels.length]!];
      return sends(a, b) ? 1 : 0;
    });
  }

  /** The ring for a squared distance, counted from 1; 0 beyond the last. `current` is the ring until now, or 0. */
  ringAt(squareM: number, current: number): number {
    if (current > 0) {
      const ring = current - 1;
      const isNearer = ring > 0 && squareM <= this.squares[ring - 1]!;
      if (!isNearer && squareM <= this.keepSquares[ring]!) return current;
    }
    for (let ring = 0; ring < this.rings; ring++) {
      if (squareM <= this.squares[ring]!) return ring + 1;
    }
    return 0;
  }

  /** The level of a ring (counted from 1) with at least 2^`doublings` times its stride, and at least `strideMin` ticks. */
  levelFor(ring: number, doublings: number, strideMin: number): number {
    const byStride = this.#levelOf[ring - 1]!;
    const base = 31 - Math.clz32(this.levels[byStride[0]!]!.strideTicks);
    const least = 31 - Math.clz32(strideMin);
    const wanted = Math.max(base + doublings, least);
    return byStride[wanted > longestLog ? longestLog : wanted]!;
  }

  /**
   * Whether newcomers must be told in full to a viewer of a ring (counted from 1): whoever walks in from where the viewer
   * does not see these channels could be unknown: a crossing says only an id up to 16 m from where everyone was told of
   * the entity.
   */
  takesIntros(ring: number, distanceM: number, sizeM: number): boolean {
    return distanceM + sizeM * Math.SQRT2 + introRimM > this.#coverM[ring - 1]!;
  }

  /** Whether a region that is not known can matter only to regions that take intros anyway. */
  isRim(ring: number, distanceM: number): boolean {
    return distanceM > this.#coverM[ring - 1]!;
  }

  /** Whether each channel of `next` is sent at `current` too: a change then waits for its phase at most. */
  coversChannels(current: number, next: number): boolean {
    return this.#covers[current * this.levels.length + next] === 1;
  }

  /** Whether a region that is complete at `current` up to its tick `last` may go on at `next` from the tick after it. */
  mayChange(current: number, next: number, last: number): boolean {
    if (!this.coversChannels(current, next)) return false;
    const has = this.levels[current]!.channelStrides;
    const needs = this.levels[next]!.channelStrides;
    for (let channel = 0; channel < needs.length; channel++) {
      const stride = needs[channel]!;
      if (stride !== 0 && lastDue(last, stride) > lastDue(last, has[channel]!)) return false;
    }
    return true;
  }

  /** Whether a block of the level was due at one of a region's ticks in (from, to]: who has not seen it has a gap. */
  wasDue(level: number, from: number, to: number): boolean {
    return lastDue(to, this.levels[level]!.strideTicks) > from;
  }
}

const longestLog = 31 - Math.clz32(strideTicksMax);

/** Whether `level` sends every channel that `other` sends, however seldom. */
function sends(level: Level, other: Level): boolean {
  return other.channelStrides.every((stride, channel) => stride === 0 || level.channelStrides[channel] !== 0);
}

/** Levels with a ring's channels by log2 of their stride: the first entry is the ring's own; gaps take the next shorter. */
function levelsByStride(levels: readonly Level[], ring: Level): Uint8Array {
  const byStride = new Uint8Array(longestLog + 1).fill(levels.indexOf(ring));
  const same = levels.filter((level) => sends(level, ring) && sends(ring, level));
  let last = levels.indexOf(ring);
  for (let log = 31 - Math.clz32(ring.strideTicks) + 1; log <= longestLog; log++) {
    const level = same.find(({ strideTicks }) => strideTicks === 1 << log);
    if (level !== undefined) last = levels.indexOf(level);
    byStride[log] = last;
  }
  return byStride;
}
