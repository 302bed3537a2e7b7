/**
 * A histogram that is read by polling: counts only grow, so what happened between two polls is their difference.
 *
 * A bucket is the exponent of the value's double and the first four bits of its mantissa: each doubling is cut into 16
 * equal parts, and a bucket's middle is at most 3 % from what it counts.
 *
 *   bucket 0              below 1/1024 ms, and the first sixteenth above it
 *   bucket 16 o + p       from 2^(o − 10) × (1 + p/16) ms
 *   bucket 383            from 15.9 s on
 *
 * Invariant: 3 KiB whatever is recorded; `record` allocates nothing.
 * Absent on purpose: percentiles. Whoever polls computes them; the kernel's histogram is finer and is read in place.
 */

/** Parts of a doubling: 3 % is finer than two runs of the same load agree. */
export const partsPerDoubling = 16;
/** Exponent of the least value that is told apart: a microsecond. */
const exponentMin = -10;
/** Doublings: up to 16 s, when a tick is no tick any more. */
const doublings = 24;
export const bucketCount = doublings * partsPerDoubling;
const mantissaBits = 4;
/** The high word of a double holds 20 mantissa bits; all but the bucket's own are shifted out. */
const shiftBits = 20 - mantissaBits;
const firstKey = (exponentMin + 1023) << mantissaBits;

/** The counts as they are told to whoever polls; trailing zeros are left out. */
export interface CountsByBucket {
  /** Where the first doubling begins. */
  readonly fromMs: number;
  readonly partsPerDoubling: number;
  readonly counts: readonly number[];
}

export class CumulativeHistogram {
  // Doubles: 10,000 a second would overflow 32 bits within five days.
  readonly #counts = new Float64Array(bucketCount);
  readonly #scratch = new DataView(new ArrayBuffer(8));

  /** Counts one value in milliseconds; a negative one, or none, counts as 0. Never throws. */
  record(ms: number): void {
    this.#scratch.setFloat64(0, ms > 0 ? ms : 0);
    const bucket = (this.#scratch.getUint32(0) >>> shiftBits) - firstKey;
    const place = bucket < 0 ? 0 : bucket >= bucketCount ? bucketCount - 1 : bucket;
    this.#counts[place] = (this.#counts[place] as number) + 1;
  }

  read(): CountsByBucket {
    let length = bucketCount;
    while (length > 0 && this.#counts[length - 1] === 0) length -= 1;
    return { fromMs: 2 ** exponentMin, partsPerDoubling, counts: [...this.#counts.subarray(0, length)] };
  }
}
