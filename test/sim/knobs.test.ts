import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ChannelName,
  type ChannelRates,
  channelNames,
  defaultChannelRates,
  levelsOf,
  section,
} from "@myriad/protocol";
import { pulseRealm as realm, put } from "./pulse-realm.ts";
import { RealmSim, type SimClient, type SimOptions } from "./realm-sim.ts";

type Options = Omit<SimOptions, "realm">;
const seconds = 4;

async function play(options: Options) {
  const sim = new RealmSim({ realm, regionSizeM: 16, ...options });
  const viewer = await sim.join("Viewer");
  await sim.join("Other");
  return { sim, viewer, put: (name: string, x: number) => put(sim, name, x) };
}

/** What the viewer holds of the other's channels; undefined while it sees nobody. */
function held(viewer: SimClient): number[] | undefined {
  for (const seen of viewer.zones.get(0)!.entities.values()) {
    if (seen.id === viewer.own) continue;
    return channelNames.map((name) => {
      const field = seen.kind.fields.find((candidate) => candidate.name === name)!;
      return seen.parts[field.part]!;
    });
  }
  return undefined;
}

/** Updates per second and channel that a viewer gets of somebody so far away, and the bytes per second. */
async function watch(distanceM: number, options: Options = {}) {
  const { sim, viewer, put: place } = await play(options);
  place("Viewer", 8);
  place("Other", 8 + distanceM);
  await sim.run(70);
  const ticks = seconds * (options.tickRateHz ?? 20);
  const updates = [0, 0, 0, 0];
  const bytes = viewer.bytesReceived;
  let before = held(viewer);
  await sim.run(ticks, () => {
    const now = held(viewer);
    now?.forEach((value, channel) => {
      if (value !== before?.[channel]) updates[channel]!++;
    });
    before = now;
  });
  assert.deepEqual([viewer.problems, sim.failures], [[], []]);
  const rates = Object.fromEntries(channelNames.map((name, channel) => [name, updates[channel]! / seconds]));
  return {
    ...(rates as Record<ChannelName, number>),
    isSeen: before !== undefined,
    bytesPerSecond: (viewer.bytesReceived - bytes) / seconds,
  };
}

const withRate = (channel: ChannelName, knobs: Partial<ChannelRates[ChannelName]>): ChannelRates => ({
  ...defaultChannelRates,
  [channel]: { ...defaultChannelRates[channel], ...knobs },
});

describe("the rings, as they are by default", () => {
  const expected: [number, Record<ChannelName, number>][] = [
    [40, { critical: 20, detailed: 10, cosmetic: 5, metadata: 20 }],
    [110, { critical: 10, detailed: 10, cosmetic: 5, metadata: 10 }],
    [170, { critical: 5, detailed: 0, cosmetic: 5, metadata: 5 }],
    [230, { critical: 2.5, detailed: 0, cosmetic: 0, metadata: 2.5 }],
    [330, { critical: 0, detailed: 0, cosmetic: 0, metadata: 0 }],
  ];
  test("send less and less often with the distance, each with its stride, and nothing beyond the last", async () => {
    const bytes: number[] = [];
    for (const [distanceM, rates] of expected) {
      const seen = await watch(distanceM);
      const { isSeen, bytesPerSecond, ...found } = seen;
      assert.deepEqual(found, rates, `${distanceM} m`);
      assert.equal(isSeen, rates.critical > 0);
      bytes.push(bytesPerSecond);
    }
    assert.deepEqual(
      bytes,
      [...bytes].sort((a, b) => b - a),
      "farther is cheaper",
    );
  });

  test("keep their rates per second, or better, at every rate of ticks", async () => {
    for (const tickRateHz of [10, 30, 60]) {
      const seen = await watch(40, { tickRateHz });
      for (const [channel, rateHz] of [
        ["critical", 20],
        ["detailed", 10],
        ["cosmetic", 5],
      ] as const) {
        assert.ok(
          seen[channel] >= Math.min(rateHz, tickRateHz) && seen[channel] < 2 * rateHz,
          `${channel} ${seen[channel]}`,
        );
      }
    }
  });
});

describe("a channel's rate", () => {
  for (const channel of channelNames) {
    test(`of ${channel} is how often it is sent`, async () => {
      const usual = await watch(40);
      const slow = await watch(40, { rates: withRate(channel, { rateHz: 2.5 }) });
      assert.equal(slow[channel], 2.5);
      assert.ok(slow.bytesPerSecond < usual.bytesPerSecond);
      // The level's stride is `critical`'s: it holds the others back, and nothing else does.
      for (const other of channelNames) {
        if (other === channel) continue;
        assert.equal(slow[other], channel === "critical" ? Math.min(usual[other], 2.5) : usual[other], other);
      }
    });
  }
});

