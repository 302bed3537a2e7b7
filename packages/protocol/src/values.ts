/**
 * Quantised fields to bits and back: the one place that knows how each field type looks on the wire.
 *
 *   position      relative in a block: x, y in `positionBits` each; absolute elsewhere: 32 + 32
 *   finePosition  32 + 32 bits, two's complement
 *   vector, int   two's complement in its bits         angle, uint, unit, oneOf, bool   unsigned in its bits
 *   entityRef     0 | 1 0 id:24 (same zone) | 1 1 zone:12 id:24
 *   text          length in UTF-8 bytes (as many bits as the limit needs), then the bytes
 *   array         its items one after the other
 *
 * Invariant: reading never throws; what is out of range makes the reader `failed`.
 */
import type { BitReader, BitWriter } from "./bits.ts";
import { clampInt, type WireType } from "./fields.ts";
import type { ArrayType, NumberType } from "./schema.ts";

/** Where positions and references are relative to. */
export interface Frame {
  /** The position (1/64 m) that a written 0 stands for; with positionBits 0 positions are absolute. */
  originX: number;
  originY: number;
  positionBits: number;
  /** The zone whose references are short. */
  zone: number;
}

/** The frame of records outside regions: absolute positions, full references. */
export const absoluteFrame: Frame = { originX: 0, originY: 0, positionBits: 0, zone: -1 };

/** Bits that an unsigned value up to `max` needs. */
export function bitsFor(max: number): number {
  return max <= 0 ? 0 : 32 - Math.clz32(max);
}

/** Writes one field's parts (and text) from `parts` at `at`. */
export function writeField(
  writer: BitWriter,
  type: WireType | ArrayType,
  parts: ArrayLike<number>,
  at: number,
  text: string,
  frame: Frame,
): void {
  switch (type.type) {
    case "position":
      if (frame.positionBits === 0) {
        writer.bits(parts[at]! | 0, 32);
        writer.bits(parts[at + 1]! | 0, 32);
      } else {
        writePosition(writer, parts[at]!, parts[at + 1]!, frame);
      }
      return;
    case "finePosition":
      writer.bits(parts[at]! | 0, 32);
      writer.bits(parts[at + 1]! | 0, 32);
      return;
    case "vector": {
      const mask = 2 ** type.bits - 1;
      writer.bits(parts[at]! & mask, type.bits);
      writer.bits(parts[at + 1]! & mask, type.bits);
      return;
    }
    case "entityRef":
      return writeRef(writer, parts[at]!, parts[at + 1]!, frame.zone);
    case "text":
      return writeText(writer, text, type.bytesMax);
    case "array": {
      const bits = bitsOf(type.item);
      const mask = bits === 32 ? -1 : 2 ** bits - 1;
      for (let i = 0; i < type.length; i++) writer.bits(parts[at + i]! & mask, bits);
      return;
    }
    default: {
      const bits = bitsOf(type);
      writer.bits(bits === 32 ? parts[at]! | 0 : parts[at]! & (2 ** bits - 1), bits);
    }
  }
}

/** Reads one field into `parts` at `at`; returns its text ("" for other types). Sets reader.failed on bytes that cannot be. */
export function readField(
  reader: BitReader,
  type: WireType | ArrayType,
  parts: Int32Array,
  at: number,
  frame: Frame,
): string {
  switch (type.type) {
    case "position":
      if (frame.positionBits === 0) {
        parts[at] = reader.bits(32);
        parts[at + 1] = reader.bits(32);
      } else {
        parts[at] = reader.bits(frame.positionBits) + frame.originX;
        parts[at + 1] = reader.bits(frame.positionBits) + frame.originY;
      }
      return "";
    case "finePosition":
      parts[at] = reader.bits(32);
      parts[at + 1] = reader.bits(32);
      return "";
    case "vector":
      parts[at] = signed(reader.bits(type.bits), type.bits);
      parts[at + 1] = signed(reader.bits(type.bits), type.bits);
      return "";
    case "entityRef":
      if (reader.bits(1) === 0) {
        parts[at] = 0;
        parts[at + 1] = 0;
      } else {
        parts[at] = reader.bits(1) === 0 ? frame.zone + 1 : reader.bits(12) + 1;
        parts[at + 1] = reader.bits(24);
      }
      return "";
    case "text":
      return readText(reader, type.bytesMax);
    case "array": {
      const bits = bitsOf(type.item);
      const isSigned = type.item.type === "int";
      for (let i = 0; i < type.length; i++) {
        const raw = reader.bits(bits);
        parts[at + i] = isSigned ? signed(raw, bits) : raw;
      }
      return "";
    }
    case "int":
      parts[at] = signed(reader.bits(type.bits), type.bits);
      return "";
    case "oneOf": {
      const code = reader.bits(bitsOf(type));
      if (code >= type.options.length) reader.failed = true;
      parts[at] = code;
      return "";
    }
    default:
      parts[at] = reader.bits(bitsOf(type));
      return "";
  }
}

/** Bits of a type with one part. */
export function bitsOf(type: WireType | NumberType): number {
  switch (type.type) {
    case "bool":
      return 1;
    case "oneOf":
      return bitsFor(type.options.length - 1);
    case "angle":
    case "uint":
    case "int":
    case "unit":
      return type.bits;
    default:
      return 0;
  }
}

function writePosition(writer: BitWriter, x: number, y: number, frame: Frame): void {
  const max = 2 ** frame.positionBits - 1;
  writer.bits(clampInt(x - frame.originX, 0, max), frame.positionBits);
  writer.bits(clampInt(y - frame.originY, 0, max), frame.positionBits);
}

function writeRef(writer: BitWriter, zonePlusOne: number, id: number, ownZone: number): void {
  if (zonePlusOne === 0) return writer.bits(0, 1);
  writer.bits(1, 1);
  if (zonePlusOne - 1 === ownZone) {
    writer.bits(0, 1);
  } else {
    writer.bits(1, 1);
    writer.bits((zonePlusOne - 1) & 0xfff, 12);
  }
  writer.bits(id & 0xffffff, 24);
}

const encoder = new TextEncoder();
// A byte order mark is a character of the text: what was encoded comes back.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const scratch = new Uint8Array(4096);

/** Cuts a text so that its UTF-8 form has at most `bytesMax` bytes, at a character. Lone surrogates become U+FFFD. */
export function cutText(text: string, bytesMax: number): string {
  const limited = text.length > bytesMax ? text.slice(0, bytesMax) : text;
  const { written } = encoder.encodeInto(limited, scratch.subarray(0, bytesMax));
  return decoder.decode(scratch.subarray(0, written));
}

function writeText(writer: BitWriter, text: string, bytesMax: number): void {
  const limited = text.length > bytesMax ? text.slice(0, bytesMax) : text;
  // encodeInto stops at the last character that fits whole.
  const { written } = encoder.encodeInto(limited, scratch.subarray(0, bytesMax));
  writer.bits(written, bitsFor(bytesMax));
  for (let i = 0; i < written; i++) writer.bits(scratch[i]!, 8);
}

function readText(reader: BitReader, bytesMax: number): string {
  const length = reader.bits(bitsFor(bytesMax));
  if (length > bytesMax || length * 8 > reader.remainingBits) {
    reader.failed = true;
    return "";
  }
  for (let i = 0; i < length; i++) scratch[i] = reader.bits(8);
  try {
    return decoder.decode(scratch.subarray(0, length));
  } catch {
    reader.failed = true;
    return "";
  }
}

function signed(raw: number, bits: number): number {
  return bits === 32 ? raw | 0 : (raw << (32 - bits)) >> (32 - bits);
}
