/**
 * Positions of those who did not go far: the low bits of each coordinate, for a receiver that knows about where it was.
 *
 * A receiver takes the place with these low bits that is nearest to the one it knows. That is the right one if both are
 * fewer than half of the range apart, however old the known one is within the window: so one block still serves all who
 * watch, whatever they had before.
 * Invariant: whole positions need no known one, so what is told first, and after a leap, is told whole.
 */
import type { BitReader, BitWriter } from "./bits.ts";

/** Steps of a coordinate between two places at most, for `nearBits` low bits to tell one from the other. */
export function nearSteps(nearBits: number): number {
  return 2 ** (nearBits - 1) - 1;
}

/** Whether a region's blocks of a level tell near positions by their low bits: where that is shorter. */
export function tellsNear(nearBits: number | undefined, positionBits: number): nearBits is number {
  return nearBits !== undefined && nearBits > 0 && nearBits < positionBits;
}

/** Writes the low bits of a position in wire steps. */
export function writeNear(writer: BitWriter, x: number, y: number, nearBits: number): void {
  const mask = (1 << nearBits) - 1;
  writer.bits(x & mask, nearBits);
  writer.bits(y & mask, nearBits);
}

/** Reads what `writeNear` wrote into `parts` at `at`, where the known position stands. */
export function readNear(reader: BitReader, parts: Int32Array, at: number, nearBits: number): void {
  parts[at] = nearest(parts[at]!, reader.bits(nearBits), nearBits);
  parts[at + 1] = nearest(parts[at + 1]!, reader.bits(nearBits), nearBits);
}

/** The number nearest to `known` that ends in these bits. */
function nearest(known: number, low: number, bits: number): number {
  const shift = 32 - bits;
  return (known + (((low - known) << shift) >> shift)) | 0;
}
