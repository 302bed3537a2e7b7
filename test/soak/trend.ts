/**
 * Whether something grows: samples over time in, a verdict out.
 *
 * The middle of the first third against the middle of the last, so that neither a busy moment nor a collection decides.
 */

/** Samples below which nothing is said: three for each third. */
export const samplesMin = 9;

export interface Growth {
  readonly first: number;
  readonly last: number;
  readonly grown: number;
}

export interface Limits {
  /** Growth up to here is how a process settles: code is compiled, tables are made as players reach new ground. */
  readonly slack: number;
  /** Share of the first value by which it may grow beside that: 0.1 for a tenth. */
  readonly share: number;
}

/** How much the samples grew; undefined while there are too few. */
export function growthOf(samples: readonly number[]): Growth | undefined {
  if (samples.length < samplesMin) return undefined;
  const third = Math.floor(samples.length / 3);
  const first = middle(samples.slice(0, third));
  const last = middle(samples.slice(-third));
  return { first, last, grown: last - first };
}

/** True when something grew past its limits. */
export function isGrowing(samples: readonly number[], { slack, share }: Limits): boolean {
  const growth = growthOf(samples);
  return growth !== undefined && growth.grown > slack + share * growth.first;
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) /
    2
  );
}
