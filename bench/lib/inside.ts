/**
 * Preloaded into a server that is measured: its garbage collector's pauses, its heap, its descriptors, told on request.
 *
 * Answers each question of the parent process under its number: `pauses` (and begins to count anew), `heap` (after a collection).
 * Invariant: costs an entry per collection; nothing of the server is touched. Watches the thread it is loaded in, which is
 * the one that holds sockets.
 */
import { readdirSync } from "node:fs";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

/** Milliseconds of each pause by kind, since the last question. */
export type Pauses = Readonly<
  Record<"scavenge" | "markCompact" | "incremental" | "other", readonly number[]>
>;

/** What stands now. */
export interface Standing {
  /** After a full collection. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
  /** Open descriptors; 0 where the system does not list them. */
  readonly descriptors: number;
}

const kinds: Readonly<Record<number, keyof Pauses>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "scavenge",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "markCompact",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
};
/** Pauses that are kept: hours of them. */
const pausesMax = 1_000_000;

function watch(): void {
  let pauses = none();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as unknown as { detail?: { kind?: number } };
      const kind = kinds[detail?.kind ?? 0] ?? "other";
      if (pauses[kind].length < pausesMax) pauses[kind].push(entry.duration);
    }
  }).observe({ entryTypes: ["gc"] });
  process.on("message", ({ id, what }: { id: number; what: string }) => {
    if (what === "pauses") {
      process.send?.({ id, pauses });
      pauses = none();
    }
    if (what === "heap") process.send?.({ id, standing: standing() });
  });
  // The channel alone keeps nobody alive.
  process.channel?.unref();
}

function standing(): Standing {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { used_heap_size: heapBytes, external_memory: externalBytes } = getHeapStatistics();
  return { heapBytes, externalBytes, rssBytes: process.memoryUsage.rss(), descriptors: descriptors() };
}

function descriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function none(): Record<keyof Pauses, number[]> {
  return { scavenge: [], markCompact: [], incremental: [], other: [] };
}

if (isMainThread && process.send !== undefined) watch();
