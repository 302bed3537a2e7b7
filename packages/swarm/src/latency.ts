/**
 * A histogram of times: microseconds inside, milliseconds outside, exact to a thousandth of the value.
 *
 * A bucket is a microsecond up to 1,024; from there each doubling is cut into 512 equal parts.
 * Invariant: 90 KiB whatever is recorded; recording is a shift and an addition and allocates nothing.
 * Invariant: all have one layout, so that the histograms of several processes add up.
 * Source: the bucket scheme of HdrHistogram (Gil Tene).
 * hot path
 */
import { latencyMsMax } from "./limits.ts";

/** Parts of a doubling, as a power of two: a part is 0.2 %, its middle at most 0.1 % off. */
const partBits = 9;
const usMax = latencyMsMax * 1000;
const bucketCount = bucketOf(usMax) + 1;

/** What is reported of a histogram, milliseconds; zeros when nothing was recorded. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class Latency {
  /** Doubles: 100,000 records a second would overflow 32 bits within a day. */
  readonly counts = new Float64Array(bucketCount);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Records a time `times` times. Below 0 counts as 0 (two clocks of whole milliseconds), above ten minutes as that. */
  record(ms: number, times = 1): void {
    const us = ms > 0 ? (ms < latencyMsMax ? Math.round(ms * 1000) : usMax) : 0;
    this.counts[bucketOf(us)]! += times;
    this.#count += times;
  }

  reset(): void {
    this.counts.fill(0);
    this.#count = 0;
  }

  /** Adds what another one has counted. */
  add(counts: Float64Array): void {
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const count = counts[bucket] ?? 0;
      this.counts[bucket]! += count;
      this.#count += count;
    }
  }

  /** The time that `percent` of the records do not exceed, in milliseconds; 0 when there is none. */
  at(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    if (rank > this.#count) return 0;
    let bucket = 0;
    for (let seen = this.counts[0]!; seen < rank; seen += this.counts[bucket]!) bucket++;
    return middleOf(bucket) / 1000;
  }

  percentiles(): Percentiles {
    return { p50: this.at(50), p90: this.at(90), p99: this.at(99), p999: this.at(99.9), max: this.at(100) };
  }
}

function bucketOf(us: number): number {
  const shift = Math.max(0, 31 - partBits - Math.clz32(us));
  return (shift << partBits) + (us >>> shift);
}

function middleOf(bucket: number): number {
  const parts = 1 << partBits;
  if (bucket < 2 * parts) return bucket;
  const shift = (bucket >>> partBits) - 1;
  return ((bucket & (parts - 1)) + parts + 0.5) * 2 ** shift;
}
