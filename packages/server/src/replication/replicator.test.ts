import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bool,
  cosmetic,
  critical,
  defaultChannelRates,
  defineSchema,
  dequantise,
  detailed,
  entity,
  entityRef,
  int,
  levelsOf,
  metadata,
  oneOf,
  phaseOf,
  position,
  RegionGrid,
  server,
  text,
  vector,
  wireRef,
  ZoneReplica,
} from "@myriad/protocol";
import fc from "fast-check";
import { SeededRandom } from "../kernel/random.ts";
import { World } from "../world/world.ts";
import { Replicator } from "./replicator.ts";
import { disturb, setUp, Stone, testBounds as bounds, testSchema as schema, Walker } from "./testing.ts";

const rate = fc.record({
  radiusM: fc.constantFrom(32, 64, 128, 256),
  rateHz: fc.constantFrom(1, 2.5, 5, 10, 20),
});
const anyRates = fc.oneof(
  fc.constant(defaultChannelRates),
  fc.record({ critical: rate, detailed: rate, cosmetic: rate, metadata: rate }),
);

test("a viewer of every region at one level holds what the zone holds, at every due tick and level", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), anyRates, (seed, rates) => {
      const { world, grid, levels, replicator, random } = setUp(seed, { rates });
      const views = levels.map(() => new ZoneReplica({ grid, kinds: schema.kinds, levels }));
      const joinedAt = levels.map(() => 1 + random.int(9));
      for (let tick = 1; tick <= 120; tick++) {
        world.tick = tick;
        disturb(world, random);
        replicator.observe(tick, new Map());
        const due = replicator.encode(true);
        levels.forEach((level, index) => {
          const view = views[index]!;
          if (tick < joinedAt[index]!) return;
          if (tick === joinedAt[index]) {
            for (let region = 0; region < grid.count; region++) {
              assert.equal(view.applyKeyframes(tick, replicator.keyframe(region).slice()), undefined);
            }
          } else {
            const plane = due.find((candidate) => candidate.level === index);
            if (plane === undefined) return;
            assert.equal(
              view.applyBlocks(index, tick, plane.blocks),
              undefined,
              `seed ${seed} tick ${tick} level ${index}`,
            );
          }
          for (let region = 0; region < grid.count; region++) {
            if ((tick + phaseOf(grid, region)) % level.strideTicks !== 0) continue;
            assert.deepEqual(
              view.members.get(region),
              [...replicator.membersOf(region)],
              `members of ${region} at ${tick}`,
            );
            assert.equal(
              view.digest(region, index),
              replicator.digest(region, index),
              `digest of ${region} at ${tick} level ${index}`,
            );
          }
        });
      }
    }),
    { numRuns: 60 },
  );
});

test("a record dropped from a block is seen in the digest", () => {
  const { world, grid, levels, replicator } = setUp(1);
  const view = new ZoneReplica({ grid, kinds: schema.kinds, levels });
  const ref = world.spawn(Walker, { position: { x: 1010, y: -490 }, health: 1 });
  // A region has a digest in every eighth of its ticks.
  const tick = 16 - phaseOf(grid, 0);
  world.tick = tick - 1;
  replicator.observe(tick - 1, new Map());
  view.applyKeyframes(tick - 1, replicator.keyframe(0).slice());
  const { columns } = world.table(Walker);
  columns.health[world.table(Walker).row(ref)] = 0.5;
  world.tick = tick;
  replicator.observe(tick, new Map());
  const plane = replicator.encode(true).find((candidate) => candidate.level === 0)!;
  assert.ok(plane.digests[0] !== 0 && plane.digests[1] === 0, "and the others at other ticks");
  assert.notEqual(view.digest(0, 0), plane.digests[0]);
  assert.equal(view.applyBlocks(0, tick, plane.blocks), undefined);
  assert.equal(view.digest(0, 0), plane.digests[0]);
});

test("an unchanged world has no blocks", () => {
  const { world, replicator } = setUp(2);
  world.spawn(Walker, { position: { x: 1010, y: -490 } });
  for (let tick = 1; tick <= 40; tick++) {
    world.tick = tick;
    replicator.observe(tick, new Map());
    const planes = replicator.encode(false);
    if (tick > 32) for (const plane of planes) assert.equal(plane.blocks.length, 0);
  }
});

