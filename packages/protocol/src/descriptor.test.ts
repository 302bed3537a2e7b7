import assert from "node:assert/strict";
import { describe as suite, test } from "node:test";
import fc from "fast-check";
import {
  type Descriptor,
  describe,
  incompatibility,
  layoutsOf,
  parseDescriptor,
  recordFieldsOf,
  schemaHash,
} from "./descriptor.ts";
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
} from "./fields.ts";
import {
  cosmetic,
  critical,
  defineSchema,
  detailed,
  entity,
  type EntityFields,
  fact,
  fixedArray,
  intent,
  metadata,
  number,
  self,
  server,
} from "./schema.ts";
import { wireType } from "./values-contract.ts";

const playerFields = {
  position: critical(position()),
  heading: critical(angle(8)),
  drift: detailed(vector({ max: 2.5, bits: 10 })),
  mood: detailed(oneOf("calm", "angry", "sad")),
  look: cosmetic(uint(4)),
  name: metadata(text(24)),
  exact: self(finePosition()),
  bag: self(fixedArray(uint(16), 24)),
  score: self(int(20)),
  secret: server(number()),
} satisfies EntityFields;
const Player = entity("player", playerFields, { group: ["position", "name"] });
const Stone = entity("stone", {
  position: critical(position()),
  whole: metadata(bool()),
  of: metadata(entityRef()),
});
const Attack = intent("attack", { target: entityRef(), power: unit(8) });
const Hit = fact("hit", { by: entityRef(), words: text(40) });
const schema = defineSchema({
  name: "game",
  version: "1.2",
  entities: [Player, Stone],
  intents: [Attack],
  facts: [Hit],
});
const own = describe(schema);

/** The same with some parts said otherwise; what it gives is as it would come over the wire. */
function changed(change: (draft: Draft) => void): Descriptor {
  const draft = JSON.parse(JSON.stringify(own)) as Draft;
  change(draft);
  return draft as unknown as Descriptor;
}
type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? Mutable<I>[] : Mutable<T[K]>;
};
type Draft = Mutable<Descriptor>;

suite("a descriptor", () => {
  test("says everything that travels, and comes through JSON as it was", () => {
    const read = parseDescriptor(JSON.parse(JSON.stringify(own)));
    assert.ok(read.ok);
    assert.deepEqual(read.value, own);
    assert.ok(!JSON.stringify(own).includes("secret"));
    assert.equal(incompatibility(own, read.value), undefined);
  });

  test("lays out exactly as the schema does", () => {
    const layouts = layoutsOf(own);
    assert.ok(layouts.ok);
    assert.deepEqual(JSON.parse(JSON.stringify(layouts.value)), JSON.parse(JSON.stringify(schema.kinds)));
    assert.deepEqual(recordFieldsOf(own.intents[0]!)["power"], unit(8));
    assert.throws(() => recordFieldsOf({ name: "x", fields: [{ name: "a", type: "uint:99" }] }), RangeError);
  });

  test("lays out fields of any type as the schema does", () => {
    fc.assert(
      fc.property(fc.array(wireType, { maxLength: 8 }), (types) => {
        const fields: EntityFields = Object.fromEntries(
          types
            .filter((type) => type.type !== "position")
            .map((type, i) => [`f${i}`, type.type === "finePosition" ? self(type) : detailed(type)]),
        );
        const made = defineSchema({
          name: "g",
          version: "1",
          entities: [entity("e", fields)],
          intents: [],
          facts: [],
        });
        const read = parseDescriptor(JSON.parse(JSON.stringify(describe(made))));
        assert.ok(read.ok);
        const layouts = layoutsOf(read.value);
        assert.ok(layouts.ok);
        assert.deepEqual(JSON.parse(JSON.stringify(layouts.value)), JSON.parse(JSON.stringify(made.kinds)));
      }),
    );
  });

  test("has a hash of everything that shapes bytes, and of nothing else", () => {
    const hash = schemaHash(own);
    assert.match(hash, /^[0-9a-f]{16}$/);
    assert.equal(schemaHash(changed((d) => (d.version = "9"))), hash);
    assert.equal(schemaHash(changed((d) => (d.name = "other"))), hash);
    for (const other of [
      changed((d) => (d.entities[0]!.critical[1]!.type = "angle:9")),
      changed((d) => (d.entities[0]!.critical[1]!.name = "turn")),
      changed((d) => d.entities[0]!.group.reverse()),
      changed((d) => d.entities.reverse()),
      changed((d) => d.intents.pop()),
      changed((d) => d.facts[0]!.fields.pop()),
    ]) {
      assert.notEqual(schemaHash(other), hash);
    }
  });
});

