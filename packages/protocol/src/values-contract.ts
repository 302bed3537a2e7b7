/**
 * What every codec must carry, as what property tests draw from: field types at their limits, values inside and outside
 * of them, texts of any kind.
 *
 * Invariant: edges come as often as everything between them.
 */
import fc from "fast-check";
import {
  angle,
  bool,
  entityRef,
  finePosition,
  int,
  oneOf,
  position,
  text,
  uint,
  unit,
  vector,
  type WireType,
} from "./fields.ts";
import { packRef } from "./handle.ts";
import type { RecordFields } from "./schema.ts";

/** Whole numbers from `min` to `max`, both ends and their neighbours often. */
export function edgy(min: number, max: number): fc.Arbitrary<number> {
  const edges = [min, min + 1, 0, 1, max - 1, max].filter((value) => value >= min && value <= max);
  return fc.oneof(fc.constantFrom(...edges), fc.integer({ min, max }));
}

const options = fc
  .oneof(edgy(1, 8), fc.constantFrom(16, 17, 256))
  .map((count) => oneOf(...Array.from({ length: count }, (_, i) => `option${i}`)));

/** Any field type that travels. */
export const wireType: fc.Arbitrary<WireType> = fc.oneof(
  fc.constantFrom<WireType>(position(), finePosition(), bool(), entityRef()),
  fc
    .tuple(edgy(2, 24), fc.constantFrom(0.5, 1, 10, 1000))
    .map(([bits, max]): WireType => vector({ bits, max })),
  edgy(1, 16).map((bits): WireType => angle(bits)),
  edgy(1, 32).map((bits): WireType => uint(bits)),
  edgy(2, 32).map((bits): WireType => int(bits)),
  edgy(1, 16).map((bits): WireType => unit(bits)),
  edgy(1, 1024).map((bytesMax): WireType => text(bytesMax)),
  options,
);

/** Texts of ASCII, of other scripts, of lone surrogates, with byte order marks. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc
    .array(fc.constantFrom("\ufeff", "\ud83d", "\ude00", "\ud83d\ude00", "é", "a", "\0", "€"), {
      maxLength: 30,
    })
    .map((parts) => parts.join("")),
  fc.array(edgy(0, 0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.nat(1100).map((length) => "aé€😀".repeat(300).slice(0, length)),
);

/** A reference to an entity of any zone, or none. */
export const anyRef: fc.Arbitrary<number> = fc.oneof(
  fc.constant(0),
  fc
    .tuple(edgy(0, 4094), edgy(0, 65_535), edgy(0, 254), edgy(0, 65_535))
    .map(([zone, generation, kind, row]) => packRef(zone, generation, kind, row)),
);

const metres = fc.oneof(
  fc.constantFrom(0, 1 / 64, -1 / 64, 33_554_431, -33_554_431),
  fc.double({ min: -5000, max: 5000, noNaN: true }),
);

/** Values that a type can hold. */
export function valueOf(type: WireType): fc.Arbitrary<unknown> {
  switch (type.type) {
    case "position":
      return fc.record({ x: metres, y: metres });
    case "finePosition": {
      const near = fc.double({ min: -2_000_000, max: 2_000_000, noNaN: true });
      return fc.record({ x: near, y: near });
    }
    case "vector": {
      const part = fc.double({ min: -type.max, max: type.max, noNaN: true });
      return fc.record({ x: part, y: part });
    }
    case "angle":
      return fc.double({ min: -100, max: 100, noNaN: true });
    case "uint":
      return edgy(0, 2 ** type.bits - 1);
    case "int":
      return edgy(-(2 ** (type.bits - 1)), 2 ** (type.bits - 1) - 1);
    case "unit":
      return fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }));
    case "bool":
      return fc.boolean();
    case "oneOf":
      return fc.constantFrom(...type.options);
    case "text":
      return anyText;
    case "entityRef":
      return anyRef;
  }
}

/** Values that no type should be given. */
export const wildValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
  ),
  fc.constantFrom<unknown>(
    "",
    "x",
    true,
    {},
    [],
    { x: Number.NaN },
    { x: 1e308, y: -1e308 },
    -1,
    1e300,
    -1e300,
  ),
  fc.double(),
  fc.anything(),
);

/** Named fields of a record, with a value for each. */
export const recordWithValue: fc.Arbitrary<{ fields: RecordFields; value: Record<string, unknown> }> = fc
  .array(wireType, { maxLength: 6 })
  .chain((types) => {
    const fields = Object.fromEntries(types.map((type, i) => [`f${i}`, type]));
    const values = Object.fromEntries(types.map((type, i) => [`f${i}`, valueOf(type)]));
    return fc.record({ fields: fc.constant(fields), value: fc.record(values) });
  });
