/**
 * Who is near: radius, box, cone and nearest queries for game systems, over the grid of spatial-cells.ts.
 *
 * Invariant: answers are what a scan of all members would give, to the last bit, also at edges and outside the bounds.
 * Invariant: answers come in ascending handle order (nearest: by distance, then handle) and so do not depend on history;
 * the index needs no place in a checkpoint. When more match than the limit, the lowest handles are kept.
 * Invariant: queries allocate nothing once the scratch has met the largest crowd; the caller owns `out`.
 * Absent on purpose: leaving out the one who asks, lines of sight. The caller knows better.
 * hot path
 */

import { SpatialCells, type SpatialOptions } from "./spatial-cells.ts";
import { allKinds, isInMask } from "./spatial-mask.ts";
import { NearestSearch } from "./spatial-nearest.ts";
import { SpatialScan } from "./spatial-scan.ts";
import { HandleSorter } from "./spatial-sort.ts";

/** Up to here an answer is sorted without further ado: 8 % of a query of 10 m. */
const fewMax = 32;

/**
 * Members by small integer key, each with a handle (an entity reference) and a position in metres.
 * Queries never throw: a radius that is negative or NaN, a count or limit below 1 and an empty box answer 0. Areas include
 * their borders. Cost of a query: the cells it touches and the members in them, plus sorting what it found.
 */
export class SpatialIndex {
  readonly #cells: SpatialCells;
  readonly #scan = new SpatialScan();
  readonly #nearest = new NearestSearch();
  readonly #sorter = new HandleSorter();
  #found = new Float64Array(0);

  /** A bug in the options (a side or a capacity that is not positive, too many cells) throws AssertionFailed. */
  constructor(options: SpatialOptions) {
    this.#cells = new SpatialCells(options);
  }

  /** Members now. */
  get size(): number {
    return this.#cells.size;
  }

  has(key: number): boolean {
    return this.#cells.has(key);
  }

  /**
   * Adds a member. `handle` is a safe integer that is unique here; it is what queries answer. Keys may exceed the capacity.
   * A key that is taken or out of range and a position that is not finite are bugs: AssertionFailed.
   */
  insert(key: number, handle: number, x: number, y: number): void {
    this.#cells.insert(key, handle, x, y);
  }

  /** Moves a member; cheap while it stays in its cell. An absent key or a position that is not finite is a bug: AssertionFailed. */
  move(key: number, x: number, y: number): void {
    this.#cells.move(key, x, y);
  }

  /** Takes the positions of a kind's rows over: see SpatialCells.moveRows. */
  moveRows(firstKey: number, xs: Float64Array, ys: Float64Array, count: number): void {
    this.#cells.moveRows(firstKey, xs, ys, count);
  }

  /** Removes a member. An absent key is a bug: AssertionFailed. */
  remove(key: number): void {
    this.#cells.remove(key);
  }

  /** Removes all members and keeps the memory. */
  clear(): void {
    this.#cells.clear();
  }

  /** Handles of the members within `radius` of (x, y), ascending, at most `limit`. Returns their count. */
  radius(
    x: number,
    y: number,
    radius: number,
    out: Float64Array,
    limit: number,
    kindMask: number = allKinds,
  ): number {
    if (!(radius >= 0)) return 0;
    return this.#answer(this.#scan.disc(this.#cells, x, y, radius), out, limit, kindMask);
  }

  /** Handles of the members in minX ≤ x ≤ maxX, minY ≤ y ≤ maxY, ascending, at most `limit`. Returns their count. */
  box(
    minX: number,
    minY: number,
    maxX: number,
    maxY: number,
    out: Float64Array,
    limit: number,
    kindMask: number = allKinds,
  ): number {
    return this.#answer(this.#scan.box(this.#cells, minX, minY, maxX, maxY), out, limit, kindMask);
  }

  /**
   * Handles of the members within `radius` of the apex (x, y) whose direction differs from (dirX, dirY) by no more than the
   * half angle, given as its cosine (−1: all around), ascending, at most `limit`. Returns their count.
   * The direction may have any length but 0, which answers 0. A member at the apex belongs to every cone.
   */
  cone(
    x: number,
    y: number,
    dirX: number,
    dirY: number,
    halfAngleCos: number,
    radius: number,
    out: Float64Array,
    limit: number,
    kindMask: number = allKinds,
  ): number {
    const dirLength = Math.sqrt(dirX * dirX + dirY * dirY);
    if (!(radius >= 0) || !(dirLength > 0)) return 0;
    const count = this.#scan.disc(this.#cells, x, y, radius);
    // Rounding could lose who stands exactly behind.
    if (halfAngleCos <= -1) return this.#answer(count, out, limit, kindMask);
    const { positions } = this.#cells;
    const { hits } = this.#scan;
    const dotPerM = halfAngleCos * dirLength;
    let kept = 0;
    for (let at = 0; at < count; at += 1) {
      const slot = hits[at]!;
      const dx = positions[2 * slot]! - x;
      const dy = positions[2 * slot + 1]! - y;
      if (dx * dirX + dy * dirY < dotPerM * Math.sqrt(dx * dx + dy * dy)) continue;
      hits[kept] = slot;
      kept += 1;
    }
    return this.#answer(kept, out, limit, kindMask);
  }

  /**
   * Handles of the `count` members nearest to (x, y) within `radiusMax` (may be Infinity), nearest first, equally near ones by
   * handle. Returns how many there were, at most `out.length`.
   */
  nearest(
    x: number,
    y: number,
    count: number,
    radiusMax: number,
    out: Float64Array,
    kindMask: number = allKinds,
  ): number {
    const wanted = Math.min(Math.floor(count), out.length);
    if (!(radiusMax >= 0) || !(wanted >= 1)) return 0;
    return this.#nearest.run(this.#cells, x, y, wanted, radiusMax, out, kindMask);
  }

  /** Turns the scan's first `count` hits into handles: filters by kind, sorts, copies what fits. */
  #answer(count: number, out: Float64Array, limit: number, kindMask: number): number {
    if (count <= fewMax && kindMask === allKinds && count <= limit && count <= out.length) {
      return this.#answerFew(count, out);
    }
    if (this.#found.length < count) this.#found = new Float64Array(this.#cells.capacity);
    const { handles } = this.#cells;
    const { hits } = this.#scan;
    const found = this.#found;
    let kept = 0;
    for (let at = 0; at < count; at += 1) {
      const handle = handles[hits[at]!]!;
      if (!isInMask(handle, kindMask)) continue;
      found[kept] = handle;
      kept += 1;
    }
    this.#sorter.sort(found, kept);
    const answered = limit >= 1 ? Math.min(kept, Math.floor(limit), out.length) : 0;
    for (let at = 0; at < answered; at += 1) out[at] = found[at]!;
    return answered;
  }

  /** The usual answer, a few of any kind and room for all: sorted by insertion straight into the caller's buffer. */
  #answerFew(count: number, out: Float64Array): number {
    const { handles } = this.#cells;
    const { hits } = this.#scan;
    for (let next = 0; next < count; next += 1) {
      const handle = handles[hits[next]!]!;
      let at = next - 1;
      for (; at >= 0 && out[at]! > handle; at -= 1) out[at + 1] = out[at]!;
      out[at + 1] = handle;
    }
    return count;
  }
}
