/**
 * Percentiles of what a server counted between two answers of `GET /status`.
 *
 * Invariant: reads the layout that docs/operations.md describes: buckets whose counts only grow, so many to a doubling.
 */

export interface Counts {
  readonly fromMs: number;
  readonly partsPerDoubling: number;
  readonly counts: readonly number[];
}

/** Milliseconds that `percent` of the values between the two readings do not exceed; the end of their bucket. 0 for none. */
export function percentileBetween(before: Counts | undefined, after: Counts, percent: number): number {
  const { fromMs, partsPerDoubling } = after;
  const counts = after.counts.map((count, bucket) => count - (before?.counts[bucket] ?? 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  const rank = Math.max(1, Math.ceil((percent / 100) * total));
  let seen = 0;
  const bucket = counts.findIndex((count) => (seen += count) >= rank) + 1;
  return (
    fromMs * 2 ** Math.floor(bucket / partsPerDoubling) * (1 + (bucket % partsPerDoubling) / partsPerDoubling)
  );
}
