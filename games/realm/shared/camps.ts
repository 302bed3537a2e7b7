/**
 * Where creatures live: at most one camp in every square of 128 m, made from the place itself.
 *
 * Invariant: a camp's circle lies wholly in its own square, so whoever asks about a point looks at one square only.
 * Camps keep away from the town and the lantern roads.
 */
import { biomeOfZone } from "./biome.ts";
import { fractionOf, hashOf, purpose } from "./hash.ts";
import { boundsOfZone, zoneAt, zoneSizeM } from "./layout.ts";
import { levelMax } from "./rules.ts";
import type { SpeciesName } from "./species.ts";
import { isNearRoad, town } from "./town.ts";

export interface Camp {
  /** Number in the realm: 16 for each zone. */
  readonly camp: number;
  readonly zone: number;
  /** Centre, world metres. */
  readonly x: number;
  readonly y: number;
  readonly radiusM: number;
  readonly species: SpeciesName;
  readonly level: number;
  /** Creatures when all live. */
  readonly size: number;
}

/** Metres from home at which a creature gives up its prey. */
export const leashM = 45;
/** Metres around a camp within which a player wakes it. */
export const wakeM = 80;

/** Metres along a side of a camp's square. */
export const campSquareM = 128;
export const campsPerZoneMax = (zoneSizeM / campSquareM) * (zoneSizeM / campSquareM);

const share = 0.8;
/** A centre lies at least this far inside its square; radii stay below. */
const insetM = 24;
const radiusM = { from: 8, to: 14 } as const;
const sizes = { from: 3, to: 5 } as const;
/** Metres from the town's wall to the nearest camp. */
const townPeaceM = 45;
const roadPeaceM = 6;
/** Metres from the town at which creatures are one level higher. */
const levelStepM = 70;

/** The radius of the camp in a square, 0 when there is none. */
export function campRadius(column: number, row: number): number {
  if (fractionOf(column, row, purpose.camp) >= share) return 0;
  const radius = radiusM.from + fractionOf(column, row, purpose.campSize) * (radiusM.to - radiusM.from);
  const x = campX(column, row);
  const y = campY(column, row);
  if (isNearRoad(x, y, radius + roadPeaceM)) return 0;
  return townDistance(x, y) < town.radiusM + townPeaceM + radius ? 0 : radius;
}

/** Centre of the camp in a square, world metres. */
export function campX(column: number, row: number): number {
  return centre(column, fractionOf(column, row, purpose.campX));
}
export function campY(column: number, row: number): number {
  return centre(row, fractionOf(column, row, purpose.campY));
}

/** The camp in a square; undefined when there is none. */
export function campIn(column: number, row: number): Camp | undefined {
  const radius = campRadius(column, row);
  if (radius === 0) return undefined;
  const x = campX(column, row);
  const y = campY(column, row);
  const zone = zoneAt(x, y);
  const { species } = biomeOfZone(zone);
  const level = 1 + Math.floor((townDistance(x, y) - town.radiusM - townPeaceM) / levelStepM);
  const perSide = zoneSizeM / campSquareM;
  return {
    camp: zone * campsPerZoneMax + (row % perSide) * perSide + (column % perSide),
    zone,
    x,
    y,
    radiusM: radius,
    species: species[hashOf(column, row, purpose.campKind) % species.length] ?? "boar",
    level: Math.min(levelMax, Math.max(1, level)),
    size: sizes.from + (hashOf(column, row, purpose.campSize) % (sizes.to - sizes.from + 1)),
  };
}

/** All camps of a zone, in order of their numbers. */
export function campsOfZone(zone: number): Camp[] {
  const bounds = boundsOfZone(zone);
  const camps: Camp[] = [];
  const perSide = zoneSizeM / campSquareM;
  for (let square = 0; square < campsPerZoneMax; square++) {
    const column = bounds.x / campSquareM + (square % perSide);
    const row = bounds.y / campSquareM + Math.floor(square / perSide);
    const camp = campIn(column, row);
    if (camp !== undefined) camps.push(camp);
  }
  return camps;
}

/** The camp of this number; undefined when there is none. */
export function campOf(camp: number): Camp | undefined {
  const bounds = boundsOfZone(Math.floor(camp / campsPerZoneMax));
  const square = camp % campsPerZoneMax;
  const perSide = zoneSizeM / campSquareM;
  return campIn(
    bounds.x / campSquareM + (square % perSide),
    bounds.y / campSquareM + Math.floor(square / perSide),
  );
}

function centre(index: number, fraction: number): number {
  return index * campSquareM + insetM + fraction * (campSquareM - 2 * insetM);
}

function townDistance(x: number, y: number): number {
  const dx = x - town.x;
  const dy = y - town.y;
  return Math.sqrt(dx * dx + dy * dy);
}
