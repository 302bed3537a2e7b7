/**
 * Chance for bots: one 32-bit state per bot in a column, so that a bot decides the same whatever the others do.
 *
 * Source: mulberry32 (Tommy Ettinger's SplitMix variant): one word of state, passes what a walk through a meadow needs.
 * hot path
 */

/** A column of states for the bots from number `first` on, different for each bot and each seed. */
export function randomStates(count: number, seed: number, first = 0): Uint32Array {
  return Uint32Array.from(
    { length: count },
    (_, i) => Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + (first + i) * 0x9e3779b1,
  );
}

/** The next number of one state: 0 ≤ x < 1. */
export function nextRandom(states: Uint32Array, index: number): number {
  const state = (states[index]! + 0x6d2b79f5) >>> 0;
  states[index] = state;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
