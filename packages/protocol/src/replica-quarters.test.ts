import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "./frame.ts";
import { phaseOf, RegionGrid } from "./regions.ts";
import { ZoneReplica } from "./replica.ts";
import {
  cell0,
  grid,
  kinds,
  levels,
  mergeBytes,
  moreQuarters,
  northWest,
  quarters,
  replica,
  southEast,
  splitBytes,
  Wire,
  withDots,
  withQuarters,
} from "./replica-testing.ts";

describe("a keyframe of a quarter", () => {
  test("says where it lies, and what follows is relative to that", () => {
    const { zone, told } = replica();
    const wire = new Wire();
    wire.quarter(7, 1, 3, 0).count(1);
    const at = grid.quarterOf(grid.quarterOf(grid.shapeOf(1), 3), 0);
    wire.count(5).within(at, 97, 33, 2).mood(1).name("five");
    assert.equal(zone.applyKeyframes(4, wire.bytes()), undefined);
    assert.deepEqual(told(), ["+5@7"]);
    assert.deepEqual(zone.shapeOf(7), at);
    const block = new Wire();
    block.region(7).flag(0).flag(1, 0, 1);
    // The first of two fields alone.
    block.flag(0);
    block.bits(97.5 * 64 - at.originX, at.positionBits);
    block.bits(33.5 * 64 - at.originY, at.positionBits);
    block.flag(0);
    assert.equal(zone.applyBlocks(0, 5, block.bytes()), undefined);
    assert.deepEqual([...zone.entities.get(5)!.parts.subarray(0, 2)], [97.5 * 64, 33.5 * 64]);
    zone.drop([7]);
    assert.deepEqual([zone.shapeOf(7), zone.entities.size], [undefined, 0]);
  });

  test("may give its number a new place", () => {
    const { zone } = replica();
    for (const quadrant of [1, 2]) {
      const wire = new Wire();
      wire.quarter(2, 0, quadrant).count(0);
      assert.equal(zone.applyKeyframes(4, wire.bytes()), undefined);
      assert.deepEqual(zone.shapeOf(2), grid.quarterOf(cell0, quadrant));
    }
  });
});

