/**
 * Levels: which channels of a region a client gets and how often; derived from the channels' radii and rates.
 *
 * Around a viewer lie rings. A channel's radius is how far its own rate reaches: `critical` goes on with doubling strides
 * to the edge of the view, `metadata` goes with it (it is sent when it changes), the others end at their radius. Each ring
 * has a level; the same channels at longer strides are levels of their own, for crowds and slow lines.
 * Invariant: strides are powers of two, so every window of a longer stride begins where one of a shorter ends.
 */
import { levelsMax, nearSpeedMps, positionStepsPerM, strideTicksMax } from "./limits.ts";
import { type ChannelName, channelNames } from "./schema.ts";
import { bitsFor } from "./values.ts";

/** How far and how often a channel is sent. */
export interface ChannelRate {
  /** Metres around the viewer within which the channel is sent at its own rate. */
  readonly radiusM: number;
  /** Updates per second at most; rounded to a power-of-two stride of the tick. */
  readonly rateHz: number;
}

/** Knobs of the four channels. */
export type ChannelRates = { readonly [C in ChannelName]: ChannelRate };

/** The channels' defaults: a fight at full rate within 64 m, a silhouette as far as 256 m. */
export const defaultChannelRates: ChannelRates = {
  critical: { radiusM: 64, rateHz: 20 },
  detailed: { radiusM: 128, rateHz: 10 },
  cosmetic: { radiusM: 192, rateHz: 5 },
  metadata: { radiusM: 256, rateHz: 20 },
};

/** One level. */
export interface Level {
  /** Outer edge of the ring that has this level when there is room, metres from the viewer; 0 for a level of no ring. */
  readonly radiusM: number;
  /** Ticks between two blocks. */
  readonly strideTicks: number;
  /** Stride of each channel in ticks, in the order of channelNames; 0 when the channel is not sent at this level. */
  readonly channelStrides: readonly number[];
  /**
   * Low bits of a coordinate that tell where somebody is who went no farther than `nearSpeedMps` allows within the
   * critical stride: see near-position.ts. None when positions are told whole.
   */
  readonly nearBits?: number;
}

/** Longer strides in the order in which they are wanted, should there be too many levels: the longest brings most. */
const longerStrides = [32, 8, 16, 4, 2];

/** Derives the levels: the rings', nearest first, then the longer strides of their channels; at most 16, strides at most 32 ticks. */
export function levelsOf(rates: ChannelRates, tickRateHz: number): readonly Level[] {
  const rings = ringsOf(rates, tickRateHz);
  const levels = [...rings];
  for (const strideTicks of longerStrides) {
    for (const ring of rings) {
      if (strideTicks <= ring.strideTicks || levels.length === levelsMax) continue;
      const longer = lengthened(ring, strideTicks);
      if (levels.every((level) => !isSameLevel(level, longer))) levels.push(longer);
    }
  }
  return levels.map((level) => ({ ...level, nearBits: nearBitsOf(level.channelStrides[0]!, tickRateHz) }));
}

/** Bits for as many steps to either side as somebody makes in a stride. */
function nearBitsOf(strideTicks: number, tickRateHz: number): number {
  return bitsFor(Math.ceil((nearSpeedMps * positionStepsPerM) / tickRateHz) * strideTicks) + 1;
}

/** A level's channels at a longer stride. */
export function lengthened(level: Level, strideTicks: number): Level {
  const channelStrides = level.channelStrides.map((stride) =>
    stride === 0 ? 0 : Math.max(stride, strideTicks),
  );
  return { radiusM: 0, strideTicks, channelStrides };
}

/** Whether two levels carry the same at the same time. */
export function isSameLevel(a: Level, b: Level): boolean {
  return a.channelStrides.every((stride, channel) => stride === b.channelStrides[channel]);
}

function ringsOf(rates: ChannelRates, tickRateHz: number): Level[] {
  const radii = [...new Set(channelNames.map((name) => rates[name].radiusM))].sort((a, b) => a - b);
  const critical = strideOf(rates.critical.rateHz, tickRateHz);
  return radii.map((radiusM, index) => {
    const beyond = radii.slice(0, index + 1).filter((radius) => radius > rates.critical.radiusM).length;
    const strideTicks = Math.min(strideTicksMax, critical * 2 ** beyond);
    const channelStrides = channelNames.map((name) => {
      if (name === "critical") return strideTicks;
      if (name !== "metadata" && radiusM > rates[name].radiusM) return 0;
      return Math.max(strideTicks, strideOf(rates[name].rateHz, tickRateHz));
    });
    return { radiusM, strideTicks, channelStrides };
  });
}

/** The power of two nearest below the ticks between two updates, at least 1: never slower than asked for. */
export function strideOf(rateHz: number, tickRateHz: number): number {
  let stride = 1;
  while (stride < strideTicksMax && (stride * 2 * rateHz) / tickRateHz <= 1.0001) stride *= 2;
  return stride;
}

/** The last tick, at most `tick`, at which a stride was due. */
export function lastDue(tick: number, strideTicks: number): number {
  return tick - (tick % strideTicks);
}
