/**
 * Hostile bytes: valid samples with something wrong, and now and then nothing but noise.
 *
 * Invariant: the same random gives the same bytes. Results are bounded: `bytesMax`.
 */
import type { SeededRandom } from "../../packages/server/src/kernel/random.ts";

/** A mutated input is not longer than this: what matters happens in the first few thousand bytes. */
const bytesMax = 65_536;

/** Numbers at which counts, lengths and indices go wrong. */
const bytesOfInterest = [0, 1, 2, 3, 7, 8, 15, 16, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0x82, 0xfe, 0xff];
const wordsOfInterest = [
  0, 1, 0x7f, 0xff, 0x100, 0xffff, 0x1_0000, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];
const numbersOfInterest = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  -1,
  0.5,
  2 ** 53,
  1e300,
];

type Mutation = (bytes: Uint8Array, random: SeededRandom, samples: readonly Uint8Array[]) => Uint8Array;

const mutations: readonly Mutation[] = [
  (bytes, random) => at(bytes, random, (place) => bytes[place]! ^ (1 << random.int(8))),
  (bytes, random) => at(bytes, random, () => bytesOfInterest[random.int(bytesOfInterest.length)]!),
  (bytes, random) => at(bytes, random, () => random.int(256)),
  (bytes, random) => at(bytes, random, (place) => bytes[place]! + random.int(9) - 4),
  (bytes, random) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, wordsOfInterest[random.int(wordsOfInterest.length)]!, true);
    return written(bytes, random, new Uint8Array(view.buffer));
  },
  (bytes, random) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, numbersOfInterest[random.int(numbersOfInterest.length)]!, true);
    return written(bytes, random, new Uint8Array(view.buffer));
  },
  // The largest number of five bytes, where a count or a length may stand.
  (bytes, random) => written(bytes, random, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)),
  (bytes, random) => bytes.subarray(0, random.int(bytes.length + 1)),
  (bytes, random) => joined(bytes, noise(random, 1 + random.int(20))),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  (bytes, random) => {
    const place = random.int(bytes.length + 1);
    return joined(bytes.subarray(0, place), noise(random, 1 + random.int(8)), bytes.subarray(place));
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return bytes.slice().fill(random.int(256), from, to);
  },
  (bytes, random, samples) => {
    const other = samples[random.int(samples.length)]!;
    return joined(
      bytes.subarray(0, random.int(bytes.length + 1)),
      other.subarray(random.int(other.length + 1)),
    );
  },
];

/** One hostile input. */
export function hostileBytes(samples: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  if (samples.length === 0 || random.chance(0.05)) return noise(random, random.int(200));
  let bytes = samples[random.int(samples.length)]!;
  for (let left = 1 + random.int(4); left > 0; left--) {
    bytes = mutations[random.int(mutations.length)]!(bytes, random, samples).subarray(0, bytesMax);
  }
  return bytes.slice();
}

function noise(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.int(256));
}

function at(bytes: Uint8Array, random: SeededRandom, value: (place: number) => number): Uint8Array {
  if (bytes.length === 0) return bytes;
  const place = random.int(bytes.length);
  const changed = bytes.slice();
  changed[place] = value(place);
  return changed;
}

function written(bytes: Uint8Array, random: SeededRandom, value: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  const place = random.int(bytes.length + 1);
  changed.set(value.subarray(0, bytes.length - place), place);
  return changed;
}

function range(bytes: Uint8Array, random: SeededRandom): [number, number] {
  const from = random.int(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + random.int(64))];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    bytes.set(part, length);
    length += part.length;
  }
  return bytes;
}
