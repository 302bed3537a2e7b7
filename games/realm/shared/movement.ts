/**
 * One tick of movement, for the zone and for the browser that predicts it: the same bits on both sides.
 *
 * Bodies are circles that slide along circles: a step that ends in an obstacle is pushed out of it, away from its
 * centre. Nobody leaves the realm.
 * Invariant: + − × ÷ √ and the protocol's tables only. A result lies on the lattice of 1/1024 m.
 * Invariant: allocates nothing; reads nothing but its arguments and the map.
 *
 * The lattice would round every step the same way, and a runner at 60 Hz would be 0.4 % slower than one at 20. So the
 * rest is rounded up as often as it is large, by a number made from the place: in the mean nothing is lost.
 * hot path
 */
import { cosStep, finePositionStepsPerM, sinStep, type Vector } from "@myriad/protocol";
import { mixOf, purpose } from "./hash.ts";
import { type KeptCells, type KeptScenery, pondPlace, sceneryPlace } from "./kept-scenery.ts";
import { isInRealm } from "./layout.ts";
import { bodyRadiusM, edgeMarginM, type OpenGround, squareM } from "./open-ground.ts";
import {
  pondCellM,
  pondRadius,
  pondX,
  pondY,
  sceneryCellM,
  sceneryRadius,
  sceneryRadiusMaxM,
  sceneryX,
  sceneryY,
} from "./scenery.ts";
import { townObstaclesAt } from "./town.ts";

/** Metres a second a player runs. */
export const playerSpeedMps = 5;

/** What a player holds: a heading 0–255 and whether to run. */
export interface MoveInput {
  readonly direction: number;
  readonly moving: boolean;
}

/** What a step depends on besides the body. */
export interface Ground {
  /** Zones of the realm: where its outer edge is. */
  readonly zoneCount: number;
  readonly tickRateHz: number;
  /** What is known to be free, for who moves hundreds of bodies a tick. Steps end at the same place with it and without. */
  readonly open?: OpenGround;
}

/** A body's place. A shape of its own, so that engines keep its numbers in it and no step allocates. */
export class Body implements Vector {
  x = 0;
  y = 0;
}

/** Obstacles a body may be pushed out of in one step before it gives up and stays. */
const pushesMax = 3;
/** Metres beyond an obstacle to which it pushes: rounding alone must not make it push again. */
const clearM = 0.25 / finePositionStepsPerM;
/** Less than this, in squared metres, after a push is standing still: nobody trembles at a wall. */
const stillM2 = (2 / finePositionStepsPerM) * (2 / finePositionStepsPerM);

/** One tick of a player: writes the next position to `out`, which may be `from`. Never throws. */
export function stepPlayer(from: Readonly<Vector>, input: MoveInput, ground: Ground, out: Vector): void {
  if (!input.moving) {
    out.x = from.x;
    out.y = from.y;
    return;
  }
  const lengthM = playerSpeedMps / ground.tickRateHz;
  stepBy(from, cosStep(input.direction) * lengthM, sinStep(input.direction) * lengthM, ground, out);
}

/** Moves a body by (dx, dy) metres, shorter than its own radius; writes where it ends to `out`, which may be `from`. */
export function stepBy(from: Readonly<Vector>, dx: number, dy: number, ground: Ground, out: Vector): void {
  const { x: fromX, y: fromY } = from;
  const { open } = ground;
  if (!open?.isOpen(Math.floor((fromX + dx) / squareM), Math.floor((fromY + dy) / squareM)))
    return stepAround(from, dx, dy, ground, out);
  out.x = fromX + dx;
  out.y = fromY + dy;
  settle(out, mixOf((fromX * finePositionStepsPerM) | 0, (fromY * finePositionStepsPerM) | 0, purpose.step));
}

/** A step where something may stand in the way. */
function stepAround(from: Readonly<Vector>, dx: number, dy: number, ground: Ground, out: Vector): void {
  const { x: fromX, y: fromY } = from;
  const { zoneCount } = ground;
  const kept = ground.open?.kept;
  // At the edge of the realm one way may be left: along it.
  out.x = fromX + dx;
  out.y = fromY + dy;
  if (!isInside(out, zoneCount)) {
    if (isInRealm(out.x, fromY, zoneCount, edgeMarginM)) out.y = fromY;
    else out.x = fromX;
  }
  let pushes = 0;
  while (pushes <= pushesMax && pushOut(out, kept)) pushes++;
  if (pushes > pushesMax) {
    // Wedged in. Who is not, stays; who is (the map changed around a saved place) works its way out.
    out.x = fromX;
    out.y = fromY;
    pushOut(out, kept);
  } else if (pushes > 0 && squared(out.x - fromX, out.y - fromY) < stillM2) {
    out.x = fromX;
    out.y = fromY;
    return;
  }
  settle(out, mixOf((fromX * finePositionStepsPerM) | 0, (fromY * finePositionStepsPerM) | 0, purpose.step));
  if (isInside(out, zoneCount)) return;
  out.x = fromX;
  out.y = fromY;
}