describe("a channel's radius", () => {
  test("of critical is how far its own rate reaches; beyond it the stride doubles", async () => {
    const rates = withRate("critical", { radiusM: 20 });
    assert.equal((await watch(40)).critical, 20);
    assert.equal((await watch(40, { rates })).critical, 10);
    assert.equal((await watch(10, { rates })).critical, 20);
  });

  for (const channel of ["detailed", "cosmetic"] as const) {
    test(`of ${channel} is where it ends`, async () => {
      const near = await watch(40, { rates: withRate(channel, { radiusM: 20 }) });
      const far = await watch(40, { rates: withRate(channel, { radiusM: 250 }) });
      assert.equal(near[channel], 0);
      assert.ok(far[channel] > 0);
      const beyond = { ...withRate(channel, { radiusM: 300 }) };
      assert.equal((await watch(290, { rates: beyond })).isSeen, true, "the farthest radius is the view's");
    });
  }

  test("of metadata is the edge of the view when it reaches farthest", async () => {
    assert.equal((await watch(240)).isSeen, true);
    assert.equal((await watch(240, { rates: withRate("metadata", { radiusM: 192 }) })).isSeen, false);
    assert.equal((await watch(400, { rates: withRate("metadata", { radiusM: 450 }) })).isSeen, true);
  });
});

describe("the hysteresis of a view", () => {
  /** Times that the other came into view while the viewer walked to and fro over the edge. */
  async function appearances(hysteresisPercent: number) {
    const { sim, viewer, put: place } = await play({ hysteresisPercent });
    place("Other", 8 + 256 + 16 + 2);
    const bytes = viewer.bytesReceived;
    let appeared = 0;
    let wasSeen = false;
    for (let turn = 0; turn < 20; turn++) {
      place("Viewer", turn % 2 === 0 ? 20 : 4);
      await sim.run(12, () => {
        const isSeen = held(viewer) !== undefined;
        if (isSeen && !wasSeen) appeared++;
        wasSeen = isSeen;
      });
    }
    assert.deepEqual(viewer.problems, []);
    return { appeared, bytes: viewer.bytesReceived - bytes };
  }

  test("keeps what is in view there for a while, so that an edge does not flicker", async () => {
    const strict = await appearances(0);
    const lenient = await appearances(10);
    assert.equal(strict.appeared, 10);
    assert.equal(lenient.appeared, 1);
  });
});

describe("the size of a region", () => {
  async function view(regionSizeM: number) {
    const { sim, viewer, put: place } = await play({ regionSizeM });
    place("Viewer", 8);
    place("Other", 8 + 300);
    await sim.run(60);
    const { members } = viewer.zones.get(0)!;
    const bytes = viewer.bytesReceived;
    await sim.run(40);
    return { regions: members.size, isSeen: held(viewer) !== undefined, bytes: viewer.bytesReceived - bytes };
  }

  test("decides how many make up a view, how sharp its edge is and how many bits a place takes", async () => {
    const fine = await view(16);
    const coarse = await view(128);
    assert.ok(fine.regions > 4 * coarse.regions, `${fine.regions} and ${coarse.regions}`);
    assert.deepEqual([fine.isSeen, coarse.isSeen], [false, true], "a region is in view as a whole");
    const small = await watch(40, { regionSizeM: 16 });
    const large = await watch(40, { regionSizeM: 512 });
    assert.notEqual(small.bytesPerSecond, large.bytesPerSecond);
  });
});

/** Sections in the order in which they are applied. */
const order: readonly number[] = [
  section.drops,
  section.reshapes,
  section.keyframes,
  section.packedKeyframes,
  section.intros,
  section.blocks,
  section.digests,
  section.group,
];

test("sections arrive in their order: drops, reshapes, keyframes, intros, then blocks by level", async () => {
  const crowds = { splitAbove: 1, mergeBelow: 1, regionSizeMinM: 4 };
  const { sim, viewer, put: place } = await play({ regionSizeM: 64, crowds });
  const places: number[][] = [];
  const kinds = new Set<number>();
  for (let turn = 0; turn < 60; turn++) {
    // Together they are a crowd, and the next moment they are not.
    place("Viewer", 8 + turn * 12);
    place("Other", 8 + turn * 12 + (Math.floor(turn / 20) % 2) * 90);
    await sim.run(2, () => {
      for (const part of viewer.frame?.zones ?? []) {
        places.push(part.sections.map(({ kind, level }) => order.indexOf(kind) * 16 + level));
        for (const { kind } of part.sections) kinds.add(kind);
      }
    });
  }
  assert.deepEqual(viewer.problems, []);
  for (const found of places)
    assert.deepEqual(
      found,
      [...found].sort((a, b) => a - b),
    );
  assert.ok(kinds.has(section.reshapes) && kinds.has(section.drops) && kinds.has(section.keyframes));
  const levels = new Set(places.flat().map((found) => found % 16));
  assert.ok(levels.size >= 4 && levelsOf(defaultChannelRates, 20).length === 13, `${levels.size} levels`);
});
