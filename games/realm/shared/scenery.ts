/**
 * What grows and lies in the wild: trees, rocks, bushes, ponds, made from the place itself and so stored nowhere.
 *
 * A cell of 8 m holds at most one small obstacle, a cell of 64 m at most one pond. Movement asks for single cells, as
 * numbers, so that a step allocates nothing; drawing asks for all obstacles of a rectangle.
 * Invariant: town, roads and camps stay clear, and nothing grows in a pond.
 */
import { biomeAt } from "./biome.ts";
import { campRadius, campSquareM, campX, campY } from "./camps.ts";
import { fractionOf, hashOf, purpose } from "./hash.ts";
import type { Obstacle, ObstacleKind } from "./obstacle.ts";
import { isNearRoad, roadClearM, town, townObstacles } from "./town.ts";

/** Metres along a side of a cell with at most one small obstacle. */
export const sceneryCellM = 8;
/** Largest radius of a small obstacle, metres. */
export const sceneryRadiusMaxM = 1.8;
/** Metres along a side of a cell with at most one pond. */
export const pondCellM = 64;

/** Metres over which groves thicken and thin. */
const groveM = 40;
const townClearM = 4;
const campClearM = 2;
/** A pond's centre lies this far inside its cell, so that pond and bodies beside it touch no other cell. */
const pondInsetM = 14;
const pondRadiusM = { from: 4, to: 10 } as const;
const shoreM = 1.5;

const radii: Readonly<Record<ObstacleKind, readonly [from: number, to: number]>> = {
  tree: [0.5, 0.9],
  birch: [0.35, 0.55],
  pine: [0.45, 0.8],
  snag: [0.4, 0.7],
  rock: [0.7, sceneryRadiusMaxM],
  bush: [0.6, 1.2],
  // Those that follow stand elsewhere and have their own sizes.
  pond: [0, 0],
  house: [0, 0],
  stall: [0, 0],
  wall: [0, 0],
  lantern: [0, 0],
};

/** Radius of what stands in a scenery cell, 0 for nothing. */
export function sceneryRadius(column: number, row: number): number {
  const x = sceneryX(column, row);
  const y = sceneryY(column, row);
  const biome = biomeAt(x, y);
  const density = biome.density + (groveAt(x, y) - 0.5) * biome.contrast;
  if (fractionOf(column, row, purpose.scenery) >= density || !isClear(x, y)) return 0;
  const [from, to] = radii[sceneryKind(column, row)];
  return from + fractionOf(column, row, purpose.scenerySize) * (to - from);
}

/** Where a scenery cell's obstacle stands, world metres. */
export function sceneryX(column: number, row: number): number {
  return (column + fractionOf(column, row, purpose.sceneryX)) * sceneryCellM;
}
export function sceneryY(column: number, row: number): number {
  return (row + fractionOf(column, row, purpose.sceneryY)) * sceneryCellM;
}

/** Radius of the pond in a pond cell, 0 for none. */
export function pondRadius(column: number, row: number): number {
  const x = pondX(column, row);
  const y = pondY(column, row);
  if (fractionOf(column, row, purpose.pond) >= biomeAt(x, y).ponds) return 0;
  const size = fractionOf(column, row, purpose.pondSize);
  const radius = pondRadiusM.from + size * (pondRadiusM.to - pondRadiusM.from);
  const isFree =
    !isNearRoad(x, y, radius + roadClearM) &&
    !isWithin(x - town.x, y - town.y, town.radiusM + townClearM + radius) &&
    !isInCamp(x, y, radius + campClearM);
  return isFree ? radius : 0;
}

/** Where a pond cell's pond lies, world metres. */
export function pondX(column: number, row: number): number {
  return (
    column * pondCellM + pondInsetM + fractionOf(column, row, purpose.pondX) * (pondCellM - 2 * pondInsetM)
  );
}
export function pondY(column: number, row: number): number {
  return row * pondCellM + pondInsetM + fractionOf(column, row, purpose.pondY) * (pondCellM - 2 * pondInsetM);
}

/** Every obstacle whose centre lies in a rectangle of the world, the town's included: for drawing. */
export function obstaclesIn(minX: number, minY: number, maxX: number, maxY: number): Obstacle[] {
  const isIn = ({ x, y }: Obstacle) => x >= minX && y >= minY && x < maxX && y < maxY;
  const found = townObstacles.filter(isIn);
  forCells({ minX, minY, maxX, maxY, sizeM: pondCellM }, (column, row) => {
    const radiusM = pondRadius(column, row);
    if (radiusM === 0) return;
    const look = hashOf(column, row, purpose.pond) & 255;
    const pond: Obstacle = { kind: "pond", x: pondX(column, row), y: pondY(column, row), radiusM, look };
    if (isIn(pond)) found.push(pond);
  });
  forCells({ minX, minY, maxX, maxY, sizeM: sceneryCellM }, (column, row) => {
    const radiusM = sceneryRadius(column, row);
    if (radiusM === 0) return;
    const kind = sceneryKind(column, row);
    const look = hashOf(column, row, purpose.sceneryKind) >>> 24;
    const obstacle = { kind, x: sceneryX(column, row), y: sceneryY(column, row), radiusM, look };
    if (isIn(obstacle)) found.push(obstacle);
  });
  return found;
}

function sceneryKind(column: number, row: number): ObstacleKind {
  const { scenery } = biomeAt(sceneryX(column, row), sceneryY(column, row));
  return scenery[hashOf(column, row, purpose.sceneryKind) % scenery.length] ?? "rock";
}

/** Thickness of the groves at a point, 0 to 1: corner values, blended. */
function groveAt(x: number, y: number): number {
  const column = Math.floor(x / groveM);
  const row = Math.floor(y / groveM);
  const u = x / groveM - column;
  const v = y / groveM - row;
  const top = mix(groveCorner(column, row), groveCorner(column + 1, row), u);
  return mix(top, mix(groveCorner(column, row + 1), groveCorner(column + 1, row + 1), u), v);
}

function groveCorner(column: number, row: number): number {
  return fractionOf(column, row, purpose.grove);
}

function isClear(x: number, y: number): boolean {
  if (isNearRoad(x, y, roadClearM) || isWithin(x - town.x, y - town.y, town.radiusM + townClearM))
    return false;
  if (isInCamp(x, y, campClearM)) return false;
  const column = Math.floor(x / pondCellM);
  const row = Math.floor(y / pondCellM);
  const radius = pondRadius(column, row);
  return radius === 0 || !isWithin(x - pondX(column, row), y - pondY(column, row), radius + shoreM);
}

/** True within a camp or `beyondM` around it; camps lie whole in their squares, and so does what is asked of them here. */
function isInCamp(x: number, y: number, beyondM: number): boolean {
  const column = Math.floor(x / campSquareM);
  const row = Math.floor(y / campSquareM);
  const radius = campRadius(column, row);
  return radius > 0 && isWithin(x - campX(column, row), y - campY(column, row), radius + beyondM);
}

function forCells(
  range: { minX: number; minY: number; maxX: number; maxY: number; sizeM: number },
  visit: (column: number, row: number) => void,
): void {
  const { minX, minY, maxX, maxY, sizeM } = range;
  for (let row = Math.floor(minY / sizeM); row * sizeM < maxY; row++) {
    for (let column = Math.floor(minX / sizeM); column * sizeM < maxX; column++) visit(column, row);
  }
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function isWithin(dx: number, dy: number, distanceM: number): boolean {
  return dx * dx + dy * dy <= distanceM * distanceM;
}
