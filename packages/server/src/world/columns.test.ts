import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  angle,
  bool,
  boundedList,
  boundedMap,
  ByteReader,
  ByteWriter,
  entityRef,
  finePosition,
  fixedArray,
  int,
  number,
  oneOf,
  position,
  type ServerType,
  text,
  uint,
  vector,
} from "@myriad/protocol";
import fc from "fast-check";
import { AssertionFailed } from "../kernel/assert.ts";
import {
  type AnyColumn,
  type ArrayColumn,
  clearCell,
  createColumn,
  ListColumn,
  mapCellRefs,
  MapColumn,
  readCell,
  type VectorColumn,
  writeCell,
} from "./columns.ts";

const value = fc.double({ noNaN: true });

describe("a column of lists", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push"), row: fc.nat(2), value }),
    fc.record({ do: fc.constant("remove"), row: fc.nat(2), at: fc.nat(6) }),
    fc.record({ do: fc.constant("clear"), row: fc.nat(2) }),
  );

  test("does what arrays would do, row by row", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
        const column = new ListColumn(3, max);
        const model: number[][] = [[], [], []];
        for (const given of steps) {
          const list = model[given.row]!;
          if ("value" in given) {
            const hasRoom = list.length < max;
            assert.equal(column.push(given.row, given.value), hasRoom);
            if (hasRoom) list.push(given.value);
          } else if ("at" in given) {
            if (given.at < list.length) {
              column.removeAt(given.row, given.at);
              list.splice(given.at, 1);
            } else {
              assert.throws(() => column.removeAt(given.row, given.at), AssertionFailed);
            }
          } else {
            column.clear(given.row);
            list.length = 0;
          }
          model.forEach((expected, row) => {
            const found = Array.from({ length: column.count(row) }, (_, i) => column.at(row, i));
            assert.deepEqual(found, expected);
          });
        }
        // Places behind the end are zeros, so that equal lists are equal bytes.
        model.forEach((list, row) => {
          for (let i = list.length; i < max; i++) assert.equal(column.values[row * max + i], 0);
        });
        assert.throws(() => column.at(0, model[0]!.length), AssertionFailed);
        assert.throws(() => column.at(0, -1), AssertionFailed);
      }),
    );
  });
});

describe("a column of maps", () => {
  const key = fc.integer({ min: 0, max: 6 });
  const step = fc.oneof(
    fc.record({ do: fc.constant("set" as const), row: fc.nat(2), key, value }),
    fc.record({ do: fc.constant("delete" as const), row: fc.nat(2), key }),
    fc.record({ do: fc.constant("clear" as const), row: fc.nat(2), key }),
  );

  test("does what a Map would do, in order of insertion", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
        const column = new MapColumn(3, max);
        const model = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
        for (const given of steps) {
          const map = model[given.row]!;
          if (given.do === "set") {
            const hasRoom = map.has(given.key) || map.size < max;
            assert.equal(column.set(given.row, given.key, given.value), hasRoom);
            if (hasRoom) map.set(given.key, given.value);
          } else if (given.do === "delete") {
            assert.equal(column.delete(given.row, given.key), map.delete(given.key));
          } else {
            column.clear(given.row);
            map.clear();
          }
          model.forEach((expected, row) => {
            const found = Array.from({ length: column.count(row) }, (_, i) => [
              column.keyAt(row, i),
              column.valueAt(row, i),
            ]);
            assert.deepEqual(found, [...expected]);
          });
          for (let asked = 0; asked <= 7; asked++) {
            assert.equal(column.has(given.row, asked), map.has(asked));
            assert.equal(column.get(given.row, asked, -1), map.get(asked) ?? -1);
          }
        }
        assert.equal(column.get(0, 99), 0);
        model.forEach((map, row) => {
          for (let i = map.size; i < max; i++) {
            assert.equal(column.keys[row * max + i], 0);
            assert.equal(column.values[row * max + i], 0);
          }
        });
        assert.throws(() => column.keyAt(0, model[0]!.size), AssertionFailed);
        assert.throws(() => column.valueAt(0, -1), AssertionFailed);
      }),
    );
  });
});

