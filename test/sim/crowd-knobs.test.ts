import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { channelNames } from "@myriad/protocol";
import type { CrowdOptions } from "../../packages/server/src/replication/replicator.ts";
import { pulseRealm, put } from "./pulse-realm.ts";
import { RealmSim } from "./realm-sim.ts";

const never: CrowdOptions = { splitAbove: 1000, mergeBelow: 1, regionSizeMinM: 2 };
const count = 24;
/** A cell of the plain, and where in it the viewer stands. */
const cellX = 320;

/** A fair: the viewer and 24 others on 60 m of one cell, evenly spread; each of them changes at every tick. */
async function fair(options: { crowds?: Partial<CrowdOptions>; clientBudgetKbitPerSecond?: number }) {
  const { crowds, ...rest } = options;
  const sim = new RealmSim({ realm: pulseRealm, ...rest, crowds: { ...never, ...crowds } });
  const viewer = await sim.join("Viewer");
  put(sim, "Viewer", cellX + 4, 4);
  for (let i = 0; i < count; i++) {
    await sim.join(`Other${i}`);
    put(sim, `Other${i}`, ...placeOf(i));
  }
  await sim.run(300);
  assert.deepEqual(viewer.problems, []);
  return { sim, viewer };
}

function placeOf(i: number): [x: number, y: number] {
  return [cellX + 4 + (i % 5) * 12, 8 + Math.floor(i / 5) * 12];
}

/** Updates per second that the viewer gets of each other, by distance from the viewer; and kilobits per second of all. */
async function watch({ sim, viewer }: Awaited<ReturnType<typeof fair>>) {
  const seconds = 8;
  const updates = new Map<number, number>();
  const before = new Map<number, number>();
  const bytes = viewer.bytesReceived;
  const frames = viewer.framesReceived;
  await sim.run(20 * seconds, () => {
    for (const seen of viewer.zones.get(0)!.entities.values()) {
      const field = seen.kind.fields.find(({ name }) => name === channelNames[0])!;
      if (before.get(seen.id) !== seen.parts[field.part])
        updates.set(seen.id, (updates.get(seen.id) ?? 0) + 1);
      before.set(seen.id, seen.parts[field.part]!);
    }
  });
  assert.deepEqual(viewer.problems, []);
  const rates = [...viewer.zones.get(0)!.entities.values()]
    .filter(({ id }) => id !== viewer.own)
    .map(({ id, parts }) => {
      const [x, y] = [parts[0]! / 64 - cellX - 4, parts[1]! / 64 - 4];
      return { distanceM: Math.hypot(x, y), rateHz: (updates.get(id) ?? 0) / seconds };
    })
    .sort((a, b) => a.distanceM - b.distanceM);
  return {
    rates,
    kbitPerSecond: ((viewer.bytesReceived - bytes) * 8) / 1000 / seconds,
    framesPerSecond: (viewer.framesReceived - frames) / seconds,
  };
}

function regionsOf({ sim }: Awaited<ReturnType<typeof fair>>) {
  const { replicator } = sim.hosts[0]!.core;
  const { tree } = replicator;
  return Array.from({ length: tree.used }, (_, region) => region)
    .filter((region) => tree.isLeaf(region) && replicator.membersOf(region).length > 0)
    .map((region) => ({ sizeM: tree.shapeOf(region).sizeM, members: replicator.membersOf(region).length }));
}

