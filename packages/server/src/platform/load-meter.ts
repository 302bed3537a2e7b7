/**
 * How busy a thread is: the share of each second in which its event loop did not wait for anything.
 *
 * Invariant: measures its own thread alone; costs one call per second.
 * Source: https://nodejs.org/api/perf_hooks.html#performanceeventlooputilizationutilization1-utilization2
 */
import { performance } from "node:perf_hooks";
import type { Cancel, Timers } from "../kernel/time.ts";

/** Milliseconds between two measurements. */
const periodMs = 1000;

/**
 * Tells `onLoad` the busy share of the last second, 0 to 1, once per second.
 * @returns Stops it.
 */
export function measureLoad(options: { timers: Timers; onLoad: (busyShare: number) => void }): Cancel {
  let last = performance.eventLoopUtilization();
  return options.timers.every(periodMs, () => {
    const now = performance.eventLoopUtilization();
    options.onLoad(performance.eventLoopUtilization(now, last).utilization);
    last = now;
  });
}
