/**
 * The token bucket: a steady rate with a bounded burst.
 *
 * Invariant: over any span of s seconds at most burst + s × rate tokens are given.
 * Invariant: no clock inside; the caller passes the time. A time that goes back gives nothing and takes nothing.
 */
import { assert } from "./assert.ts";

export interface TokenBucketOptions {
  /** Tokens that come back per second, above 0. */
  readonly ratePerSecond: number;
  /** Tokens the bucket holds at most, and holds at the start; 1 or more. */
  readonly burst: number;
  /** The time of the construction in milliseconds, of any monotonic clock. */
  readonly nowMs: number;
}

export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;

  constructor({ ratePerSecond, burst, nowMs }: TokenBucketOptions) {
    assert(ratePerSecond > 0 && Number.isFinite(ratePerSecond), "a bucket's rate is above 0");
    assert(burst >= 1 && Number.isFinite(burst), "a bucket holds at least one token");
    assert(Number.isFinite(nowMs), "a bucket needs the time");
    this.#ratePerMs = ratePerSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  /**
   * Takes `cost` tokens. False, and nothing taken, when fewer are there.
   * A cost above the burst is never granted. Never throws, allocates nothing.
   * @default cost 1
   */
  take(nowMs: number, cost = 1): boolean {
    this.#fill(nowMs);
    if (!(cost <= this.#tokens)) return false;
    this.#tokens -= cost;
    return true;
  }

  /** Tokens there at `nowMs`, 0 to `burst`, with fractions. */
  available(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    // Written so that a NaN fills nothing instead of poisoning the count.
    if (!(elapsedMs > 0)) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#ratePerMs);
    this.#filledAtMs = nowMs;
  }
}
