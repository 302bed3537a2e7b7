/**
 * What tests of replication stand on: a schema with every kind of field, a world in which anything happens, its replicator.
 *
 * No clock and no chance but the seed.
 */
import {
  angle,
  type ChannelRates,
  cosmetic,
  critical,
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
} from "@myriad/protocol";
import { SeededRandom } from "../kernel/random.ts";
import { World } from "../world/world.ts";
import { type CrowdOptions, Replicator } from "./replicator.ts";

export const Walker = entity("walker", {
  position: critical(position()),
  heading: critical(angle(8)),
  health: critical(unit(8)),
  action: detailed(oneOf("idle", "walk", "swing")),
  target: detailed(entityRef()),
  drift: detailed(vector({ max: 10, bits: 10 })),
  emote: cosmetic(uint(4)),
  name: metadata(text(16)),
});
export const Stone = entity("stone", { position: critical(position()), size: metadata(uint(32)) });
export const testSchema = defineSchema({
  name: "test",
  version: "1",
  entities: [Walker, Stone],
  intents: [],
  facts: [],
});
export const testBounds = { x: 1000, y: -500, width: 300, height: 250 };

/** A zone of 5 × 4 cells of 64 m, nobody in it yet, and what replicates it. */
export function setUp(
  seed: number,
  { rates = defaultChannelRates, crowds }: { rates?: ChannelRates; crowds?: CrowdOptions } = {},
) {
  const world = new World({
    zone: 3,
    bounds: testBounds,
    tickRateHz: 20,
    schema: testSchema,
    seed,
    timers: [],
    states: [],
    rowsMax: { walker: 512, stone: 64 },
  });
  const grid = new RegionGrid(3, testBounds, 64);
  const levels = levelsOf(rates, 20);
  const replicator = new Replicator({
    grid,
    levels,
    schema: testSchema,
    tables: world.tables,
    regionHysteresisM: 2,
    crowds,
  });
  return { world, grid, levels, replicator, random: new SeededRandom(seed, 77) };
}

/** Longer than the field, cut within a character, not quite text. */
const oddNames = ["a name of far too many words", "fifteen bytes..\u20ac", "\ufeffmarked", "\ud83d", ""];

/** One tick of a lively world: spawns, despawns, walks, jumps, names; nothing is said to the replicator. */
export function disturb(world: World, random: SeededRandom): void {
  const walkers = world.table(Walker);
  const { columns: c } = walkers;
  const x = () => testBounds.x + random.float() * testBounds.width;
  const y = () => testBounds.y + random.float() * testBounds.height;
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
    if (random.chance(0.01)) c.name[row] = oddNames[random.int(oddNames.length)]!;
  }
}
