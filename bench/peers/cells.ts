/**
 * Who is where, by square cells: for the peers that have no such index of their own.
 *
 * Filled anew in every tick; lists keep their memory.
 */

export class Cells<T> {
  readonly sideM: number;
  /** Cells in a row of the square. */
  readonly perRow: number;
  readonly #cells: T[][];

  /** @param extentM side of the square that is divided */
  constructor(extentM: number, sideM: number) {
    this.sideM = sideM;
    this.perRow = Math.max(1, Math.ceil(extentM / sideM));
    this.#cells = Array.from({ length: this.perRow ** 2 }, () => []);
  }

  get count(): number {
    return this.#cells.length;
  }

  /** Number of the cell of a point on the square. */
  of(x: number, y: number): number {
    return Math.floor(y / this.sideM) * this.perRow + Math.floor(x / this.sideM);
  }

  clear(): void {
    for (const cell of this.#cells) cell.length = 0;
  }

  add(x: number, y: number, value: T): void {
    this.#cells[this.of(x, y)]!.push(value);
  }

  in(cell: number): readonly T[] {
    return this.#cells[cell]!;
  }

  /** Numbers of the cells that reach into a circle around some point of `cell`, `cell` itself among them. */
  around(cell: number, radiusM: number): number[] {
    const column = cell % this.perRow;
    const row = Math.floor(cell / this.perRow);
    const reach = Math.ceil(radiusM / this.sideM);
    const found: number[] = [];
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const [x, y] = [column + dx, row + dy];
        if (x < 0 || y < 0 || x >= this.perRow || y >= this.perRow) continue;
        // Between a cell and one that is n further lie n − 1 whole cells.
        const gapM = Math.hypot(Math.max(0, Math.abs(dx) - 1), Math.max(0, Math.abs(dy) - 1)) * this.sideM;
        if (gapM < radiusM) found.push(y * this.perRow + x);
      }
    }
    return found;
  }
}
