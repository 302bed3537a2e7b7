import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { decodeCodes } from "./codes.ts";
import { ByteReader, ByteWriter } from "./frame.ts";
import { wireRef } from "./handle.ts";
import { clientFrameBytesMax, packedKeyframeBytesMax } from "./limits.ts";
import { leaveTo, ZoneReplica } from "./replica.ts";
import {
  grid,
  dotKeyframes,
  kinds,
  levels,
  mergeBytes,
  quarters,
  replica,
  splitBytes,
  Wire,
  withDots,
  withQuarters,
} from "./replica-testing.ts";
import { lowerBound } from "./sorted-ids.ts";

describe("a keyframe", () => {
  test("is a region's whole state: who is there, and nobody else", () => {
    const { zone, told } = replica();
    assert.equal(zone.applyKeyframes(4, dotKeyframes()), undefined);
    assert.deepEqual(told(), ["+1@0", "+3@0", "+4@1"]);
    assert.deepEqual(
      [...zone.members],
      [
        [0, [1, 3]],
        [1, [4]],
      ],
    );
    const one = zone.entities.get(1)!;
    assert.deepEqual([...one.parts], [640, 1280, 5, 1]);
    assert.deepEqual([one.texts, one.ref, one.tick, one.strideTicks], [["one"], wireRef(2, 1), 4, 1]);
    const wire = new Wire();
    wire.region(0).count(1).count(3).at(13, 20, 6).mood(2).name("three");
    assert.equal(zone.applyKeyframes(5, wire.bytes()), undefined);
    assert.deepEqual(told(), ["~3@0.0", "~3@0.1", "~3@0.2", "~3@0.3", "-1@0"]);
    assert.deepEqual(zone.members.get(0), [3]);
  });

  test("takes an entity over from the region that claimed it before", () => {
    const { zone, told } = withDots();
    const wire = new Wire();
    wire.region(1).count(2).count(3).at(66, 20, 6).mood(2).name("three");
    wire.count(0).at(70, 20, 7).mood(3).name("four");
    assert.equal(zone.applyKeyframes(5, wire.bytes()), undefined);
    assert.equal(zone.entities.get(3)!.region, 1);
    told();
    // The other region's claim is older now: its keyframe without the entity does not end it.
    const empty = new Wire();
    empty.region(0).count(0);
    assert.equal(zone.applyKeyframes(5, empty.bytes()), undefined);
    assert.deepEqual(told(), ["-1@0"]);
    assert.ok(zone.entities.has(3));
  });

  test("that cannot be answers with a code", () => {
    const { zone } = replica();
    assert.equal(zone.applyKeyframes(1, dotKeyframes().subarray(0, 5)), "truncated");
    const code = (fill: (wire: Wire) => void) => {
      const wire = new Wire();
      fill(wire);
      return zone.applyKeyframes(1, wire.bytes());
    };
    assert.equal(
      code((wire) => wire.region(grid.capacity).bits(-1, 32)),
      "out_of_range",
      "no region has this number",
    );
    assert.equal(
      code((wire) => wire.quarter(2, 0).bits(-1, 32)),
      "out_of_range",
      "a quarter is at least one step down",
    );
    assert.equal(
      code((wire) => wire.quarter(2, 0, 0, 0, 0, 0, 0, 0).bits(-1, 32)),
      "out_of_range",
      "a region is at most five steps down",
    );
    assert.equal(
      code((wire) => wire.region(2)),
      "truncated",
    );
    assert.equal(
      code((wire) => wire.region(0).count(70_000)),
      "out_of_range",
    );
    assert.equal(
      code((wire) =>
        wire
          .region(0)
          .count(1)
          .count(3 * 65_536)
          .bits(0, 32),
      ),
      "out_of_range",
    );
    assert.equal(
      code((wire) =>
        wire
          .region(0)
          .count(1)
          .count(2 ** 24)
          .bits(0, 32),
      ),
      "out_of_range",
    );
    assert.equal(
      code((wire) => wire.region(0).count(1).count(9).bits(1, 12)),
      "truncated",
    );
    // A name of one byte that is not UTF-8.
    const named = (wire: Wire) => wire.region(0).count(1).count(9).at(1, 1, 1).mood(0).bits(1, 3);
    const broken = (wire: Wire) => {
      named(wire);
      for (let i = 0; i < 3; i++) wire.bits(0xff, 8);
    };
    assert.equal(code(broken), "out_of_range");
    assert.equal(zone.applyKeyframes(1, Uint8Array.of(0)), "truncated");
    assert.equal(zone.applyKeyframes(1, new Uint8Array(0)), undefined);
  });

  test("may not hold more entities than a zone can have", () => {
    const wire = new Wire();
    wire.region(0).count(65_536);
    for (let i = 0; i < 65_536; i++) wire.count(0).at(1, 1, 1).mood(0).name("");
    const { zone } = replica();
    assert.equal(zone.applyKeyframes(1, wire.bytes()), undefined);
    assert.equal(zone.entities.size, 65_536);
  });
});

