import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { placesOf, squareOf } from "./place.ts";

const zones = [
  { zone: 0, name: "a", bounds: { x: 0, y: 0, width: 512, height: 512 } },
  { zone: 3, name: "b", bounds: { x: 512, y: -512, width: 512, height: 512 } },
  { zone: 4, name: "c", bounds: { x: 4000, y: 0, width: 80, height: 40 } },
];

describe("placesOf", () => {
  it("spreads players evenly over all zones, away from the edges and from each other", () => {
    const placeOf = placesOf({ kind: "spread" }, zones, 7);
    const places = Array.from({ length: 300 }, (_, number) => placeOf(number)!);
    const quarters = new Map<string, number>();
    for (const { x, y } of places) {
      const { zone, bounds } = zones.find(
        ({ bounds: at }) => x >= at.x && x < at.x + at.width && y >= at.y && y < at.y + at.height,
      )!;
      const margin = zone === 4 ? 5 : 24;
      assert.ok(x >= bounds.x + margin && x <= bounds.x + bounds.width - margin);
      assert.ok(y >= bounds.y + margin && y <= bounds.y + bounds.height - margin);
      const key = [zone, x < bounds.x + bounds.width / 2, y < bounds.y + bounds.height / 2].join();
      quarters.set(key, (quarters.get(key) ?? 0) + 1);
    }
    assert.equal(quarters.size, 12);
    assert.ok(
      [...quarters.values()].every((count) => count >= 20 && count <= 30),
      [...quarters].join(" "),
    );
    const first = places.filter((_, number) => number % 3 === 0);
    const nearest = first.map(({ x, y }) =>
      Math.min(...first.map((other) => Math.hypot(other.x - x, other.y - y) || Infinity)),
    );
    assert.ok(Math.min(...nearest) > 10, "a hundred in 464 m: 46 m apart in a lattice");
  });

  it("is the same for the same seed, another for another", () => {
    const at = (seed: number) => placesOf({ kind: "spread" }, zones, seed)(5);
    assert.deepEqual(at(1), at(1));
    assert.notDeepEqual(at(1), at(2));
  });

  it("fills a square around a point, or in the middle of the first zone", () => {
    const scene = { kind: "square", sideM: 60, middle: { x: -100, y: 7 } } as const;
    assert.deepEqual(squareOf(scene, zones), { x: -100, y: 7, sideM: 60 });
    const places = Array.from({ length: 400 }, (_, number) => placesOf(scene, zones, 1)(number)!);
    for (const [side, middle] of [
      ["x", -100],
      ["y", 7],
    ] as const) {
      const values = places.map((place) => place[side]);
      assert.ok(Math.min(...values) >= middle - 30 && Math.min(...values) < middle - 28);
      assert.ok(Math.max(...values) <= middle + 30 && Math.max(...values) > middle + 28);
    }
    const plain = { kind: "square", sideM: 10, middle: undefined } as const;
    assert.deepEqual(squareOf(plain, zones), { x: 256, y: 256, sideM: 10 });
  });

  it("leaves it to the game in town", () => {
    assert.equal(placesOf({ kind: "town" }, zones, 1)(3), undefined);
    assert.equal(squareOf({ kind: "town" }, zones), undefined);
    assert.equal(squareOf({ kind: "spread" }, zones), undefined);
  });
});
