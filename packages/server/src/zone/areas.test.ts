import assert from "node:assert/strict";
import { test } from "node:test";
import { Areas } from "./areas.ts";

test("a point lies in every area that holds it, borders included", () => {
  const areas = new Areas([
    { name: "disc", shape: { kind: "circle", x: 0, y: 0, radiusM: 5 } },
    { name: "box", shape: { kind: "rectangle", x: 0, y: 0, width: 10, height: 4 } },
    { name: "disc", shape: { kind: "circle", x: 50, y: 0, radiusM: 1 } },
  ]);
  assert.deepEqual(areas.names, ["disc", "box", "disc"]);
  const masks: [number, number, number][] = [
    [3, 4, 0b011],
    [0, -5, 0b001],
    [10, 4, 0b010],
    [10.1, 4, 0],
    [51, 0, 0b100],
    [Number.NaN, 0, 0],
  ];
  for (const [x, y, mask] of masks) assert.equal(areas.maskAt(x, y), mask, `${x} ${y}`);
  assert.deepEqual([areas.isIn("disc", 50.5, 0), areas.isIn("box", 50.5, 0)], [true, false]);
});

test("the thirty-second area has a bit of its own", () => {
  const many = Array.from({ length: 32 }, (_, i) => ({
    name: `a${i}`,
    shape: { kind: "circle", x: i * 10, y: 0, radiusM: 1 } as const,
  }));
  assert.equal(new Areas(many).maskAt(310, 0), 2 ** 31);
});
