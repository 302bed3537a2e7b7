import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cells } from "./cells.ts";

const coordinate = fc.double({ min: 0, max: 999.999, noNaN: true });

test("whoever is within the radius of a point is in a cell around that point's", () => {
  fc.assert(
    fc.property(
      coordinate,
      coordinate,
      coordinate,
      coordinate,
      fc.integer({ min: 10, max: 200 }),
      (ax, ay, bx, by, r) => {
        const cells = new Cells<string>(1000, 32);
        cells.add(bx, by, "b");
        const found = cells.around(cells.of(ax, ay), r).flatMap((cell) => [...cells.in(cell)]);
        if (Math.hypot(ax - bx, ay - by) < r) assert.deepEqual(found, ["b"]);
      },
    ),
  );
});

test("cells that are too far to matter are left out, and no cell lies outside", () => {
  const cells = new Cells<number>(320, 32);
  assert.equal(cells.around(cells.of(160, 160), 64).length, 25);
  assert.equal(cells.around(cells.of(160, 160), 33).length, 21);
  assert.equal(cells.around(0, 64).length, 9);
  assert.ok(cells.around(cells.count - 1, 64).every((cell) => cell >= 0 && cell < cells.count));
});

test("a cleared index is empty and takes everybody anew", () => {
  const cells = new Cells<number>(100, 50);
  cells.add(10, 10, 1);
  cells.clear();
  cells.add(60, 60, 2);
  assert.deepEqual(
    [0, 1, 2, 3].map((cell) => [...cells.in(cell)]),
    [[], [], [], [2]],
  );
});
