/**
 * Chance that stands still: a number for a place and a purpose, the same on every machine, with nothing to store.
 *
 * The map's scenery, camps and names come from here, so zone and browser see the same trees without sending one.
 * Invariant: 32-bit integer arithmetic only. Absent on purpose: resistance to anyone who wants to choose the result.
 * Source: the avalanche of lowbias32, by Chris Wellons.
 */

/** What a number is for, so that two uses of one place share nothing. */
export const purpose = {
  grove: 1,
  scenery: 2,
  sceneryX: 3,
  sceneryY: 4,
  scenerySize: 5,
  sceneryKind: 6,
  pond: 7,
  pondX: 8,
  pondY: 9,
  pondSize: 10,
  camp: 11,
  campX: 12,
  campY: 13,
  campKind: 14,
  campSize: 15,
  step: 16,
} as const;

const worldSeed = 0x3b35_18a7;

/** 32 bits for a pair of integers and a purpose. Never throws. */
export function hashOf(x: number, y: number, salt: number): number {
  return mixOf(x, y, salt) >>> 0;
}

/** The same 32 bits as an int32: engines hand those on without a box. */
export function mixOf(x: number, y: number, salt: number): number {
  let hash = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77) ^ Math.imul(salt, 0xc2b2ae3d) ^ worldSeed;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x7feb352d);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x846ca68b);
  return hash ^ (hash >>> 16);
}

/** A number from 0 to below 1 for a pair of integers and a purpose. Never throws. */
export function fractionOf(x: number, y: number, salt: number): number {
  return hashOf(x, y, salt) / 0x1_0000_0000;
}
