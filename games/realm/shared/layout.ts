/**
 * How zones lie beside each other: squares in growing shells, so that n zones make a near-square world.
 *
 *   0 1 4 9     Four zones are a square of two by two, nine of three by three.
 *   3 2 5 …
 *   8 7 6
 *
 * Invariant: a zone's place does not depend on how many there are. A realm may grow and everybody stands where they stood.
 */
import type { ZoneBounds } from "@myriad/protocol";

/** Metres along a side of a zone. */
export const zoneSizeM = 512;

/** Column of a zone in the grid, from 0. */
export function columnOfZone(zone: number): number {
  const shell = Math.floor(Math.sqrt(zone));
  const place = zone - shell * shell;
  return place <= shell ? shell : 2 * shell - place;
}

/** Row of a zone in the grid, from 0. */
export function rowOfZone(zone: number): number {
  const shell = Math.floor(Math.sqrt(zone));
  const place = zone - shell * shell;
  return place <= shell ? place : shell;
}

/** A zone's rectangle in the world, metres. */
export function boundsOfZone(zone: number): ZoneBounds {
  const x = columnOfZone(zone) * zoneSizeM;
  return { x, y: rowOfZone(zone) * zoneSizeM, width: zoneSizeM, height: zoneSizeM };
}

/** The zone that holds a point, −1 west or north of all. It may be one that a small realm does not have. */
export function zoneAt(x: number, y: number): number {
  if (!(x >= 0 && y >= 0)) return -1;
  return zoneOfPlace(Math.floor(x / zoneSizeM), Math.floor(y / zoneSizeM));
}

/** True when a point lies in a realm of so many zones, at least `marginM` from its outer edges. Never throws. */
export function isInRealm(x: number, y: number, zoneCount: number, marginM: number): boolean {
  // Written so that NaN is nowhere.
  if (!(x - marginM >= 0 && y - marginM >= 0)) return false;
  const left = Math.floor((x - marginM) / zoneSizeM);
  const top = Math.floor((y - marginM) / zoneSizeM);
  const right = Math.floor((x + marginM) / zoneSizeM);
  const bottom = Math.floor((y + marginM) / zoneSizeM);
  if (!hasZone(left, top, zoneCount)) return false;
  // Away from borders, which is nearly always, all corners are in one zone.
  if (left === right && top === bottom) return true;
  return (
    hasZone(right, top, zoneCount) && hasZone(left, bottom, zoneCount) && hasZone(right, bottom, zoneCount)
  );
}

function hasZone(column: number, row: number, zoneCount: number): boolean {
  return zoneOfPlace(column, row) < zoneCount;
}

/** The zone in a column and row of the grid. */
function zoneOfPlace(column: number, row: number): number {
  return column >= row ? column * column + row : row * row + 2 * row - column;
}
