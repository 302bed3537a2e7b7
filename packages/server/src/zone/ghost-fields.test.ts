import assert from "node:assert/strict";
import { test } from "node:test";
import {
  angle,
  bool,
  ByteWriter,
  cosmetic,
  critical,
  defineSchema,
  dequantise,
  detailed,
  entity,
  entityRef,
  int,
  metadata,
  oneOf,
  position,
  type ReplicaEntity,
  text,
  uint,
  unit,
  vector,
  type WireType,
} from "@myriad/protocol";
import fc from "fast-check";
import { type AnyColumn, writeCell } from "../world/columns.ts";
import { setCell, World } from "../world/world.ts";
import { GhostFields } from "./ghost-fields.ts";

const Thing = entity("thing", {
  position: critical(position()),
  heading: critical(angle(8)),
  aim: critical(angle(16)),
  health: critical(unit(8)),
  push: detailed(vector({ max: 10, bits: 8 })),
  mood: detailed(oneOf("calm", "angry", "gone")),
  isOpen: cosmetic(bool()),
  depth: cosmetic(int(6)),
  count: metadata(uint(12)),
  name: metadata(text(16)),
  friend: metadata(entityRef()),
});
const schema = defineSchema({ name: "g", version: "1", entities: [Thing], intents: [], facts: [] });
const layout = schema.kinds[0]!;

function newWorld(): World {
  const bounds = { x: 0, y: 0, width: 64, height: 64 };
  const options = { zone: 3, bounds, tickRateHz: 20, schema, seed: 1, timers: [], states: [] };
  return new World({ ...options, rowsMax: { thing: 4 } });
}

/** Parts that a decoder can have read: in the range of their type. */
function partsOf(seed: readonly number[]): Int32Array {
  const parts = new Int32Array(layout.parts);
  for (const field of layout.fields) {
    const type = field.type as WireType;
    const bits = type.type === "oneOf" ? 1 : type.type === "bool" ? 1 : type.type === "entityRef" ? 11 : 6;
    for (let part = 0; part < field.parts; part++)
      parts[field.part + part] = seed[(field.part + part) % seed.length]! & (2 ** bits - 1);
  }
  return parts;
}

test("a ghost's columns hold what each field's own way of decoding says, in every channel", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0 }), { minLength: 8, maxLength: 24 }),
      fc.string({ maxLength: 4 }),
      (seed, name) => {
        const [given, expected] = [newWorld(), newWorld()];
        const entityOf = { kind: layout, parts: partsOf(seed), texts: [name] } as unknown as ReplicaEntity;
        const fields = new GhostFields(given, given.tables[0]!, layout);
        for (let channel = 0; channel < 4; channel++) fields.copy(entityOf, channel, 2);
        for (const field of layout.fields) {
          const type = field.type as WireType;
          const plain = dequantise(type, entityOf.parts, field.part);
          const value =
            type.type === "text"
              ? name
              : type.type === "entityRef"
                ? expected.localName(plain as number)
                : plain;
          const columnOf = (world: World) =>
            (world.tables[0]!.columns as Record<string, AnyColumn>)[field.name]!;
          setCell(type, columnOf(expected), 2, value);
          const bytes = [given, expected].map((world) => {
            const writer = new ByteWriter(64);
            writeCell(writer, type, columnOf(world), 2);
            return [...writer.copy()];
          });
          assert.deepEqual(bytes[0], bytes[1], field.name);
        }
      },
    ),
  );
});