describe("packed keyframes", () => {
  const packed = (...keyframes: Uint8Array[]) => {
    const writer = new ByteWriter();
    for (const keyframe of keyframes) {
      const bytes = deflateRawSync(keyframe);
      writer.v(bytes.length);
      writer.bytes(bytes);
    }
    return writer.copy();
  };

  test("say what they say plainly", () => {
    const plain = replica();
    assert.equal(plain.zone.applyKeyframes(4, dotKeyframes()), undefined);
    const { zone, told } = replica();
    const one = new Wire();
    one.region(1).count(1).count(4).at(70, 20, 7).mood(3).name("four");
    const bytes = Uint8Array.of(9, 9, ...packed(dotKeyframes(), one.bytes()), 9);
    assert.equal(zone.applyPackedKeyframes(4, bytes, 2, bytes.length - 1), undefined);
    assert.deepEqual(told().slice(0, 3), plain.told());
    assert.deepEqual(zone.members, plain.zone.members);
  });

  test("that are cut, broken or bombs are a code", () => {
    const { zone } = replica();
    const whole = packed(dotKeyframes());
    assert.equal(zone.applyPackedKeyframes(4, whole, 0, whole.length - 1), "truncated");
    assert.equal(zone.applyPackedKeyframes(4, Uint8Array.of(1, 0b111)), "out_of_range");
    assert.equal(zone.applyPackedKeyframes(4, packed(Uint8Array.of(0xff, 0xff))), "out_of_range");
    assert.equal(
      zone.applyPackedKeyframes(4, packed(new Uint8Array(packedKeyframeBytesMax + 1))),
      "too_large",
    );
    // Each within its limit, all of them more than a frame may hold. Whole regions of nobody: 10 bits and a count.
    const nobody = new Wire();
    while (nobody.lengthBytes < packedKeyframeBytesMax - 1) nobody.region(0).count(0).align();
    const many = packed(
      ...Array.from({ length: clientFrameBytesMax / packedKeyframeBytesMax + 1 }, () => nobody.bytes()),
    );
    assert.ok(many.length < 20_000, `${many.length} bytes`);
    assert.equal(zone.applyPackedKeyframes(4, many), "too_large");
  });
});

