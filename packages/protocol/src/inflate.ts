/**
 * Unpacks raw deflate (RFC 1951), for keyframes that a server packed.
 *
 * Its own, because a receiver must be sure of three things at once: no bytes make it throw, no few bytes become many (a
 * bomb), and browsers and Node read the same, synchronously. Simple before quick: a keyframe of some kilobytes now and then.
 * Invariant: answers a whole text or a code; allocates no more than twice `bytesMax`, and only as output grows.
 * Source: RFC 1951, section 3.2.
 */
import { type Decoded, refused } from "./record.ts";

/** Longest code in bits (3.2.1), and how many symbols the two alphabets have at most (3.2.5, 3.2.7). */
const codeBitsMax = 15;
const literalSymbolsMax = 286;
const distanceSymbolsMax = 30;
const endOfBlock = 256;

/** Order in which the lengths of the code for lengths are written (3.2.7). */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A prefix code: how many codes have each length, and the symbols in the order of their codes. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/** Unpacks `bytes[from, to)`, which must be one whole deflate stream of at most `bytesMax` bytes. Never throws. */
export function inflate(bytes: Uint8Array, from: number, to: number, bytesMax: number): Decoded<Uint8Array> {
  const inflater = new Inflater(bytes, from, to, bytesMax);
  const problem = inflater.run();
  return problem === undefined ? { ok: true, value: inflater.output() } : refused(problem);
}

type Problem = "truncated" | "too_large" | "out_of_range" | "trailing_bytes";

class Inflater {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #bytesMax: number;
  #at: number;
  /** Bits that were taken from `bytes` and not read yet, the next one lowest. */
  #held = 0;
  #heldBits = 0;
  #isShort = false;
  #out: Uint8Array;
  #length = 0;

  constructor(bytes: Uint8Array, from: number, to: number, bytesMax: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    this.#bytesMax = bytesMax;
    this.#out = new Uint8Array(Math.min(bytesMax, (to - from) * 4));
  }

  output(): Uint8Array {
    return this.#out.subarray(0, this.#length);
  }

