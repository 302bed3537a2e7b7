import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { positionStepsPerM, regionsPerZoneMax } from "./limits.ts";
import { RegionGrid } from "./regions.ts";
import { absoluteFrame, positionBitsFor, positionMarginSteps } from "./values.ts";

const grid = fc
  .record({
    x: fc.integer({ min: -2000, max: 2000 }),
    y: fc.integer({ min: -2000, max: 2000 }),
    width: fc.integer({ min: 1, max: 900 }),
    height: fc.integer({ min: 1, max: 900 }),
    sizeM: fc.constantFrom(16, 32, 64, 100, 2000),
  })
  .map(({ sizeM, ...bounds }) => new RegionGrid(3, bounds, sizeM));
/** A coordinate within a side, in steps that no addition rounds. */
const within = (sideM: number) => fc.integer({ min: 0, max: sideM * 64 - 1 }).map((steps) => steps / 64);
const point = grid.chain((g) => fc.tuple(fc.constant(g), within(g.bounds.width), within(g.bounds.height)));

describe("a grid of regions", () => {
  test("puts each point of the zone into the one region around it", () => {
    fc.assert(
      fc.property(point, ([g, dx, dy]) => {
        const x = g.bounds.x + dx;
        const y = g.bounds.y + dy;
        const region = g.at(x, y);
        assert.ok(region >= 0 && region < g.count);
        assert.equal(g.distanceTo(region, x, y), 0);
        assert.ok(x >= g.left(region) && x < g.left(region) + g.sizeM);
        assert.ok(y >= g.top(region) && y < g.top(region) + g.sizeM);
      }),
    );
  });

  test("gives points outside to the nearest region", () => {
    fc.assert(
      fc.property(
        grid,
        fc.double({ min: -5000, max: 5000, noNaN: true }),
        fc.double({ min: -5000, max: 5000, noNaN: true }),
        (g, x, y) => {
          const distance = g.distanceTo(g.at(x, y), x, y);
          for (let region = 0; region < g.count; region++)
            assert.ok(g.distanceTo(region, x, y) >= distance - 1e-9);
        },
      ),
      { numRuns: 60 },
    );
    const one = new RegionGrid(0, { x: 0, y: 0, width: 100, height: 100 }, 64);
    assert.equal(one.at(Number.NaN, Number.NaN), 0);
    assert.equal(one.at(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), 1);
  });

  test("numbers row by row, and neighbours in x are neighbours in number", () => {
    const g = new RegionGrid(0, { x: 10, y: 20, width: 200, height: 130 }, 64);
    assert.deepEqual([g.columns, g.rows, g.count], [4, 3, 12]);
    assert.equal(g.at(10 + 64, 20), g.at(10, 20) + 1);
    assert.equal(g.at(10, 20 + 64), g.at(10, 20) + g.columns);
  });

  test("frames a region so that all of it and 16 m around fit its bits", () => {
    fc.assert(
      fc.property(grid, fc.nat(), (g, n) => {
        const region = n % g.count;
        const frame = { ...absoluteFrame };
        g.frameOf(region, frame);
        assert.deepEqual(frame, {
          originX: g.left(region) * positionStepsPerM,
          originY: g.top(region) * positionStepsPerM,
          positionBits: positionBitsFor(g.sizeM),
          zone: 3,
        });
        const farthest = g.sizeM * positionStepsPerM + 2 * positionMarginSteps - 1;
        assert.ok(farthest < 2 ** frame.positionBits && farthest >= 2 ** (frame.positionBits - 1));
      }),
    );
  });

  test("refuses a zone of more regions than an index can name", () => {
    const side = Math.floor(Math.sqrt(regionsPerZoneMax));
    assert.equal(new RegionGrid(0, { x: 0, y: 0, width: side, height: side }, 1).count, side * side);
    assert.throws(
      () => new RegionGrid(7, { x: 0, y: 0, width: 257, height: 256 }, 1),
      /zone 7: 65792 regions/,
    );
    assert.throws(() => new RegionGrid(0, { x: 0, y: 0, width: Number.NaN, height: 1 }, 1), RangeError);
  });
});
