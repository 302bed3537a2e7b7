/**
 * A zone's grid of regions, seen from both sides of the wire: which cell a point is in, where a region lies, how its
 * number and its positions are written.
 *
 * A cell of the grid may split in four, and each quarter again. Cells have the numbers 0 to count − 1, quarters have
 * numbers above, always four in a row, given out and taken back by the zone.
 * Invariant: cells are numbered row by row and quarters are neighbours, so neighbouring regions are neighbouring bytes.
 * Invariant: a region's shape follows from its cell and the quarters on the way down; both sides compute the same.
 */
import {
  positionStepsPerM,
  regionBitsMin,
  regionDepthMax,
  regionMarginM,
  regionsPerZoneMax,
  zoneMarginM,
} from "./limits.ts";
import { bitsFor, type Frame } from "./values.ts";

/** A zone's rectangle in the world, metres. */
export interface ZoneBounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where one region lies and how positions in it are written. */
export interface RegionShape {
  /** West and north edge (smallest x and y), metres. */
  readonly left: number;
  readonly top: number;
  readonly sizeM: number;
  /** How often it was split: 0 for a cell of the grid. */
  readonly depth: number;
  /** What positions are relative to, in wire steps. */
  readonly originX: number;
  readonly originY: number;
  /** Bits of each coordinate. */
  readonly positionBits: number;
}

/** The grid of one zone. */
export class RegionGrid {
  readonly zone: number;
  readonly bounds: ZoneBounds;
  /** Side of a cell, metres. */
  readonly sizeM: number;
  readonly columns: number;
  readonly rows: number;
  /** Cells of the grid: regions that are no quarters. */
  readonly count: number;
  /** Bits of a region's number on the wire. */
  readonly regionBits: number;
  /** Groups of four quarters that may exist at once. */
  readonly quadsMax: number;
  /** Numbers that regions can have: cells, then quarters. */
  readonly capacity: number;
  readonly #shapes: RegionShape[] = [];

  /** Throws RangeError when the zone would have more regions than an index can name. */
  constructor(zone: number, bounds: ZoneBounds, sizeM: number) {
    this.zone = zone;
    this.bounds = bounds;
    this.sizeM = sizeM;
    this.columns = Math.max(1, Math.ceil(bounds.width / sizeM));
    this.rows = Math.max(1, Math.ceil(bounds.height / sizeM));
    this.count = this.columns * this.rows;
    if (!(this.count <= regionsPerZoneMax))
      throw new RangeError(`zone ${zone}: ${this.count} regions, at most ${regionsPerZoneMax}`);
    this.regionBits = Math.min(16, Math.max(regionBitsMin, bitsFor(this.count * 4 - 1)));
    this.quadsMax = Math.floor((2 ** this.regionBits - 1 - this.count) / 4);
    this.capacity = this.count + 4 * this.quadsMax;
  }

  /** The cell that holds a point; points outside the zone belong to the nearest. */
  at(x: number, y: number): number {
    const column = clampIndex((x - this.bounds.x) / this.sizeM, this.columns);
    const row = clampIndex((y - this.bounds.y) / this.sizeM, this.rows);
    return row * this.columns + column;
  }

  /** West edge of a cell, metres. */
  left(cell: number): number {
    return this.bounds.x + (cell % this.columns) * this.sizeM;
  }

  /** North edge (smallest y) of a cell, metres. */
  top(cell: number): number {
    return this.bounds.y + Math.floor(cell / this.columns) * this.sizeM;
  }

  /** Metres from a point to the nearest point of a cell; 0 inside. */
  distanceTo(cell: number, x: number, y: number): number {
    const left = this.left(cell);
    const top = this.top(cell);
    const dx = Math.max(left - x, 0, x - (left + this.sizeM));
    const dy = Math.max(top - y, 0, y - (top + this.sizeM));
    return Math.sqrt(dx * dx + dy * dy);
  }

  /** The shape of a cell. */
  shapeOf(cell: number): RegionShape {
    return (this.#shapes[cell] ??= this.#shape(this.left(cell), this.top(cell), this.sizeM, 0));
  }

  /** The shape of a quarter: quadrant 0 to 3, east has bit 0, south (larger y) has bit 1. */
  quarterOf(shape: RegionShape, quadrant: number): RegionShape {
    const sizeM = shape.sizeM / 2;
    const left = shape.left + (quadrant & 1 ? sizeM : 0);
    const top = shape.top + (quadrant & 2 ? sizeM : 0);
    return this.#shape(left, top, sizeM, shape.depth + 1);
  }

  /** The shape of which `quarter` is quadrant 0. */
  wholeOf(quarter: RegionShape): RegionShape {
    return this.#shape(quarter.left, quarter.top, quarter.sizeM * 2, quarter.depth - 1);
  }

  /** The shape that keyframes and checkpoints name by its cell and the quadrants on the way down; undefined when there is none. */
  shapeAt(cell: number, depth: number, path: number): RegionShape | undefined {
    if (cell >= this.count || depth > regionDepthMax) return undefined;
    let shape = this.shapeOf(cell);
    for (let step = depth - 1; step >= 0; step--) shape = this.quarterOf(shape, (path >>> (2 * step)) & 3);
    return shape;
  }

  /** True for the first of four quarters' numbers. */
  isQuad(first: number): boolean {
    return first >= this.count && first + 3 < this.capacity && (first - this.count) % 4 === 0;
  }

  /** Points `frame` at a shape: positions relative to its corner, references short within the zone. */
  aim(frame: Frame, shape: RegionShape): void {
    frame.originX = shape.originX;
    frame.originY = shape.originY;
    frame.positionBits = shape.positionBits;
    frame.zone = this.zone;
  }

  #shape(left: number, top: number, sizeM: number, depth: number): RegionShape {
    const { x, y, width, height } = this.bounds;
    // At the zone's edge a region reaches as far out as anybody may stand.
    const west = left <= x ? zoneMarginM : regionMarginM;
    const north = top <= y ? zoneMarginM : regionMarginM;
    const east = left + sizeM >= x + width ? zoneMarginM : regionMarginM;
    const south = top + sizeM >= y + height ? zoneMarginM : regionMarginM;
    const widest = sizeM + Math.max(west + east, north + south);
    return {
      left,
      top,
      sizeM,
      depth,
      originX: Math.round((left - west) * positionStepsPerM),
      originY: Math.round((top - north) * positionStepsPerM),
      positionBits: bitsFor(Math.ceil(widest * positionStepsPerM) - 1),
    };
  }
}

/**
 * Ticks by which a region's blocks are shifted, so that not every region is due in the same tick: a multiple of four,
 * which leaves the strides of client frames (1, 2, 4) together. Quarters of one whole share theirs, because a merge needs
 * a tick at which all four are due.
 */
export function phaseOf(grid: { zone: number; count: number; columns: number }, region: number): number {
  const place =
    region < grid.count
      ? (region % grid.columns) * 3 + Math.floor(region / grid.columns) * 5
      : ((region - grid.count) >>> 2) * 5 + 3;
  return ((place & 7) << 2) + (grid.zone & 3);
}

function clampIndex(value: number, count: number): number {
  const index = Math.floor(value);
  return index > 0 ? (index < count ? index : count - 1) : 0;
}