/** True when a body at this point stands in an obstacle, deeper than the lattice can tell. */
export function isBlocked(x: number, y: number): boolean {
  const point = { x, y };
  return pushOut(point, undefined) && squared(point.x - x, point.y - y) > stillM2;
}

function isInside(body: Vector, zoneCount: number): boolean {
  return isInRealm(body.x, body.y, zoneCount, edgeMarginM);
}

/**
 * Pushes a body out of every obstacle it is in, one after the other; true when there was one. Numbers go from function to
 * function in the body or as whole ones, which need no box; who touches nothing is done after a few looks.
 */
function pushOut(body: Vector, kept: KeptScenery | undefined): boolean {
  let pushed = false;
  const solid = townObstaclesAt(body);
  for (let i = 0; i < solid.length; i++) {
    const { x, y, radiusM } = solid[i]!;
    if (!isClear(body.x - x, body.y - y, radiusM) && pushFrom(body, x, y, radiusM)) pushed = true;
  }
  if (pushFromPond(body, kept)) pushed = true;
  const reachM = sceneryRadiusMaxM + bodyRadiusM;
  const firstColumn = Math.floor((body.x - reachM) / sceneryCellM) | 0;
  const lastColumn = Math.floor((body.x + reachM) / sceneryCellM) | 0;
  const lastRow = Math.floor((body.y + reachM) / sceneryCellM) | 0;
  for (let row = Math.floor((body.y - reachM) / sceneryCellM) | 0; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      if (pushFromScenery(body, column, row, kept)) pushed = true;
    }
  }
  return pushed;
}

function pushFromPond(body: Vector, kept: KeptScenery | undefined): boolean {
  const column = Math.floor(body.x / pondCellM) | 0;
  const row = Math.floor(body.y / pondCellM) | 0;
  const cells = kept?.pondOf(column, row);
  if (cells !== undefined) return pushFromCell(body, cells, pondPlace(column, row));
  const radius = pondRadius(column, row);
  return radius > 0 && pushFrom(body, pondX(column, row), pondY(column, row), radius);
}

function pushFromScenery(body: Vector, column: number, row: number, kept: KeptScenery | undefined): boolean {
  const cells = kept?.sceneryOf(column, row);
  if (cells !== undefined) return pushFromCell(body, cells, sceneryPlace(column, row));
  const x = sceneryX(column, row);
  const y = sceneryY(column, row);
  // What is far away is not looked at: its radius costs more than all the rest.
  if (isClear(body.x - x, body.y - y, sceneryRadiusMaxM)) return false;
  const radius = sceneryRadius(column, row);
  return radius > 0 && pushFrom(body, x, y, radius);
}

function pushFromCell(body: Vector, cells: KeptCells, place: number): boolean {
  const radius = cells.radius[place]!;
  if (radius === 0 || isClear(body.x - cells.x[place]!, body.y - cells.y[place]!, radius)) return false;
  return pushFrom(body, cells.x[place]!, cells.y[place]!, radius);
}

function isClear(dx: number, dy: number, radiusM: number): boolean {
  const keepM = radiusM + bodyRadiusM;
  return dx * dx + dy * dy >= keepM * keepM;
}

function pushFrom(body: Vector, x: number, y: number, radiusM: number): boolean {
  const keepM = radiusM + bodyRadiusM;
  const dx = body.x - x;
  const dy = body.y - y;
  const distance2 = dx * dx + dy * dy;
  if (distance2 >= keepM * keepM) return false;
  const distance = Math.sqrt(distance2);
  const outM = keepM + clearM;
  // Exactly in the middle there is no way out that is nearer than another: east.
  body.x = distance === 0 ? x + outM : x + (dx / distance) * outM;
  body.y = distance === 0 ? y : y + (dy / distance) * outM;
  return true;
}

/** Puts the end of a step on the lattice. `chance` is an int32, which engines hand on without a box. */
function settle(out: Vector, chance: number): void {
  out.x = snap(out.x, (chance & 0xffff) / 0x1_0000);
  out.y = snap(out.y, (chance >>> 16) / 0x1_0000);
}

/** The lattice point below or above, above when the rest is larger than 1 − `chance`. */
function snap(value: number, chance: number): number {
  return Math.floor(value * finePositionStepsPerM + chance) / finePositionStepsPerM;
}

function squared(dx: number, dy: number): number {
  return dx * dx + dy * dy;
}