describe("splitAbove", () => {
  test("is how many entities a region holds at most, and so how many the viewer's own region is", async () => {
    for (const splitAbove of [20, 10, 4]) {
      const there = await fair({ crowds: { splitAbove } });
      const regions = regionsOf(there);
      assert.ok(Math.max(...regions.map(({ members }) => members)) <= splitAbove);
      const held = there.viewer.zones.get(0)!.members.size;
      const whole = (await fair({})).viewer.zones.get(0)!.members.size;
      assert.ok(held > whole, `${held} regions and ${whole}`);
    }
  });

  test("lets a full line keep who is near at a rate that it cannot keep for all", async () => {
    const budget = { clientBudgetKbitPerSecond: 9 };
    const whole = await watch(await fair(budget));
    const split = await watch(await fair({ ...budget, crowds: { splitAbove: 4 } }));
    const nearest = ({ rates }: typeof whole) => rates.slice(0, 3).map(({ rateHz }) => rateHz);
    const farthest = ({ rates }: typeof whole) => rates.slice(-3).map(({ rateHz }) => rateHz);
    // Of one region all have one rate.
    assert.equal(new Set(whole.rates.map(({ rateHz }) => rateHz)).size, 1);
    assert.ok(
      Math.min(...nearest(split)) > Math.max(...nearest(whole)),
      `${nearest(split)}, ${nearest(whole)}`,
    );
    assert.ok(Math.max(...farthest(split)) < Math.min(...nearest(split)));
  });
});

describe("mergeBelow", () => {
  test("is how few are left before four quarters are one region again", async () => {
    const left = async (mergeBelow: number) => {
      const there = await fair({ crowds: { splitAbove: 8, mergeBelow } });
      const grown = regionsOf(there).length;
      // All but five walk away, each for itself.
      for (let i = 4; i < count; i++) put(there.sim, `Other${i}`, 40 + i * 5, 4);
      await there.sim.run(300);
      assert.deepEqual(there.viewer.problems, []);
      const { tree } = there.sim.hosts[0]!.core.replicator;
      return { grown, isSplit: !tree.isLeaf(cellX / 64) };
    };
    const [early, late] = [await left(7), await left(4)];
    assert.equal(early.grown, late.grown);
    assert.deepEqual([early.isSplit, late.isSplit], [false, true]);
  });
});

describe("regionSizeMinM", () => {
  test("is how small regions become, however many stand there", async () => {
    for (const regionSizeMinM of [32, 16, 8]) {
      const sizes = regionsOf(await fair({ crowds: { splitAbove: 1, mergeBelow: 1, regionSizeMinM } }));
      assert.equal(Math.min(...sizes.map(({ sizeM }) => sizeM)), regionSizeMinM);
    }
  });
});

describe("clientBudgetKbitPerSecond", () => {
  test("is what others' state costs a line at most; less is fewer updates, farthest first, and as many frames", async () => {
    const crowds = { splitAbove: 4 };
    const free = await watch(await fair({ crowds }));
    let before = free;
    assert.ok(free.rates.every(({ rateHz }) => rateHz === 20));
    for (const clientBudgetKbitPerSecond of [12, 6]) {
      const seen = await watch(await fair({ crowds, clientBudgetKbitPerSecond }));
      // A frame's head, its acknowledgement's worth of tick and time, is no state of others: 4 kbit/s at 20 Hz.
      assert.ok(seen.kbitPerSecond < clientBudgetKbitPerSecond + 6, `${seen.kbitPerSecond} kbit/s`);
      assert.ok(seen.kbitPerSecond < before.kbitPerSecond);
      assert.equal(seen.framesPerSecond, free.framesPerSecond);
      const sum = ({ rates }: typeof seen) => rates.reduce((all, { rateHz }) => all + rateHz, 0);
      assert.ok(sum(seen) < sum(before));
      const half = seen.rates.length / 2;
      const rateOf = (rates: typeof seen.rates) =>
        rates.reduce((all, { rateHz }) => all + rateHz, 0) / rates.length;
      assert.ok(rateOf(seen.rates.slice(0, half)) > 1.5 * rateOf(seen.rates.slice(half)), "near before far");
      assert.ok(
        seen.rates.every(({ rateHz }) => rateHz >= 20 / 32 - 0.2),
        "everybody is refreshed within 32 ticks",
      );
      before = seen;
    }
  });
});
