/**
 * Keyframes that are worth packing: once in the zone, for all who watch. Both forms go to the gateways; each client gets
 * the one that it can read.
 *
 * Blocks and keyframes are dense already: bits of positions and rows have nothing in common. What packs is long texts.
 * A game without them should not pay for finding that out again and again, so tries become rare while they are in vain.
 * Invariant: never in a checkpoint, and nothing that the world depends on.
 */
import { packedKeyframeBytesMax } from "@myriad/protocol";

/** Makes raw deflate of bytes; what it answers belongs to the caller. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Keyframes up to this are left alone: one packet holds them either way. */
export const packAboveBytes = 512;
/** A packed keyframe is at most this share of a plain one, in quarters: less is not worth a client's time. */
const worthQuarters = 3;
/** Keyframes that are left alone after as many tries in vain as make it this many, at most. */
const restMax = 256;

export class KeyframePacker {
  readonly #deflate: Deflate | undefined;
  #rest = 0;
  #restNext = 1;

  /** Without `deflate` nothing is packed. */
  constructor(deflate: Deflate | undefined) {
    this.#deflate = deflate;
  }

  /** The keyframe packed, or undefined when it is to be sent as it is. */
  pack(keyframe: Uint8Array): Uint8Array | undefined {
    const { length } = keyframe;
    if (this.#deflate === undefined || length <= packAboveBytes || length > packedKeyframeBytesMax)
      return undefined;
    if (this.#rest > 0) {
      this.#rest--;
      return undefined;
    }
    const packed = this.#deflate(keyframe);
    if (packed.length * 4 <= length * worthQuarters) {
      this.#restNext = 1;
      return packed;
    }
    this.#rest = this.#restNext;
    this.#restNext = Math.min(restMax, this.#restNext * 2);
    return undefined;
  }
}
