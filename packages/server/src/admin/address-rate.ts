/**
 * A token bucket for each address that asked lately.
 *
 * Invariant: bounded: when every place is taken the address that asked longest ago is forgotten; its bucket is most
 * likely full again.
 */
import { addressKey } from "../gateway/addresses.ts";
import { TokenBucket } from "../kernel/token-bucket.ts";

/** Addresses remembered; a bucket is about 100 bytes. */
const addressesMax = 10_000;

export class AddressRate {
  /** In the order of the last request. */
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #ratePerSecond: number;
  readonly #burst: number;

  constructor(options: { ratePerSecond: number; burst: number }) {
    this.#ratePerSecond = options.ratePerSecond;
    this.#burst = options.burst;
  }

  /** Whether one more request of the address is within its rate. */
  take(address: string, nowMs: number): boolean {
    const key = addressKey(address);
    const bucket =
      this.#buckets.get(key) ??
      new TokenBucket({ ratePerSecond: this.#ratePerSecond, burst: this.#burst, nowMs });
    this.#buckets.delete(key);
    if (this.#buckets.size >= addressesMax) {
      const oldest = this.#buckets.keys().next();
      if (oldest.done !== true) this.#buckets.delete(oldest.value);
    }
    this.#buckets.set(key, bucket);
    return bucket.take(nowMs);
  }

  get size(): number {
    return this.#buckets.size;
  }
}
