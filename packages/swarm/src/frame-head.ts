/**
 * What every player reads of a client frame: the part before the zones. One object, filled again for each frame.
 *
 * The layout is drawn in the protocol's client-frame.ts. Written by hand because it runs for each frame of each player:
 * decoding allocates a dozen objects, this none.
 * Invariant: never throws. After `false` the fields mean nothing.
 * hot path
 */
import { finePositionStepsPerM, frameFlag, serverMessage } from "@myriad/protocol";

export class FrameHead {
  frame = 0;
  flags = 0;
  /** The server's wall clock modulo 2^32 when the home tick was simulated. */
  timeMs = 0;
  homeZone = 0;
  tick = 0;
  lastIntent = 0;
  /** The player's entity id in the home zone; −1 when it did not change. */
  own = -1;
  /** Own position in metres; valid when `flags` has `moved`. */
  x = 0;
  y = 0;
  /** The range of the self bits; empty when they did not change. */
  selfFrom = 0;
  selfTo = 0;
  /** Number of the newest fact; 0 when the frame has none. */
  lastFact = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /**
   * Reads the head of a frame that stands in `bytes` from `from` to below `to`, its first byte included. False when it is
   * none or ends too early. Ranges refer to `bytes`, which are valid as long as the caller's are.
   */
  read(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    // First byte, frame, flags, time, and at least one byte for each number of unknown length.
    if (to - from < 17 || bytes[from] !== serverMessage.frame) return false;
    this.#bytes = bytes;
    this.#at = from + 1;
    this.#end = to;
    this.frame = this.#u32();
    this.flags = this.#byte();
    this.timeMs = this.#u32();
    this.homeZone = this.#v();
    this.tick = this.#u32();
    this.lastIntent = this.#v();
    this.#at += 1;
    this.own = -1;
    this.selfFrom = 0;
    this.selfTo = 0;
    this.lastFact = 0;
    if (this.flags !== 0) this.#readOptional(this.flags);
    return this.#at <= to;
  }

  #readOptional(flags: number): void {
    if (flags & frameFlag.own) {
      this.own = this.#byte() | (this.#byte() << 8) | (this.#byte() << 16);
    }
    if (flags & frameFlag.moved) {
      this.x = (this.#u32() | 0) / finePositionStepsPerM;
      this.y = (this.#u32() | 0) / finePositionStepsPerM;
    }
    if (flags & frameFlag.self) {
      const length = this.#v();
      this.selfFrom = this.#at;
      this.#at += length;
      this.selfTo = this.#at;
    }
    if (flags & frameFlag.dilation) this.#at += 1;
    if (flags & frameFlag.facts) {
      const first = this.#u32();
      const count = this.#v();
      if (count > 0) this.lastFact = first + count - 1;
    }
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  #u32(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + 4;
    // Bytes past the end are another message's, or undefined, which the shifts turn into 0; `read` sees that it went
    // too far.
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  #v(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      // More than 32 bits: `at` is moved past the end, so that `read` answers false.
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.#at = this.#end + 1;
    return 0;
  }
}
