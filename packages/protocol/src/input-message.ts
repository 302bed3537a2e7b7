/**
 * A client's input messages, read in place: what servers do tens of thousands of times a second, without an object for a
 * message or an intent. The layout, and the reader for everybody else, is in frame.ts.
 *
 *   input   02 | ackFrame:u32 | { seq:v type:v length:v record }*
 *
 * Invariant: reads what `decodeClientMessage` reads, and refuses what it refuses, with the same code. Never throws.
 */
import type { DecodeCode } from "./codes.ts";
import { clientMessage } from "./frame.ts";
import { clientMessageBytesMax, intentsPerMessageMax, recordBytesMax } from "./limits.ts";

export class InputMessage {
  ackFrame = 0;
  /** Intents in the message; their numbers, types and ranges stand at 0 to `count` − 1. */
  count = 0;
  readonly seqs = new Float64Array(intentsPerMessageMax);
  readonly types = new Float64Array(intentsPerMessageMax);
  readonly froms = new Int32Array(intentsPerMessageMax);
  readonly tos = new Int32Array(intentsPerMessageMax);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #isShort = false;

  /** Whether bytes are an input message, by their first byte. */
  static isOne(bytes: Uint8Array, from: number, to: number): boolean {
    return from < to && bytes[from] === clientMessage.input;
  }

  /**
   * Reads `bytes[from, to)`, whose first byte says that it is an input message.
   * @returns What is wrong with it; undefined when nothing is.
   */
  read(bytes: Uint8Array, from: number, to: number): DecodeCode | undefined {
    this.count = 0;
    if (to - from > clientMessageBytesMax) return "too_large";
    if (to - from < 5) return "truncated";
    this.#bytes = bytes;
    this.#at = from + 5;
    this.#end = to;
    this.#isShort = false;
    this.ackFrame =
      (bytes[from + 1]! | (bytes[from + 2]! << 8) | (bytes[from + 3]! << 16) | (bytes[from + 4]! << 24)) >>>
      0;
    while (this.#at < to) {
      const seq = this.#v();
      const type = this.#v();
      const length = this.#v();
      if (length > recordBytesMax || this.count === intentsPerMessageMax) return "too_large";
      if (this.#isShort || length > to - this.#at) return "truncated";
      const { count } = this;
      this.seqs[count] = seq;
      this.types[count] = type;
      this.froms[count] = this.#at;
      this.#at += length;
      this.tos[count] = this.#at;
      this.count = count + 1;
    }
    return undefined;
  }

  /** A number of one to five bytes, as ByteReader.v reads it. */
  #v(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#at >= this.#end) {
        // As if a zero stood there: the code of what is wrong depends on it.
        this.#isShort = true;
        return value >>> 0;
      }
      const byte = this.#bytes[this.#at++]!;
      if (shift === 28 && byte > 0x0f) return this.#fail();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail();
  }

  /** No number is that long. */
  #fail(): number {
    this.#isShort = true;
    this.#at = this.#end;
    return 0;
  }
}
