/** Lists of ids in ascending order. */

/** Index of the first element not below `id`. */
export function lowerBound(sorted: ArrayLike<number>, length: number, id: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts an id in its place, once. */
export function insertSorted(ids: number[], id: number): void {
  const at = lowerBound(ids, ids.length, id);
  if (ids[at] !== id) ids.splice(at, 0, id);
}

/** Takes an id out, if it is there. */
export function removeSorted(ids: number[], id: number): void {
  const at = lowerBound(ids, ids.length, id);
  if (ids[at] === id) ids.splice(at, 1);
}
