/**
 * Entity ids in membership lists: kind, then the row in as many bits as it needs.
 *
 *   kind: bits for the last kind   width−1: 4   row without its highest one: width − 1 bits (width 1: the row itself, 1 bit)
 *
 * A row of a zone with two thousand players takes 14 bits where the full id has 24.
 */
import type { BitReader, BitWriter } from "./bits.ts";
import { bitsFor } from "./values.ts";

/** Writes an id (kind << 16 | row) of a schema with `kinds` kinds. */
export function writeId(writer: BitWriter, id: number, kinds: number): void {
  const row = id & 0xffff;
  writer.bits(id >>> 16, bitsFor(kinds - 1));
  if (row < 2) {
    writer.bits(0, 4);
    writer.bits(row, 1);
    return;
  }
  const width = 32 - Math.clz32(row);
  writer.bits(width - 1, 4);
  writer.bits(row & ((1 << (width - 1)) - 1), width - 1);
}

/** Reads what `writeId` wrote. A kind that does not exist comes out as an id beyond the schema, for the caller to refuse. */
export function readId(reader: BitReader, kinds: number): number {
  const kind = reader.bits(bitsFor(kinds - 1));
  const width = reader.bits(4) + 1;
  const row = width === 1 ? reader.bits(1) : (1 << (width - 1)) | reader.bits(width - 1);
  return (kind << 16) | row;
}
