/**
 * Where a ticket's place lies: in which zone, and at which point of it.
 *
 * Invariant: the answer is always well inside of a zone, whatever the point; the nearest zone takes what none holds.
 */
import type { ZoneInfo } from "@myriad/protocol";
import type { Place } from "../bus/character.ts";
import { assert } from "../kernel/assert.ts";

/** Metres to a zone's edge, at least: nobody begins on a border, where a game may let nobody walk. */
const insideM = 2;

/** A point of the world in metres, and the zone that holds it. */
export interface PlacedIn extends Place {
  readonly zone: number;
}

/** Finds the zone of a point. Costs a look at every zone: once per login. */
export function placeInZones(zones: readonly ZoneInfo[], { x, y }: Place): PlacedIn {
  let nearest: PlacedIn | undefined;
  let nearest2 = Number.POSITIVE_INFINITY;
  for (const { zone, bounds } of zones) {
    const right = bounds.x + bounds.width;
    const bottom = bounds.y + bounds.height;
    const at = { zone, x: clamped(x, bounds.x, right), y: clamped(y, bounds.y, bottom) };
    if (x >= bounds.x && x < right && y >= bounds.y && y < bottom) return at;
    const distance2 = (at.x - x) ** 2 + (at.y - y) ** 2;
    // Points so far away that their squares are infinite are as near to one zone as to another.
    if (nearest !== undefined && !(distance2 < nearest2)) continue;
    nearest = at;
    nearest2 = distance2;
  }
  assert(nearest !== undefined, "a realm has at least one zone");
  return nearest;
}

function clamped(value: number, from: number, to: number): number {
  return Math.min(Math.max(value, from + insideM), to - insideM);
}
