/**
 * Gives hostile bytes to a decoder for a while and watches what it does.
 *
 * Invariant: input number n of seed s is the first input of seed s + n, so a failure is found again by its own seed.
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { hostileBytes } from "./mutate.ts";

/** A decoder may take this long for one input; a bomb takes longer. */
export const decodeMsMax = 10;
/** A slow decode is made again so many times: the machine may have been busy with something else. */
const slowTries = 5;

/** One decoder with everything around it. */
export interface Target {
  readonly name: string;
  /** Valid inputs to mutate, and the decoder itself. */
  readonly prepare: () => Promise<Prepared> | Prepared;
}

export interface Prepared {
  /** Valid inputs: the decode accepts each of them. */
  readonly samples: readonly Uint8Array[];
  /** Makes what one decode needs (not timed) and gives the decode, which throws when the decoder misbehaves. */
  readonly begin: (random: SeededRandom) => (bytes: Uint8Array) => void;
  /** Whether a sample is taken for what it is: refused ones would leave most of the decoder unvisited. */
  readonly accepts: (sample: Uint8Array, index: number) => boolean;
}

export interface Failure {
  /** Seed whose first input fails. */
  readonly seed: number;
  readonly bytes: Uint8Array;
  readonly reason: string;
  readonly error: unknown;
}

export interface FuzzResult {
  readonly inputs: number;
  readonly failure: Failure | undefined;
}

export interface FuzzOptions {
  readonly seed: number;
  /** @default no limit */
  readonly inputsMax?: number;
  /** Asked after every input; true ends the run. */
  readonly isOver?: (inputs: number) => boolean;
  readonly nowMs: () => number;
}

/** Runs until an input fails, the inputs are used up or the time is over. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const { samples, begin } = await target.prepare();
  const { inputsMax = Number.POSITIVE_INFINITY, isOver = () => false, seed, nowMs } = options;
  assert(samples.length > 0, `${target.name} has samples to mutate`);
  for (let inputs = 0; inputs < inputsMax; inputs++) {
    const own = seed + inputs;
    const bytes = hostileBytes(samples, new SeededRandom(own));
    const attempt = () => tryOnce(begin(new SeededRandom(own, 1)), bytes, nowMs);
    const { error, hasThrown, ms: firstMs } = attempt();
    let ms = firstMs;
    for (let tries = 1; tries < slowTries && ms > decodeMsMax; tries++) ms = Math.min(ms, attempt().ms);
    if (hasThrown) return { inputs, failure: { seed: own, bytes, reason: `threw ${String(error)}`, error } };
    if (ms > decodeMsMax) {
      return { inputs, failure: { seed: own, bytes, reason: `took ${ms.toFixed(1)} ms`, error: undefined } };
    }
    if (isOver(inputs + 1)) return { inputs: inputs + 1, failure: undefined };
  }
  return { inputs: inputsMax, failure: undefined };
}

function tryOnce(decode: (bytes: Uint8Array) => void, bytes: Uint8Array, nowMs: () => number) {
  const start = nowMs();
  try {
    decode(bytes);
    return { ms: nowMs() - start, error: undefined, hasThrown: false };
  } catch (error) {
    return { ms: nowMs() - start, error, hasThrown: true };
  }
}
