import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  boundedMap,
  ByteReader,
  ByteWriter,
  critical,
  entity,
  entityRef,
  generationOf,
  idOf,
  idRestTicks,
  metadata,
  number,
  packRef,
  position,
  server,
  text,
  uint,
  wireRef,
  zoneOf,
} from "@myriad/protocol";
import fc from "fast-check";
import { AssertionFailed } from "../kernel/assert.ts";
import { idOfRow, rowState, Table } from "./table.ts";

const Thing = entity("thing", {
  position: critical(position()),
  name: metadata(text(16)),
  target: server(entityRef()),
  threat: server(boundedMap(entityRef(), number(), 4)),
});
const zone = 5;
const index = 2;
const make = (capacity: number) => new Table(Thing, { index, zone, capacity });

type Step =
  | { do: "take" }
  | { do: "reserve" }
  | { do: "fill"; which: number }
  | { do: "ghost"; id: number }
  | { do: "free"; which: number }
  | { do: "rest"; ticks: number }
  | { do: "restore" };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: "take" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "reserve" }) },
  { weight: 1, arbitrary: fc.nat(9).map((which): Step => ({ do: "fill", which })) },
  { weight: 2, arbitrary: fc.nat(9).map((id): Step => ({ do: "ghost", id })) },
  { weight: 5, arbitrary: fc.nat(20).map((which): Step => ({ do: "free", which })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 20, idRestTicks).map((ticks): Step => ({ do: "rest", ticks })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "restore" }) },
);