suite("two descriptors fit", () => {
  const added: [string, (draft: Draft) => void][] = [
    ["a kind", (d) => d.entities.push({ ...structuredClone(d.entities[1]!), name: "tree" })],
    ["a channel's field", (d) => d.entities[0]!.critical.push({ name: "speed", type: "uint:4" })],
    ["a field of self", (d) => d.entities[0]!.self.push({ name: "gold", type: "uint:32" })],
    ["an option within its bits", (d) => (d.entities[0]!.detailed[1]!.type += ",glad")],
    ["a group's field", (d) => d.entities[0]!.group.push("heading")],
    ["an intent", (d) => d.intents.push({ name: "jump", fields: [] })],
    ["an intent's field", (d) => d.intents[0]!.fields.push({ name: "style", type: "uint:2" })],
    ["a fact", (d) => d.facts.push({ name: "died", fields: [] })],
    ["nothing", () => {}],
  ];
  for (const [what, add] of added) {
    test(`when one adds ${what} at the end, seen from both sides`, () => {
      const newer = changed(add);
      assert.equal(incompatibility(own, newer), undefined);
      assert.equal(incompatibility(newer, own), undefined);
    });
  }

  const differing: [string, (draft: Draft) => void, string][] = [
    ["the game", (d) => (d.name = "chess"), "the games differ: game and chess"],
    ["a kind", (d) => d.entities.reverse(), "entity 0 is player here and stone there"],
    [
      "a field's name",
      (d) => (d.entities[0]!.cosmetic[0]!.name = "hat"),
      "entity player, cosmetic: field 0 is look here and hat there",
    ],
    [
      "a field's type",
      (d) => (d.entities[0]!.critical[1]!.type = "angle:9"),
      "entity player, critical: heading is angle:8 here and angle:9 there",
    ],
    [
      "an option in the middle",
      (d) => (d.entities[0]!.detailed[1]!.type = "oneOf:calm,sad,angry"),
      "entity player, detailed: mood is oneOf:calm,angry,sad here and oneOf:calm,sad,angry there",
    ],
    [
      "the bits of an option",
      (d) => (d.entities[0]!.detailed[1]!.type += ",a,b"),
      "entity player, detailed: mood is oneOf:calm,angry,sad here and oneOf:calm,angry,sad,a,b there",
    ],
    [
      "a field of self",
      (d) => (d.entities[0]!.self[1]!.type = "array:25:uint:16"),
      "entity player, self: bag is array:24:uint:16 here and array:25:uint:16 there",
    ],
    ["the group", (d) => d.entities[0]!.group.reverse(), "entity player: the group fields differ"],
    ["an intent", (d) => (d.intents[0]!.name = "strike"), "intent 0 is attack here and strike there"],
    [
      "an intent's field",
      (d) => (d.intents[0]!.fields[1]!.type = "unit:9"),
      "intent attack: power is unit:8 here and unit:9 there",
    ],
    [
      "a fact's field",
      (d) => (d.facts[0]!.fields[0]!.name = "from"),
      "fact hit: field 0 is by here and from there",
    ],
  ];
  for (const [what, change, expected] of differing) {
    test(`no longer when ${what} differs, and the reason names both sides`, () => {
      assert.equal(incompatibility(own, changed(change)), expected);
      assert.notEqual(incompatibility(changed(change), own), undefined);
    });
  }
});

