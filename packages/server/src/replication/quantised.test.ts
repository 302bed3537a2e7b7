import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  angle,
  bool,
  critical,
  defineSchema,
  detailed,
  entity,
  entityRef,
  finePosition,
  fixedArray,
  int,
  metadata,
  oneOf,
  packRef,
  position,
  quantise,
  quantiseAngle,
  self,
  text,
  uint,
  unit,
  vector,
  type WireType,
} from "@myriad/protocol";
import fc from "fast-check";
import { Table } from "../world/table.ts";
import { QuantisedKind } from "./quantised.ts";

const wire = {
  drift: vector({ max: 3, bits: 9 }),
  small: uint(5),
  wide: uint(32),
  signed: int(12),
  deep: int(32),
  share: unit(7),
  isOn: bool(),
  mood: oneOf("a", "b", "c"),
  turn: angle(8),
};
const Thing = entity("thing", {
  position: critical(position()),
  drift: detailed(wire.drift),
  small: detailed(wire.small),
  wide: detailed(wire.wide),
  signed: detailed(wire.signed),
  deep: detailed(wire.deep),
  share: detailed(wire.share),
  isOn: detailed(wire.isOn),
  mood: detailed(wire.mood),
  turn: detailed(wire.turn),
  target: detailed(entityRef()),
  name: metadata(text(6)),
  exact: self(finePosition()),
  bag: self(fixedArray(uint(32), 3)),
  dials: self(fixedArray(angle(8), 2)),
});
const { kinds } = defineSchema({ name: "q", version: "1", entities: [Thing], intents: [], facts: [] });
const layout = kinds[0]!;
const limits = { minX: -1000, maxX: 1000, minY: 0, maxY: 500 };
const selfAt = 4;

function setUp() {
  const table = new Table(Thing, { index: 0, zone: 1, capacity: 4 });
  const quantised = new QuantisedKind(table as unknown as Table, layout, layout.fields, limits);
  const row = table.take(0);
  quantised.gather();
  quantised.takeRow(row, 1);
  /** Scans everything at a tick and tells the fields that changed. */
  const scan = (tick: number) => {
    quantised.gather();
    for (let channel = 0; channel <= selfAt; channel++) quantised.scanChannel(channel, tick);
    return layout.fields
      .filter((field) => quantised.fieldTicks[field.index]![row] === tick)
      .map((field) => field.name);
  };
  const parts = (name: string) => {
    const field = layout.fields.find((candidate) => candidate.name === name)!;
    return Array.from({ length: field.parts }, (_, i) => quantised.parts[field.part + i]![row]!);
  };
  return { table, quantised, row, scan, parts, columns: table.columns };
}

const wild = fc.oneof(
  fc.constantFrom(0, 1, 0.5, -1, 1e12, -1e12, 2 ** 31, 2 ** 32 - 1, Number.NaN, Number.POSITIVE_INFINITY),
  fc.double({ min: -5000, max: 5000 }),
);

