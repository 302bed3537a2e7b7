/**
 * Smooth noise over the world, for the eye alone: the same on every page, and without seams, because it is asked by place.
 */
import { hashOf } from "../../shared/hash.ts";

const side = 256;

/** Purposes above those of the shared map. */
export const salt = {
  table: 901,
  tuft: 902,
  pebble: 903,
  lamp: 904,
  stone: 905,
  cobble: 906,
  mote: 907,
} as const;

const table = Float32Array.from(
  { length: side * side },
  (_, i) => hashOf(i % side, Math.floor(i / side), salt.table) / 2 ** 32,
);

/** 0 to 1, smooth, with a wave length of `scaleM` metres. */
export function noise(x: number, y: number, scaleM: number): number {
  const u = x / scaleM;
  const v = y / scaleM;
  const column = Math.floor(u);
  const row = Math.floor(v);
  const fx = ease(u - column);
  const fy = ease(v - row);
  const top = (row & 255) * side;
  const bottom = ((row + 1) & 255) * side;
  const left = column & 255;
  const right = (column + 1) & 255;
  const a = table[top + left]! + (table[top + right]! - table[top + left]!) * fx;
  const b = table[bottom + left]! + (table[bottom + right]! - table[bottom + left]!) * fx;
  return a + (b - a) * fy;
}

/** Three octaves of it, 0 to 1. */
export function clouds(x: number, y: number, scaleM: number): number {
  return (
    noise(x, y, scaleM) * 0.57 +
    noise(x + 91, y + 37, scaleM / 2.1) * 0.29 +
    noise(x + 13, y + 71, scaleM / 4.3) * 0.14
  );
}

/** A number from 0 to below 1 for a cell and a purpose. */
export function chanceAt(column: number, row: number, purpose: number): number {
  return hashOf(column, row, purpose) / 2 ** 32;
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothstep(from: number, to: number, value: number): number {
  const share = Math.max(0, Math.min(1, (value - from) / (to - from)));
  return ease(share);
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}
