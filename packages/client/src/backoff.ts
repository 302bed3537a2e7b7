/**
 * How long to wait before the next attempt: full jitter below an exponentially growing bound, so that ten thousand
 * clients that lost one gateway do not come back in one second.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import { backoffMsMax, backoffMsMin } from "./limits.ts";

/** Milliseconds before attempt `attempt` (1 is the first after a loss); `random` is 0 ≤ x < 1. */
export function backoffMs(attempt: number, random: number): number {
  const bound = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempt - 1, 30));
  return bound / 4 + random * (bound - bound / 4);
}