suite("a descriptor from elsewhere", () => {
  const refused = (data: unknown) => {
    const read = parseDescriptor(data);
    return read.ok ? "accepted" : read.code;
  };
  const withType = (type: string) => refused(changed((d) => (d.entities[0]!.critical[1]!.type = type)));

  test("is refused when a part is missing or of another shape", () => {
    for (const data of [
      undefined,
      null,
      1,
      "x",
      [],
      {},
      { ...own, name: 1 },
      { ...own, version: null },
      { ...own, entities: {} },
    ]) {
      assert.equal(refused(data), "json_malformed");
    }
    for (const key of ["entities", "intents", "facts"] as const) {
      assert.equal(refused({ ...own, [key]: undefined }), "json_malformed");
      assert.equal(refused({ ...own, [key]: [null] }), "json_malformed");
      assert.equal(refused({ ...own, [key]: [{ name: "x" }] }), "json_malformed");
      assert.equal(refused({ ...own, [key]: [{ fields: [] }] }), "json_malformed");
      assert.equal(refused({ ...own, [key]: new Array(5000).fill(own[key][0]) }), "json_malformed");
    }
    for (const channel of ["critical", "detailed", "cosmetic", "metadata", "self", "group"]) {
      assert.equal(
        refused({ ...own, entities: [{ ...own.entities[0], [channel]: undefined }] }),
        "json_malformed",
      );
      assert.equal(refused({ ...own, entities: [{ ...own.entities[0], [channel]: [7] }] }), "json_malformed");
    }
    const crowded = Array.from({ length: 25 }, () => ({ name: "a", type: "bool" }));
    assert.equal(
      refused({ ...own, entities: [{ ...own.entities[0], detailed: crowded }] }),
      "json_malformed",
    );
  });

  test("is refused when a type is none or out of its limits", () => {
    for (const type of [
      "",
      "number",
      "uint",
      "uint:0",
      "uint:33",
      "uint:-1",
      "uint:1e1",
      "int:0",
      "angle:17",
      "unit:0",
      "vector:1:5",
      "vector:25:5",
      "vector:8",
      "vector:8:0",
      "vector:8:-1",
      "vector:8:Infinity",
      "vector:8:x",
      "text:0",
      "text:1025",
      "array:0:bool",
      "array:257:bool",
      "array:3",
      "array:3:text:4",
      "array:3:array:3:bool",
      "oneOf:a,a",
      `oneOf:${Array.from({ length: 257 }, (_, i) => i).join()}`,
    ]) {
      assert.equal(withType(type), "json_malformed", type);
    }
    for (const type of [
      "bool",
      "entityRef",
      "finePosition",
      "uint:32",
      "int:2",
      "angle:16",
      "unit:1",
      "vector:24:0.5",
      "text:1024",
      "array:256:int:9",
      "oneOf:a",
    ]) {
      assert.equal(withType(type), "accepted", type);
    }
  });

  test("is refused at once when its types nest without end", () => {
    assert.equal(withType(`${"array:1:".repeat(100_000)}bool`), "json_malformed");
  });

  test("is out of range when it cannot be laid out", () => {
    const lost = changed((d) => d.entities[0]!.group.push("gone"));
    assert.deepEqual(layoutsOf(lost), { ok: false, code: "out_of_range" });
    const unread = changed((d) => (d.entities[0]!.critical[0]!.type = "nothing"));
    assert.deepEqual(layoutsOf(unread), { ok: false, code: "out_of_range" });
  });

  test("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue()), (data) => {
        parseDescriptor(data);
      }),
      { numRuns: 300 },
    );
    const paths = [
      ["entities"],
      ["entities", 0],
      ["entities", 0, "self"],
      ["entities", 0, "critical", 0, "type"],
      ["intents", 0, "fields"],
      ["facts", 0, "name"],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.oneof(fc.jsonValue(), fc.string()), (path, value) => {
        const data = changed(() => {}) as unknown as Record<string | number, unknown>;
        let at = data;
        for (const key of path.slice(0, -1)) at = at[key] as typeof data;
        at[path.at(-1)!] = value;
        const read = parseDescriptor(data);
        if (read.ok) layoutsOf(read.value);
        if (read.ok) incompatibility(own, read.value);
      }),
      { numRuns: 300 },
    );
  });
});
