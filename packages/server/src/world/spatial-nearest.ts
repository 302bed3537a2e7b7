/**
 * Who is nearest: looks at rings of cells from the inside out until nobody further out can be nearer.
 *
 * Invariant: the answer is what sorting all members by (distance, handle) would give.
 * Invariant: allocates only when more neighbours are asked for than ever before.
 * hot path
 */

import { roundingSlackM, type SpatialCells, slotsPerBlock } from "./spatial-cells.ts";
import { isInMask } from "./spatial-mask.ts";

/** A search with the memory for its distances. */
export class NearestSearch {
  /** Squared distances of the answers so far, ascending, beside their handles in `out`. */
  #squares = new Float64Array(0);

  /** See SpatialIndex.nearest. `wanted` is at least 1 and at most `out.length`, `radiusMax` not negative. */
  run(
    cells: SpatialCells,
    x: number,
    y: number,
    wanted: number,
    radiusMax: number,
    out: Float64Array,
    kindMask: number,
  ): number {
    if (this.#squares.length < wanted) this.#squares = new Float64Array(wanted);
    const column = cells.columnAt(x);
    const row = cells.rowAt(y);
    let found = 0;
    for (let ring = 0; ; ring += 1) {
      const bottom = Math.min(cells.rows - 1, row + ring);
      for (let ringRow = Math.max(0, row - ring); ringRow <= bottom; ringRow += 1) {
        // The first and the last row of a ring are whole; of those between, the ring has the two ends.
        const whole = ring === 0 || ringRow === row - ring || ringRow === row + ring;
        const step = whole ? 1 : 2 * ring;
        for (let ringColumn = column - ring; ringColumn <= column + ring; ringColumn += step) {
          if (ringColumn < 0 || ringColumn >= cells.columns) continue;
          const cell = ringRow * cells.columns + ringColumn;
          found = this.#searchCell(cells, cell, x, y, wanted, radiusMax * radiusMax, out, found, kindMask);
        }
      }
      const worst = found === wanted ? Math.sqrt(this.#squares[found - 1]!) : radiusMax;
      // Not ">": both are Infinity when the rings cover the grid. Equal is safe, because the rounding slack is taken off.
      if (leastDistanceBeyond(cells, ring, x, y) >= worst) return found;
    }
  }

  /** Sorts the members of one cell into the nearest `found` so far. Returns how many there are then. */
  #searchCell(
    cells: SpatialCells,
    cell: number,
    x: number,
    y: number,
    wanted: number,
    squareMax: number,
    out: Float64Array,
    found: number,
    kindMask: number,
  ): number {
    const { positions, handles, nextBlock } = cells;
    const squares = this.#squares;
    let count = found;
    for (let block = cell; block >= 0; block = nextBlock[block]!) {
      for (let slot = block * slotsPerBlock; slot < (block + 1) * slotsPerBlock; slot += 1) {
        const dx = positions[2 * slot]! - x;
        const dy = positions[2 * slot + 1]! - y;
        const square = dx * dx + dy * dy;
        // Written so that the NaN of a free slot fails.
        if (!(square <= (count === wanted ? squares[count - 1]! : squareMax))) continue;
        const handle = handles[slot]!;
        if (!isInMask(handle, kindMask)) continue;
        let at = count;
        while (at > 0 && isBefore(square, handle, squares[at - 1]!, out[at - 1]!)) at -= 1;
        if (at === wanted) continue;
        if (count < wanted) count += 1;
        for (let tail = count - 1; tail > at; tail -= 1) {
          squares[tail] = squares[tail - 1]!;
          out[tail] = out[tail - 1]!;
        }
        squares[at] = square;
        out[at] = handle;
      }
    }
    return count;
  }
}

/** No member outside the rings 0 … `ring` is nearer than this many metres; Infinity when the rings cover the grid. */
function leastDistanceBeyond(cells: SpatialCells, ring: number, x: number, y: number): number {
  const { bounds, cellSizeM } = cells;
  const column = cells.columnAt(x);
  const row = cells.rowAt(y);
  let least = Number.POSITIVE_INFINITY;
  if (column - ring > 0) least = Math.min(least, x - (bounds.x + (column - ring) * cellSizeM));
  if (column + ring < cells.columns - 1) {
    least = Math.min(least, bounds.x + (column + ring + 1) * cellSizeM - x);
  }
  if (row - ring > 0) least = Math.min(least, y - (bounds.y + (row - ring) * cellSizeM));
  if (row + ring < cells.rows - 1) least = Math.min(least, bounds.y + (row + ring + 1) * cellSizeM - y);
  return least - roundingSlackM;
}

function isBefore(square: number, handle: number, otherSquare: number, otherHandle: number): boolean {
  return square < otherSquare || (square === otherSquare && handle < otherHandle);
}
