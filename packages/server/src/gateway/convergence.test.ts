import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  type ChannelRates,
  defaultChannelRates,
  type Level,
  levelsOf,
  section,
  type ZoneBounds,
  ZoneReplica,
} from "@myriad/protocol";
import fc from "fast-check";
import { VirtualTime } from "../platform/virtual-time.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { type FakeZone, testSchema } from "./testing.ts";
import { type TestClient, TestGateway } from "./testing-gateway.ts";

const bounds = [
  { x: 0, y: 0, width: 600, height: 500 },
  { x: 600, y: 0, width: 600, height: 500 },
  { x: 0, y: 500, width: 600, height: 500 },
];
/** Rings of every shape: the defaults, slow ones, one ring only, channels that end in disorder. */
const rateSets: readonly ChannelRates[] = [
  defaultChannelRates,
  {
    critical: { radiusM: 40, rateHz: 5 },
    detailed: { radiusM: 200, rateHz: 20 },
    cosmetic: { radiusM: 100, rateHz: 2 },
    metadata: { radiusM: 250, rateHz: 1 },
  },
  {
    critical: { radiusM: 150, rateHz: 10 },
    detailed: { radiusM: 150, rateHz: 10 },
    cosmetic: { radiusM: 150, rateHz: 10 },
    metadata: { radiusM: 150, rateHz: 10 },
  },
  {
    critical: { radiusM: 30, rateHz: 20 },
    detailed: { radiusM: 60, rateHz: 0.5 },
    cosmetic: { radiusM: 220, rateHz: 20 },
    metadata: { radiusM: 90, rateHz: 5 },
  },
];

/** A client that applies everything it gets and compares every digest. */
class Witness {
  client: TestClient;
  place = { x: 300, y: 250 };
  isReading = true;
  digests = 0;
  /** Sections of splits and merges. */
  reshapes = 0;
  readonly replicas = new Map<number, ZoneReplica>();
  #frames = 0;
  #lastFrame = 0;

  constructor(client: TestClient) {
    this.client = client;
  }

  /** A new connection begins with nothing. */
  resumed(client: TestClient): void {
    this.client = client;
    this.replicas.clear();
    this.isReading = true;
    this.#frames = 0;
  }

  read(zones: readonly FakeZone[], levels: readonly Level[], seed: number): void {
    if (!this.isReading) return;
    const { frames } = this.client.read();
    for (; this.#frames < frames.length; this.#frames++) {
      const frame = frames[this.#frames]!;
      assert.ok(frame.frame > this.#lastFrame, "frame numbers grow");
      this.#lastFrame = frame.frame;
      for (const part of frame.zones) {
        const { grid } = zones[part.zone]!;
        const replica =
          this.replicas.get(part.zone) ?? new ZoneReplica({ grid, kinds: testSchema.kinds, levels });
        this.replicas.set(part.zone, replica);
        for (const { kind, level, from, to } of part.sections) {
          const where = `seed ${seed}, frame ${frame.frame}, zone ${part.zone}, tick ${part.tick}, level ${level}`;
          this.#apply(replica, {
            kind,
            level,
            tick: part.tick,
            bytes: frame.bytes.subarray(from, to),
            where,
          });
        }
      }
    }
  }

  #apply(
    replica: ZoneReplica,
    part: { kind: number; level: number; tick: number; bytes: Uint8Array; where: string },
  ): void {
    const { kind, level, tick, bytes, where } = part;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (kind) {
      case section.drops:
        replica.drop(Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(i * 2, true)));
        return;
      case section.reshapes:
        assert.equal(replica.applyReshapes(bytes), undefined, where);
        this.reshapes += 1;
        return;
      case section.keyframes:
        assert.equal(replica.applyKeyframes(tick, bytes), undefined, where);
        return;
      case section.intros:
        assert.equal(replica.applyIntros(level, tick, bytes), undefined, where);
        return;
      case section.blocks:
        assert.equal(replica.applyBlocks(level, tick, bytes), undefined, where);
        return;
      case section.digests:
        for (let at = 0; at < bytes.length; at += 6) {
          const region = view.getUint16(at, true);
          assert.equal(
            replica.digest(region, level),
            view.getUint32(at + 2, true),
            `${where}, region ${region}`,
          );
          this.digests += 1;
        }
        return;
      default:
        assert.fail(`${where}: section ${kind}`);
    }
  }
}

function distanceTo(rect: ZoneBounds, x: number, y: number): number {
  const dx = Math.max(rect.x - x, 0, x - (rect.x + rect.width));
  const dy = Math.max(rect.y - y, 0, y - (rect.y + rect.height));
  return Math.sqrt(dx * dx + dy * dy);
}

/** Walks, sometimes jumps, and is handed over where a border is crossed. */
function walk(game: TestGateway, { client, place }: Witness): void {
  const { random, zones } = game;
  const home = zones.find((zone) => zone.players.has(client.session));
  if (home === undefined) return;
  const reach = random.chance(0.02) ? 300 : 12;
  place.x = Math.min(1199, Math.max(0, place.x + (random.float() - 0.5) * reach));
  place.y = Math.min(999, Math.max(0, place.y + (random.float() - 0.5) * reach));
  // There is no fourth zone.
  if (place.x >= 600 && place.y >= 500) place.y = 499;
  home.movePlayer(client.session, place.x, place.y);
  const next = zones.find(({ grid }) => distanceTo(grid.bounds, place.x + 1e-6, place.y + 1e-6) === 0);
  if (next !== undefined && next !== home) home.handOver(client.session, next);
}

