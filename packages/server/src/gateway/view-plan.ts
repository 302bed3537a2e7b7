/**
 * The rings of replication in the form that views compute with; one for all sessions.
 *
 * Owns the rule that says when a region may change its level without a keyframe. The client has, of each channel of a
 * level, everything up to the last tick at which the channel was due there; a block carries the window
 * (t − stride, t]. So a change from one level to another is free when every channel of the new level is sent at the old
 * one too, and the new level's next window begins no later than what the client has.
 */
import { type Level, lastDue, levelsMax } from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";

export class ViewPlan {
  readonly levels: readonly Level[];
  /** Metres within which something is in view at all. */
  readonly radiusM: number;
  /** Metres within which something that is in view stays so. */
  readonly reachM: number;
  /** Squared radius of each level, and squared distance up to which a region keeps it. */
  readonly squares: Float64Array;
  readonly keepSquares: Float64Array;
  /** Metres that a viewer moves before the view is computed again. */
  readonly stepM: number;

  constructor(options: { levels: readonly Level[]; hysteresisPercent: number; stepM: number }) {
    const { levels, hysteresisPercent, stepM } = options;
    assert(levels.length >= 1 && levels.length <= levelsMax, "a view has 1 to 8 levels");
    const stretch = 1 + hysteresisPercent / 100;
    this.levels = levels;
    this.stepM = stepM;
    this.radiusM = Math.max(...levels.map((level) => level.radiusM));
    this.reachM = this.radiusM * stretch;
    this.squares = Float64Array.from(levels, ({ radiusM }) => radiusM * radiusM);
    this.keepSquares = Float64Array.from(levels, ({ radiusM }) => (radiusM * stretch) ** 2);
  }

  /** The ring for a squared distance, counted from 1; 0 beyond the last. `current` is the ring until now, or 0. */
  ringAt(squareM: number, current: number): number {
    if (current > 0) {
      const level = current - 1;
      const isNearer = level > 0 && squareM <= this.squares[level - 1]!;
      if (!isNearer && squareM <= this.keepSquares[level]!) return current;
    }
    for (let level = 0; level < this.squares.length; level++) {
      if (squareM <= this.squares[level]!) return level + 1;
    }
    return 0;
  }

  /** Whether each channel of `next` is sent at `current` too: a change then waits for its phase at most. */
  coversChannels(current: number, next: number): boolean {
    const has = this.levels[current]!.channelStrides;
    return this.levels[next]!.channelStrides.every((stride, channel) => stride === 0 || has[channel] !== 0);
  }

  /** Whether a region that is complete at `current` up to tick `last` may go on at `next` from the tick after it. */
  mayChange(current: number, next: number, last: number): boolean {
    const has = this.levels[current]!.channelStrides;
    const needs = this.levels[next]!.channelStrides;
    for (let channel = 0; channel < needs.length; channel++) {
      const stride = needs[channel]!;
      if (stride === 0) continue;
      if (has[channel] === 0 || lastDue(last, stride) > lastDue(last, has[channel]!)) return false;
    }
    return true;
  }

  /** Whether a block of the level was due at one of the ticks in (from, to]: who has not seen it has a gap. */
  wasDue(level: number, from: number, to: number): boolean {
    return lastDue(to, this.levels[level]!.strideTicks) > from;
  }
}
