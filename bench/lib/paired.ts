/**
 * Two ways of doing the same, measured in pairs: how much slower the second is, and how sure that is.
 *
 * The median of the ratios of single pairs, with a confidence interval from their order alone (a sign test turned around):
 * nothing is assumed of how noise is spread, and a pair that a busy minute spoilt is one pair.
 * Source: W. J. Conover, Practical Nonparametric Statistics: confidence intervals for a quantile.
 */

/** A figure of one pair of runs. */
export interface Pair {
  readonly before: number;
  readonly after: number;
}

/** How many times worse it became: above 1 is slower (or more), whatever the figure's direction. */
export interface Change {
  readonly ratio: number;
  /** The interval that holds the true ratio in 95 of 100 cases or more; NaN with fewer pairs than `pairsMin`. */
  readonly low: number;
  readonly high: number;
}

export type Direction = "lower" | "higher";
export type Verdict = "slower" | "faster" | "same";

/** With fewer pairs no interval is sure enough. */
export const pairsMin = 6;
/** Chance that the truth lies outside of the interval. */
const errorChance = 0.05;
/** A change up to here is not worth anybody's time. */
export const toleratedRatio = 1.05;

/** Which way a figure is better, by the unit in its name; undefined for counts and for what is too noisy to judge by. */
export function directionOf(name: string): Direction | undefined {
  if (/P9\d*|Max|^system\./.test(name)) return undefined;
  if (/PerSecond/.test(name)) return "higher";
  return /(?:Ns|Us|Ms|Bytes)(?![a-z])/.test(name) ? "lower" : undefined;
}

/** The change over some pairs; pairs with a figure that is not a positive number say nothing. */
export function changeOf(pairs: readonly Pair[], direction: Direction): Change {
  const ratios = pairs
    .filter(({ before, after }) => before > 0 && after > 0 && Number.isFinite(before + after))
    .map(({ before, after }) => (direction === "lower" ? after / before : before / after))
    .sort((a, b) => a - b);
  const count = ratios.length;
  const rank = intervalRank(count);
  return {
    ratio: (at(ratios, Math.ceil(count / 2) - 1) + at(ratios, Math.floor(count / 2))) / 2,
    low: rank < 0 ? Number.NaN : at(ratios, rank),
    high: rank < 0 ? Number.NaN : at(ratios, count - 1 - rank),
  };
}

/** Slower when the median is past what is tolerated and even the interval's better end is a loss; faster the same way. */
export function judge({ ratio, low, high }: Change): Verdict {
  if (ratio > toleratedRatio && low > 1) return "slower";
  return ratio < 1 / toleratedRatio && high < 1 ? "faster" : "same";
}

/** How many ratios from either end the interval begins; −1 when there are too few. */
function intervalRank(count: number): number {
  let rank = -1;
  let chance = 0;
  let term = 2 ** (1 - count);
  for (let k = 0; k < count; k++) {
    // Both tails: the chance that k or fewer of the ratios lie on one side of the truth.
    chance += term;
    if (chance > errorChance) break;
    rank = k;
    term = (term * (count - k)) / (k + 1);
  }
  return rank;
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}
