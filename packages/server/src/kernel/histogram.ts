/**
 * A log-linear histogram with fixed memory, for latencies and sizes.
 *
 * A bucket is the exponent of the value's double and the first seven bits of its mantissa, so each power of two is cut
 * into 128 equal parts. A percentile answers with the middle of its bucket: at most 0.4 % away from the true value.
 *
 * Invariant: 64 KiB whatever is recorded; `record` allocates nothing. Count, sum, smallest and largest are exact.
 * Invariant: all histograms share one layout, so any two can be merged.
 * Source: the bucket scheme of HdrHistogram (Gil Tene), with the CPU's own floating-point layout as the logarithm.
 */
import { assert } from "./assert.ts";

/** Mantissa bits in a bucket: 7 give parts of 1/128 = 0.8 %, so a middle is at most 0.4 % off. */
const mantissaBits = 7;
/** Values below 2^-20 (a nanosecond, when seconds or milliseconds are recorded) share the first bucket. */
const exponentMin = -20;
/** Values from 2^44 (557 years of milliseconds) share the last bucket. */
const exponentMax = 44;
const bucketCount = (exponentMax - exponentMin) << mantissaBits;
const exponentBias = 1023;
/** The high word of a double holds 20 mantissa bits; all but the bucket's own are shifted out. */
const shiftBits = 20 - mantissaBits;
const firstKey = (exponentMin + exponentBias) << mantissaBits;

export class Histogram {
  // Doubles, not 32-bit integers: a bucket that counts 10,000 a second would overflow those within five days.
  readonly #counts = new Float64Array(bucketCount);
  readonly #scratch = new DataView(new ArrayBuffer(8));
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  /** Counts one value, 0 or more and finite, in any unit as long as it is always the same. */
  record(value: number): void {
    assert(value >= 0 && value < Number.POSITIVE_INFINITY, "a histogram records finite values of 0 or more");
    const bucket = this.#bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Values recorded. */
  get count(): number {
    return this.#count;
  }

  /** Exact; 0 when nothing was recorded. */
  get max(): number {
    return this.#max;
  }

  /** Exact; 0 when nothing was recorded. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** Exact but for rounding; 0 when nothing was recorded. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /**
   * The smallest value that at least `percent` of the records do not exceed (nearest rank), within 0.4 %.
   * `percent` is 0 to 100; 0 answers `min`, 100 answers `max`, an empty histogram 0. Walks up to 8,192 buckets.
   */
  percentile(percent: number): number {
    assert(percent >= 0 && percent <= 100, "a percentile is from 0 to 100");
    const rank = Math.ceil((percent / 100) * this.#count);
    if (rank <= 1) return this.min;
    if (rank === this.#count) return this.#max;
    // Ends inside the layout: all buckets together hold `count`, and the rank is below that.
    let bucket = 0;
    for (let seen = this.#counts[0] as number; seen < rank; seen += this.#counts[bucket] as number)
      bucket += 1;
    return Math.min(Math.max(this.#middleOf(bucket), this.#min), this.#max);
  }

  /** Adds every record of `other`, which stays as it is. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Forgets every record. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
  }

  #bucketOf(value: number): number {
    this.#scratch.setFloat64(0, value);
    const bucket = (this.#scratch.getUint32(0) >>> shiftBits) - firstKey;
    return bucket < 0 ? 0 : bucket >= bucketCount ? bucketCount - 1 : bucket;
  }

  #middleOf(bucket: number): number {
    // One bit below the bucket's own is set: the middle between this bucket's start and the next one's.
    this.#scratch.setUint32(0, ((bucket + firstKey) << shiftBits) | (1 << (shiftBits - 1)));
    this.#scratch.setUint32(4, 0);
    return this.#scratch.getFloat64(0);
  }
}
