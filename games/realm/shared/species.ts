/**
 * Creatures by species: how they move, fight and what they leave behind.
 */
import { species } from "./schema.ts";

export type SpeciesName = (typeof species.options)[number];

export interface Species {
  readonly name: SpeciesName;
  /** What players read. */
  readonly title: string;
  /** Metres a second when it hunts; it strolls at a third of that. Players run 5. */
  readonly speedMps: number;
  /** Milliseconds between two swings. */
  readonly swingMs: number;
  /** Damage of a plain hit at level 1, and what each further level adds. */
  readonly power: number;
  readonly powerPerLevel: number;
  /** Hit points at level 1, and what each further level adds. */
  readonly hitPoints: number;
  readonly hitPointsPerLevel: number;
  /** Points that soften blows: 100 halve them. */
  readonly armour: number;
  /** Chance to dodge a blow from the front. */
  readonly dodge: number;
  /** Metres within which it notices players. */
  readonly noticeM: number;
  /** Item types that it may leave, each as likely as any other; 0 is nothing. */
  readonly drops: readonly number[];
}

const table: Readonly<Record<SpeciesName, Species>> = {
  boar: {
    name: "boar",
    title: "Bristle Boar",
    speedMps: 4.6,
    swingMs: 1900,
    power: 4,
    powerPerLevel: 1.4,
    hitPoints: 42,
    hitPointsPerLevel: 14,
    armour: 20,
    dodge: 0.02,
    noticeM: 8,
    drops: [0, 1, 10, 10],
  },
  wolf: {
    name: "wolf",
    title: "Dusk Wolf",
    speedMps: 5.4,
    swingMs: 1600,
    power: 4.5,
    powerPerLevel: 1.5,
    hitPoints: 38,
    hitPointsPerLevel: 13,
    armour: 10,
    dodge: 0.08,
    noticeM: 14,
    drops: [0, 1, 11, 11],
  },
  thornling: {
    name: "thornling",
    title: "Thornling",
    speedMps: 4,
    swingMs: 2100,
    power: 5,
    powerPerLevel: 1.6,
    hitPoints: 50,
    hitPointsPerLevel: 16,
    armour: 45,
    dodge: 0,
    noticeM: 10,
    drops: [0, 2, 12, 12],
  },
  marauder: {
    name: "marauder",
    title: "Road Marauder",
    speedMps: 4.8,
    swingMs: 1800,
    power: 5.5,
    powerPerLevel: 1.6,
    hitPoints: 52,
    hitPointsPerLevel: 17,
    armour: 35,
    dodge: 0.05,
    noticeM: 13,
    drops: [0, 1, 2, 13, 20, 21],
  },
  shade: {
    name: "shade",
    title: "Lantern Shade",
    speedMps: 5.2,
    swingMs: 1700,
    power: 6,
    powerPerLevel: 1.8,
    hitPoints: 42,
    hitPointsPerLevel: 14,
    armour: 0,
    dodge: 0.12,
    noticeM: 14,
    drops: [0, 2, 14, 14, 22],
  },
};

/** A species by name. */
export function speciesOf(name: SpeciesName): Species {
  return table[name];
}

/** A species by its number in columns and on the wire; the first one for a number that is none. */
export function speciesOfCode(code: number): Species {
  return table[species.options[code] ?? "boar"];
}

/** Hit points of a creature. */
export function creatureHitPoints(kind: Species, level: number): number {
  return Math.floor(kind.hitPoints + kind.hitPointsPerLevel * (level - 1));
}

/** Damage of a creature's plain hit. */
export function creaturePower(kind: Species, level: number): number {
  return kind.power + kind.powerPerLevel * (level - 1);
}
