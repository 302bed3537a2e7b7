/**
 * What several threads measured, as if one had: counts are added up, what belongs to the process is taken once.
 */
import { AggregatorRegistry } from "prom-client";
import type { StatusReport } from "../observe/status.ts";
import type { Measured } from "./offers.ts";

/** The metrics of all threads in Prometheus' text format. */
export function mergedMetrics(measured: readonly Measured["metrics"][]): Promise<string> {
  // The types of prom-client name another shape than its own JSON has.
  const all = measured as unknown as Parameters<typeof AggregatorRegistry.aggregate>[0];
  return AggregatorRegistry.aggregate(all).metrics();
}

/** One report out of those of all threads; at least one. */
export function mergedStatus(reports: readonly StatusReport[]): StatusReport {
  const merged = reports.slice(1).reduce((sum, report) => added(sum, report) as StatusReport, reports[0]!);
  const most = (read: (report: StatusReport) => number) => Math.max(...reports.map(read));
  return {
    ...merged,
    // Every thread measures these of the whole process.
    uptimeMs: most(({ uptimeMs }) => uptimeMs),
    rssBytes: most(({ rssBytes }) => rssBytes),
    cpuUserUs: most(({ cpuUserUs }) => cpuUserUs),
    cpuSystemUs: most(({ cpuSystemUs }) => cpuSystemUs),
    tickMs: { ...merged.tickMs, ...scaleOf(reports[0]!.tickMs) },
    tickJitterMs: { ...merged.tickJitterMs, ...scaleOf(reports[0]!.tickJitterMs) },
    eventMs: { ...merged.eventMs, ...scaleOf(reports[0]!.eventMs) },
  };
}

/** A histogram's scale is the same everywhere and is not added up. */
function scaleOf({ fromMs, partsPerDoubling }: StatusReport["tickMs"]) {
  return { fromMs, partsPerDoubling };
}

/** Adds numbers of the same place: in lists, of which the longer decides, and in objects. */
function added(a: unknown, b: unknown): unknown {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length);
    return Array.from({ length }, (_, index) => added(a[index], b[index]));
  }
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return Object.fromEntries([...keys].map((key) => [key, added(left[key], right[key])]));
  }
  return a;
}
