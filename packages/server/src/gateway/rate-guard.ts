/**
 * How fast one client may speak: a token bucket, and a memory of how long it was over it.
 *
 * Invariant: a client that keeps flooding is closed after 10 s or 600 dropped messages, whichever comes first.
 */
import { TokenBucket } from "../kernel/token-bucket.ts";
import { floodDropsMax, floodMsMax, floodRestMs } from "./limits.ts";

/** What to do with a message: take it, drop it, drop it and say so (the first of a flood), close the connection. */
export type Verdict = "take" | "drop" | "warn" | "close";

export class RateGuard {
  readonly #bucket: TokenBucket;
  #sinceMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #drops = 0;

  constructor(options: { ratePerSecond: number; burst: number; nowMs: number }) {
    this.#bucket = new TokenBucket(options);
  }

  /** One message or intent came. Allocates nothing. */
  take(nowMs: number): Verdict {
    if (this.#bucket.take(nowMs)) return "take";
    const isNew = nowMs - this.#lastMs > floodRestMs;
    this.#lastMs = nowMs;
    if (isNew) {
      this.#sinceMs = nowMs;
      this.#drops = 1;
      return "warn";
    }
    this.#drops += 1;
    return this.#drops >= floodDropsMax || nowMs - this.#sinceMs >= floodMsMax ? "close" : "drop";
  }
}