/** Fills row 1 of a column with something, and tells what a row holds. */
const columns: readonly { type: ServerType; fill: (column: AnyColumn) => void }[] = [
  ...[position(), finePosition(), vector({ max: 9 })].map((type) => ({
    type,
    fill: (column: AnyColumn) => {
      (column as VectorColumn).x[1] = 1 / 3;
      (column as VectorColumn).y[1] = -1e300;
    },
  })),
  ...[uint(8), int(8), angle(8), bool(), oneOf("a", "b"), entityRef(), number()].map((type) => ({
    type,
    fill: (column: AnyColumn) => {
      (column as Float64Array)[1] = 0.1;
    },
  })),
  {
    type: text(8),
    fill: (column) => {
      (column as string[])[1] = `\ufeffé${"long ".repeat(1000)}`;
    },
  },
  { type: fixedArray(number(), 3), fill: (column) => (column as ArrayColumn).values.set([1, 2, 3], 3) },
  {
    type: boundedList(entityRef(), 4),
    fill: (column) => {
      for (const item of [5, 6, 7]) (column as ListColumn).push(1, item);
    },
  },
  {
    type: boundedMap(entityRef(), number(), 4),
    fill: (column) => {
      for (const item of [5, 6, 7]) (column as MapColumn).set(1, item, item / 2);
    },
  },
];

for (const { type, fill } of columns) {
  test(`a cell of ${type.type} comes back without loss, and is cleared to its default alone`, () => {
    const column = createColumn(type, 3);
    fill(column);
    const bytesOf = (from: AnyColumn, row: number) => {
      const writer = new ByteWriter();
      writeCell(writer, type, from, row);
      return writer.copy();
    };
    const written = bytesOf(column, 1);
    const empty = bytesOf(createColumn(type, 3), 1);
    assert.notDeepEqual(written, empty);
    assert.deepEqual(bytesOf(column, 0), empty);
    assert.deepEqual(bytesOf(column, 2), empty);
    const other = createColumn(type, 3);
    fill(other);
    const reader = new ByteReader(written);
    readCell(reader, type, other, 2);
    assert.deepEqual([reader.failed, reader.remaining], [false, 0]);
    assert.deepEqual(bytesOf(other, 2), written);
    clearCell(type, other, 1);
    assert.deepEqual(bytesOf(other, 1), empty);
    assert.deepEqual(bytesOf(other, 2), written);
    for (let length = 0; length < written.length; length++) {
      const short = new ByteReader(written, 0, length);
      readCell(short, type, createColumn(type, 3), 1);
      assert.equal(short.failed, true, `${length} bytes`);
    }
  });
}

test("references are changed wherever a cell holds them, and nothing else is", () => {
  const ref = entityRef();
  const change = (held: number) => (held === 7 ? 70 : held);
  const single = createColumn(ref, 2) as Float64Array;
  single.fill(7);
  mapCellRefs(ref, single, 1, change);
  assert.deepEqual([...single], [7, 70]);
  const numbers = createColumn(number(), 1) as Float64Array;
  numbers[0] = 7;
  mapCellRefs(number(), numbers, 0, change);
  assert.equal(numbers[0], 7);
  for (const [item, expected] of [
    [ref, [6, 70, 8]],
    [number(), [6, 7, 8]],
  ] as const) {
    const array = createColumn(fixedArray(item, 3), 2) as ArrayColumn;
    array.values.set([6, 7, 8], 3);
    mapCellRefs(fixedArray(item, 3), array, 1, change);
    assert.deepEqual([...array.values.subarray(3)], expected);
    const list = new ListColumn(2, 4);
    for (const held of [6, 7, 8]) list.push(1, held);
    mapCellRefs(boundedList(item, 4), list, 1, change);
    assert.deepEqual([...list.values.subarray(4, 7)], expected);
  }
  for (const [key, held, keys, values] of [
    [ref, number(), [70, 8], [7, 7]],
    [number(), ref, [7, 8], [70, 70]],
    [ref, ref, [70, 8], [70, 70]],
    [number(), number(), [7, 8], [7, 7]],
  ] as const) {
    const map = new MapColumn(1, 4);
    map.set(0, 7, 7);
    map.set(0, 8, 7);
    mapCellRefs(boundedMap(key, held, 4), map, 0, change);
    assert.deepEqual([[...map.keys.subarray(0, 2)], [...map.values.subarray(0, 2)]], [keys, values]);
  }
});
