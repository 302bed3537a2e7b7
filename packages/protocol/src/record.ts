/**
 * Records: the named fields of an intent, a fact or a message between zones, as a plain object and as bits.
 *
 * Invariant: a record may end early at a field's boundary; what is missing takes its default. That is how a side that
 * knows fewer fields speaks to one that knows more. Decoding never throws.
 */
import { BitReader, BitWriter } from "./bits.ts";
import type { DecodeCode } from "./codes.ts";
import { defaultOf, dequantise, quantise } from "./fields.ts";
import type { RecordFields, RecordValue } from "./schema.ts";
import { absoluteFrame, readField, writeField } from "./values.ts";

/** What a decoder answers: the value, or the code of what is wrong with the bytes. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: DecodeCode };

/** Shorthand for a refusal. */
export function refused(code: DecodeCode): { readonly ok: false; readonly code: DecodeCode } {
  return { ok: false, code };
}

const parts = new Int32Array(2);
const writer = new BitWriter(4096);
const reader = new BitReader(new Uint8Array(0));

/** Encodes a record into new bytes that the caller owns. Values outside a field's range are clamped; never throws on data. */
export function encodeRecord<F extends RecordFields>(fields: F, value: RecordValue<F>): Uint8Array {
  writer.reset();
  for (const name in fields) {
    const type = fields[name]!;
    const item = (value as Record<string, unknown>)[name];
    if (type.type === "text") {
      writeField(writer, type, parts, 0, typeof item === "string" ? item : "", absoluteFrame);
    } else {
      quantise(type, item, parts, 0);
      writeField(writer, type, parts, 0, "", absoluteFrame);
    }
  }
  return writer.bytes();
}

/** Decodes a record from a range of bytes; answers `truncated`, `out_of_range` or `trailing_bytes` for what cannot be. */
export function decodeRecord<F extends RecordFields>(
  fields: F,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): Decoded<RecordValue<F>> {
  const value: Record<string, unknown> = {};
  reader.reset(bytes, from, to);
  for (const name in fields) {
    const type = fields[name]!;
    // Fewer than 8 bits left and all of them padding: an older sender does not know this field.
    if (isEnd(bytes, reader, to)) {
      value[name] = defaultOf(type);
      continue;
    }
    const text = readField(reader, type, parts, 0, absoluteFrame);
    if (reader.failed) return refused(reader.remainingBits <= 0 ? "truncated" : "out_of_range");
    value[name] = type.type === "text" ? text : dequantise(type, parts, 0);
  }
  if (reader.remainingBits >= 8) return refused("trailing_bytes");
  return { ok: true, value: value as RecordValue<F> };
}

/**
 * What `decodeRecord` would refuse a record for, without decoding it into an object; undefined when it would not.
 * Allocates nothing but for texts.
 */
export function checkRecord(
  fields: RecordFields,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): DecodeCode | undefined {
  reader.reset(bytes, from, to);
  for (const name in fields) {
    if (isEnd(bytes, reader, to)) break;
    readField(reader, fields[name]!, parts, 0, absoluteFrame);
    if (reader.failed) return reader.remainingBits <= 0 ? "truncated" : "out_of_range";
  }
  return reader.remainingBits >= 8 ? "trailing_bytes" : undefined;
}

/** True when nothing but the padding of the last byte is left: zero bits decode to the default of every type. */
function isEnd(bytes: Uint8Array, at: BitReader, to: number): boolean {
  const left = at.remainingBits;
  return left < 8 && (left === 0 || (bytes[to - 1] ?? 0) >>> (8 - left) === 0);
}