/** The same with a list of rows and a queue, slowly. */
class Model {
  readonly capacity: number;
  readonly rows: { life: "free" | "owned" | "ghost"; ref: number; generation: number }[] = [];
  readonly freed: { row: number; tick: number }[] = [];
  readonly reserved: number[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  place(tick: number): number {
    const oldest = this.freed[0];
    if (oldest !== undefined && oldest.tick + idRestTicks <= tick) this.freed.shift();
    else if (this.rows.length === this.capacity) return -1;
    else this.rows.push({ life: "free", ref: 0, generation: 0 });
    const row = oldest !== undefined && !this.freed.includes(oldest) ? oldest.row : this.rows.length - 1;
    this.rows[row]!.generation++;
    return row;
  }

  live(row: number, life: "owned" | "ghost", ref?: number): number {
    const at = this.rows[row]!;
    at.life = life;
    at.ref = ref ?? packRef(zone, at.generation, index, row);
    return at.ref;
  }

  rowsThat(...lives: string[]): number[] {
    return this.rows.flatMap(({ life }, row) => (lives.includes(life) ? [row] : []));
  }
}

function iterate(next: (row: number) => number): number[] {
  const rows: number[] = [];
  for (let row = next(-1); row >= 0; row = next(row)) rows.push(row);
  return rows;
}

function copyOf(table: Table<typeof Thing.fields>): Table<typeof Thing.fields> {
  const writer = new ByteWriter();
  table.save(writer);
  const reader = new ByteReader(writer.copy());
  assert.equal(reader.text(64), "thing");
  const copy = make(table.capacity);
  assert.equal(copy.restore(reader), true);
  assert.equal(reader.remaining, 0);
  return copy;
}

describe("a table", () => {
  test("does what a list of rows would do, and goes on after a restore", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), (steps, capacity) => {
        let table = make(capacity);
        const model = new Model(capacity);
        const dead: number[] = [];
        let tick = 0;
        for (const given of steps) {
          switch (given.do) {
            case "take": {
              const row = model.place(tick);
              assert.equal(table.take(tick), row);
              if (row < 0) break;
              assert.equal(table.ref(row), model.live(row, "owned"));
              assert.deepEqual([table.columns.position.x[row], table.columns.name[row] ?? ""], [0, ""]);
              table.columns.position.x[row] = row + 0.5;
              table.columns.name[row] = `n${row}`;
              break;
            }
            case "reserve": {
              const row = model.place(tick);
              assert.equal(table.reserve(tick), row);
              if (row >= 0) model.reserved.push(row);
              break;
            }
            case "fill": {
              const [row] = model.reserved.splice(given.which % Math.max(1, model.reserved.length), 1);
              if (row !== undefined) assert.equal(table.fillReserved(row), model.live(row, "owned"));
              break;
            }
            case "ghost": {
              const ref = wireRef(zone + 1, index * 65_536 + given.id);
              if (model.rows.some((row) => row.ref === ref)) {
                assert.throws(() => table.takeGhost(ref, tick), AssertionFailed);
                break;
              }
              const row = model.place(tick);
              assert.equal(table.takeGhost(ref, tick), row);
              if (row >= 0) model.live(row, "ghost", ref);
              break;
            }
            case "free": {
              const live = model.rowsThat("owned", "ghost");
              const row = live[given.which % Math.max(1, live.length)];
              if (row === undefined) break;
              dead.push(model.rows[row]!.ref);
              table.free(row, tick);
              model.rows[row]!.life = "free";
              model.rows[row]!.ref = 0;
              model.freed.push({ row, tick });
              break;
            }
            case "rest":
              tick += given.ticks;
              break;
            case "restore":
              table = copyOf(table);
          }
          assert.equal(table.rowsUsed, model.rows.length);
          assert.deepEqual(
            iterate((row) => table.next(row)),
            model.rowsThat("owned"),
          );
          assert.deepEqual(
            iterate((row) => table.nextSeen(row)),
            model.rowsThat("owned", "ghost"),
          );
          assert.equal(table.count, model.rowsThat("owned").length);
          assert.equal(table.ghostCount, model.rowsThat("ghost").length);
          model.rows.forEach(({ life, ref }, row) => {
            assert.equal(table.ref(row), ref);
            assert.equal(table.isOwned(row), life === "owned");
            assert.equal(table.isGhost(row), life === "ghost");
            if (life !== "free") assert.equal(table.row(ref), row);
            if (life === "owned") assert.equal(table.row(wireRef(zone, idOf(ref))), row);
          });
          for (const ref of dead)
            if (!model.rows.some((row) => row.ref === ref)) assert.equal(table.row(ref), -1);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("knows no references of other kinds, of nobody and of rows never used", () => {
    const table = make(4);
    const row = table.take(0);
    assert.equal(table.row(0), -1);
    assert.equal(table.row(packRef(zone, 1, index + 1, row)), -1);
    assert.equal(table.row(packRef(zone, 1, index, 3)), -1);
    assert.equal(table.row(packRef(zone, 2, index, row)), -1);
    assert.equal(table.row(wireRef(zone + 1, index * 65_536)), -1);
    assert.deepEqual([table.isOwned(-1), table.isGhost(-1)], [false, false]);
    assert.equal(idOfRow(table as unknown as Table, row), index * 65_536 + row);
  });

  test("lets only live rows be freed and only reserved ones be filled", () => {
    const table = make(4);
    const row = table.take(0);
    assert.throws(() => table.fillReserved(row), AssertionFailed);
    assert.throws(() => table.fillReserved(3), AssertionFailed);
    table.free(row, 0);
    assert.throws(() => table.free(row, 0), AssertionFailed);
    assert.throws(() => table.takeGhost(packRef(zone, 1, index, 0), 0), AssertionFailed);
  });

  test("counts generations from 1 to 65,535 and begins again, for 0 means any", () => {
    const table = make(1);
    let tick = 0;
    let before = 0;
    for (let life = 1; life <= 65_536; life++, tick += idRestTicks) {
      const row = table.take(tick);
      const generation = generationOf(table.ref(row));
      assert.equal(generation, before === 65_535 ? 1 : before + 1);
      before = generation;
      table.free(row, tick);
    }
    assert.equal(before, 1);
  });
});

describe("a row", () => {
  test("travels by the names of its fields, those that were chosen", () => {
    const table = make(2);
    const row = table.take(0);
    table.columns.position.x[row] = 1 / 3;
    table.columns.name[row] = "Ada";
    table.columns.threat.set(row, 9, 0.25);
    const writer = new ByteWriter();
    table.writeRow(writer, row, (name) => name !== "target");
    const Other = entity("other", {
      name: metadata(text(16)),
      position: critical(position()),
      threat: server(uint(8)),
      added: server(number()),
    });
    const other = new Table(Other, { index: 0, zone, capacity: 3 });
    const to = other.take(0);
    other.columns.added[to] = 4;
    assert.equal(other.readRow(new ByteReader(writer.copy()), to), true);
    assert.deepEqual([other.columns.name[to], other.columns.position.x[to]], ["Ada", 1 / 3]);
    // A field of another type and one that was not told stay as they were.
    assert.deepEqual([other.columns.threat[to], other.columns.added[to]], [0, 4]);
    const bytes = writer.copy();
    for (let length = 0; length < bytes.length; length++)
      assert.equal(make(2).readRow(new ByteReader(bytes, 0, length), 0), false);
  });

  test("has its references changed, and others have theirs", () => {
    const table = make(3);
    const [a, b] = [table.take(0), table.take(0)];
    table.columns.target.set([7, 7]);
    table.columns.threat.set(a, 7, 1);
    table.mapRowRefs(b, (ref) => ref + 1);
    assert.deepEqual([...table.columns.target.subarray(0, 2)], [7, 8]);
    table.mapRefs((ref) => (ref === 7 ? 70 : ref));
    assert.deepEqual([...table.columns.target.subarray(0, 2)], [70, 8]);
    assert.equal(table.columns.threat.keyAt(a, 0), 70);
  });
});

describe("a restored table", () => {
  function saved(): Uint8Array {
    const table = make(8);
    for (let i = 0; i < 4; i++) table.columns.name[table.take(0)] = `n${i}`;
    table.takeGhost(wireRef(zone + 1, index * 65_536 + 9), 0);
    table.free(1, 3);
    table.reserve(3);
    const writer = new ByteWriter();
    table.save(writer);
    return writer.copy();
  }

  function restored(bytes: Uint8Array, capacity = 8): Table<typeof Thing.fields> | undefined {
    const reader = new ByteReader(bytes);
    reader.text(64);
    const table = make(capacity);
    return table.restore(reader) ? table : undefined;
  }

  test("is refused when its bytes are cut or it has too few rows", () => {
    const bytes = saved();
    assert.ok(restored(bytes) !== undefined);
    for (let length = 6; length < bytes.length; length++)
      assert.equal(restored(bytes.subarray(0, length)), undefined, `${length}`);
    assert.equal(restored(bytes, 5), undefined);
  });

  test("holds its invariants whatever bytes it came from", () => {
    const bytes = saved();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const broken = bytes.slice();
          for (const [at, byte] of changes) broken[at] = byte;
          const table = restored(broken);
          if (table === undefined) return;
          const seen = iterate((row) => table.nextSeen(row));
          assert.equal(table.count + table.ghostCount, seen.length);
          for (const row of seen) {
            assert.equal(table.row(table.ref(row)), row);
            assert.equal(zoneOf(table.ref(row)) === zone, table.isOwned(row));
          }
          // Nobody's row is given away, and none twice.
          const taken = new Set(seen);
          for (let row = table.take(1e9); row >= 0; row = table.take(1e9)) {
            assert.ok(!taken.has(row));
            taken.add(row);
          }
          assert.ok(taken.size <= table.capacity);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("skips columns that nobody knows any more and leaves new ones at their defaults", () => {
    const Later = entity("thing", {
      name: metadata(text(16)),
      target: server(uint(8)),
      added: server(number()),
    });
    const reader = new ByteReader(saved());
    reader.text(64);
    const table = new Table(Later, { index, zone, capacity: 8 });
    assert.equal(table.restore(reader), true);
    assert.deepEqual([table.columns.name[0], table.columns.name[3], table.columns.added[0]], ["n0", "n3", 0]);
    assert.equal(table.state[1], rowState.free);
  });

  test("is made from an empty one only", () => {
    const table = make(8);
    table.take(0);
    assert.throws(() => table.restore(new ByteReader(saved(), 6)), AssertionFailed);
  });
});
