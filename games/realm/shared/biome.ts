/**
 * The lands of the realm: what grows in a zone, what lives there, what it is called.
 */
import { zoneAt } from "./layout.ts";
import type { ObstacleKind } from "./obstacle.ts";
import type { SpeciesName } from "./species.ts";

export type BiomeName = "meadow" | "heath" | "birchwood" | "moor";

export interface Biome {
  readonly name: BiomeName;
  /** Share of scenery cells that hold something where groves are neither thick nor thin. */
  readonly density: number;
  /** How much thicker and thinner groves are than that. */
  readonly contrast: number;
  /** Share of pond cells that hold one. */
  readonly ponds: number;
  /** What grows, each as likely as any other: common kinds stand more than once. */
  readonly scenery: readonly ObstacleKind[];
  /** What lives in camps. */
  readonly species: readonly SpeciesName[];
  /** Names of zones, used in turn. */
  readonly zoneNames: readonly string[];
}

export const biomes: Readonly<Record<BiomeName, Biome>> = {
  meadow: {
    name: "meadow",
    density: 0.16,
    contrast: 0.5,
    ponds: 0.12,
    scenery: ["tree", "tree", "tree", "bush", "rock"],
    species: ["boar", "boar", "thornling"],
    zoneNames: ["Lantern Vale"],
  },
  heath: {
    name: "heath",
    density: 0.22,
    contrast: 0.5,
    ponds: 0.08,
    scenery: ["bush", "bush", "bush", "rock", "rock", "pine"],
    species: ["boar", "wolf", "marauder"],
    zoneNames: ["Cinder Heath", "Larkspur Heath", "Fallow Heath", "Bellwether Heath"],
  },
  birchwood: {
    name: "birchwood",
    density: 0.5,
    contrast: 0.9,
    ponds: 0.05,
    scenery: ["birch", "birch", "birch", "birch", "birch", "pine", "bush", "rock"],
    species: ["wolf", "thornling", "shade"],
    zoneNames: ["Palebark Wood", "Whisper Birches", "Silverlight Wood", "Hushleaf Wood"],
  },
  moor: {
    name: "moor",
    density: 0.2,
    contrast: 0.5,
    ponds: 0.4,
    scenery: ["snag", "snag", "rock", "rock", "bush"],
    species: ["thornling", "shade", "marauder"],
    zoneNames: ["Drowned Moor", "Willowisp Moor", "Murkwater Moor", "Sable Moor"],
  },
};

const wild: readonly Biome[] = [biomes.heath, biomes.birchwood, biomes.moor];

/** The biome of a zone: the meadow around the town, then the three wild ones in turn. */
export function biomeOfZone(zone: number): Biome {
  if (zone <= 0) return biomes.meadow;
  return wild[(zone - 1) % wild.length] ?? biomes.heath;
}

/** The biome of a point. */
export function biomeAt(x: number, y: number): Biome {
  return biomeOfZone(zoneAt(x, y));
}

/** A zone's name; when a biome's names are used up they come again with a number. */
export function nameOfZone(zone: number): string {
  const { zoneNames } = biomeOfZone(zone);
  const turn = zone <= 0 ? 0 : Math.floor((zone - 1) / wild.length);
  const name = zoneNames[turn % zoneNames.length] ?? "";
  const round = Math.floor(turn / zoneNames.length);
  return round === 0 ? name : `${name} ${round + 1}`;
}
