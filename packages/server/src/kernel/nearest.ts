/**
 * "Did you mean …": finds the known name that a misspelt one is nearest to.
 *
 * Invariant: bounded work: names longer than `nameCharactersMax` are not compared.
 * Source: the optimal string alignment distance (Levenshtein with swapped neighbours).
 */

/** Characters of a name that is still compared; longer ones are no spelling mistakes of ours. */
const nameCharactersMax = 64;
/** A mistake in every third character is the most that still looks like the same word. */
const charactersPerMistake = 3;

/**
 * The candidate nearest to `name`, ignoring case; the first of equally near ones.
 * Undefined when none is near enough to be meant: more than one mistake per three characters. Never throws.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > nameCharactersMax) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / charactersPerMistake)) + 1;
  for (const candidate of candidates) {
    if (candidate.length > nameCharactersMax) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `from` into `to`. Takes length × length steps. */
export function editDistance(from: string, to: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (above[column - 1] as number) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = (above[column] as number) + 1;
      const inserted = (current[column - 1] as number) + 1;
      const swapped =
        from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1] && row > 1 && column > 1
          ? (twoAbove[column - 2] as number) + 1
          : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, removed, inserted, swapped));
    }
    twoAbove = above;
    above = current;
  }
  return above[to.length] as number;
}
