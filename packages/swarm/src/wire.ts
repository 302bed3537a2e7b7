/**
 * WebSocket frames by hand: heads are read where they lie in a chunk, frames are written into slabs.
 *
 *   FIN RSV opcode:8 | MASK length:8 | [length:16 or :64] | [mask:32] | payload
 *
 * Invariant: reading allocates nothing; writing a view of a slab, which no later frame overwrites.
 * Invariant: what a client sends is masked, what a server sends is not.
 * Source: RFC 6455, section 5.
 * hot path
 */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const finBit = 0x80;
const maskBit = 0x80;
/** Bytes of the longest head: two, a length of eight, a mask of four. */
export const headBytesMax = 14;
/** Bytes of a slab: some two thousand inputs. */
const slabBytes = 64 * 1024;

/** A frame's head as it was read. One object, filled again for each frame. */
export class FrameView {
  opcode = 0;
  /** Bytes of the head. */
  head = 0;
  /** Bytes of the payload. */
  length = 0;

  /**
   * Reads a head. Answers 1 when it is whole, 0 when bytes are missing, −1 when it is none that a server may send:
   * masked, fragmented, with an extension, or longer than `lengthMax`.
   */
  read(bytes: Uint8Array, from: number, to: number, lengthMax: number): -1 | 0 | 1 {
    if (to - from < 2) return 0;
    const first = bytes[from]!;
    const second = bytes[from + 1]!;
    this.opcode = first & 0x0f;
    if ((first & 0xf0) !== finBit || second >= maskBit || this.opcode === opcode.continuation) return -1;
    this.head = second < 126 ? 2 : second === 126 ? 4 : 10;
    if (to - from < this.head) return 0;
    this.length = second < 126 ? second : lengthOf(bytes, from + 2, from + this.head);
    return this.length <= lengthMax ? 1 : -1;
  }
}

function lengthOf(bytes: Uint8Array, from: number, to: number): number {
  let length = 0;
  for (let at = from; at < to; at++) length = length * 256 + bytes[at]!;
  return length;
}

/** Writes masked frames, one behind the other, into slabs that the sockets read from. */
export class FrameWriter {
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  #at = 0;
  /** xorshift32: a mask protects caches between browser and server from chosen bytes; here there is neither. */
  #mask = 0x9e3779b9;

  /** A frame with `bytes` from `from` to below `to`. The view is the caller's. */
  write(code: number, bytes: Uint8Array, from = 0, to = bytes.length): Buffer {
    const length = to - from;
    if (this.#at + headBytesMax + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, headBytesMax + length));
      this.#at = 0;
    }
    const slab = this.#slab;
    const start = this.#at;
    let at = start;
    slab[at++] = finBit | code;
    if (length < 126) {
      slab[at++] = maskBit | length;
    } else if (length < 0x1_0000) {
      slab[at++] = maskBit | 126;
      at = slab.writeUInt16BE(length, at);
    } else {
      slab[at++] = maskBit | 127;
      at = slab.writeUInt32BE(0, at);
      at = slab.writeUInt32BE(length, at);
    }
    this.#mask ^= this.#mask << 13;
    this.#mask ^= this.#mask >>> 17;
    this.#mask ^= this.#mask << 5;
    const mask = this.#mask;
    const maskAt = at;
    slab[at++] = mask >>> 24;
    slab[at++] = mask >>> 16;
    slab[at++] = mask >>> 8;
    slab[at++] = mask;
    for (let i = 0; i < length; i++) slab[at++] = bytes[from + i]! ^ slab[maskAt + (i & 3)]!;
    this.#at = at;
    return slab.subarray(start, at);
  }
}
