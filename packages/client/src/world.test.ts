import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeClientFrame, section, wireRef, ByteWriter, zoneOf } from "@myriad/protocol";
import fc from "fast-check";
import { agreementOf } from "./agreement.ts";
import type { WorldEntity } from "./entity-view.ts";
import { east, fakeSchema, fakeWelcome, Stone, stoneLayout, Walker, walkerLayout, west } from "./fake.ts";
import {
  encodeBlock,
  encodeClientFrame,
  encodeGroup,
  encodeKeyframe,
  encodeMerge,
  encodeSelf,
  encodeSplit,
  type WrittenBlock,
  type WrittenEntity,
  type WrittenFrame,
  type WrittenRegion,
  type WrittenSection,
} from "./frame-writer.ts";
import { newPose } from "./track.ts";
import { type Applied, World } from "./world.ts";

const walker = (id: number, values: Record<string, unknown> = {}): WrittenEntity => ({
  id,
  kind: walkerLayout,
  values: { position: { x: 10, y: 20 }, health: 1, name: `w${id}`, ...values },
});
const stone = (row: number): WrittenEntity => ({
  id: 0x10000 + row,
  kind: stoneLayout,
  values: { position: { x: 1, y: 2 }, weight: 9 },
});
const keyframe = (grid = west, ...entities: WrittenEntity[]): WrittenSection => ({
  kind: section.keyframes,
  bytes: encodeKeyframe(grid, 0, entities),
});
const block = (
  grid: typeof west,
  parts: Omit<WrittenBlock, "region" | "kinds"> & { region?: WrittenRegion },
): WrittenSection => ({
  kind: section.blocks,
  bytes: encodeBlock(grid, { region: 0, kinds: fakeSchema.kinds.length, ...parts }),
});
/** The four quarters of the western zone's only region have the first numbers above it. */
const quarter = (quadrant: number): WrittenRegion => ({
  region: west.count + quadrant,
  cell: 0,
  quadrants: [quadrant],
});
const split = (...quadrants: number[]): WrittenSection => ({
  kind: section.reshapes,
  bytes: encodeSplit(west, { region: 0, first: west.count, quadrants }),
});
const merge: WrittenSection = {
  kind: section.reshapes,
  bytes: encodeMerge(west, { region: 0, first: west.count }),
};
const noChanges = [[], [], [], []];
const drops = (...regions: number[]): WrittenSection => {
  const writer = new ByteWriter();
  for (const region of regions) writer.u16(region);
  return { kind: section.drops, bytes: writer.copy() };
};

/** A world with a log of what its listeners heard. */
function newWorld() {
  const world = new World(fakeSchema, agreementOf(fakeSchema), fakeWelcome());
  const log: string[] = [];
  const nameOf = (entity: WorldEntity) => (world.is(entity, Walker) ? entity.state.name : entity.kind.name);
  world.events.on("spawn", (entity) => log.push(`spawn ${nameOf(entity)}`));
  world.events.on("change", (entity, channels) => log.push(`change ${nameOf(entity)} ${channels}`));
  world.events.on("vanish", (entity) => log.push(`vanish ${nameOf(entity)}`));
  world.events.on("renamed", (entity, before) =>
    log.push(`renamed ${nameOf(entity)} ${zoneOf(before)} ${zoneOf(entity.ref)}`),
  );
  let tick = 0;
  const apply = (
    zones: WrittenFrame["zones"],
    parts: Partial<WrittenFrame> = {},
    nowMs?: number,
  ): Applied => {
    tick++;
    const decoded = decodeClientFrame(
      encodeClientFrame({
        frame: tick,
        homeZone: 0,
        tick,
        ...(zones === undefined ? {} : { zones }),
        ...parts,
      }),
    );
    assert.ok(decoded.ok);
    return world.apply(decoded.value, nowMs ?? tick * 50);
  };
  /** A frame with one zone's part. */
  const applyTo = (zone: number, ...sections: WrittenSection[]) =>
    apply([{ zone, tick: tick + 1, sections }]);
  const heard = () => log.splice(0);
  return { world, apply, applyTo, heard };
}

const fine: Applied = { problems: [], mismatches: 0 };

