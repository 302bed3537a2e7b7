/**
 * Which fields of a channel an update carries.
 *
 *   0                  the first field alone
 *   1 0                the first two
 *   1 1 mask:n         those of the mask, the first field lowest; of two fields the second, without a mask
 *
 * Nothing where a channel has one field or none. Whoever walks changes its position, and at times its heading: in the order in
 * which a game lists them, that is one bit or two where a mask takes as many as there are fields.
 */
import type { BitReader, BitWriter } from "./bits.ts";

/** Writes the mask of an update of a channel with `fields` fields; not 0. */
export function writeMask(writer: BitWriter, mask: number, fields: number): void {
  if (fields <= 1) return;
  if (mask === 1) return writer.bits(0, 1);
  if (mask === 3) return writer.bits(0b01, 2);
  writer.bits(0b11, 2);
  if (fields > 2) writer.bits(mask, fields);
}

/** Reads what `writeMask` wrote. */
export function readMask(reader: BitReader, fields: number): number {
  if (fields <= 1 || reader.bits(1) === 0) return 1;
  if (reader.bits(1) === 0) return 3;
  return fields > 2 ? reader.bits(fields) : 2;
}

/** Bits that `writeMask` takes. */
export function maskBits(mask: number, fields: number): number {
  if (fields <= 1) return 0;
  return mask === 1 ? 1 : mask === 3 || fields === 2 ? 2 : 2 + fields;
}
