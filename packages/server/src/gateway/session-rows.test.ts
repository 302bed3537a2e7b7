import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { framesKept } from "./limits.ts";
import { cell, type InRow, newRow, recordAfter, rowFlag, SessionRows, slotsMax } from "./session-rows.ts";

/** Something with a row, and what should be in it. */
class Holder implements InRow {
  readonly id: number;
  ints: Int32Array;
  floats: Float64Array;
  row = 0;
  x = 0;
  reportedMs = 0;

  constructor(id: number) {
    this.id = id;
    ({ ints: this.ints, floats: this.floats } = newRow());
  }

  settle(ints: Int32Array, floats: Float64Array, row: number): void {
    this.ints = ints;
    this.floats = floats;
    this.row = row;
  }

  write(value: number): void {
    this.x = value;
    this.reportedMs = value + 0.5;
    this.ints[this.row + cell.x] = value;
    this.floats[(this.row + cell.reportedMs) / 2] = value + 0.5;
  }

  check(): void {
    assert.equal(this.ints[this.row + cell.x], this.x);
    assert.equal(this.floats[(this.row + cell.reportedMs) / 2], this.reportedMs);
  }
}

test("rows are found by their numbers and keep what is in them, whatever comes and goes", () => {
  // Numbers that stand side by side, far apart, and on the same place of a small table.
  const id = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(16, 32, 48, 0xff00_0001, 0xff00_0010));
  const step = fc.record({ do: fc.constantFrom("add", "add", "remove", "write"), id, value: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const rows = new SessionRows<Holder>(2);
      const living = new Map<number, Holder>();
      const gone: Holder[] = [];
      for (const now of steps) {
        const holder = living.get(now.id);
        if (now.do === "add") {
          const next = new Holder(now.id);
          next.write(now.value);
          rows.add(next, next.ints, next.row);
          if (holder !== undefined) gone.push(holder);
          living.set(now.id, next);
        } else if (now.do === "remove" && holder !== undefined) {
          rows.remove(holder);
          living.delete(now.id);
          gone.push(holder);
        } else holder?.write(now.value);
        assert.equal(rows.size, living.size);
        for (const one of living.values()) {
          assert.equal(rows.find(one.id), one.row);
          assert.equal(rows.find(one.id | 0), one.row);
          assert.equal(rows.holder(one.row), one);
          assert.equal(one.ints, rows.ints);
          one.check();
        }
        for (const one of gone) {
          one.check();
          assert.notEqual(one.ints, rows.ints);
        }
        if (!living.has(now.id)) assert.equal(rows.find(now.id), -1);
      }
      // Who is gone takes nothing away from who has the number now.
      for (const one of gone) rows.remove(one);
      assert.equal(rows.size, living.size);
    }),
    { numRuns: 500 },
  );
});

test("a row remembers the newest records of each zone, the oldest of them first", () => {
  const rows = new SessionRows<Holder>(2);
  const holder = new Holder(7);
  rows.add(holder, holder.ints, holder.row);
  const { row } = holder;
  assert.equal(recordAfter(rows.ints, row, 0, -1), -1);
  holder.ints[row + cell.flags]! |= rowFlag.grouped;
  for (let tick = 1; tick <= framesKept + 3; tick++)
    rows.noteRecord(row, 4095, tick, tick % slotsMax, tick * 100);
  rows.noteRecord(row, 3, 2 ** 31 + 5, 2, 77);
  const oldest = framesKept + 3 - (framesKept - 1) + 1;
  for (let tick = oldest - 1; tick < framesKept + 3; tick++) {
    const place = recordAfter(rows.ints, row, 4095, tick);
    assert.deepEqual(
      [...rows.ints.subarray(place, place + 3)],
      [4095 * slotsMax + ((tick + 1) % slotsMax), tick + 1, (tick + 1) * 100],
    );
  }
  assert.equal(recordAfter(rows.ints, row, 4095, framesKept + 3), -1);
  const place = recordAfter(rows.ints, row, 3, 2 ** 31);
  assert.equal(rows.ints[place + 1]! >>> 0, 2 ** 31 + 5);
  assert.ok(rows.ints[row + cell.flags]! & rowFlag.grouped);
});