describe("change detection", () => {
  test("quantises columns as the protocol quantises values", () => {
    fc.assert(
      fc.property(wild, wild, (a, b) => {
        const { columns, row, scan, parts } = setUp();
        const expected = new Int32Array(2);
        for (const name of ["small", "wide", "signed", "deep", "share"] as const) columns[name][row] = a;
        columns.drift.x[row] = a;
        columns.drift.y[row] = b;
        scan(2);
        for (const name of ["small", "wide", "signed", "deep", "share", "drift"] as const) {
          const type: WireType = wire[name];
          quantise(type, name === "drift" ? { x: a, y: b } : a, expected, 0);
          assert.deepEqual(
            parts(name),
            [...expected.subarray(0, name === "drift" ? 2 : 1)],
            `${name} of ${a}`,
          );
        }
      }),
    );
  });

  test("takes options by their code, booleans by 1, angles by their step", () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (radians) => {
        const { columns, row, scan, parts } = setUp();
        columns.turn[row] = radians;
        scan(2);
        const off = Math.abs(parts("turn")[0]! - quantiseAngle(radians, 8));
        // A halfway angle may fall to either side.
        assert.ok(off <= 1 || off === 255);
      }),
    );
    const { columns, row, scan, parts } = setUp();
    columns.mood[row] = 2;
    columns.isOn[row] = 1;
    assert.deepEqual(scan(2), ["isOn", "mood"]);
    assert.deepEqual([parts("mood"), parts("isOn")], [[2], [1]]);
    columns.mood[row] = 9;
    scan(3);
    assert.deepEqual(parts("mood"), [2]);
  });

  test("sees every field that changed, once, and none that only moved within a step", () => {
    const { columns, row, scan } = setUp();
    assert.deepEqual(scan(2), []);
    columns.position.x[row] = 1 / 64;
    columns.small[row] = 3;
    columns.target[row] = packRef(2, 7, 0, 5);
    columns.name[row] = "Ada";
    columns.exact.y[row] = 1 / 1024;
    columns.bag.values[row * 3 + 2] = 9;
    assert.deepEqual(scan(3), ["position", "small", "target", "name", "exact", "bag"]);
    assert.deepEqual(scan(4), []);
    columns.position.x[row] = 1.4 / 64;
    columns.small[row] = 3.2;
    // The same id under another generation is the same on the wire.
    columns.target[row] = packRef(2, 8, 0, 5);
    assert.deepEqual(scan(5), []);
    columns.target[row] = packRef(3, 8, 0, 5);
    assert.deepEqual(scan(6), ["target"]);
  });

  test("tells numbers of 32 bits once, in a field and in an array", () => {
    const { columns, row, scan, parts } = setUp();
    columns.wide[row] = 2 ** 32 - 1;
    columns.bag.values.fill(2 ** 32 - 1, row * 3, row * 3 + 3);
    assert.deepEqual(scan(2), ["wide", "bag"]);
    assert.deepEqual(parts("bag"), [-1, -1, -1]);
    assert.deepEqual(scan(3), []);
  });

  test("quantises the items of arrays as fields of their type", () => {
    const { columns, row, scan, parts } = setUp();
    columns.dials.values.set([Math.PI / 2, -Math.PI / 2], row * 2);
    assert.deepEqual(scan(2), ["dials"]);
    assert.deepEqual(parts("dials"), [64, 192]);
    assert.deepEqual(scan(3), []);
  });

  test("holds texts as they will arrive: cut, and with lone surrogates replaced", () => {
    const { columns, row, scan, quantised } = setUp();
    columns.name[row] = "Adelheid";
    assert.deepEqual(scan(2), ["name"]);
    assert.equal(quantised.texts[0]![row], "Adelhe");
    assert.deepEqual(scan(3), []);
    columns.name[row] = "Adelheit";
    assert.deepEqual(scan(4), [], "what differs is cut off");
    columns.name[row] = "\ud83d!";
    assert.deepEqual(scan(5), ["name"]);
    assert.equal(quantised.texts[0]![row], "\ufffd!");
    assert.deepEqual(scan(6), []);
  });

  test("keeps positions where this zone's blocks can carry them", () => {
    const { columns, row, scan, parts } = setUp();
    columns.position.x[row] = 1e9;
    columns.position.y[row] = -1e9;
    scan(2);
    assert.deepEqual(parts("position"), [limits.maxX, limits.minY]);
    columns.position.x[row] = Number.NaN;
    scan(3);
    assert.deepEqual(parts("position"), [0, 0]);
  });

  test("stamps a new entity in every field and channel, and looks at owned rows only", () => {
    const { table, quantised, row } = setUp();
    const ghost = table.takeGhost(packRef(2, 0, 0, 1), 0);
    const other = table.take(0);
    quantised.gather();
    assert.deepEqual([...quantised.rows.subarray(0, quantised.rowCount)], [row, other]);
    quantised.takeRow(other, 5);
    for (const ticks of quantised.fieldTicks) assert.deepEqual([ticks[other], ticks[ghost]], [5, 0]);
    for (const ticks of quantised.channelTicks.slice(0, 2)) assert.equal(ticks[other], 5);
  });
});
