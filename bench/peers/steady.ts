/**
 * Calls something `tickRateHz` times a second, for the servers that bring no loop of their own.
 *
 * Invariant: lateness does not add up; who is late by more than a second begins anew instead of hurrying.
 */

/** Milliseconds behind the plan from which the missed ticks are given up. */
const behindMsMax = 1000;

/** Begins at once. Returns what stops it. */
export function steadily(rateHz: number, tick: () => void): () => void {
  const periodMs = 1000 / rateHz;
  let dueMs = performance.now() + periodMs;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(run, Math.max(0, dueMs - performance.now()));
  };
  const run = (): void => {
    tick();
    dueMs += periodMs;
    const nowMs = performance.now();
    if (nowMs - dueMs > behindMsMax) dueMs = nowMs + periodMs;
    wait();
  };
  wait();
  return () => clearTimeout(timer);
}
