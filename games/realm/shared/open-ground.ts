/**
 * Where nothing stands in the way: squares of 2 m in which no body can touch an obstacle or the realm's edge.
 *
 * Nine steps in ten are taken there, and need no look at the scenery at all. Made from the place as bodies come by, zone
 * by zone, 16 KB each.
 * Invariant: a note on the map, not state: whoever keeps none moves the same to the last bit.
 * hot path
 */
import { type KeptCells, KeptScenery, pondPlace, sceneryPlace } from "./kept-scenery.ts";
import { isInRealm, zoneSizeM } from "./layout.ts";
import { pondCellM, sceneryCellM, sceneryRadiusMaxM, sceneryX, sceneryY } from "./scenery.ts";
import { townObstacles } from "./town.ts";

/** Radius of a body against obstacles; bodies do not stop each other. */
export const bodyRadiusM = 0.5;
/** Metres that bodies keep from the outer edge of the realm. */
export const edgeMarginM = 1;

/** Metres along a side of a square: small beside an obstacle's reach, so that few squares are lost to one. */
export const squareM = 2;
const perSide = zoneSizeM / squareM;
/** Metres by which open ground is farther from everything than it must be: more than a lattice step or any rounding. */
const slackM = 1 / 64;

/** Squares that are looked at together: those of one scenery cell, whose neighbours they share. */
const lotM = sceneryCellM;
const squaresPerLot = lotM / squareM;

const unknown = 0;
const open = 1;
const closed = 2;

/** A circle in the way. */
interface Circle {
  readonly x: number;
  readonly y: number;
  readonly radiusM: number;
}

export class OpenGround {
  /** For steps elsewhere. */
  readonly kept: KeptScenery;
  readonly #zoneCount: number;
  readonly #zonesPerSide: number;
  /** What is known of each zone's squares, row by row, two bits each: they are read at every step, from everywhere. */
  readonly #zones: (Uint8Array | undefined)[];

  constructor(zoneCount: number) {
    this.kept = new KeptScenery(zoneCount);
    this.#zoneCount = zoneCount;
    this.#zonesPerSide = Math.ceil(Math.sqrt(zoneCount));
    this.#zones = Array.from({ length: this.#zonesPerSide * this.#zonesPerSide }, () => undefined);
  }

  /**
   * True when a body in a square, or a lattice step beside it, touches nothing. False says nothing. Column and row are
   * whole numbers (or NaN): those an engine hands on without a box.
   */
  isOpen(column: number, row: number): boolean {
    const side = this.#zonesPerSide;
    // Written so that NaN is nowhere.
    if (!(column >= 0 && row >= 0 && column < side * perSide && row < side * perSide)) return false;
    const zoneColumn = (column / perSide) | 0;
    const zoneRow = (row / perSide) | 0;
    const squares = (this.#zones[zoneRow * side + zoneColumn] ??= new Uint8Array((perSide * perSide) / 4));
    const at = (row - zoneRow * perSide) * perSide + column - zoneColumn * perSide;
    if (knownOf(squares, at) === unknown) this.#look(squares, zoneColumn, zoneRow, column, row);
    return knownOf(squares, at) === open;
  }

  /** Notes what is known of all squares of the lot that a square lies in. */
  #look(squares: Uint8Array, zoneColumn: number, zoneRow: number, column: number, row: number): void {
    const firstColumn = column - (column % squaresPerLot);
    const firstRow = row - (row % squaresPerLot);
    const circles = circlesNear(this.kept, firstColumn * squareM, firstRow * squareM);
    for (let r = firstRow; r < firstRow + squaresPerLot; r++) {
      for (let c = firstColumn; c < firstColumn + squaresPerLot; c++) {
        const at = (r - zoneRow * perSide) * perSide + c - zoneColumn * perSide;
        const found = isSquareOpen(c * squareM, r * squareM, circles, this.#zoneCount) ? open : closed;
        squares[at >> 2]! |= found << ((at & 3) * 2);
      }
    }
  }
}

function knownOf(squares: Uint8Array, at: number): number {
  return (squares[at >> 2]! >> ((at & 3) * 2)) & 3;
}

function isSquareOpen(left: number, top: number, circles: readonly Circle[], zoneCount: number): boolean {
  const half = squareM / 2;
  if (!isInRealm(left + half, top + half, zoneCount, half + edgeMarginM + slackM)) return false;
  return !circles.some((circle) => touches(circle, left, top, squareM));
}

/** Everything that a body in a lot may touch. */
function circlesNear(kept: KeptScenery, left: number, top: number): Circle[] {
  const circles: Circle[] = townObstacles.filter((circle) => touches(circle, left, top, lotM));
  const pondColumn = Math.floor(left / pondCellM);
  const pondRow = Math.floor(top / pondCellM);
  // A pond and its shore lie within their cell: beyond the realm's edge none reaches in.
  addCircle(circles, kept.pondOf(pondColumn, pondRow), pondPlace(pondColumn, pondRow));
  const reachM = sceneryRadiusMaxM + bodyRadiusM + slackM;
  const lastColumn = Math.floor((left + lotM + reachM) / sceneryCellM);
  const lastRow = Math.floor((top + lotM + reachM) / sceneryCellM);
  for (let row = Math.floor((top - reachM) / sceneryCellM); row <= lastRow; row++) {
    for (let column = Math.floor((left - reachM) / sceneryCellM); column <= lastColumn; column++) {
      const cells = kept.sceneryOf(column, row);
      if (cells !== undefined) addCircle(circles, cells, sceneryPlace(column, row));
      // What grows beyond the realm's edge reaches over it.
      else circles.push({ x: sceneryX(column, row), y: sceneryY(column, row), radiusM: sceneryRadiusMaxM });
    }
  }
  return circles;
}

function addCircle(circles: Circle[], cells: KeptCells | undefined, place: number): void {
  if (cells === undefined || !(cells.radius[place]! > 0)) return;
  circles.push({ x: cells.x[place]!, y: cells.y[place]!, radiusM: cells.radius[place]! });
}

/** True when a body somewhere in a square may touch the circle. */
function touches({ x, y, radiusM }: Circle, left: number, top: number, sideM: number): boolean {
  const dx = Math.max(left - x, 0, x - left - sideM);
  const dy = Math.max(top - y, 0, y - top - sideM);
  const keepM = radiusM + bodyRadiusM + slackM;
  return dx * dx + dy * dy < keepM * keepM;
}
