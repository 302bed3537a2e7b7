/**
 * The colour of the ground at a point: the zone's land, blended at borders, with roads, the town's earth, trampled camps
 * and the mist beyond the realm.
 */
import { biomeOfZone } from "../../shared/biome.ts";
import { campRadius, campSquareM, campX, campY } from "../../shared/camps.ts";
import { zoneAt } from "../../shared/layout.ts";
import { town } from "../../shared/town.ts";
import { type Landscape, soils } from "../art/palette.ts";
import { clouds, noise, smoothstep } from "./noise.ts";

/** A colour while it is being mixed: 0–255. */
export interface Mix {
  r: number;
  g: number;
  b: number;
}

/** Metres from the middle of a road to its edge. */
export const roadHalfM = 2.5;
/** Radius of the paved square. */
export const squareM = 20;
/** Metres on each side of a border over which two lands blend. */
const blendM = 12;

interface Tones {
  readonly low: Mix;
  readonly high: Mix;
  readonly patch: Mix;
}

const tones = Object.fromEntries(
  Object.entries(soils).map(([name, soil]) => [
    name,
    { low: mixOf(soil.low), high: mixOf(soil.high), patch: mixOf(soil.patch) },
  ]),
) as Record<Landscape, Tones>;
const earth = { dark: mixOf("#5b4d48"), light: mixOf("#87735f") };
const paved = { dark: mixOf("#645a66"), light: mixOf("#857881") };
const mist = mixOf("#231c33");

/** Writes the colour of a point. */
export function soilAt(x: number, y: number, zoneCount: number, out: Mix): void {
  const wave = clouds(x, y, 26);
  const patch = smoothstep(0.5, 0.68, turnedClouds(x, y, 11));
  const warpX = x + (noise(x, y, 17) - 0.5) * 16;
  const warpY = y + (noise(y, x, 19) - 0.5) * 16;
  blendLands({ x: warpX, y: warpY, wave, patch: patch * 0.7, zoneCount }, out);
  const grain = (noise(x, y, 0.55) - 0.5) * 9 + (noise(x + 31, y, 2.3) - 0.5) * 11;
  const trampled = campAt(x, y) * 0.75;
  const inTown = 1 - smoothstep(44, 55, Math.hypot(x - town.x, y - town.y) + (wave - 0.5) * 14);
  blend(out, earth, 0.3 + wave * 0.6, Math.max(trampled, inTown * (0.3 + noise(x, y, 6) * 0.5)));
  blend(out, earth, 0.35 + wave * 0.5, roadAt(x, y));
  blend(out, paved, 0.2 + noise(x, y, 5) * 0.6, pavedAt(x, y));
  out.r += grain;
  out.g += grain;
  out.b += grain * 0.9;
}

/** 1 on a lantern road, 0 beside it, with a ragged edge. */
export function roadAt(x: number, y: number): number {
  const wobble = (noise(x, y, 3.1) - 0.5) * 1.5 + (noise(x, y, 11) - 0.5) * 1.4;
  const away = Math.min(Math.abs(x - town.x), Math.abs(y - town.y)) + wobble;
  return 1 - smoothstep(roadHalfM - 0.5, roadHalfM + 0.9, away);
}

function pavedAt(x: number, y: number): number {
  const away = Math.hypot(x - town.x, y - town.y) + (noise(x, y, 2.2) - 0.5) * 1.4;
  return 1 - smoothstep(squareM - 0.4, squareM + 1, away);
}

/** 1 in the middle of a camp. */
function campAt(x: number, y: number): number {
  const column = Math.floor(x / campSquareM);
  const row = Math.floor(y / campSquareM);
  const radius = campRadius(column, row);
  if (radius === 0) return 0;
  const away = Math.hypot(x - campX(column, row), y - campY(column, row)) + (noise(x, y, 4) - 0.5) * 5;
  return 1 - smoothstep(radius * 0.35, radius * 0.95, away);
}

/** Clouds on a turned grid, so that their edges do not run with the axes. */
function turnedClouds(x: number, y: number, scaleM: number): number {
  const bend = noise(x, y, 5.3) * 3;
  return clouds(x * 0.83 + y * 0.56 + bend, y * 0.83 - x * 0.56 - bend, scaleM);
}

interface LandAt {
  readonly x: number;
  readonly y: number;
  /** Tone from low to high, and share of the patches, 0 to 1. */
  readonly wave: number;
  readonly patch: number;
  readonly zoneCount: number;
}

/** The lands of up to four zones, by their nearness. */
function blendLands({ x, y, wave, patch, zoneCount }: LandAt, out: Mix): void {
  out.r = 0;
  out.g = 0;
  out.b = 0;
  let total = 0;
  for (const dx of [-blendM, blendM]) {
    for (const dy of [-blendM, blendM]) {
      const zone = zoneAt(x + dx, y + dy);
      // Weight: how far this corner's sample reaches over the border, 1 far from any.
      const weight = cornerWeight(x, dx) * cornerWeight(y, dy);
      if (weight === 0) continue;
      total += weight;
      if (zone < 0 || zone >= zoneCount) {
        add(out, mist, weight);
        continue;
      }
      const land = tones[biomeOfZone(zone).name];
      add(out, land.low, weight * (1 - wave) * (1 - patch));
      add(out, land.high, weight * wave * (1 - patch));
      add(out, land.patch, weight * patch);
    }
  }
  out.r /= total;
  out.g /= total;
  out.b /= total;
}

function cornerWeight(at: number, offset: number): number {
  const size = 512;
  const border = Math.round(at / size) * size;
  const away = at - border;
  const share = smoothstep(-blendM, blendM, away);
  return offset > 0 ? share : 1 - share;
}

function blend(out: Mix, to: { dark: Mix; light: Mix }, tone: number, share: number): void {
  if (share <= 0) return;
  out.r += (to.dark.r + (to.light.r - to.dark.r) * tone - out.r) * share;
  out.g += (to.dark.g + (to.light.g - to.dark.g) * tone - out.g) * share;
  out.b += (to.dark.b + (to.light.b - to.dark.b) * tone - out.b) * share;
}

function add(out: Mix, colour: Mix, weight: number): void {
  out.r += colour.r * weight;
  out.g += colour.g * weight;
  out.b += colour.b * weight;
}

function mixOf(hex: string): Mix {
  const part = (at: number) => Number.parseInt(hex.slice(at, at + 2), 16);
  return { r: part(1), g: part(3), b: part(5) };
}
