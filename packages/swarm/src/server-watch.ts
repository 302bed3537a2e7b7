/**
 * The server beside the swarm, as its `GET /status` tells: asked once a second while the swarm measures.
 *
 * Counts only grow, so the difference of the first and the last answer is what happened between them; what stands (memory,
 * stale clients) is the highest of all answers.
 * Invariant: an answer that is none is skipped; without two good ones there are no figures. Never throws.
 */
import { round } from "./figures.ts";
import type { Percentiles } from "./latency.ts";

export interface ServerFigures {
  readonly rssMbMax: number;
  /** Percent of one core, all threads together. */
  readonly cpuPercent: number;
  /** Milliseconds of a zone's tick. */
  readonly tickMs: Percentiles;
  /** Milliseconds between a tick's time and its beginning. */
  readonly tickJitterMs: Percentiles;
  /** Lowest percent of real time at which zones ran. */
  readonly dilationMin: number;
  /** Most clients that were behind at once. */
  readonly staleMax: number;
}

/** Counts by bucket as the server tells them; docs/operations.md has the layout. */
interface Counts {
  readonly fromMs: number;
  readonly partsPerDoubling: number;
  readonly counts: readonly number[];
}

/** What is read of an answer. */
interface Answer {
  readonly uptimeMs: number;
  readonly cpuUs: number;
  readonly tickMs: Counts;
  readonly tickJitterMs: Counts;
  readonly dilationPercent: readonly number[];
}

export class ServerWatch {
  readonly #ask: () => Promise<unknown>;
  #first: Answer | undefined;
  #last: Answer | undefined;
  #rssBytesMax = 0;
  #staleMax = 0;

  /** @param ask answers what `GET /status` says, parsed */
  constructor(ask: () => Promise<unknown>) {
    this.#ask = ask;
  }

  /** Asks once. Never rejects. */
  async look(): Promise<void> {
    let said: unknown;
    try {
      said = await this.#ask();
    } catch {
      return;
    }
    const answer = readAnswer(said);
    if (answer === undefined) return;
    const { rssBytes, gateway } = said as { rssBytes?: unknown; gateway?: { stale?: unknown } };
    this.#first ??= answer;
    this.#last = answer;
    this.#rssBytesMax = Math.max(this.#rssBytesMax, numberOf(rssBytes));
    this.#staleMax = Math.max(this.#staleMax, numberOf(gateway?.stale));
  }

  /** What happened between the first look and the last; undefined when there were no two. */
  figures(): ServerFigures | undefined {
    const first = this.#first;
    const last = this.#last;
    // A server that was started again meanwhile counts from 0.
    if (first === undefined || last === undefined || last.uptimeMs <= first.uptimeMs) return undefined;
    const wallUs = (last.uptimeMs - first.uptimeMs) * 1000;
    const dilated = differenceOf(first.dilationPercent, last.dilationPercent);
    const lowest = dilated.findIndex((count) => count > 0);
    return {
      rssMbMax: round(this.#rssBytesMax / 2 ** 20, 1),
      cpuPercent: round((100 * (last.cpuUs - first.cpuUs)) / wallUs, 1),
      tickMs: percentilesOf(first.tickMs, last.tickMs),
      tickJitterMs: percentilesOf(first.tickJitterMs, last.tickJitterMs),
      dilationMin: lowest < 0 ? 100 : lowest,
      staleMax: this.#staleMax,
    };
  }
}

/** Percentiles of what was counted between two readings, by the middles of the buckets; of the largest, its end. */
function percentilesOf(before: Counts, after: Counts): Percentiles {
  const counts = differenceOf(before.counts, after.counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const begin = (bucket: number) =>
    after.fromMs *
    2 ** Math.floor(bucket / after.partsPerDoubling) *
    (1 + (bucket % after.partsPerDoubling) / after.partsPerDoubling);
  const bucketAt = (percent: number) => {
    const rank = Math.max(1, Math.ceil((percent / 100) * total));
    let bucket = 0;
    for (let seen = counts[0] ?? 0; seen < rank && bucket < counts.length - 1; seen += counts[bucket]!)
      bucket++;
    return bucket;
  };
  const at = (percent: number) => {
    if (total === 0) return 0;
    const bucket = bucketAt(percent);
    return round((begin(bucket) + begin(bucket + 1)) / 2, 3);
  };
  const max = total === 0 ? 0 : round(begin(bucketAt(100) + 1), 3);
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max };
}

function differenceOf(before: readonly number[], after: readonly number[]): number[] {
  return after.map((count, bucket) => count - (before[bucket] ?? 0));
}

function readAnswer(said: unknown): Answer | undefined {
  if (typeof said !== "object" || said === null) return undefined;
  const { uptimeMs, cpuUserUs, cpuSystemUs, tickMs, tickJitterMs, dilationPercent } = said as Record<
    string,
    unknown
  >;
  const isWhole =
    typeof uptimeMs === "number" && isCounts(tickMs) && isCounts(tickJitterMs) && isNumbers(dilationPercent);
  if (!isWhole) return undefined;
  return {
    uptimeMs,
    cpuUs: numberOf(cpuUserUs) + numberOf(cpuSystemUs),
    tickMs,
    tickJitterMs,
    dilationPercent,
  };
}

function isCounts(value: unknown): value is Counts {
  if (typeof value !== "object" || value === null) return false;
  const { fromMs, partsPerDoubling, counts } = value as Record<string, unknown>;
  return typeof fromMs === "number" && typeof partsPerDoubling === "number" && isNumbers(counts);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