  run(): Problem | undefined {
    for (;;) {
      const isLast = this.#bits(1) === 1;
      const problem = this.#block(this.#bits(2));
      if (this.#isShort) return "truncated";
      if (problem !== undefined) return problem;
      if (isLast) return this.#at - (this.#heldBits >> 3) === this.#end ? undefined : "trailing_bytes";
    }
  }

  #block(type: number): Problem | undefined {
    if (type === 0) return this.#stored();
    if (type === 1) return this.#packed(fixedLiterals, fixedDistances);
    if (type !== 2 || this.#isShort) return "out_of_range";
    const codes = this.#readCodes();
    return codes === undefined ? "out_of_range" : this.#packed(codes.literals, codes.distances);
  }

  /** 3.2.4: the rest of the byte is skipped, then a length, its complement, and so many bytes. */
  #stored(): Problem | undefined {
    // Whole bytes that were taken too early are given back.
    this.#at -= this.#heldBits >> 3;
    this.#heldBits = 0;
    this.#held = 0;
    const length = this.#bits(16);
    const complement = this.#bits(16);
    if (this.#isShort) return "truncated";
    if (length !== (~complement & 0xffff)) return "out_of_range";
    if (length > this.#end - this.#at) return "truncated";
    if (!this.#reserve(length)) return "too_large";
    this.#out.set(this.#bytes.subarray(this.#at, this.#at + length), this.#length);
    this.#length += length;
    this.#at += length;
    return undefined;
  }

  /** 3.2.7: the codes of a block stand before it, packed themselves. */
  #readCodes(): { literals: Code; distances: Code } | undefined {
    const literalCount = this.#bits(5) + 257;
    const distanceCount = this.#bits(5) + 1;
    const orderCount = this.#bits(4) + 4;
    if (literalCount > literalSymbolsMax || distanceCount > distanceSymbolsMax) return undefined;
    const lengths = new Uint8Array(literalSymbolsMax + distanceSymbolsMax);
    for (let i = 0; i < orderCount; i++) lengths[lengthOrder[i]!] = this.#bits(3);
    const lengthCode = codeOf(lengths.subarray(0, lengthOrder.length), false);
    if (lengthCode === undefined) return undefined;
    lengths.fill(0);
    for (let i = 0; i < literalCount + distanceCount; ) {
      const symbol = this.#symbol(lengthCode);
      if (symbol < 0) return undefined;
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) return undefined;
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      const times =
        symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
      if (i + times > literalCount + distanceCount) return undefined;
      lengths.fill(value, i, i + times);
      i += times;
    }
    // A block that cannot end is no block.
    if (lengths[endOfBlock] === 0) return undefined;
    const literals = codeOf(lengths.subarray(0, literalCount), false);
    const distances = codeOf(lengths.subarray(literalCount, literalCount + distanceCount), true);
    return literals === undefined || distances === undefined ? undefined : { literals, distances };
  }

  /** 3.2.3: bytes, and copies of what was written already, until the end of the block. */
  #packed(literals: Code, distances: Code): Problem | undefined {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol < 0) return this.#isShort ? "truncated" : "out_of_range";
      if (symbol === endOfBlock) return undefined;
      if (symbol < endOfBlock) {
        if (!this.#reserve(1)) return "too_large";
        this.#out[this.#length++] = symbol;
        continue;
      }
      const lengthSymbol = symbol - 257;
      if (lengthSymbol >= lengthBases.length) return "out_of_range";
      const length = lengthBases[lengthSymbol]! + this.#bits(lengthExtraBits[lengthSymbol]!);
      const distanceSymbol = this.#symbol(distances);
      if (distanceSymbol < 0 || distanceSymbol >= distanceBases.length)
        return this.#isShort ? "truncated" : "out_of_range";
      const distance = distanceBases[distanceSymbol]! + this.#bits(distanceExtraBits[distanceSymbol]!);
      if (this.#isShort) return "truncated";
      if (distance > this.#length) return "out_of_range";
      if (!this.#reserve(length)) return "too_large";
      // Byte by byte: a copy may run into what it writes.
      const out = this.#out;
      for (let to = this.#length, end = to + length; to < end; to++) out[to] = out[to - distance]!;
      this.#length += length;
    }
  }

  /** The next symbol of a code; −1 when there is none. Codes of one length are consecutive numbers (3.2.2). */
  #symbol({ counts, symbols }: Code): number {
    this.#fill(codeBitsMax);
    const held = this.#held;
    const heldBits = this.#heldBits;
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= codeBitsMax; length++) {
      if (length > heldBits) break;
      code |= (held >>> (length - 1)) & 1;
      const count = counts[length]!;
      if (code - first < count) {
        this.#held = held >>> length;
        this.#heldBits = heldBits - length;
        return symbols[index + code - first]!;
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    this.#isShort = heldBits < codeBitsMax;
    return -1;
  }

  /** The next bits, lowest first; zeros past the end. */
  #bits(count: number): number {
    this.#fill(count);
    if (this.#heldBits < count) {
      this.#isShort = true;
      return 0;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#heldBits -= count;
    return value;
  }

  /** Takes bytes until so many bits are held, or none are left. */
  #fill(bits: number): void {
    while (this.#heldBits < bits && this.#at < this.#end) {
      this.#held |= this.#bytes[this.#at++]! << this.#heldBits;
      this.#heldBits += 8;
    }
  }

  /** Makes room for more output; false when it would be more than allowed. */
  #reserve(count: number): boolean {
    const wanted = this.#length + count;
    if (wanted <= this.#out.length) return true;
    if (wanted > this.#bytesMax) return false;
    const wider = new Uint8Array(Math.min(this.#bytesMax, Math.max(wanted, this.#out.length * 2)));
    wider.set(this.#out);
    this.#out = wider;
    return true;
  }
}

/** The code with these lengths by symbol; undefined when there is none (3.2.2). A lone code may leave half of the space. */
function codeOf(lengths: Uint8Array, mayBeLone: boolean): Code | undefined {
  const counts = new Uint16Array(codeBitsMax + 1);
  for (const length of lengths) counts[length]!++;
  let left = 1;
  for (let length = 1; length <= codeBitsMax; length++) {
    left = left * 2 - counts[length]!;
    if (left < 0) return undefined;
  }
  const used = lengths.length - counts[0]!;
  if (left > 0 && !(mayBeLone && used <= 1)) return undefined;
  const offsets = new Uint16Array(codeBitsMax + 2);
  for (let length = 1; length <= codeBitsMax; length++)
    offsets[length + 1] = offsets[length]! + counts[length]!;
  const symbols = new Uint16Array(used);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[offsets[length]!++] = symbol;
  });
  counts[0] = 0;
  return { counts, symbols };
}

/** Bases of symbols whose extra bits grow by one with every `each` of them, from `first` on. */
function basesOf(extraBits: readonly number[], first: number): number[] {
  let base = first;
  return extraBits.map((bits) => {
    const own = base;
    base += 2 ** bits;
    return own;
  });
}

/** Extra bits and bases of lengths and distances (3.2.5). The longest length has a symbol of its own. */
const lengthExtraBits = [...Array.from({ length: 28 }, (_, i) => (i < 8 ? 0 : (i - 4) >> 2)), 0];
const lengthBases = basesOf(lengthExtraBits, 3).with(28, 258);
const distanceExtraBits = Array.from({ length: 30 }, (_, i) => (i < 4 ? 0 : (i - 2) >> 1));
const distanceBases = basesOf(distanceExtraBits, 1);

/** The codes of blocks that bring none (3.2.6): symbols beyond the alphabets complete them and mean nothing. */
const fixedLiterals = codeOf(
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
  false,
)!;
const fixedDistances = codeOf(new Uint8Array(32).fill(5), false)!;
