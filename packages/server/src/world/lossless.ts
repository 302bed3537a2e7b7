/**
 * Records that stay inside: arguments of timers, messages between zones, ledger replies. Values keep every bit.
 *
 * Invariant: numbers and references are float64, so nothing is quantised between two zones or across a restore.
 */
import {
  type ByteReader,
  type ByteWriter,
  defaultOf,
  type RecordFields,
  type RecordValue,
  type Vector,
} from "@myriad/protocol";

export function writeLossless<F extends RecordFields>(
  writer: ByteWriter,
  fields: F,
  value: RecordValue<F>,
): void {
  for (const name in fields) {
    const type = fields[name]!;
    const item: unknown = value[name];
    switch (type.type) {
      case "position":
      case "finePosition":
      case "vector": {
        const pair = item as Vector;
        writer.f64(pair.x);
        writer.f64(pair.y);
        break;
      }
      case "bool":
        writer.u8(item === true ? 1 : 0);
        break;
      case "oneOf":
        writer.v(type.codes[item as string] ?? 0);
        break;
      case "text":
        writer.text(item as string);
        break;
      default:
        writer.f64(item as number);
    }
  }
}

/** Reads what `writeLossless` wrote; `reader.failed` tells when the bytes ran out. */
export function readLossless<F extends RecordFields>(reader: ByteReader, fields: F): RecordValue<F> {
  const value: Record<string, unknown> = {};
  for (const name in fields) {
    const type = fields[name]!;
    switch (type.type) {
      case "position":
      case "finePosition":
      case "vector":
        value[name] = { x: reader.f64(), y: reader.f64() };
        break;
      case "bool":
        value[name] = reader.u8() === 1;
        break;
      case "oneOf":
        value[name] = type.options[reader.v()] ?? defaultOf(type);
        break;
      case "text":
        value[name] = reader.text(reader.remaining);
        break;
      default:
        value[name] = reader.f64();
    }
  }
  return value as RecordValue<F>;
}
