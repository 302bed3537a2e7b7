/**
 * The scenery that bodies have come near, kept: made once from the place, then read like a table.
 *
 * Owns: place and radius of what stands in each cell, zone by zone as somebody first enters: 100 KB each.
 * Invariant: says what scenery.ts says, to the last bit; it is no state, and whoever has none computes the same.
 * hot path
 */
import { zoneSizeM } from "./layout.ts";
import {
  pondCellM,
  pondRadius,
  pondX,
  pondY,
  sceneryCellM,
  sceneryRadius,
  sceneryX,
  sceneryY,
} from "./scenery.ts";

/** Cells of one kind in one zone, row by row. */
export class KeptCells {
  /** Radius, 0 for nothing there, NaN where nobody has asked yet. Apart from the places: most cells are empty. */
  readonly radius: Float64Array;
  readonly x: Float64Array;
  readonly y: Float64Array;

  constructor(count: number) {
    this.radius = new Float64Array(count).fill(Number.NaN);
    this.x = new Float64Array(count);
    this.y = new Float64Array(count);
  }
}

const sceneryPerSide = zoneSizeM / sceneryCellM;
const pondsPerSide = zoneSizeM / pondCellM;

export class KeptScenery {
  readonly #zonesPerSide: number;
  readonly #scenery: (KeptCells | undefined)[];
  readonly #ponds: (KeptCells | undefined)[];

  constructor(zoneCount: number) {
    this.#zonesPerSide = Math.ceil(Math.sqrt(zoneCount));
    const squares = this.#zonesPerSide * this.#zonesPerSide;
    this.#scenery = Array.from({ length: squares }, () => undefined);
    this.#ponds = Array.from({ length: squares }, () => undefined);
  }

  /** The table that holds a cell's small obstacle, at `sceneryPlace`; undefined beyond the realm. */
  sceneryOf(column: number, row: number): KeptCells | undefined {
    const zone = this.#zoneOf(column, row, sceneryPerSide);
    if (zone < 0) return undefined;
    const cells = (this.#scenery[zone] ??= new KeptCells(sceneryPerSide * sceneryPerSide));
    const place = sceneryPlace(column, row);
    if (Number.isNaN(cells.radius[place]!)) {
      cells.x[place] = sceneryX(column, row);
      cells.y[place] = sceneryY(column, row);
      cells.radius[place] = sceneryRadius(column, row);
    }
    return cells;
  }

  /** The table that holds a cell's pond, at `pondPlace`; undefined beyond the realm. */
  pondOf(column: number, row: number): KeptCells | undefined {
    const zone = this.#zoneOf(column, row, pondsPerSide);
    if (zone < 0) return undefined;
    const cells = (this.#ponds[zone] ??= new KeptCells(pondsPerSide * pondsPerSide));
    const place = pondPlace(column, row);
    if (Number.isNaN(cells.radius[place]!)) {
      cells.x[place] = pondX(column, row);
      cells.y[place] = pondY(column, row);
      cells.radius[place] = pondRadius(column, row);
    }
    return cells;
  }

  #zoneOf(column: number, row: number, perSide: number): number {
    const side = this.#zonesPerSide;
    // Written so that NaN is nowhere.
    if (!(column >= 0 && row >= 0 && column < side * perSide && row < side * perSide)) return -1;
    return ((row / perSide) | 0) * side + ((column / perSide) | 0);
  }
}

/** Where a cell stands in its zone's table. */
export function sceneryPlace(column: number, row: number): number {
  return (row % sceneryPerSide) * sceneryPerSide + (column % sceneryPerSide);
}
export function pondPlace(column: number, row: number): number {
  return (row % pondsPerSide) * pondsPerSide + (column % pondsPerSide);
}
