/**
 * A creature's step towards its goal, around what stands in the way.
 *
 * A blocked creature turns aside for a moment, each time to the other side; who is still on the wrong side then tries again.
 */
import { headingOf, radiansOfHeading, type Vector } from "@myriad/protocol";
import type { ZoneApi } from "@myriad/server";
import { type Ground, stepBy } from "../shared/movement.ts";
import { Creature } from "../shared/schema.ts";
import { distance2 } from "./actors.ts";

/** Metres from its goal at which a creature has arrived. */
const arrivedM = 0.4;
/** Milliseconds for which it walks aside. */
const detourMs = 600;
/** A step that gets less than this share of its length ahead was blocked. */
const blockedShare = 0.3;
/** Cosine and sine of the turn that leads aside: 75°. */
const aside = { cos: 0.25881904510252074, sin: 0.9659258262890683 } as const;

/** What a system hands from creature to creature, so that none makes its own. */
export interface Walk {
  readonly ground: Ground;
  readonly at: Vector;
}

/** One step at `speedMps` towards (goalX, goalY); true when it has arrived. Allocates nothing. */
export function stepTowards(zone: ZoneApi, row: number, speedMps: number, walk: Walk): boolean {
  const { columns } = zone.table(Creature);
  const { detour, heading, position } = columns;
  const fromX = position.x[row] ?? 0;
  const fromY = position.y[row] ?? 0;
  const dx = (columns.goalX[row] ?? 0) - fromX;
  const dy = (columns.goalY[row] ?? 0) - fromY;
  const distance = Math.sqrt(dx * dx + dy * dy);
  if (distance <= arrivedM) return true;
  const lengthM = Math.min(distance, speedMps / zone.tickRateHz);
  const side = detour[row] ?? 0;
  const turnSin = side === 0 ? 0 : side > 0 ? aside.sin : -aside.sin;
  const turnCos = side === 0 ? 1 : aside.cos;
  const stepX = ((dx * turnCos - dy * turnSin) / distance) * lengthM;
  const stepY = ((dx * turnSin + dy * turnCos) / distance) * lengthM;
  const { at, ground } = walk;
  at.x = fromX;
  at.y = fromY;
  stepBy(at, stepX, stepY, ground, at);
  position.x[row] = at.x;
  position.y[row] = at.y;
  heading[row] = radiansOfHeading(headingOf(stepX, stepY));
  const blockedM = lengthM * blockedShare;
  const isBlocked = distance2(at.x, at.y, fromX, fromY) < blockedM * blockedM;
  if (side !== 0) detour[row] = isBlocked ? -side : side - Math.sign(side);
  else if (isBlocked) detour[row] = (row & 1) === 0 ? zone.ticks(detourMs) : -zone.ticks(detourMs);
  return false;
}