describe("a split", () => {
  test("puts each member into its quarter and changes no value, and nobody hears of it", () => {
    const { zone, told } = withQuarters();
    assert.deepEqual(told(), []);
    assert.deepEqual(
      [...zone.members].sort(([a], [b]) => a - b),
      [
        [1, [4]],
        [2, [1]],
        [3, []],
        [4, []],
        [5, [3]],
      ],
    );
    assert.deepEqual([...zone.entities.values()].map(({ region }) => region).sort(), [1, 2, 5]);
    assert.deepEqual([...zone.entities.get(1)!.parts], [640, 1280, 5, 1]);
    assert.equal(zone.shapeOf(0), undefined);
    assert.deepEqual(zone.shapeOf(5), southEast);
  });

  test("may follow a split in one section, as deep as regions go", () => {
    const { zone } = withDots();
    const wire = new Wire();
    let [region, first] = [0, quarters];
    const told: number[] = [];
    for (let depth = 0; depth <= 5; depth++) {
      wire.region(region).flag(0).bits(first, 10);
      wire.count(2).bits(0, 4);
      told.push(first);
      [region, first] = [first, first + 4];
    }
    const bytes = wire.bytes();
    assert.equal(zone.applyReshapes(bytes), "out_of_range", "the sixth split is one too many");
    assert.deepEqual(zone.members.get(told[4]!), [1, 3]);
    assert.equal(zone.shapeOf(told[4]!)!.sizeM, 2);
  });

  test("is followed by blocks that are relative to the quarter, due at the quarter's phase", () => {
    const { zone, told } = withQuarters();
    assert.equal(phaseOf(grid, 2), (3 << 2) + 2);
    const wire = new Wire();
    wire.region(2).flag(0).flag(1).flag(1, 1);
    wire.flag(1, 0).within(northWest, 20.5, -3, 9).flag(0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(told(), ["~1@2.0"]);
    assert.deepEqual([...zone.entities.get(1)!.parts], [20.5 * 64, -3 * 64, 9, 1]);
  });

  test("leaves nobody behind who was only promised to the region", () => {
    const { zone, told } = withDots();
    const intro = new Wire();
    intro.region(0).count(1).id(8).at(6, 8, 8).mood(1).name("eight");
    assert.equal(zone.applyIntros(0, 5, intro.bytes()), undefined);
    told();
    assert.equal(zone.applyReshapes(splitBytes()), undefined);
    assert.deepEqual(told(), ["-8@0"]);
  });
});

describe("a merge", () => {
  test("is the end of four quarters: members and values are those of the whole", () => {
    const { zone, told } = withQuarters();
    assert.equal(zone.applyReshapes(mergeBytes(0, quarters)), undefined);
    assert.deepEqual(told(), []);
    assert.deepEqual(
      [...zone.members].sort(([a], [b]) => a - b),
      [
        [0, [1, 3]],
        [1, [4]],
      ],
    );
    assert.deepEqual(zone.shapeOf(0), cell0);
    assert.equal(zone.shapeOf(2), undefined);
    assert.equal(zone.entities.get(3)!.region, 0);
  });

  test("of quarters of a quarter is that quarter, at its place", () => {
    const { zone } = withQuarters();
    const wire = new Wire();
    wire.region(5).flag(0).bits(moreQuarters, 10);
    wire.count(1).bits(2, 2);
    assert.equal(zone.applyReshapes(wire.bytes()), undefined);
    assert.deepEqual(zone.members.get(8), [3]);
    assert.equal(zone.applyReshapes(mergeBytes(5, moreQuarters)), undefined);
    assert.deepEqual(zone.members.get(5), [3]);
    assert.deepEqual(zone.shapeOf(5), southEast);
  });

  test("undoes a split, whoever is where", () => {
    const quadrants = fc.array(fc.nat(3), { maxLength: 20 });
    fc.assert(
      fc.property(quadrants, (given) => {
        const { zone } = replica();
        const keyframe = new Wire();
        keyframe.region(0).count(given.length);
        for (const _ of given) keyframe.count(1).at(1, 1, 1).mood(0).name("");
        assert.equal(zone.applyKeyframes(4, keyframe.bytes()), undefined);
        const before = zone.digest(0, 0);
        const wire = new Wire();
        wire.region(0).flag(0).bits(quarters, 10);
        wire.count(given.length);
        for (const quadrant of given) wire.bits(quadrant, 2);
        assert.equal(zone.applyReshapes(wire.bytes()), undefined);
        given.forEach((quadrant, i) => {
          assert.ok(zone.members.get(quarters + quadrant)!.includes(1 + 2 * i));
          assert.equal(zone.entities.get(1 + 2 * i)!.region, quarters + quadrant);
        });
        assert.equal(zone.applyReshapes(mergeBytes(0, quarters)), undefined);
        assert.equal(zone.digest(0, 0), before);
      }),
    );
  });
});

describe("a split or merge that cannot be", () => {
  test("answers with a code", () => {
    const code = (fill: (wire: Wire) => void, made = withDots()) => {
      const wire = new Wire();
      fill(wire);
      return made.zone.applyReshapes(wire.bytes());
    };
    const isSplit = (wire: Wire, region: number, first: number) =>
      wire.region(region).flag(0).bits(first, 10);
    const fits = (wire: Wire) => {
      wire.count(2);
      wire.bits(0, 4);
    };
    for (const [region, first, why] of [
      [grid.capacity, quarters, "no such region"],
      [0, 1, "a quarter has no cell's number"],
      [0, 3, "quarters come in fours"],
      [0, grid.capacity, "no such quarters"],
    ] as const) {
      const one = (wire: Wire) => {
        isSplit(wire, region, first);
        fits(wire);
      };
      assert.equal(code(one), "out_of_range", why);
      assert.equal(
        code((wire) => wire.region(region).flag(1).bits(first, 10)),
        "out_of_range",
        why,
      );
    }
    const notHeld = (wire: Wire) => {
      isSplit(wire, 2, moreQuarters);
      fits(wire);
    };
    assert.equal(code(notHeld), "state_mismatch");
    const oneMore = (wire: Wire) => {
      isSplit(wire, 0, quarters);
      wire.count(3).bits(0, 6);
    };
    assert.equal(code(oneMore), "state_mismatch", "another number of members than are held");
    assert.equal(
      code((wire) => wire.region(0).flag(1).bits(quarters, 10)),
      "state_mismatch",
    );
    const partly = withQuarters();
    partly.zone.drop([3]);
    assert.equal(
      code((wire) => wire.region(0).flag(1).bits(quarters, 10), partly),
      "state_mismatch",
    );
    for (let length = 1; length < 4; length++)
      assert.equal(withDots().zone.applyReshapes(splitBytes().subarray(0, length)), "truncated");
    assert.equal(withDots().zone.applyReshapes(new Uint8Array(0)), undefined);
  });
});

test("a quarter comes back from a checkpoint to its place, also where bounds are no whole numbers", () => {
  const anyGrid = fc
    .tuple(
      fc.double({ min: -2000, max: 2000, noNaN: true }),
      fc.double({ min: -2000, max: 2000, noNaN: true }),
      fc.constantFrom(16, 33.3, 64, 100),
    )
    .map(([x, y, sizeM]) => new RegionGrid(2, { x, y, width: sizeM * 7.5, height: sizeM * 5 }, sizeM));
  const path = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(anyGrid, fc.nat(39), path, (at, cell, quadrants) => {
      const zone = new ZoneReplica({ grid: at, kinds, levels });
      const wire = new Wire();
      wire.region(at.count).bits(cell, 6);
      wire.bits(quadrants.length, 3);
      for (const quadrant of quadrants.toReversed()) wire.bits(quadrant, 2);
      assert.equal(zone.applyKeyframes(4, wire.count(0).bytes()), undefined);
      const writer = new ByteWriter();
      zone.save(writer);
      const other = new ZoneReplica({ grid: at, kinds, levels });
      assert.ok(other.restore(new ByteReader(writer.copy())));
      assert.deepEqual(other.shapeOf(at.count), zone.shapeOf(at.count));
    }),
    { numRuns: 300 },
  );
});
