/**
 * The machine's clocks and timers.
 *
 * Source: https://nodejs.org/api/perf_hooks.html; performance.now() is monotonic, Date.now() follows the wall.
 */
import type { Clock, Timers } from "../kernel/time.ts";

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};

export const systemTimers: Timers = {
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
  every(intervalMs, work) {
    const timer = setInterval(work, intervalMs).unref();
    return () => clearInterval(timer);
  },
  soon(work) {
    const immediate = setImmediate(work);
    return () => clearImmediate(immediate);
  },
};

/** Milliseconds of the machine's monotonic clock: the same for all threads of a process, since some moment. */
export function machineNowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
