/**
 * Where everything stands: a uniform grid over a zone's rectangle, whose cells hold their members in blocks of four.
 *
 * The first block of cell c is block c; a cell with more members chains further blocks behind it:
 *
 *   blocks  │ cell 0 │ cell 1 │ … │ cell n−1 │ overflow … │      first(cell 1) ─▶ open (1–4 members) ─▶ full ─▶ full
 *   block   │ x y │ x y │ x y │ x y │   64 bytes: one cache line; a free slot has x = NaN, which no comparison accepts
 *
 * Blocks instead of linked members: a query reads four neighbours at a time, with nothing for the processor to guess
 * (measured at 10,000 members: 0.13 µs a query of 10 m, linked lists 0.22).
 * Invariant: insert, move and remove take constant time; no allocation but in growth.
 * Invariant: a position outside the bounds belongs to the nearest edge cell and keeps its exact coordinates.
 * Invariant: order within a cell depends on history, so no answer may depend on it.
 * Invariant: the arrays are public for the queries beside this file, which only read them; growth replaces them.
 * hot path
 */

import { assert } from "../kernel/assert.ts";

/** Members of a block: four pairs of coordinates fill a cache line. */
export const slotsPerBlock = 4;
/** Cells of one index: 4 km × 4 km in cells of 8 m. Each takes 116 bytes. */
const cellsMax = 262_144;
/** Keys of one index: sixteen times the largest zone that is planned for. */
const keysMax = 262_144;
/** A cell that is further away than this many metres from a border is on the right side of it in spite of rounding. */
export const roundingSlackM = 1 / 1024;

/** The rectangle that the cells cover, in metres. */
export interface SpatialBounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SpatialOptions {
  readonly bounds: SpatialBounds;
  /** Side of a cell in metres. Best about 1.6 times the most frequent query radius, with two or three members on average. */
  readonly cellSizeM: number;
  /** Keys for which memory is taken at once; more keys make it grow. */
  readonly capacity: number;
}

/** Members by key, each with a handle and a position, kept in the cell they stand in. What SpatialIndex says about them holds here. */
export class SpatialCells {
  readonly bounds: SpatialBounds;
  readonly cellSizeM: number;
  readonly columns: number;
  readonly rows: number;
  /** x and y of slot s at 2s and 2s + 1; x is NaN where nobody is. */
  positions: Float64Array;
  /** Handle by slot. */
  handles: Float64Array;
  /** The block behind a block, −1 at the end. */
  nextBlock: Int32Array;
  readonly #cellsPerM: number;
  readonly #originX: number;
  readonly #originY: number;
  readonly #cellCounts: Int32Array;
  #keyAt: Int32Array;
  #slotOf: Int32Array;
  #cellOf: Int32Array;
  /** x and y of key k at 2k and 2k + 1, x NaN for nobody: the positions once more, in the order of rows. */
  #places: Float64Array;
  #freeBlock = -1;
  #size = 0;

  /** A bug in the arguments (a side or a capacity that is not positive, too many cells) throws AssertionFailed. */
  constructor({ bounds, cellSizeM, capacity }: SpatialOptions) {
    assert(
      bounds.width > 0 && bounds.height > 0 && cellSizeM > 0,
      "an index has a positive width, height and cell",
    );
    assert(Number.isFinite(bounds.x + bounds.y + cellSizeM), "an index lies at finite coordinates");
    assert(
      Number.isInteger(capacity) && capacity > 0 && capacity <= keysMax,
      "an index has 1 to 262,144 keys",
    );
    this.bounds = { ...bounds };
    this.#originX = bounds.x;
    this.#originY = bounds.y;
    this.cellSizeM = cellSizeM;
    this.columns = Math.ceil(bounds.width / cellSizeM);
    this.rows = Math.ceil(bounds.height / cellSizeM);
    const cells = this.columns * this.rows;
    assert(cells >= 1 && cells <= cellsMax, "an index has 1 to 262,144 cells: change cellSizeM");
    this.#cellsPerM = 1 / cellSizeM;
    this.#cellCounts = new Int32Array(cells);
    this.positions = new Float64Array(0);
    this.handles = new Float64Array(0);
    this.nextBlock = new Int32Array(0);
    this.#keyAt = new Int32Array(0);
    this.#slotOf = new Int32Array(0);
    this.#cellOf = new Int32Array(0);
    this.#places = new Float64Array(0);
    this.#grow(capacity);
  }

