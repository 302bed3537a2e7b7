import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  positionStepsPerM,
  regionBitsMin,
  regionDepthMax,
  regionMarginM,
  regionsPerZoneMax,
  strideTicksMax,
  zoneMarginM,
} from "./limits.ts";
import { phaseOf, RegionGrid, type RegionShape } from "./regions.ts";
import { absoluteFrame } from "./values.ts";

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
/** A cell or some quarter of one, with its grid, its cell and the quadrants on the way down. */
const shape = fc
  .tuple(grid, fc.nat(), fc.array(fc.nat(3), { maxLength: regionDepthMax }))
  .map(([g, n, quadrants]) => {
    const cell = n % g.count;
    return { g, cell, quadrants, shape: quadrants.reduce((at, q) => g.quarterOf(at, q), g.shapeOf(cell)) };
  });

function holds({ left, top, sizeM }: RegionShape, x: number, y: number): boolean {
  return x >= left && x < left + sizeM && y >= top && y < top + sizeM;
}

describe("a grid of regions", () => {
  test("puts each point of the zone into the one cell around it", () => {
    fc.assert(
      fc.property(point, ([g, dx, dy]) => {
        const x = g.bounds.x + dx;
        const y = g.bounds.y + dy;
        const cell = g.at(x, y);
        assert.ok(cell >= 0 && cell < g.count);
        assert.equal(g.distanceTo(cell, x, y), 0);
        assert.ok(holds(g.shapeOf(cell), x, y));
      }),
    );
  });

  test("gives points outside to the nearest cell", () => {
    fc.assert(
      fc.property(
        grid,
        fc.double({ min: -5000, max: 5000, noNaN: true }),
        fc.double({ min: -5000, max: 5000, noNaN: true }),
        (g, x, y) => {
          const distance = g.distanceTo(g.at(x, y), x, y);
          for (let cell = 0; cell < g.count; cell++) assert.ok(g.distanceTo(cell, x, y) >= distance - 1e-9);
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

  test("keeps numbers for quarters: four in a row above the cells, all of them within its bits", () => {
    fc.assert(
      fc.property(grid, (g) => {
        assert.ok(g.regionBits >= regionBitsMin && g.regionBits <= 16);
        assert.equal(g.capacity, g.count + 4 * g.quadsMax);
        assert.ok(g.capacity < 2 ** g.regionBits);
        assert.ok(g.quadsMax >= Math.min(g.count / 4, 16), "a quarter of the cells may be split at once");
        for (let quad = 0; quad < g.quadsMax; quad++) assert.ok(g.isQuad(g.count + 4 * quad));
        for (const first of [-4, 0, g.count - 4, g.count + 1, g.count + 2, g.count + 3, g.capacity])
          assert.equal(g.isQuad(first), false);
      }),
    );
    const bitsOf = (width: number) => new RegionGrid(0, { x: 0, y: 0, width, height: 1 }, 1).regionBits;
    assert.deepEqual([1, 256, 257, 4096, 16_384, 65_535].map(bitsOf), [10, 10, 11, 14, 16, 16]);
  });

  test("refuses a zone of more cells than a number can name", () => {
    const side = Math.floor(Math.sqrt(regionsPerZoneMax));
    assert.equal(new RegionGrid(0, { x: 0, y: 0, width: side, height: side }, 1).count, side * side);
    assert.throws(
      () => new RegionGrid(7, { x: 0, y: 0, width: 257, height: 256 }, 1),
      /zone 7: 65792 regions/,
    );
    assert.throws(() => new RegionGrid(0, { x: 0, y: 0, width: Number.NaN, height: 1 }, 1), RangeError);
  });
});

describe("the shape of a region", () => {
  test("is held by exactly one of its quarters at each point: east has bit 0, south has bit 1", () => {
    fc.assert(
      fc.property(shape, fc.nat(63), fc.nat(63), ({ g, shape: whole }, dx, dy) => {
        const x = whole.left + (whole.sizeM * dx) / 64;
        const y = whole.top + (whole.sizeM * dy) / 64;
        const quarters = [0, 1, 2, 3].map((quadrant) => g.quarterOf(whole, quadrant));
        const holding = quarters.map((quarter) => holds(quarter, x, y));
        assert.deepEqual(
          holding,
          [0, 1, 2, 3].map((quadrant) => quadrant === (dx >= 32 ? 1 : 0) + (dy >= 32 ? 2 : 0)),
        );
        for (const quarter of quarters) assert.equal(quarter.depth, whole.depth + 1);
      }),
    );
  });

  test("comes back from its first quarter, and from its cell and the quadrants on the way down", () => {
    fc.assert(
      fc.property(shape, ({ g, cell, quadrants, shape: at }) => {
        assert.deepEqual(g.wholeOf(g.quarterOf(at, 0)), at);
        const path = quadrants.reduce((bits, quadrant) => (bits << 2) | quadrant, 0);
        assert.deepEqual(g.shapeAt(cell, quadrants.length, path), at);
      }),
    );
    const g = new RegionGrid(0, { x: 0, y: 0, width: 128, height: 64 }, 64);
    assert.equal(g.shapeAt(2, 0, 0), undefined, "no such cell");
    assert.equal(g.shapeAt(0, regionDepthMax + 1, 0), undefined, "smaller than regions are");
  });

  test("has bits for all of it and 4 m around, 16 m where the zone ends", () => {
    fc.assert(
      fc.property(shape, ({ g, shape: at }) => {
        const { x, y, width, height } = g.bounds;
        const west = at.left <= x ? zoneMarginM : regionMarginM;
        const north = at.top <= y ? zoneMarginM : regionMarginM;
        const east = at.left + at.sizeM >= x + width ? zoneMarginM : regionMarginM;
        const south = at.top + at.sizeM >= y + height ? zoneMarginM : regionMarginM;
        assert.equal(at.originX, Math.round((at.left - west) * positionStepsPerM));
        assert.equal(at.originY, Math.round((at.top - north) * positionStepsPerM));
        const widest = (at.sizeM + Math.max(west + east, north + south)) * positionStepsPerM;
        assert.ok(widest <= 2 ** at.positionBits && widest > 2 ** (at.positionBits - 1));
      }),
    );
    const g = new RegionGrid(0, { x: 0, y: 0, width: 640, height: 640 }, 64);
    const inner = g.shapeOf(g.at(100, 100));
    assert.equal(inner.positionBits, 13);
    assert.equal(g.quarterOf(inner, 3).positionBits, 12, "a smaller region takes fewer bits a position");
  });

  test("is what a frame's positions are relative to", () => {
    const g = new RegionGrid(5, { x: 0, y: 0, width: 640, height: 640 }, 64);
    const frame = { ...absoluteFrame };
    const at = g.quarterOf(g.shapeOf(g.at(100, 100)), 3);
    g.aim(frame, at);
    assert.deepEqual(frame, { originX: 92 * 64, originY: 92 * 64, positionBits: 12, zone: 5 });
  });
});

describe("a region's phase", () => {
  test("is a multiple of four and the zone's remainder, so that strides up to four stay together", () => {
    fc.assert(
      fc.property(grid, fc.nat(4095), fc.nat(), (g, zone, n) => {
        const region = n % g.capacity;
        const phase = phaseOf({ zone, count: g.count, columns: g.columns }, region);
        assert.equal(phase & 3, zone & 3);
        assert.ok(phase >= 0 && phase < strideTicksMax);
      }),
    );
  });

  test("is one for the four quarters of a whole: a merge needs a tick at which all are due", () => {
    fc.assert(
      fc.property(grid, fc.nat(), (g, n) => {
        const first = g.count + 4 * (n % g.quadsMax);
        const phases = [0, 1, 2, 3].map((quadrant) => phaseOf(g, first + quadrant));
        assert.equal(new Set(phases).size, 1);
      }),
    );
  });

  test("spreads a long stride over the ticks: of 8 × 8 cells, eight are due at each of eight ticks", () => {
    const g = new RegionGrid(0, { x: 0, y: 0, width: 512, height: 512 }, 64);
    const dueAt = new Map<number, number>();
    for (let cell = 0; cell < g.count; cell++) {
      const phase = phaseOf(g, cell);
      dueAt.set(phase, (dueAt.get(phase) ?? 0) + 1);
    }
    assert.deepEqual(
      [...dueAt.keys()].sort((a, b) => a - b),
      [0, 4, 8, 12, 16, 20, 24, 28],
    );
    assert.deepEqual(new Set(dueAt.values()), new Set([8]));
  });
});
