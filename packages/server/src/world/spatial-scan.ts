/**
 * Which slots lie in a disc or a box: the scan under the radius, cone and box queries.
 *
 * Invariant: a hit is decided by the same comparison as in a scan of all members; cells only leave out who cannot be inside.
 * Invariant: allocates only when there are more members than ever before.
 * hot path
 */

import { roundingSlackM, type SpatialCells, slotsPerBlock } from "./spatial-cells.ts";

/** A scan with the memory for its hits. */
export class SpatialScan {
  /** Slots of the last scan, in no order that means anything. */
  hits = new Int32Array(0);

  /** Collects the slots within `radius` of (x, y). Returns their count. */
  disc(cells: SpatialCells, x: number, y: number, radius: number): number {
    const { positions, nextBlock, columns } = cells;
    const hits = this.#roomFor(cells.capacity);
    const reach = radius + roundingSlackM;
    const firstColumn = cells.columnAt(x - reach);
    const lastColumn = cells.columnAt(x + reach);
    const lastRow = cells.rowAt(y + reach);
    const square = radius * radius;
    let count = 0;
    for (let row = cells.rowAt(y - reach); row <= lastRow; row += 1) {
      const lastCell = row * columns + lastColumn;
      for (let cell = row * columns + firstColumn; cell <= lastCell; cell += 1) {
        for (let block = cell; block >= 0; block = nextBlock[block]!) {
          // A block's four slots one by one, without a loop and without a branch: a processor cannot guess who is inside.
          // A miss is overwritten by the next slot.
          const slot = block * slotsPerBlock;
          const at = 2 * slot;
          const dx0 = positions[at]! - x;
          const dy0 = positions[at + 1]! - y;
          hits[count] = slot;
          count = (count + Number(dx0 * dx0 + dy0 * dy0 <= square)) | 0;
          const dx1 = positions[at + 2]! - x;
          const dy1 = positions[at + 3]! - y;
          hits[count] = slot + 1;
          count = (count + Number(dx1 * dx1 + dy1 * dy1 <= square)) | 0;
          const dx2 = positions[at + 4]! - x;
          const dy2 = positions[at + 5]! - y;
          hits[count] = slot + 2;
          count = (count + Number(dx2 * dx2 + dy2 * dy2 <= square)) | 0;
          const dx3 = positions[at + 6]! - x;
          const dy3 = positions[at + 7]! - y;
          hits[count] = slot + 3;
          count = (count + Number(dx3 * dx3 + dy3 * dy3 <= square)) | 0;
        }
      }
    }
    return count;
  }

  /** Collects the slots in a box, as `disc` does; rarer, so the loop stays a loop. */
  box(cells: SpatialCells, minX: number, minY: number, maxX: number, maxY: number): number {
    const { positions, nextBlock, columns } = cells;
    const hits = this.#roomFor(cells.capacity);
    const firstColumn = cells.columnAt(minX);
    const lastColumn = cells.columnAt(maxX);
    const lastRow = cells.rowAt(maxY);
    let count = 0;
    for (let row = cells.rowAt(minY); row <= lastRow; row += 1) {
      const lastCell = row * columns + lastColumn;
      for (let cell = row * columns + firstColumn; cell <= lastCell; cell += 1) {
        for (let block = cell; block >= 0; block = nextBlock[block]!) {
          const end = (block + 1) * slotsPerBlock;
          for (let slot = block * slotsPerBlock; slot < end; slot += 1) {
            const x = positions[2 * slot]!;
            const y = positions[2 * slot + 1]!;
            hits[count] = slot;
            const inside = Number(x >= minX) & Number(x <= maxX) & Number(y >= minY) & Number(y <= maxY);
            count = (count + inside) | 0;
          }
        }
      }
    }
    return count;
  }

  /** One more than there may be members: a miss is written too. */
  #roomFor(members: number): Int32Array {
    if (this.hits.length <= members) this.hits = new Int32Array(members + 1);
    return this.hits;
  }
}