test("in a crowd of which few change, the changes are listed instead of marked", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const { world, grid, levels, replicator, random } = setUp(seed);
      const { columns } = world.table(Walker);
      for (let i = 0; i < 300; i++) world.spawn(Walker, { position: { x: 1010 + (i % 20), y: -490 } });
      const views = levels.map(() => new ZoneReplica({ grid, kinds: schema.kinds, levels }));
      for (let tick = 1; tick <= 48; tick++) {
        world.tick = tick;
        for (let changes = random.int(4); changes > 0; changes--) {
          const row = random.int(300);
          columns.health[row] = random.float();
          columns.emote[row] = random.int(16);
          columns.name[row] = `n${random.int(100)}`;
        }
        replicator.observe(tick, new Map());
        const planes = replicator.encode(false);
        views.forEach((view, index) => {
          if (tick === 1) assert.equal(view.applyKeyframes(tick, replicator.keyframe(0).slice()), undefined);
          const plane = planes.find(({ level }) => level === index);
          if (tick === 1 || plane === undefined) return;
          assert.equal(view.applyBlocks(index, tick, plane.blocks), undefined);
          if ((tick + phaseOf(grid, 0)) % levels[index]!.strideTicks !== 0) return;
          assert.equal(view.digest(0, index), replicator.digest(0, index), `seed ${seed} tick ${tick}`);
          // Marking three hundred members in four channels takes 150 bytes; the spawns are out of every window by now.
          if (index === 0 && tick > 32) assert.ok(plane.blocks.length < 100, `${plane.blocks.length} bytes`);
        });
      }
    }),
    { numRuns: 10 },
  );
});

test("who looks at one region only knows newcomers by their intros", () => {
  const { world, grid, levels, replicator } = setUp(4);
  const ref = world.spawn(Walker, { position: { x: 1060, y: -490 }, name: "Ada", health: 1 });
  const row = world.table(Walker).row(ref);
  const id = ref & 0xffffff;
  const observe = (tick: number) => {
    world.tick = tick;
    replicator.observe(tick, new Map());
    return replicator.encode(true)[0]!;
  };
  // Past the window of its spawn, in which its crossing would be told in full.
  for (let tick = 1; tick <= 40; tick++) observe(tick);
  const lucky = new ZoneReplica({ grid, kinds: schema.kinds, levels });
  const blind = new ZoneReplica({ grid, kinds: schema.kinds, levels });
  for (const view of [lucky, blind])
    assert.equal(view.applyKeyframes(40, replicator.keyframe(1).slice()), undefined);
  world.table(Walker).columns.position.x[row] = 1070;
  const plane = observe(41);
  assert.equal(replicator.regionOf(0, row), 1);
  assert.equal(plane.introOffsets[1], 0);
  assert.ok(plane.introOffsets[2]! > 0);
  const block = plane.blocks.slice(plane.blockOffsets[1], plane.blockOffsets[2]);
  assert.equal(blind.applyBlocks(0, 41, block), "state_mismatch");
  assert.equal(lucky.applyIntros(0, 41, plane.intros), undefined);
  assert.equal(lucky.applyBlocks(0, 41, block), undefined);
  assert.deepEqual(lucky.members.get(1), [id]);
  assert.deepEqual(lucky.entities.get(id)!.texts, ["Ada"]);
  assert.equal(lucky.digest(1, 0), plane.digests[1]);
});

test("who jumps comes with a full record, whatever its old region's viewers were told just then", () => {
  for (let tick = 40; tick < 80; tick++) {
    const { world, grid, levels, replicator } = setUp(4);
    const row = world.table(Walker).row(world.spawn(Walker, { position: { x: 1010, y: -490 }, name: "Ada" }));
    const step = (now: number) => {
      world.tick = now;
      replicator.observe(now, new Map());
      return replicator.encode(false).find(({ level }) => level === 0)!;
    };
    for (let now = 1; now < tick; now++) step(now);
    const view = new ZoneReplica({ grid, kinds: schema.kinds, levels });
    assert.equal(view.applyKeyframes(tick - 1, replicator.keyframe(4).slice()), undefined);
    world.table(Walker).columns.position.x[row] = 1290;
    const plane = step(tick);
    assert.equal(replicator.regionOf(0, row), 4);
    const block = plane.blocks.slice(plane.blockOffsets[4], plane.blockOffsets[5]);
    assert.equal(view.applyBlocks(0, tick, block), undefined, `a jump at tick ${tick}`);
    assert.equal(view.digest(4, 0), replicator.digest(4, 0));
  }
});

test("a leave says where the entity is now: in a region, in another zone, or gone", () => {
  const { world, grid, levels, replicator } = setUp(5);
  const spawn = () => world.spawn(Walker, { position: { x: 1010, y: -490 } });
  const [crosses, moves, dies] = [spawn(), spawn(), spawn()];
  const vanished: [number, number][] = [];
  const listener = {
    vanished: (gone: { id: number }, to: number) => vanished.push([gone.id, to]),
  };
  const view = new ZoneReplica({ grid, kinds: schema.kinds, levels, listener });
  world.tick = 1;
  replicator.observe(1, new Map());
  for (const region of [0, 1]) view.applyKeyframes(1, replicator.keyframe(region).slice());
  world.table(Walker).columns.position.x[world.table(Walker).row(crosses)] = 1080;
  world.despawn(moves);
  world.despawn(dies);
  world.tick = 2;
  const newName = wireRef(9, 77);
  replicator.observe(2, new Map([[moves, newName]]));
  assert.equal(view.applyBlocks(0, 2, replicator.encode(false)[0]!.blocks), undefined);
  assert.deepEqual(
    new Map(vanished),
    new Map([
      [moves & 0xffffff, newName],
      [dies & 0xffffff, 0],
    ]),
  );
  assert.equal(view.entities.get(crosses & 0xffffff)!.region, 1);
});

