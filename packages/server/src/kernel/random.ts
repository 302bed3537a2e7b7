/**
 * The seeded generator of the simulation: sfc32, 128 bits of state in 32-bit integer arithmetic.
 *
 * Invariant: the same seed gives the same numbers on every engine and machine; the algorithm is part of the journal's
 * meaning and changes only with a new journal format.
 * Invariant: four words are the whole state, so a checkpoint of them goes on exactly where it stopped.
 * Absent on purpose: secrets. This generator is predictable; keys and tickets use the platform's.
 * Source: sfc32 from PractRand, by Chris Doty-Humphrey.
 */
import { assert } from "./assert.ts";

const stateWords = 4;
/** Rounds that mix the seed through the state, so that neighbouring seeds share nothing (tested). */
const warmupRounds = 15;
const twoTo32 = 0x1_0000_0000;

export class SeededRandom {
  readonly #state = new Uint32Array(stateWords);

  /**
   * @param seed Any safe integer of 0 or more (53 bits).
   * @param stream Separates generators of one seed, for example zones: 0 to 2^32 − 1.
   * @default stream 0
   */
  constructor(seed: number, stream = 0) {
    assert(Number.isSafeInteger(seed) && seed >= 0, "a seed is a safe integer of 0 or more");
    assert(Number.isInteger(stream) && stream >= 0 && stream < twoTo32, "a stream has 32 bits");
    this.#state[0] = stream;
    this.#state[1] = seed >>> 0;
    this.#state[2] = Math.floor(seed / twoTo32);
    // The fourth word is sfc32's counter: it makes the period at least 2^32 whatever the other three hold.
    this.#state[3] = 1;
    for (let round = 0; round < warmupRounds; round += 1) this.next();
  }

  /** The next 32 bits, as an integer from 0 to 2^32 − 1. */
  next(): number {
    const state = this.#state;
    const a = state[0] as number;
    const b = state[1] as number;
    const c = state[2] as number;
    const counter = state[3] as number;
    const sum = (a + b + counter) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    state[3] = counter + 1;
    return sum;
  }

  /** A number from 0 to below 1 in steps of 2^-32. One draw. */
  float(): number {
    return this.next() / twoTo32;
  }

  /** An unbiased integer from 0 to below `below`, which is 1 to 2^32. One draw, seldom two. */
  int(below: number): number {
    assert(Number.isInteger(below) && below >= 1 && below <= twoTo32, "a bound is from 1 to 2^32");
    // Draws under this threshold would make the small remainders likelier; they are fewer than half of all,
    // so the loop ends after two draws on average even in the worst case.
    const threshold = twoTo32 % below;
    for (;;) {
      const draw = this.next();
      if (draw >= threshold) return draw % below;
    }
  }

  /** True with `probability`: never at 0, always at 1. One draw, whatever the answer. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** A copy of the whole state: four 32-bit words. */
  save(): Uint32Array {
    return this.#state.slice();
  }

  /** Takes over a state that `save` gave; the words are copied. */
  restore(words: Uint32Array): void {
    assert(words.length === stateWords, "a generator's state has four words");
    this.#state.set(words);
  }
}
