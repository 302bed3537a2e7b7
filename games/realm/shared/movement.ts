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
 */
import { cosStep, finePositionStepsPerM, sinStep, type Vector } from "@myriad/protocol";
import { hashOf, purpose } from "./hash.ts";
import { isInRealm } from "./layout.ts";
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
/** Radius of a body against obstacles; bodies do not stop each other. */
export const bodyRadiusM = 0.5;
/** Metres that bodies keep from the outer edge of the realm. */
export const edgeMarginM = 1;

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
  const { zoneCount } = ground;
  // At the edge of the realm one way may be left: along it.
  out.x = fromX + dx;
  out.y = fromY + dy;
  if (!isInRealm(out.x, out.y, zoneCount, edgeMarginM)) {
    if (isInRealm(out.x, fromY, zoneCount, edgeMarginM)) out.y = fromY;
    else out.x = fromX;
  }
  let pushes = 0;
  while (pushes <= pushesMax && pushOut(out)) pushes++;
  if (pushes > pushesMax) {
    // Wedged in. Who is not, stays; who is (the map changed around a saved place) works its way out.
    out.x = fromX;
    out.y = fromY;
    pushOut(out);
  } else if (pushes > 0 && squared(out.x - fromX, out.y - fromY) < stillM2) {
    out.x = fromX;
    out.y = fromY;
    return;
  }
  const place = hashOf(fromX * finePositionStepsPerM, fromY * finePositionStepsPerM, purpose.step);
  out.x = snap(out.x, (place & 0xffff) / 0x1_0000);
  out.y = snap(out.y, (place >>> 16) / 0x1_0000);
  if (isInRealm(out.x, out.y, zoneCount, edgeMarginM)) return;
  out.x = fromX;
  out.y = fromY;
}

/** True when a body at this point stands in an obstacle, deeper than the lattice can tell. */
export function isBlocked(x: number, y: number): boolean {
  const point = { x, y };
  return pushOut(point) && squared(point.x - x, point.y - y) > stillM2;
}

/** Pushes a body out of every obstacle it is in, one after the other; true when there was one. */
function pushOut(body: Vector): boolean {
  let pushed = false;
  const solid = townObstaclesAt(body.x, body.y);
  for (let i = 0; i < solid.length; i++) {
    const obstacle = solid[i];
    if (obstacle !== undefined && pushFrom(body, obstacle.x, obstacle.y, obstacle.radiusM)) pushed = true;
  }
  const pondColumn = Math.floor(body.x / pondCellM);
  const pondRow = Math.floor(body.y / pondCellM);
  const pond = pondRadius(pondColumn, pondRow);
  if (pond > 0 && pushFrom(body, pondX(pondColumn, pondRow), pondY(pondColumn, pondRow), pond)) pushed = true;
  const reachM = sceneryRadiusMaxM + bodyRadiusM;
  const firstColumn = Math.floor((body.x - reachM) / sceneryCellM);
  const lastColumn = Math.floor((body.x + reachM) / sceneryCellM);
  const lastRow = Math.floor((body.y + reachM) / sceneryCellM);
  for (let row = Math.floor((body.y - reachM) / sceneryCellM); row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const x = sceneryX(column, row);
      const y = sceneryY(column, row);
      if (squared(body.x - x, body.y - y) >= reachM * reachM) continue;
      const radius = sceneryRadius(column, row);
      if (radius > 0 && pushFrom(body, x, y, radius)) pushed = true;
    }
  }
  return pushed;
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

/** The lattice point below or above, above when the rest is larger than 1 − `chance`. */
function snap(value: number, chance: number): number {
  return Math.floor(value * finePositionStepsPerM + chance) / finePositionStepsPerM;
}

function squared(dx: number, dy: number): number {
  return dx * dx + dy * dy;
}