test("an entity that swings over a region's edge within the hysteresis costs no membership", () => {
  const events = (hysteresisM: number) => {
    const { world, grid, levels } = setUp(6);
    const replicator = new Replicator({
      grid,
      levels,
      schema,
      tables: world.tables,
      regionHysteresisM: hysteresisM,
    });
    const row = world.table(Walker).row(world.spawn(Walker, { position: { x: 1063, y: -490 } }));
    const regions: number[] = [];
    for (let tick = 1; tick <= 60; tick++) {
      world.tick = tick;
      world.table(Walker).columns.position.x[row] = tick % 2 === 0 ? 1063 : 1065;
      replicator.observe(tick, new Map());
      regions.push(replicator.regionOf(0, row));
    }
    return regions.filter((region, i) => i > 0 && region !== regions[i - 1]).length;
  };
  assert.equal(events(2), 0);
  assert.equal(events(0), 59);
});

test("a kind without a position is nobody's to see", () => {
  const Memo = entity("memo", { words: server(text(9)) });
  const withMemo = defineSchema({
    name: "test",
    version: "1",
    entities: [Memo, Stone],
    intents: [],
    facts: [],
  });
  const world = new World({
    zone: 3,
    bounds,
    tickRateHz: 20,
    schema: withMemo,
    seed: 1,
    timers: [],
    states: [],
  });
  const grid = new RegionGrid(3, bounds, 64);
  const levels = levelsOf(defaultChannelRates, 20);
  const replicator = new Replicator({
    grid,
    levels,
    schema: withMemo,
    tables: world.tables,
    regionHysteresisM: 2,
  });
  world.spawn(Memo, { words: "psst" });
  world.spawn(Stone, { position: { x: 1001, y: -499 } });
  replicator.observe(1, new Map());
  assert.equal(replicator.kinds[0], undefined);
  assert.equal(replicator.regionOf(0, 0), -1);
  assert.deepEqual([...replicator.membersOf(0)], [65_536]);
  assert.equal(replicator.encode(false), replicator.due);
});

test("every type of field comes through blocks and keyframes as it was", () => {
  const Rich = entity("rich", {
    position: critical(position()),
    deep: critical(int(32)),
    isOn: critical(bool()),
    friend: critical(entityRef()),
    only: detailed(oneOf("alone")),
    words: cosmetic(text(12)),
    drift: metadata(vector({ max: 2, bits: 24 })),
  });
  const rich = defineSchema({ name: "test", version: "1", entities: [Rich], intents: [], facts: [] });
  const world = new World({
    zone: 3,
    bounds,
    tickRateHz: 20,
    schema: rich,
    seed: 1,
    timers: [],
    states: [],
    rowsMax: { rich: 64 },
  });
  const grid = new RegionGrid(3, bounds, 400);
  const levels = levelsOf(defaultChannelRates, 20);
  const replicator = new Replicator({
    grid,
    levels,
    schema: rich,
    tables: world.tables,
    regionHysteresisM: 2,
  });
  const random = new SeededRandom(8);
  const { columns } = world.table(Rich);
  for (let i = 0; i < 40; i++) world.spawn(Rich, { position: { x: 1001 + i, y: -499 } });
  const view = new ZoneReplica({ grid, kinds: rich.kinds, levels });
  for (let tick = 1; tick <= 100; tick++) {
    world.tick = tick;
    const row = random.int(40);
    columns.deep[row] = random.next() - 2 ** 31;
    columns.isOn[row] = random.int(2);
    columns.friend[row] = [0, wireRef(3, random.int(99)), wireRef(4094, random.int(99))][random.int(3)]!;
    columns.words[row] = "é€😀".repeat(random.int(4));
    columns.drift.y[row] = random.float() * 4 - 2;
    replicator.observe(tick, new Map());
    const plane = replicator.encode(true).find(({ level }) => level === 0)!;
    const problem =
      tick === 1
        ? view.applyKeyframes(tick, replicator.keyframe(0).slice())
        : view.applyBlocks(0, tick, plane.blocks);
    assert.equal(problem, undefined);
    if ((tick + phaseOf(grid, 0)) % 8 === 0) assert.equal(view.digest(0, 0), plane.digests[0]);
  }
  const back = view.entities.get(0)!;
  assert.equal(dequantise(Rich.fields.deep.type, back.parts, 2), columns.deep[0]);
});