interface Course {
  readonly seed: number;
  /** Regions that split at a handful, lines that hold little, a machine that is busy at times. */
  readonly isCrowded: boolean;
}

/** @returns Sections of splits and merges that the witnesses got. */
async function converge({ seed, isCrowded }: Course): Promise<number> {
  const rates = rateSets[seed % rateSets.length]!;
  const levels = levelsOf(rates, 20);
  const hysteresisPercent = seed % 3 === 0 ? 0 : 10;
  const store = createMemoryStore();
  const game = await TestGateway.start({
    time: new VirtualTime(),
    store,
    settle: () => setTimeout(1),
    seed,
    walkers: 120,
    bounds,
    levels,
    ...(isCrowded ? { crowds: { splitAbove: 3, mergeBelow: 2, regionSizeMinM: 4 } } : {}),
    options: { hysteresisPercent, ...(isCrowded ? { clientBudgetKbitPerSecond: 5 + (seed % 4) * 10 } : {}) },
  });
  const { random, zones } = game;
  const witnesses: Witness[] = [];
  for (const name of ["Ada", "Bob", "Cid"]) {
    witnesses.push(new Witness(await game.join(name, { wantsDigests: true })));
  }
  game.ticks(2);
  for (let tick = 0; tick < 300; tick++) {
    for (const witness of witnesses) {
      walk(game, witness);
      if (random.chance(0.01)) witness.isReading = !witness.isReading;
      if (random.chance(0.005)) {
        witness.client.connection.drop();
        witness.resumed(game.resume(witness.client, undefined, { wantsDigests: true }));
        assert.equal(witness.client.closedWith, undefined);
      }
    }
    if (isCrowded && random.chance(0.1)) game.gateway.noteLoad(random.chance(0.5) ? 1 : 0);
    game.tick(() => random.chance(0.02));
    for (const witness of witnesses) {
      witness.read(zones, levels, seed);
      if (witness.isReading && random.chance(0.3)) witness.client.acknowledge();
    }
  }
  // A quiet while later everyone holds exactly what is near: all of it within the radius, nothing beyond the reach.
  // What a split left out of reach is dropped with the next frame, at most four ticks later.
  let calm = 0;
  for (let tick = 0; tick < 100 || calm < 4; tick++) {
    game.tick();
    calm = zones.some(({ replicator }) => replicator.reshapes.length > 0) ? 0 : calm + 1;
    for (const witness of witnesses) {
      witness.isReading = true;
      witness.read(zones, levels, seed);
      witness.client.acknowledge();
    }
  }
  const radiusM = Math.max(...levels.map((level) => level.radiusM));
  // The view of somebody with room on the line may lag behind by an eighth of the nearest ring.
  const lagM = Math.max(2, Math.min(...levels.map((level) => level.radiusM || Number.POSITIVE_INFINITY)) / 8);
  for (const { replicas, place, digests } of witnesses) {
    assert.ok(digests > 100, `seed ${seed}: ${digests} digests`);
    for (const { grid, zone, replicator, tick } of zones) {
      const held = replicas.get(zone)?.members;
      for (let region = 0; region < grid.capacity; region++) {
        if (!replicator.tree.isLeaf(region)) {
          assert.ok(held?.has(region) !== true, `seed ${seed}, region ${region} of zone ${zone} is none`);
          continue;
        }
        const { left, top, sizeM } = replicator.tree.shapeOf(region);
        // The last column and row reach beyond the zone, where nobody is.
        const distance = Math.max(
          distanceTo({ x: left, y: top, width: sizeM, height: sizeM }, place.x, place.y),
          distanceTo(grid.bounds, place.x, place.y),
        );
        const where = `seed ${seed}, ${distance} m to region ${region} of zone ${zone}`;
        // A merge in which a client held not all of the quarters waits for a keyframe.
        const isYoung = replicator.tree.bornTick[region]! > tick - 16;
        if (distance < radiusM - lagM && !isYoung) assert.ok(held?.has(region), `${where} is missing`);
        const reachM = radiusM * (1 + hysteresisPercent / 100) + lagM;
        if (distance > reachM) assert.ok(held?.has(region) !== true, `${where} is left over`);
      }
    }
  }
  game.gateway.close();
  await store.close();
  assert.deepEqual(game.failures, []);
  return witnesses.reduce((sum, { reshapes }) => sum + reshapes, 0);
}

test("whatever a client walks, misses or resumes, what it holds is what the zones say", async () => {
  const course = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((seed) => ({ seed, isCrowded: false }));
  await fc.assert(
    fc.asyncProperty(course, async (given) => void (await converge(given))),
    {
      // 31: a zone whose last regions reach beyond it. 799165647: a resume right after a goodbye was lost.
      examples: [0, 1, 2, 3, 31, 799_165_647].map((seed) => [{ seed, isCrowded: false }]),
      numRuns: 16,
    },
  );
});

test("the same while regions split and merge, on lines that do not hold all of it, at a changing pace", async () => {
  const course = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((seed) => ({ seed, isCrowded: true }));
  let reshapes = 0;
  const property = fc.asyncProperty(course, async (given) => {
    reshapes += await converge(given);
  });
  await fc.assert(property, {
    // 28: over a gap in the ticks, who had left a zone saw it again.
    examples: [0, 1, 2, 3, 28].map((seed) => [{ seed, isCrowded: true }]),
    numRuns: 12,
  });
  assert.ok(reshapes > 60, `${reshapes} sections of splits and merges`);
});