  /** Members now. */
  get size(): number {
    return this.#size;
  }

  /** Keys for which there is memory. */
  get capacity(): number {
    return this.#slotOf.length;
  }

  has(key: number): boolean {
    return key >= 0 && key < this.#slotOf.length && this.#slotOf[key]! >= 0;
  }

  /**
   * Adds a member. `handle` is a safe integer that is unique here; it is what queries answer.
   * A key that is taken or out of range and a position that is not finite are bugs: AssertionFailed.
   */
  insert(key: number, handle: number, x: number, y: number): void {
    assert(Number.isInteger(key) && key >= 0 && key < keysMax, "a key is an integer from 0 to 262,143");
    if (key >= this.#slotOf.length) this.#grow(Math.min(keysMax, Math.max(key + 1, 2 * this.#slotOf.length)));
    assert(this.#slotOf[key]! < 0, "a key is inserted once");
    assert(Number.isFinite(x) && Number.isFinite(y), "a position is finite");
    this.#link(key, this.#cellAt(x, y), handle, x, y);
    this.#places[2 * key] = x;
    this.#places[2 * key + 1] = y;
    this.#size += 1;
  }

  /** Moves a member; cheap while it stays in its cell. An absent key or a position that is not finite is a bug: AssertionFailed. */
  move(key: number, x: number, y: number): void {
    const slot = this.#slotOf[key];
    assert(slot !== undefined && slot >= 0, "only a member moves");
    // NaN and the infinities are what is left of a difference with itself.
    assert(x - x + (y - y) === 0, "a position is finite");
    this.#places[2 * key] = x;
    this.#places[2 * key + 1] = y;
    const cell = this.#cellAt(x, y);
    if (cell === this.#cellOf[key]) {
      this.positions[2 * slot] = x;
      this.positions[2 * slot + 1] = y;
      return;
    }
    const handle = this.handles[slot]!;
    this.#unlink(key, slot);
    this.#link(key, cell, handle, x, y);
  }

  /**
   * Takes the positions of a kind's rows over: key `firstKey + row` stands at `(xs[row], ys[row])` for rows below `count`. Rows
   * without a member are passed over. Who did not move costs a comparison of neighbours in memory, who did a `move`, with the
   * same bugs.
   */
  moveRows(firstKey: number, xs: Float64Array, ys: Float64Array, count: number): void {
    for (let row = 0, key = firstKey; row < count; row += 1, key += 1) {
      const x = xs[row]!;
      const y = ys[row]!;
      // Compared so that a NaN differs and `move` sees it. Nobody's place is NaN.
      if (this.#places[2 * key] === x && this.#places[2 * key + 1] === y) continue;
      if (this.#slotOf[key]! >= 0) this.move(key, x, y);
    }
  }

  /** Removes a member. An absent key is a bug: AssertionFailed. */
  remove(key: number): void {
    const slot = this.#slotOf[key];
    assert(slot !== undefined && slot >= 0, "only a member is removed");
    this.#unlink(key, slot);
    this.#slotOf[key] = -1;
    this.#places[2 * key] = Number.NaN;
    this.#size -= 1;
  }

  /** Removes all members and keeps the memory. */
  clear(): void {
    for (let key = 0; key < this.#slotOf.length; key += 1) if (this.has(key)) this.remove(key);
  }

  /** The column of a coordinate, clamped into the grid: a greater x never has a smaller column. */
  columnAt(x: number): number {
    const column = (x - this.#originX) * this.#cellsPerM;
    if (column <= 0) return 0;
    return column >= this.columns ? this.columns - 1 : column | 0;
  }

  /** The row of a coordinate, clamped into the grid: a greater y never has a smaller row. */
  rowAt(y: number): number {
    const row = (y - this.#originY) * this.#cellsPerM;
    if (row <= 0) return 0;
    return row >= this.rows ? this.rows - 1 : row | 0;
  }

  #cellAt(x: number, y: number): number {
    return this.rowAt(y) * this.columns + this.columnAt(x);
  }

  #link(key: number, cell: number, handle: number, x: number, y: number): void {
    const count = this.#cellCounts[cell]!;
    this.#cellCounts[cell] = count + 1;
    if (count >= slotsPerBlock && count % slotsPerBlock === 0) this.#chainBlock(cell);
    const slot = this.#openBlock(cell, count) * slotsPerBlock + (count % slotsPerBlock);
    this.positions[2 * slot] = x;
    this.positions[2 * slot + 1] = y;
    this.handles[slot] = handle;
    this.#keyAt[slot] = key;
    this.#slotOf[key] = slot;
    this.#cellOf[key] = cell;
  }

  /** Frees a slot; the cell's last member fills the hole. */
  #unlink(key: number, slot: number): void {
    const cell = this.#cellOf[key]!;
    const last = this.#cellCounts[cell]! - 1;
    const open = this.#openBlock(cell, last);
    const lastSlot = open * slotsPerBlock + (last % slotsPerBlock);
    this.positions[2 * slot] = this.positions[2 * lastSlot]!;
    this.positions[2 * slot + 1] = this.positions[2 * lastSlot + 1]!;
    this.handles[slot] = this.handles[lastSlot]!;
    const moved = this.#keyAt[lastSlot]!;
    this.#keyAt[slot] = moved;
    this.#slotOf[moved] = slot;
    this.positions[2 * lastSlot] = Number.NaN;
    this.#cellCounts[cell] = last;
    if (open === cell || last % slotsPerBlock !== 0) return;
    this.nextBlock[cell] = this.nextBlock[open]!;
    this.nextBlock[open] = this.#freeBlock;
    this.#freeBlock = open;
  }

  /** The block that holds the member with this ordinal when it is the cell's last. */
  #openBlock(cell: number, ordinal: number): number {
    return ordinal < slotsPerBlock ? cell : this.nextBlock[cell]!;
  }

  /** Puts an empty block behind the cell's first one. There always is one: see `#grow`. */
  #chainBlock(cell: number): void {
    const block = this.#freeBlock;
    assert(block >= 0, "a block is free for every four keys");
    this.#freeBlock = this.nextBlock[block]!;
    this.nextBlock[block] = this.nextBlock[cell]!;
    this.nextBlock[cell] = block;
  }

  /** Memory for `capacity` keys. A cell with n > 4 members needs at most n / 4 further blocks: one per four keys is enough. */
  #grow(capacity: number): void {
    const cells = this.#cellCounts.length;
    const blocksBefore = this.nextBlock.length;
    const blocks = cells + Math.ceil(capacity / slotsPerBlock);
    this.positions = enlarged(this.positions, new Float64Array(blocks * slotsPerBlock * 2).fill(Number.NaN));
    this.handles = enlarged(this.handles, new Float64Array(blocks * slotsPerBlock));
    this.nextBlock = enlarged(this.nextBlock, new Int32Array(blocks).fill(-1));
    this.#keyAt = enlarged(this.#keyAt, new Int32Array(blocks * slotsPerBlock));
    this.#slotOf = enlarged(this.#slotOf, new Int32Array(capacity).fill(-1));
    this.#cellOf = enlarged(this.#cellOf, new Int32Array(capacity));
    this.#places = enlarged(this.#places, new Float64Array(2 * capacity).fill(Number.NaN));
    for (let block = Math.max(cells, blocksBefore); block < blocks; block += 1) {
      this.nextBlock[block] = this.#freeBlock;
      this.#freeBlock = block;
    }
  }
}

/** `larger` with `smaller` copied to its beginning. */
function enlarged<A extends Float64Array | Int32Array>(smaller: A, larger: A): A {
  larger.set(smaller);
  return larger;
}
