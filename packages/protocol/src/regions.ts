/**
 * A zone's grid of regions, seen from both sides of the wire: which region a point is in, where a region lies.
 *
 * Invariant: regions are numbered row by row, so neighbours in x are neighbours in every plane of blocks.
 */
import { positionStepsPerM, regionsPerZoneMax } from "./limits.ts";
import { type Frame, positionBitsFor } from "./values.ts";

/** A zone's rectangle in the world, metres. */
export interface ZoneBounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The grid of one zone. */
export class RegionGrid {
  readonly zone: number;
  readonly bounds: ZoneBounds;
  readonly sizeM: number;
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
  readonly positionBits: number;

  /** Throws RangeError when the zone would have more regions than an index can name. */
  constructor(zone: number, bounds: ZoneBounds, sizeM: number) {
    this.zone = zone;
    this.bounds = bounds;
    this.sizeM = sizeM;
    this.columns = Math.max(1, Math.ceil(bounds.width / sizeM));
    this.rows = Math.max(1, Math.ceil(bounds.height / sizeM));
    this.count = this.columns * this.rows;
    this.positionBits = positionBitsFor(sizeM);
    if (!(this.count <= regionsPerZoneMax))
      throw new RangeError(`zone ${zone}: ${this.count} regions, at most ${regionsPerZoneMax}`);
  }

  /** The region that holds a point; points outside the zone belong to the nearest region. */
  at(x: number, y: number): number {
    const column = clampIndex((x - this.bounds.x) / this.sizeM, this.columns);
    const row = clampIndex((y - this.bounds.y) / this.sizeM, this.rows);
    return row * this.columns + column;
  }

  /** West edge of a region, metres. */
  left(region: number): number {
    return this.bounds.x + (region % this.columns) * this.sizeM;
  }

  /** North edge (smallest y) of a region, metres. */
  top(region: number): number {
    return this.bounds.y + Math.floor(region / this.columns) * this.sizeM;
  }

  /** Metres from a point to the nearest point of a region; 0 inside. */
  distanceTo(region: number, x: number, y: number): number {
    const left = this.left(region);
    const top = this.top(region);
    const dx = Math.max(left - x, 0, x - (left + this.sizeM));
    const dy = Math.max(top - y, 0, y - (top + this.sizeM));
    return Math.sqrt(dx * dx + dy * dy);
  }

  /** Points `frame` at a region: positions relative to its corner, references short within the zone. */
  frameOf(region: number, frame: Frame): void {
    frame.originX = Math.round(this.left(region) * positionStepsPerM);
    frame.originY = Math.round(this.top(region) * positionStepsPerM);
    frame.positionBits = this.positionBits;
    frame.zone = this.zone;
  }
}

function clampIndex(value: number, count: number): number {
  const index = Math.floor(value);
  return index > 0 ? (index < count ? index : count - 1) : 0;
}
