/**
 * Columns as PostgreSQL takes them in one parameter: arrays in its binary form, for `unnest`.
 *
 *     dimensions  has nulls  element type  length  first index  | length  bytes | length  bytes | …
 *         i32        i32         i32         i32       i32      |  i32          |  i32          |
 *
 * The text form would write bytes as twice as many digits, double quotes and backslashes, and have every number parsed.
 *
 * Invariant: numbers are whole and safe; texts are well-formed. Whoever checked the call has seen to it.
 * Source: https://www.postgresql.org/docs/15/protocol.html, `array_recv` and the receive functions of the types.
 */

/** Object identifiers of the element types; the same in every PostgreSQL. */
const typeIds = { bytea: 17, int8: 20, int4: 23, text: 25 } as const;

const headBytes = 20;
/** What a 32-bit word counts. */
const wordRange = 2 ** 32;

/** The parameter for a `bigint[]`. */
export function bigints(values: readonly number[]): Buffer {
  const array = headed(typeIds.int8, values.length, values.length * 12);
  let at = headBytes;
  for (const value of values) {
    const high = Math.floor(value / wordRange);
    array.writeInt32BE(8, at);
    array.writeInt32BE(high, at + 4);
    array.writeUInt32BE(value - high * wordRange, at + 8);
    at += 12;
  }
  return array;
}

/** The parameter for an `int[]`. */
export function ints(values: readonly number[]): Buffer {
  const array = headed(typeIds.int4, values.length, values.length * 8);
  let at = headBytes;
  for (const value of values) {
    array.writeInt32BE(4, at);
    array.writeInt32BE(value, at + 4);
    at += 8;
  }
  return array;
}

/** The parameter for a `text[]`. */
export function texts(values: readonly string[]): Buffer {
  const sizes = values.map((value) => Buffer.byteLength(value));
  const array = headed(typeIds.text, values.length, sumOf(sizes) + 4 * values.length);
  let at = headBytes;
  for (const [index, value] of values.entries()) {
    at = array.writeInt32BE(sizes[index] ?? 0, at);
    at += array.write(value, at);
  }
  return array;
}

/** The parameter for a `bytea[]`. */
export function byteas(values: readonly Uint8Array[]): Buffer {
  const size = values.reduce((sum, value) => sum + value.length, 4 * values.length);
  const array = headed(typeIds.bytea, values.length, size);
  let at = headBytes;
  for (const value of values) {
    at = array.writeInt32BE(value.length, at);
    array.set(value, at);
    at += value.length;
  }
  return array;
}

/** Room for an array of one dimension, with its head. One without elements has no dimension. */
function headed(typeId: number, length: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(length === 0 ? 12 : headBytes + bytes);
  array.writeInt32BE(length === 0 ? 0 : 1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(typeId, 8);
  if (length === 0) return array;
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