describe("a block", () => {
  test("changes masked fields of the members that its bitmap names", () => {
    const { zone, told } = withDots();
    const wire = new Wire();
    // Region 0 at an odd tick: critical as a bitmap (of 1 nothing, of 3 only the size), metadata: nothing.
    wire.region(0).flag(0).flag(1, 0).flag(0).flag(1);
    wire.flag(1, 1).bits(9, 4);
    wire.flag(0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(told(), ["~3@0.0"]);
    assert.deepEqual([...zone.entities.get(3)!.parts], [768, 1280, 9, 2]);
    assert.deepEqual([zone.entities.get(3)!.tick, zone.entities.get(1)!.tick], [5, 4]);
  });

  test("changes the members that its list names, with every channel due", () => {
    const { zone, told } = withDots();
    const wire = new Wire();
    wire.region(0).flag(0).flag(0);
    // detailed (due at even ticks): a list of one, index 1 of two. One field, so no mask.
    wire.flag(1, 1).count(0).flag(1).mood(7);
    wire.flag(1, 0).flag(1).name("uno").flag(0);
    assert.equal(zone.applyBlocks(0, 6, wire.bytes()), undefined);
    assert.deepEqual(told(), ["~3@0.1", "~1@0.3"]);
    assert.equal(zone.entities.get(3)!.parts[3], 7);
    assert.deepEqual(zone.entities.get(1)!.texts, ["uno"]);
    assert.equal(zone.entities.get(1)!.tick, 4, "only `critical` says where an entity is at what time");
  });

  test("carries the stride of its level, over which a client interpolates", () => {
    const { zone } = withDots();
    const wire = new Wire();
    wire.region(1).flag(0).flag(1, 0, 1);
    wire.flag(1, 0).at(71, 20, 1);
    assert.equal(zone.applyBlocks(1, 6, wire.bytes()), undefined);
    assert.deepEqual([zone.entities.get(4)!.strideTicks, zone.entities.get(4)!.tick], [2, 6]);
  });

  test("of a level with near bits says by low bits where somebody is who was known", () => {
    const nearLevels = levels.map((level) => ({ ...level, nearBits: 6 }));
    const zone = new ZoneReplica({ grid, kinds, levels: nearLevels });
    const first = new Wire();
    first.region(0).count(1).count(1).at(12, 20, 1).mood(0).name("one");
    assert.equal(zone.applyKeyframes(4, first.bytes()), undefined);
    const near = new Wire();
    // Near; the first of two fields; 31 steps east and 31 north of where it was, as their low six bits.
    near
      .region(0)
      .flag(0)
      .flag(1, 0, 1, 1, 0)
      .bits((12 * 64 + 31) & 63, 6);
    near.bits((20 * 64 - 31) & 63, 6);
    assert.equal(zone.applyBlocks(0, 5, near.flag(0).bytes()), undefined);
    assert.deepEqual([...zone.entities.get(1)!.parts.subarray(0, 2)], [12 * 64 + 31, 20 * 64 - 31]);
    const whole = new Wire();
    // Not near; both fields.
    whole.region(0).flag(0).flag(1, 0, 0, 1, 1, 0).at(50, 2, 7).flag(0);
    assert.equal(zone.applyBlocks(0, 7, whole.bytes()), undefined);
    assert.deepEqual([...zone.entities.get(1)!.parts.subarray(0, 3)], [50 * 64, 2 * 64, 7]);
  });

  test("of a level with near bits says whole where those are who came in it", () => {
    const nearLevels = levels.map((level) => ({ ...level, nearBits: 6 }));
    const zone = new ZoneReplica({ grid, kinds, levels: nearLevels });
    const first = new Wire();
    first.region(0).count(1).count(1).at(12, 20, 1).mood(0).name("one");
    first.region(1).count(1).count(3).at(70, 20, 1).mood(0).name("three");
    assert.equal(zone.applyKeyframes(4, first.bytes()), undefined);
    const wire = new Wire();
    // Nobody left, 3 came and has nothing new in the channels that are not due; then both moved.
    wire.region(0).flag(1).count(0).count(1).id(3).flag(0, 0);
    wire.flag(1, 0, 1, 1, 0).bits((12 * 64 - 5) & 63, 6);
    wire.bits((20 * 64 + 5) & 63, 6);
    wire.flag(1, 1, 0).at(40, 40, 9).flag(0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual([...zone.entities.get(1)!.parts.subarray(0, 2)], [12 * 64 - 5, 20 * 64 + 5]);
    assert.deepEqual([...zone.entities.get(3)!.parts.subarray(0, 3)], [40 * 64, 40 * 64, 9]);
  });

  test("says who left, and keeps those whose destination is held", () => {
    const { zone, told } = withDots();
    const wire = new Wire();
    wire.region(0).flag(1).count(2);
    wire.id(1).bits(leaveTo.region, 2);
    wire.bits(1, 10);
    wire.id(3).bits(leaveTo.zone, 2);
    wire.bits(7, 12);
    wire.bits(99, 24);
    wire.count(0).flag(0, 0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(told(), [`-3@0>${wireRef(7, 99)}`]);
    assert.equal(zone.entities.get(1)!.region, 1);
    assert.deepEqual(zone.members.get(0), []);
    assert.deepEqual(zone.members.get(1), [4], "a region's own block says who enters");
  });

  test("says who is gone, or went where nobody looks", () => {
    const { zone, told } = withDots();
    zone.drop([1]);
    told();
    const wire = new Wire();
    wire.region(0).flag(1).count(2);
    wire.id(1).bits(leaveTo.region, 2);
    wire.bits(1, 10);
    wire.id(3).bits(leaveTo.gone, 2);
    wire.count(0).flag(0, 0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(told(), ["-1@0", "-3@0"]);
  });

  test("obeys a leave only while the entity is still there", () => {
    const { zone, told } = withDots();
    zone.entities.get(1)!.region = 1;
    const wire = new Wire();
    wire.region(0).flag(1).count(1);
    wire.id(1).bits(leaveTo.gone, 2);
    wire.count(0).flag(0, 0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(told(), []);
    assert.ok(zone.entities.has(1));
  });

  test("says who came: known ones by id, others in full", () => {
    const { zone, told } = withDots();
    const wire = new Wire();
    wire.region(1).flag(1).count(0).count(2);
    // `detailed` is not due at an odd tick: of who is known it says whether that changed.
    wire.id(3).flag(0).flag(0);
    wire.id(2).flag(1).at(80, 30, 2).mood(4).name("two").flag(0, 0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(zone.members.get(1), [2, 3, 4]);
    assert.deepEqual(told(), ["+2@1"]);
    assert.equal(zone.entities.get(3)!.region, 1);
  });

  test("brings who came up to date in channels that are not due, and in no others", () => {
    const { zone, told } = withDots();
    const wire = new Wire();
    wire.region(1).flag(1).count(0).count(1);
    wire.id(3).flag(0).flag(1).mood(7).flag(0, 0);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), undefined);
    assert.deepEqual(told(), ["~3@1.1"]);
    assert.equal(zone.entities.get(3)!.parts[3], 7);
    const even = new Wire();
    even.region(1).flag(1).count(0).count(1);
    even.id(1).flag(0).flag(0, 0, 0);
    assert.equal(zone.applyBlocks(0, 6, even.bytes()), undefined);
    assert.deepEqual(told(), []);
    assert.deepEqual(zone.members.get(1), [1, 3, 4]);
  });

  test("of a level without a channel says full records without it", () => {
    const { zone } = withDots();
    const wire = new Wire();
    wire.region(1).flag(1).count(0).count(1);
    wire.id(2).flag(1).at(80, 30, 2).flag(0);
    assert.equal(zone.applyBlocks(1, 6, wire.bytes()), undefined);
    assert.deepEqual([...zone.entities.get(2)!.parts], [80 * 64, 30 * 64, 2, 0]);
    assert.equal(zone.entities.get(2)!.strideTicks, 2);
  });

  test("that speaks of what is not held asks for keyframes by its code", () => {
    const code = (fill: (wire: Wire) => void, level = 0, tick = 5) => {
      const { zone } = withDots();
      const wire = new Wire();
      fill(wire);
      return zone.applyBlocks(level, tick, wire.bytes());
    };
    const { zone } = replica();
    assert.equal(zone.applyBlocks(0, 5, Uint8Array.of(0, 0, 0)), "state_mismatch");
    assert.equal(
      code((wire) => wire.region(0).flag(1).count(0).count(1).id(9).flag(0)),
      "state_mismatch",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(0).flag(1, 1).count(2).bits(0, 16)),
      "state_mismatch",
    );
    // Three members need two bits for an index; the fourth index is nobody's.
    assert.equal(
      code((wire) => {
        wire.region(0).flag(1).count(0).count(1).id(7).flag(1).at(1, 1, 1).mood(0).name("");
        wire.flag(1, 1).count(0).bits(3, 2);
        wire.bits(0, 32);
      }),
      "state_mismatch",
    );
    assert.equal(
      code((wire) => wire.region(5)),
      "state_mismatch",
      "a quarter that is not held",
    );
    assert.equal(
      code((wire) => wire.region(grid.capacity)),
      "out_of_range",
    );
    assert.equal(
      code((wire) => wire.region(0), 2),
      "out_of_range",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(1).count(100_000)),
      "too_large",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(1).count(0).count(100_000)),
      "too_large",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(1).count(1).id(1)),
      "truncated",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(1).count(0).count(1)),
      "truncated",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(1).count(0).count(1).id(1, 3).flag(1)),
      "out_of_range",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(0, 1, 1)),
      "truncated",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(0, 1, 0, 1).bits(1, 2)),
      "truncated",
    );
    assert.equal(
      code((wire) => wire.region(0).flag(1)),
      "truncated",
    );
    assert.equal(withDots().zone.applyBlocks(0, 5, Uint8Array.of(1)), "truncated");
  });

  test("of a member whose entity is lost asks for keyframes too", () => {
    const { zone } = withDots();
    zone.entities.delete(1);
    assert.equal(zone.digest(0, 0), undefined);
    const wire = new Wire();
    wire.region(0).flag(0).flag(1, 0).flag(1).bits(0, 2);
    assert.equal(zone.applyBlocks(0, 5, wire.bytes()), "state_mismatch");
  });
});

