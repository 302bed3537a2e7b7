import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ChannelRates,
  cosmetic,
  critical,
  angle,
  defaultChannelRates,
  defineSchema,
  detailed,
  entity,
  entityRef,
  levelsOf,
  metadata,
  oneOf,
  position,
  RegionGrid,
  text,
  uint,
  unit,
  vector,
  ZoneReplica,
} from "@myriad/protocol";
import fc from "fast-check";
import { SeededRandom } from "../kernel/random.ts";
import { World } from "../world/world.ts";
import { Replicator } from "./replicator.ts";

const Walker = entity("walker", {
  position: critical(position()),
  heading: critical(angle(8)),
  health: critical(unit(8)),
  action: detailed(oneOf("idle", "walk", "swing")),
  target: detailed(entityRef()),
  drift: detailed(vector({ max: 10, bits: 10 })),
  emote: cosmetic(uint(4)),
  name: metadata(text(16)),
});
const Stone = entity("stone", { position: critical(position()), size: metadata(uint(32)) });
const schema = defineSchema({
  name: "test",
  version: "1",
  entities: [Walker, Stone],
  intents: [],
  facts: [],
});
const bounds = { x: 1000, y: -500, width: 300, height: 250 };

function setUp(seed: number, rates: ChannelRates = defaultChannelRates) {
  const world = new World({
    zone: 3,
    bounds,
    tickRateHz: 20,
    schema,
    seed,
    timers: [],
    states: [],
    rowsMax: { walker: 512, stone: 64 },
  });
  const grid = new RegionGrid(3, bounds, 64);
  const levels = levelsOf(rates, 20);
  const replicator = new Replicator({ grid, levels, schema, tables: world.tables, regionHysteresisM: 2 });
  return { world, grid, levels, replicator, random: new SeededRandom(seed, 77) };
}

/** One tick of a lively world: spawns, despawns, walks, jumps, names. */
function disturb(world: World, random: SeededRandom): void {
  const walkers = world.table(Walker);
  const { columns: c } = walkers;
  const x = () => bounds.x + random.float() * bounds.width;
  const y = () => bounds.y + random.float() * bounds.height;
  for (let i = random.int(3); i > 0; i--) {
    world.spawn(Walker, { position: { x: x(), y: y() }, name: `w${random.int(1000)}`, health: 1 });
  }
  if (random.chance(0.1)) world.spawn(Stone, { position: { x: x(), y: y() }, size: random.next() });
  for (let row = walkers.next(-1); row >= 0; row = walkers.next(row)) {
    if (random.chance(0.02)) {
      world.despawn(walkers.ref(row));
      continue;
    }
    if (random.chance(0.7)) {
      c.position.x[row]! += (random.float() - 0.5) * 8;
      c.position.y[row]! += (random.float() - 0.5) * 8;
    }
    if (random.chance(0.01)) {
      c.position.x[row] = x();
      c.position.y[row] = y();
    }
    if (random.chance(0.1)) c.heading[row] = random.float() * 7;
    if (random.chance(0.05)) c.health[row] = random.float();
    if (random.chance(0.05)) c.action[row] = random.int(3);
    if (random.chance(0.05)) c.target[row] = walkers.ref(row);
    if (random.chance(0.05)) c.drift.x[row] = random.float() * 20 - 10;
    if (random.chance(0.05)) c.emote[row] = random.int(16);
    if (random.chance(0.01)) c.name[row] = `n${random.int(1e6)}`;
  }
}

test("a viewer of every region at one level holds what the zone holds, at every due tick and level", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const { world, grid, levels, replicator, random } = setUp(seed);
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
          if (tick % level.strideTicks !== 0) return;
          for (let region = 0; region < grid.count; region++) {
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
    { numRuns: 20 },
  );
});

test("a record dropped from a block is seen in the digest", () => {
  const { world, grid, levels, replicator } = setUp(1);
  const view = new ZoneReplica({ grid, kinds: schema.kinds, levels });
  const ref = world.spawn(Walker, { position: { x: 1010, y: -490 }, health: 1 });
  world.tick = 1;
  replicator.observe(1, new Map());
  view.applyKeyframes(1, replicator.keyframe(0).slice());
  const { columns } = world.table(Walker);
  columns.health[world.table(Walker).row(ref)] = 0.5;
  world.tick = 2;
  replicator.observe(2, new Map());
  const plane = replicator.encode(true).find((candidate) => candidate.level === 0)!;
  assert.notEqual(view.digest(0, 0), plane.digests[0]);
  assert.equal(view.applyBlocks(0, 2, plane.blocks), undefined);
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
