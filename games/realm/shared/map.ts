/**
 * The world as data: zones with their names, rectangles, areas, camps, for any number of zones.
 */
import type { ZoneBounds } from "@myriad/protocol";
import { type BiomeName, biomeOfZone, nameOfZone } from "./biome.ts";
import { type Camp, campsOfZone } from "./camps.ts";
import { boundsOfZone } from "./layout.ts";
import { town } from "./town.ts";

/** A named circle of a zone. */
export interface CircleArea {
  readonly name: string;
  readonly shape: {
    readonly kind: "circle";
    readonly x: number;
    readonly y: number;
    readonly radiusM: number;
  };
}

export interface ZonePlan {
  readonly zone: number;
  readonly name: string;
  readonly biome: BiomeName;
  readonly bounds: ZoneBounds;
  readonly areas: readonly CircleArea[];
  readonly camps: readonly Camp[];
}

export interface WorldMap {
  readonly zoneCount: number;
  readonly zones: readonly ZonePlan[];
  /** Metres from the west edge to the east edge, and from north to south. */
  readonly width: number;
  readonly height: number;
}

/** The map of a realm of `zoneCount` (1–4095) zones. The same count gives the same map, everywhere. */
export function worldMap(zoneCount: number): WorldMap {
  const zones = Array.from({ length: zoneCount }, (_, zone) => zonePlan(zone));
  return {
    zoneCount,
    zones,
    width: Math.max(...zones.map(({ bounds }) => bounds.x + bounds.width)),
    height: Math.max(...zones.map(({ bounds }) => bounds.y + bounds.height)),
  };
}

function zonePlan(zone: number): ZonePlan {
  const shape = { kind: "circle", x: town.x, y: town.y, radiusM: town.radiusM } as const;
  return {
    zone,
    name: nameOfZone(zone),
    biome: biomeOfZone(zone).name,
    bounds: boundsOfZone(zone),
    areas: zone === 0 ? [{ name: town.area, shape }] : [],
    camps: campsOfZone(zone),
  };
}
