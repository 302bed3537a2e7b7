/**
 * Levels: rings around a viewer, each with the channels that are due in it and their strides; derived from the
 * channels' radii and rates.
 *
 * A channel's radius is how far its own rate reaches. `critical` goes on with doubling strides to the edge of the view,
 * `metadata` goes with it (it is sent when it changes); the others end at their radius.
 * Invariant: strides are powers of two and due at ticks that they divide, so every window of a longer stride begins
 * where one of a shorter ends.
 */
import { levelsMax, strideTicksMax } from "./limits.ts";
import { type ChannelName, channelNames } from "./schema.ts";

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

/** One ring. */
export interface Level {
  /** Outer edge of the ring, metres from the viewer. */
  readonly radiusM: number;
  /** Ticks between two blocks. */
  readonly strideTicks: number;
  /** Stride of each channel in ticks, in the order of channelNames; 0 when the channel is not sent at this level. */
  readonly channelStrides: readonly number[];
}

/** Derives the rings, nearest first; at most 8, strides at most 32 ticks. */
export function levelsOf(rates: ChannelRates, tickRateHz: number): readonly Level[] {
  const radii = [...new Set(channelNames.map((name) => rates[name].radiusM))].sort((a, b) => a - b);
  const critical = strideOf(rates.critical.rateHz, tickRateHz);
  return radii.slice(0, levelsMax).map((radiusM, index) => {
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