describe("a world", () => {
  test("shows entities with typed fields", () => {
    const { world, applyTo, heard } = newWorld();
    const values = { heading: Math.PI, mood: "angry", friend: wireRef(0, 2) };
    assert.deepEqual(applyTo(0, keyframe(west, walker(1, values), walker(2), stone(0))), fine);
    assert.deepEqual(heard(), ["spawn w1", "spawn w2", "spawn stone"]);
    const [first] = world.entities(Walker);
    assert.ok(first !== undefined);
    const { position, heading, health, mood, name, friend } = first.state;
    assert.deepEqual(
      { position, heading, health, mood, name, friend },
      {
        position: { x: 10, y: 20 },
        heading: Math.PI,
        health: 1,
        mood: "angry",
        name: "w1",
        friend: wireRef(0, 2),
      },
    );
    assert.equal(first.kind, Walker);
    assert.equal(world.get(friend), [...world.entities(Walker)][1]);
    assert.equal([...world.entities(Stone)][0]?.state.weight, 9);
    assert.equal(world.size, 3);
    assert.equal(first.tick, 1);
    assert.equal(first.strideTicks, 1);
  });

  test("tells changes once a frame, with their channels, and keeps the object", () => {
    const { world, applyTo, heard } = newWorld();
    applyTo(0, keyframe(west, walker(1), walker(2)));
    const before = world.get(wireRef(0, 2));
    heard();
    const moved = { id: 2, kind: walkerLayout, values: { position: { x: 11, y: 20 } } };
    const hurt = { id: 2, kind: walkerLayout, values: { health: 0.5 } };
    const channels = [[{ index: 1, entity: moved }], [{ index: 1, entity: hurt }], [], []];
    assert.deepEqual(applyTo(0, block(west, { members: 2, channels })), fine);
    assert.deepEqual(heard(), ["change w2 3"]);
    const after = world.get(wireRef(0, 2));
    assert.equal(after, before);
    assert.ok(world.is(after, Walker));
    assert.equal(after.state.position.x, 11);
    assert.ok(Math.abs(after.state.health - 0.5) < 0.01);
  });

  test("tells of entities that come, go, and leave the view", () => {
    const { world, applyTo, heard } = newWorld();
    applyTo(0, keyframe(west, walker(1)));
    applyTo(0, block(west, { members: 2, enters: [walker(5)], channels: noChanges }));
    applyTo(0, block(west, { members: 1, leaves: [{ id: 1 }], channels: noChanges }));
    const last = world.get(wireRef(0, 5));
    applyTo(0, drops(0));
    assert.deepEqual(heard(), ["spawn w1", "spawn w5", "vanish w1", "vanish w5"]);
    assert.equal(last?.isPresent, false);
    assert.equal(world.size, 0);
  });

  test("hears nothing of regions that split and merge: who is where is the same", () => {
    const { world, applyTo, heard } = newWorld();
    const southEast = walker(2, { position: { x: 40, y: 50 } });
    applyTo(0, keyframe(west, walker(1), southEast));
    const [first, second] = [world.get(wireRef(0, 1)), world.get(wireRef(0, 2))];
    heard();
    assert.deepEqual(applyTo(0, split(0, 3)), fine);
    assert.deepEqual(heard(), []);
    const step = { id: 2, kind: walkerLayout, values: { position: { x: 41.5, y: 50 } } };
    const channels = [[{ index: 0, entity: step }], [], [], []];
    assert.deepEqual(applyTo(0, block(west, { region: quarter(3), members: 1, channels })), fine);
    assert.deepEqual(heard(), ["change w2 1"]);
    const newcomer = walker(7, { position: { x: 50, y: 2 } });
    const parts = { region: quarter(1), members: 1, enters: [newcomer], channels: noChanges };
    assert.deepEqual(applyTo(0, block(west, parts)), fine);
    heard();
    assert.deepEqual(applyTo(0, merge), fine);
    assert.deepEqual(heard(), []);
    assert.deepEqual([world.get(wireRef(0, 1)), world.get(wireRef(0, 2))], [first, second]);
    assert.ok(world.is(second, Walker));
    assert.equal(second.state.position.x, 41.5);
    applyTo(0, drops(0));
    assert.equal(world.size, 0);
  });

  test("learns of a quarter by its keyframe, wherever it lies", () => {
    const { world, applyTo } = newWorld();
    const bytes = encodeKeyframe(west, quarter(2), [walker(1, { position: { x: 3, y: 60 } })]);
    assert.deepEqual(applyTo(0, { kind: section.keyframes, bytes }), fine);
    const [only] = world.entities(Walker);
    assert.deepEqual(only?.state.position, { x: 3, y: 60 });
    const crossed = {
      region: quarter(2),
      members: 0,
      leaves: [{ id: 1, toRegion: 1 }],
      channels: noChanges,
    };
    assert.deepEqual(applyTo(0, block(west, crossed)), fine);
    assert.equal(world.size, 0, "nobody looks at the region where it went");
  });

  test("an entity that crosses a border stays the same object", () => {
    const { world, apply, heard } = newWorld();
    apply([
      { zone: 0, tick: 1, sections: [keyframe(west, walker(1))] },
      { zone: 1, tick: 501, sections: [keyframe(east)] },
    ]);
    const entity = world.get(wireRef(0, 1));
    const toRef = wireRef(1, 9);
    heard();
    apply([
      {
        zone: 0,
        tick: 2,
        sections: [block(west, { members: 0, leaves: [{ id: 1, toRef }], channels: noChanges })],
      },
    ]);
    assert.deepEqual(heard(), ["renamed w1 0 1"]);
    assert.equal(world.get(toRef), entity, "it is found under its next name while it is on its way");
    assert.equal(world.get(wireRef(0, 1)), undefined);
    assert.equal([...world.entities(Walker)].length, 1);
    const there = walker(9, { name: "w1", position: { x: 65, y: 20 } });
    apply([
      { zone: 1, tick: 503, sections: [block(east, { members: 1, enters: [there], channels: noChanges })] },
    ]);
    assert.deepEqual(heard(), ["change w1 15"]);
    assert.equal(world.get(toRef), entity);
    const pose = newPose();
    world.pose(entity!, 160, pose);
    assert.ok(pose.x >= 10 && pose.x <= 65, `drawn at ${pose.x}`);
  });

  test("both sides of a crossing in one frame are one entity, in either order", () => {
    for (const isReversed of [false, true]) {
      const { world, apply, heard } = newWorld();
      apply([
        { zone: 0, tick: 1, sections: [keyframe(west, walker(1))] },
        { zone: 1, tick: 501, sections: [keyframe(east)] },
      ]);
      heard();
      const toRef = wireRef(1, 9);
      const leave = {
        zone: 0,
        tick: 2,
        sections: [block(west, { members: 0, leaves: [{ id: 1, toRef }], channels: noChanges })],
      };
      const enter = {
        zone: 1,
        tick: 502,
        sections: [block(east, { members: 1, enters: [walker(9, { name: "w1" })], channels: noChanges })],
      };
      apply(isReversed ? [enter, leave] : [leave, enter]);
      assert.deepEqual(heard(), ["renamed w1 0 1", "change w1 15"]);
      assert.equal(world.size, 1);
    }
  });

  test("an entity that the next zone told of before is merged with the one that is known longer", () => {
    const { world, apply, heard } = newWorld();
    apply([{ zone: 0, tick: 1, sections: [keyframe(west, walker(1))] }]);
    const entity = world.get(wireRef(0, 1));
    apply([{ zone: 1, tick: 501, sections: [keyframe(east, walker(9))] }]);
    heard();
    const toRef = wireRef(1, 9);
    apply([
      {
        zone: 0,
        tick: 3,
        sections: [block(west, { members: 0, leaves: [{ id: 1, toRef }], channels: noChanges })],
      },
    ]);
    assert.deepEqual(heard(), ["renamed w9 0 1", "change w9 15", "vanish w9"]);
    assert.equal(world.get(toRef), entity);
    assert.equal(world.size, 1);
  });

  test("an entity whose next zone is not in view vanishes after a second", () => {
    const { world, apply, heard } = newWorld();
    apply([{ zone: 0, tick: 1, sections: [keyframe(west, walker(1))] }], {}, 0);
    const toRef = wireRef(1, 9);
    apply(
      [
        {
          zone: 0,
          tick: 2,
          sections: [block(west, { members: 0, leaves: [{ id: 1, toRef }], channels: noChanges })],
        },
      ],
      {},
      50,
    );
    heard();
    apply([], {}, 900);
    assert.deepEqual(heard(), []);
    apply([], {}, 1051);
    assert.deepEqual(heard(), ["vanish w1"]);
    assert.equal(world.get(toRef), undefined);
  });

  test("a renewal keeps the objects of what keyframes bring back, and lets the rest go", () => {
    const { world, apply, heard } = newWorld();
    apply([{ zone: 0, tick: 1, sections: [keyframe(west, walker(1), walker(2))] }], {}, 0);
    const kept = world.get(wireRef(0, 1));
    heard();
    world.renew(100);
    assert.equal(world.size, 2, "the picture stands still meanwhile");
    apply([{ zone: 0, tick: 9, sections: [keyframe(west, walker(1, { health: 0 }))] }], {}, 500);
    assert.deepEqual(heard(), ["change w1 15"]);
    assert.equal(world.get(wireRef(0, 1)), kept);
    apply([], {}, 1200);
    assert.deepEqual(heard(), ["vanish w2"]);
  });

  test("knows the own entity and what only its player sees", () => {
    const { world, apply } = newWorld();
    assert.equal(world.ownRef, 0);
    assert.equal(world.own(Walker), undefined);
    const own = 3;
    const values = { coins: 500, bag: [1, 2, 3, 255], motto: "onward" };
    let told = 0;
    world.events.on("self", () => told++);
    const zones = [{ zone: 0, tick: 1, sections: [keyframe(west, walker(own))] }];
    assert.deepEqual(apply(zones, { own, self: encodeSelf(walkerLayout, values) }), fine);
    assert.equal(world.own(Walker)?.state.name, "w3");
    assert.equal(world.own(Stone), undefined);
    const self = world.self(Walker);
    assert.deepEqual([self.coins, self.bag, self.motto], [500, [1, 2, 3, 255], "onward"]);
    assert.equal(self.bag, self.bag, "an array is decoded once");
    apply([], { self: encodeSelf(walkerLayout, { bag: [9, 9, 9, 9] }, ["bag"]) });
    assert.deepEqual([self.coins, self.bag], [500, [9, 9, 9, 9]]);
    assert.equal(told, 2);
    const changes = [
      encodeSelf(walkerLayout, { coins: 501, motto: "back" }, ["coins", "motto"]),
      encodeSelf(walkerLayout, { coins: 502 }, ["coins"]),
      encodeSelf(walkerLayout, { bag: [1, 1, 1, 1] }, ["bag"]),
    ];
    const self3 = Uint8Array.from(changes.flatMap((bytes) => [...bytes]));
    assert.deepEqual(apply([], { self: self3 }), fine);
    assert.deepEqual(
      [self.coins, self.bag, self.motto],
      [502, [1, 1, 1, 1], "back"],
      "of three ticks, in order",
    );
    assert.equal(told, 3, "told once a frame");
    assert.deepEqual(apply([], { self: self3.subarray(0, -2) }).problems, ["truncated"]);
    assert.throws(() => world.self({ ...Walker }), RangeError);
  });

  test("shows the group, each zone's members as it told them last", () => {
    const { world, apply } = newWorld();
    let told = 0;
    world.events.on("group", () => told++);
    const group = (zone: number, ...members: WrittenEntity[]) => ({
      zone,
      tick: 1,
      sections: [{ kind: section.group, bytes: encodeGroup(zone, members) }],
    });
    const far = walker(8, { name: "Far", position: { x: 900, y: 1 }, coins: 77 });
    apply([group(0, walker(1), walker(2)), group(1, far)]);
    assert.deepEqual(
      world.group(Walker).map(({ ref, state }) => [zoneOf(ref), state.name, state.position?.x, state.coins]),
      [
        [0, "w1", 10, 0],
        [0, "w2", 10, 0],
        [1, "Far", 900, 77],
      ],
    );
    apply([group(0, walker(2)), group(1)]);
    assert.deepEqual(
      world.group(Walker).map(({ state }) => state.name),
      ["w2"],
    );
    assert.equal(told, 2);
    apply([], {}, 60_000);
    assert.deepEqual(world.group(Walker), [], "nobody speaks of the group any more");
    assert.equal(told, 3);
  });

  test("compares digests after the whole part and counts what differs", () => {
    const { world, applyTo } = newWorld();
    applyTo(0, keyframe(west, walker(1), walker(2)));
    const digest = world.replica(0)!.digest(0, 0)!;
    const digests = (hash: number): WrittenSection => {
      const writer = new ByteWriter();
      writer.u16(0);
      writer.u32(hash);
      return { kind: section.digests, bytes: writer.copy() };
    };
    assert.deepEqual(applyTo(0, digests(digest)), fine);
    assert.deepEqual(applyTo(0, digests(digest ^ 1)), { problems: [], mismatches: 1 });
  });

  test("draws others in the past, between what was told", () => {
    const { world, applyTo } = newWorld();
    const pose = newPose();
    const place = (x: number) => ({ id: 1, kind: walkerLayout, values: { position: { x, y: 0 } } });
    applyTo(0, keyframe(west, walker(1, { position: { x: 0, y: 0 } })));
    for (let i = 1; i <= 60; i++) {
      const channels = [[{ index: 0, entity: place(i / 4) }], [], [], []];
      applyTo(0, block(west, { members: 1, channels }));
      const entity = world.get(wireRef(0, 1))!;
      world.pose(entity, (i + 1) * 50 + 20, pose);
    }
    assert.ok(pose.x > 15 - 0.75 && pose.x < 15, `drawn at ${pose.x}`);
    assert.ok(Math.abs(pose.speed - 0.25) < 1e-9);
    assert.equal(world.clock()?.newestTick, 61);
    assert.equal(world.clock(99), undefined);
  });

  test("of a frame that holds several ticks takes the newest for the time: older ones are not late", () => {
    const { world, apply } = newWorld();
    for (let tick = 4; tick <= 400; tick += 4) {
      // At home the frame itself says its tick; of a zone beside it the parts do.
      const parts = [0, 7000].flatMap((base, zone) =>
        [3, 2, 1, 0].map((back) => ({ zone, tick: base + tick - back, sections: [] })),
      );
      apply(parts, { tick }, tick * 50);
    }
    for (const [zone, newest] of [
      [0, 400],
      [1, 7400],
    ] as const) {
      assert.ok(Math.abs(world.clock(zone)!.tickAt(400 * 50) - newest) < 0.1, `zone ${zone}`);
      assert.ok(world.clock(zone)!.jitterTicks < 0.1, `${world.clock(zone)!.jitterTicks} ticks`);
    }
  });

  test("answers with a code to what it cannot apply", () => {
    const { world, apply, applyTo } = newWorld();
    assert.deepEqual(apply([{ zone: 77, tick: 1, sections: [] }]).problems, ["out_of_range"]);
    assert.deepEqual(applyTo(0, block(west, { members: 0, channels: noChanges })).problems, [
      "state_mismatch",
    ]);
    assert.deepEqual(apply([], { self: new Uint8Array(1) }).problems, ["out_of_range"]);
    assert.deepEqual(apply([], { own: 1, self: new Uint8Array(0) }).problems, ["truncated"]);
    const group = (...bytes: number[]) => ({ kind: section.group, bytes: Uint8Array.from(bytes) });
    assert.deepEqual(applyTo(0, group(0, 0)).problems, ["truncated"]);
    assert.deepEqual(applyTo(0, group(0, 0, 0, 0, 0)).problems, ["truncated"]);
    assert.deepEqual(applyTo(0, group(0, 0, 0, 255, 255)).problems, ["out_of_range"]);
    assert.equal(world.zones.length, 2);
  });

  test("a world that cannot be is a RangeError", () => {
    const make = (parts: object) => () =>
      new World(fakeSchema, agreementOf(fakeSchema), { ...fakeWelcome(), ...parts });
    assert.throws(make({ tickRateHz: 0 }), RangeError);
    assert.throws(make({ regionSizeM: 0.001 }), RangeError);
  });

  test("no bytes of any section make it throw", () => {
    const { apply } = newWorld();
    const sections = fc.array(
      fc.record({
        kind: fc.integer({ min: 0, max: section.reshapes }),
        level: fc.integer({ min: 0, max: 15 }),
        bytes: fc.uint8Array({ maxLength: 80 }),
      }),
      { maxLength: 6 },
    );
    const parts = fc.array(fc.record({ zone: fc.integer({ min: 0, max: 2 }), tick: fc.nat(), sections }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        parts,
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 0, max: 0x20001 }),
        (zones, self, own) => {
          apply(zones, { self, own });
        },
      ),
      { numRuns: 2000 },
    );
  });
});