describe("an intro", () => {
  test("makes entities known before the block that lets them in", () => {
    const { zone, told } = withDots();
    const intro = new Wire();
    intro.region(1).count(2);
    intro.id(8).at(66, 8, 8).mood(1).name("eight");
    intro.id(3).at(67, 8, 8).mood(1).name("three");
    assert.equal(zone.applyIntros(0, 5, intro.bytes()), undefined);
    assert.deepEqual(told(), ["+8@1", "~3@1.0", "~3@1.1", "~3@1.3"]);
    assert.deepEqual(zone.members.get(1), [4]);
    // Dropping the region ends who was only promised to it, too.
    zone.drop([1]);
    assert.deepEqual(told(), ["-4@1", "-3@1", "-8@1"]);
  });

  test("that cannot be answers with a code", () => {
    const code = (level: number, fill: (wire: Wire) => void) => {
      const wire = new Wire();
      fill(wire);
      return withDots().zone.applyIntros(level, 5, wire.bytes());
    };
    assert.equal(
      code(2, () => {}),
      "out_of_range",
    );
    assert.equal(
      code(0, (wire) => wire.region(2).count(0)),
      "state_mismatch",
      "a quarter that is not held",
    );
    assert.equal(
      code(0, (wire) => wire.region(grid.capacity).count(0)),
      "out_of_range",
    );
    assert.equal(
      code(0, (wire) => wire.region(0).count(70_000)),
      "out_of_range",
    );
    assert.equal(
      code(0, (wire) => wire.region(0).count(1).id(5)),
      "truncated",
    );
    assert.equal(
      code(0, (wire) => wire.region(0).count(1)),
      "truncated",
    );
    assert.equal(withDots().zone.applyIntros(0, 5, Uint8Array.of(1)), "truncated");
  });
});

