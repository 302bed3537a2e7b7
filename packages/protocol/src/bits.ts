/**
 * Bits in and out of byte buffers, least significant bit first: the bottom of the wire.
 *
 * Owns: the order of bits. Refuses: to throw on untrusted input; a reader past its end reads zeros and says `failed`.
 * Invariant: `BitWriter` pads to a whole byte with zeros, so that neighbouring blocks are neighbouring bytes.
 * hot path
 */

/** Writes values of 1 to 32 bits into a growing buffer. The buffer is reused: take `bytes()` before the next `reset`. */
export class BitWriter {
  #buffer: Uint8Array;
  #at = 0;
  #word = 0;
  #used = 0;

  constructor(capacityBytes = 1024) {
    this.#buffer = new Uint8Array(Math.max(16, capacityBytes));
  }

  /** Bytes written so far, a started byte included. */
  get lengthBytes(): number {
    return this.#at + ((this.#used + 7) >>> 3);
  }

  /** Bits written so far. */
  get lengthBits(): number {
    return this.#at * 8 + this.#used;
  }

  reset(): void {
    this.#at = 0;
    this.#word = 0;
    this.#used = 0;
  }

  /** Appends the low `count` bits of `value`; `count` is 0 to 32, higher bits of `value` must be zero (or a negative int32 with count 32). */
  bits(value: number, count: number): void {
    const used = this.#used;
    this.#word |= value << used;
    const total = used + count;
    if (total < 32) {
      this.#used = total;
      return;
    }
    const buffer = this.#buffer;
    const at = this.#at;
    const word = this.#word;
    if (at + 8 > buffer.length) {
      this.#grow(8);
      this.#bits32At(at, word);
    } else {
      buffer[at] = word;
      buffer[at + 1] = word >>> 8;
      buffer[at + 2] = word >>> 16;
      buffer[at + 3] = word >>> 24;
    }
    this.#at = at + 4;
    this.#used = total - 32;
    // A shift by 32 is a shift by 0 in JavaScript, so a word that filled exactly leaves nothing over.
    this.#word = total === 32 ? 0 : value >>> (32 - used);
  }

  /** Appends a count with Elias-gamma-like cost: 2·⌊log2(n+1)⌋+1 bits; `value` is 0 to 2^31−2. */
  gamma(value: number): void {
    const n = value + 1;
    const width = 31 - Math.clz32(n);
    // `width` zeros, a one, then the low `width` bits of n.
    this.bits(0, width);
    this.bits(1, 1);
    if (width > 0) this.bits(n & ((1 << width) - 1), width);
  }

  /** Pads to the next whole byte with zero bits. */
  align(): void {
    const rest = this.#used & 7;
    if (rest !== 0) this.bits(0, 8 - rest);
  }

  /** Aligns and returns the length in bytes: a place to go back to with `truncate`. */
  mark(): number {
    this.align();
    this.#flushWord();
    return this.#at;
  }

  /** Takes back everything written since `mark` answered this. */
  truncate(mark: number): void {
    this.#at = mark;
    this.#word = 0;
    this.#used = 0;
  }

  /** Appends whole bytes; the writer must stand at a byte boundary or the bytes are shifted bit by bit. */
  raw(source: Uint8Array, from = 0, to = source.length): void {
    if ((this.#used & 7) !== 0) {
      for (let i = from; i < to; i++) this.bits(source[i]!, 8);
      return;
    }
    this.#flushWord();
    const count = to - from;
    if (this.#at + count + 8 > this.#buffer.length) this.#grow(count + 8);
    if (from === 0 && to === source.length) this.#buffer.set(source, this.#at);
    else this.#buffer.set(source.subarray(from, to), this.#at);
    this.#at += count;
  }

  /** The bytes written since `reset`, as a view that the next write may change. Aligns first. */
  view(): Uint8Array {
    // First the end: finding it may move to a wider buffer.
    const end = this.mark();
    return this.#buffer.subarray(0, end);
  }

  /** The bytes written since `reset`, as a copy that the caller owns. */
  bytes(): Uint8Array {
    return this.view().slice();
  }

  #flushWord(): void {
    if (this.#at + 8 > this.#buffer.length) this.#grow(8);
    while (this.#used >= 8) {
      this.#buffer[this.#at++] = this.#word;
      this.#word >>>= 8;
      this.#used -= 8;
    }
  }

  #bits32At(at: number, word: number): void {
    const buffer = this.#buffer;
    buffer[at] = word;
    buffer[at + 1] = word >>> 8;
    buffer[at + 2] = word >>> 16;
    buffer[at + 3] = word >>> 24;
  }

  #grow(extra: number): void {
    const next = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + extra));
    next.set(this.#buffer);
    this.#buffer = next;
  }
}

/** Reads values of 1 to 32 bits. Reading past the end yields 0 and sets `failed`; it never throws. */
export class BitReader {
  /** True once a read went past the end. */
  failed = false;
  #buffer: Uint8Array;
  #bit: number;
  #endBit: number;

  constructor(buffer: Uint8Array, fromByte = 0, toByte = buffer.length) {
    this.#buffer = buffer;
    this.#bit = fromByte * 8;
    this.#endBit = toByte * 8;
  }

  /** Points the reader at other bytes, so that one reader serves many blocks. */
  reset(buffer: Uint8Array, fromByte = 0, toByte = buffer.length): void {
    this.#buffer = buffer;
    this.#bit = fromByte * 8;
    this.#endBit = toByte * 8;
    this.failed = false;
  }

  /** Bits not read yet. */
  get remainingBits(): number {
    return this.#endBit - this.#bit;
  }

  /** Byte offset of the next unread byte, after `align`. */
  get byteOffset(): number {
    return (this.#bit + 7) >>> 3;
  }

  /** The next `count` bits (0 to 32) as an unsigned number. */
  bits(count: number): number {
    const start = this.#bit;
    const next = start + count;
    if (next > this.#endBit) {
      this.failed = true;
      this.#bit = this.#endBit;
      return 0;
    }
    this.#bit = next;
    if (count === 0) return 0;
    const buffer = this.#buffer;
    const at = start >>> 3;
    const shift = start & 7;
    // Bytes past the end of the buffer read as undefined, which the shifts turn into 0.
    let low = buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24);
    if (shift !== 0) low = (low >>> shift) | (buffer[at + 4]! << (32 - shift));
    return count === 32 ? low >>> 0 : (low & ((1 << count) - 1)) >>> 0;
  }

  /** Reads what `BitWriter.gamma` wrote; a run of zeros longer than 30 fails. */
  gamma(): number {
    let width = 0;
    while (this.bits(1) === 0) {
      width++;
      if (width > 30 || this.failed) {
        this.failed = true;
        return 0;
      }
    }
    return width === 0 ? 0 : ((1 << width) | this.bits(width)) - 1;
  }

  align(): void {
    this.#bit = Math.min((this.#bit + 7) & ~7, this.#endBit);
  }
}
