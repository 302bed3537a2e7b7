/**
 * How fast one client may speak: a token bucket, and a memory of how long it was over it.
 *
 * Invariant: over any span of s seconds at most burst + s × rate messages are taken.
 * Invariant: a client that keeps flooding is closed after 10 s or 600 dropped messages, whichever comes first.
 * Tokens are counted in thousandths and time in whole milliseconds: small integers stand in the object itself, and a
 * gateway looks at one of these for every message. // hot path
 */
import { assert } from "../kernel/assert.ts";
import { floodDropsMax, floodMsMax, floodRestMs } from "./limits.ts";

/** What to do with a message: take it, drop it, drop it and say so (the first of a flood), close the connection. */
export type Verdict = "take" | "drop" | "warn" | "close";

/** Thousandths of a token that a message costs; as many come back in a millisecond as tokens in a second. */
const token = 1000;
const never = -0x4000_0000;

export class RateGuard {
  readonly #ratePerSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;
  #sinceMs = 0;
  #lastMs = never;
  #drops = 0;

  constructor(options: { ratePerSecond: number; burst: number; nowMs: number }) {
    const { ratePerSecond, burst, nowMs } = options;
    assert(ratePerSecond > 0 && Number.isFinite(ratePerSecond), "a rate is above 0");
    assert(burst >= 1 && Number.isFinite(burst), "a burst is one message at least");
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst * token;
    this.#tokens = this.#burst;
    this.#filledAtMs = Math.floor(nowMs);
  }

  /** One message or intent came. A time that goes back gives nothing. Allocates nothing. */
  take(nowMs: number): Verdict {
    const now = Math.floor(nowMs);
    const elapsedMs = now - this.#filledAtMs;
    if (elapsedMs > 0) {
      this.#filledAtMs = now;
      this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#ratePerSecond);
    }
    if (this.#tokens >= token) {
      this.#tokens -= token;
      return "take";
    }
    const isNew = now - this.#lastMs > floodRestMs;
    this.#lastMs = now;
    if (isNew) {
      this.#sinceMs = now;
      this.#drops = 1;
      return "warn";
    }
    this.#drops += 1;
    return this.#drops >= floodDropsMax || now - this.#sinceMs >= floodMsMax ? "close" : "drop";
  }
}
