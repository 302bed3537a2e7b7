import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { angle, bool, entityRef, finePosition, oneOf, position, text, uint, vector } from "./fields.ts";
import { fieldsPerChannelMax, kindsMax } from "./limits.ts";
import {
  boundedList,
  boundedMap,
  codeOf,
  cosmetic,
  critical,
  defineSchema,
  detailed,
  entity,
  type EntityFields,
  fact,
  fixedArray,
  intent,
  layoutFields,
  metadata,
  number,
  saved,
  self,
  selfChannel,
  server,
} from "./schema.ts";

const place = critical(position());

/** Loosely typed, as a module in plain JavaScript calls it. */
const declare = (fields: EntityFields, group: string[] = []) =>
  entity("thing", fields, { group: group as never[] });

describe("an entity kind", () => {
  test("lays its fields out by channel, whatever the order of declaration", () => {
    const kind = entity(
      "player",
      {
        bag: self(fixedArray(uint(16), 3)),
        name: metadata(text(24)),
        emote: cosmetic(uint(8)),
        position: place,
        note: server(text(10)),
        target: detailed(entityRef()),
        heading: critical(angle(8)),
        title: metadata(text(8)),
        exact: self(finePosition()),
      },
      { group: ["name", "heading"], wakes: true },
    );
    const { kinds } = defineSchema({ name: "s", version: "1", entities: [kind], intents: [], facts: [] });
    const layout = kinds[0]!;
    assert.deepEqual(
      layout.fields.map((field) => [field.name, field.index, field.part, field.parts, field.text]),
      [
        ["position", 0, 0, 2, -1],
        ["heading", 1, 2, 1, -1],
        ["target", 2, 3, 2, -1],
        ["emote", 3, 5, 1, -1],
        ["name", 4, 6, 0, 0],
        ["title", 5, 6, 0, 1],
        ["bag", 6, 6, 3, -1],
        ["exact", 7, 9, 2, -1],
      ],
    );
    assert.deepEqual([layout.parts, layout.texts], [11, 2]);
    assert.deepEqual(
      layout.channels.map((fields) => fields.length),
      [2, 1, 1, 2, 2],
    );
    assert.equal(layout.channels[selfChannel]![0]!.name, "bag");
    assert.deepEqual(
      layout.group.map((field) => field.name),
      ["name", "heading"],
    );
    assert.equal(kind.wakes, true);
    assert.equal(entity("stone", { position: place }).wakes, false);
  });

  test("marks what a character keeps", () => {
    assert.equal(saved(self(uint(8))).saved, true);
    assert.equal(self(uint(8)).saved, false);
  });

  test("refuses a position that is not `position` in critical, and a `position` that is none", () => {
    assert.throws(() => declare({ place: critical(position()) }), /use finePosition\(\) for place/);
    assert.throws(() => declare({ position: detailed(position()) }), /is the field "position" in critical/);
    assert.throws(() => declare({ position: critical(uint(8)) }), /must be critical\(position\(\)\)/);
    assert.throws(() => declare({ exact: critical(finePosition()) }), /may be self or server only/);
    declare({ exact: server(finePosition()), other: self(finePosition()) });
  });

  test("refuses arrays that cannot travel where they would have to", () => {
    assert.throws(
      () => declare({ refs: self(fixedArray(entityRef(), 2)) }),
      /array of entityRef stays on the server/,
    );
    const numbers = { ...self(uint(8)), type: fixedArray(number(), 2) };
    assert.throws(() => declare({ numbers }), /array of number stays on the server/);
    declare({ refs: server(fixedArray(entityRef(), 2)), numbers: server(fixedArray(number(), 2)) });
  });

  test("refuses a group of what does not travel", () => {
    assert.throws(() => declare({ position: place }, ["name"]), /group names name/);
    assert.throws(() => declare({ hidden: server(uint(8)) }, ["hidden"]), /not a field that travels/);
    assert.throws(() => declare({ bag: self(fixedArray(uint(8), 2)) }, ["bag"]), /not a field that travels/);
  });

  test("refuses names that would reach into prototypes or break a label", () => {
    for (const name of ["", "1a", "a b", "__proto__", "constructor", "prototype", "a".repeat(65), "é"]) {
      assert.throws(() => entity(name, {}), /is not a usable name/);
      assert.throws(() => declare({ [name === "__proto__" ? "__x" : name]: place }), /is not a usable name/);
      assert.throws(() => intent(name, {}), /intent/);
      assert.throws(() => fact(name, {}), /fact/);
    }
    assert.throws(() => intent("ok", { "a-b": bool() }), /intent ok: field/);
    assert.throws(() => fact("ok", { "a-b": bool() }), /fact ok: field/);
    intent("a.b_c9", { a: bool() });
  });
});

describe("containers", () => {
  test("hold 1 to 256 single numbers or references", () => {
    for (const size of [0, 257, 1.5, Number.NaN]) {
      assert.throws(() => fixedArray(uint(8), size), /size must be 1 to 256/);
      assert.throws(() => boundedList(uint(8), size), /size must be 1 to 256/);
      assert.throws(() => boundedMap(uint(8), uint(8), size), /size must be 1 to 256/);
    }
    for (const type of [text(4), position(), finePosition(), vector({ max: 1 })]) {
      assert.throws(() => fixedArray(type, 1), /single numbers or references/);
      assert.throws(() => boundedList(type, 1), /single numbers or references/);
      assert.throws(() => boundedMap(type, uint(8), 1), /single numbers or references/);
      assert.throws(() => boundedMap(uint(8), type, 1), /single numbers or references/);
    }
    assert.equal(boundedMap(entityRef(), number(), 256).max, 256);
  });
});

describe("a schema", () => {
  const parts = { version: "1", entities: [], intents: [], facts: [] };

  test("refuses what stands twice and what is too much", () => {
    const kind = entity("a", { position: place });
    assert.throws(
      () => defineSchema({ ...parts, name: "s", entities: [kind, kind] }),
      /entity a stands twice/,
    );
    const ask = intent("ask", {});
    assert.throws(
      () => defineSchema({ ...parts, name: "s", intents: [ask, ask] }),
      /intent ask stands twice/,
    );
    const news = fact("news", {});
    assert.throws(() => defineSchema({ ...parts, name: "s", facts: [news, news] }), /fact news stands twice/);
    assert.throws(() => defineSchema({ ...parts, name: "no name" }), /schema/);
    const many = Array.from({ length: kindsMax + 1 }, (_, i) => entity(`k${i}`, {}));
    assert.throws(() => defineSchema({ ...parts, name: "s", entities: many }), /at most 255 entity kinds/);
    assert.equal(defineSchema({ ...parts, name: "s", entities: many.slice(1) }).kinds.length, kindsMax);
  });

  test("refuses more fields in a channel than a mask has bits", () => {
    const fields = Object.fromEntries(
      Array.from({ length: fieldsPerChannelMax + 1 }, (_, i) => [`f${i}`, detailed(bool())]),
    );
    const kind = entity("wide", fields);
    assert.throws(
      () => defineSchema({ ...parts, name: "s", entities: [kind] }),
      /at most 24 fields in detailed/,
    );
  });

  test("refuses a described group that names nothing", () => {
    const described = { index: 0, name: "a", specs: [], group: ["gone"] };
    assert.throws(() => layoutFields(described), /group names gone/);
  });
});

test("an option's code is its place; a name that is none is an error", () => {
  const mood = oneOf("calm", "angry");
  assert.equal(codeOf(mood, "angry"), 1);
  assert.throws(() => codeOf(mood, "happy" as "calm"), /happy is not one of calm, angry/);
});