describe("what is held", () => {
  test("is forgotten region by region, or altogether", () => {
    const { zone, told } = withDots();
    zone.drop([0, 0, 9]);
    assert.deepEqual(told(), ["-1@0", "-3@0"]);
    zone.clear();
    assert.deepEqual(told(), ["-4@1"]);
    assert.deepEqual([zone.entities.size, zone.members.size], [0, 0]);
  });

  test("has a digest that every seen field changes, and no unseen one", () => {
    const { zone } = withDots();
    assert.equal(zone.digest(7, 0), undefined);
    assert.equal(zone.digest(0, 7), undefined);
    const [near, far] = [zone.digest(0, 0), zone.digest(0, 1)];
    zone.entities.get(1)!.texts[0] = "on";
    assert.notEqual(zone.digest(0, 0), near);
    assert.equal(zone.digest(0, 1), far, "the far level shows no names");
    zone.entities.get(3)!.parts[2]!++;
    assert.notEqual(zone.digest(0, 1), far);
  });

  test("comes back from its bytes; broken ones are refused", () => {
    const { zone } = withQuarters();
    const writer = new ByteWriter();
    zone.save(writer);
    const bytes = writer.copy();
    const other = replica();
    assert.equal(other.zone.restore(new ByteReader(bytes)), true);
    assert.deepEqual(other.told(), []);
    assert.deepEqual(other.zone.entities, zone.entities);
    assert.deepEqual(other.zone.members, zone.members);
    for (const region of zone.members.keys())
      assert.deepEqual(other.zone.shapeOf(region), zone.shapeOf(region));
    for (let length = 0; length < bytes.length; length++)
      assert.equal(replica().zone.restore(new ByteReader(bytes, 0, length)), false);
    assert.equal(replica().zone.restore(new ByteReader(Uint8Array.of(1, 0, 0, 9, 0))), false);
  });
});

test("no bytes make a replica throw, with or without a state before", () => {
  const changed = (valid: Uint8Array) =>
    fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, value]) => valid.with(at, value));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    changed(dotKeyframes()),
    changed(splitBytes()),
    changed(mergeBytes(0, quarters)),
    fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 60 })).map(([at, rest]) => Uint8Array.of(at, 0, ...rest)),
  );
  const states = fc.constantFrom(replica, withDots, withQuarters);
  fc.assert(
    fc.property(bytes, fc.nat(2), states, (given, level, state) => {
      const { zone } = state();
      for (const code of [
        zone.applyReshapes(given),
        zone.applyBlocks(level, 6, given),
        zone.applyIntros(level, 6, given),
        zone.applyKeyframes(6, given),
        zone.applyBlocks(level, 7, given),
      ]) {
        assert.ok(code === undefined || code in decodeCodes);
      }
    }),
    { numRuns: 500 },
  );
});

test("the lower bound is the first place that is not below", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(60), (numbers, id) => {
      const sorted = numbers.sort((a, b) => a - b);
      const first = sorted.findIndex((value) => value >= id);
      assert.equal(lowerBound(sorted, sorted.length, id), first < 0 ? sorted.length : first);
    }),
  );
});
