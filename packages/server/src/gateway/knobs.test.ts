import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type ChannelRates, defaultChannelRates, levelsOf, section } from "@myriad/protocol";
import { VirtualTime } from "../platform/virtual-time.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { TestGateway, type TestGatewayOptions } from "./testing-gateway.ts";

interface Seen {
  readonly frames: number;
  /** Beside keyframes, after three seconds in which the gateway learnt what the game costs. */
  readonly kbitPerSecond: number;
  readonly bytes: number;
  /** Sections of blocks by level. */
  readonly blocks: readonly number[];
  readonly reshapes: number;
  readonly drops: number;
  readonly keyframeBytes: number;
}

interface Course extends Partial<TestGatewayOptions> {
  readonly rates?: ChannelRates;
  /** Metres that the player walks to either side. @default 3 */
  readonly walkM?: number;
  /** How busy the thread is, told each second. */
  readonly busyShare?: number;
}

/** What a player gets in ten seconds that walks to and fro. */
async function see({
  rates = defaultChannelRates,
  walkM = 3,
  busyShare = 0,
  ...options
}: Course): Promise<Seen> {
  const store = createMemoryStore();
  const levels = levelsOf(rates, 20);
  const game = await TestGateway.start({
    time: new VirtualTime(),
    store,
    settle: () => setTimeout(1),
    walkers: 200,
    levels,
    ...options,
  });
  const ada = await game.join("Ada");
  game.tick();
  let learntBytes = 0;
  for (let tick = 0; tick < 200; tick++) {
    // Regions begin at every 64 m, and so do the rings around here.
    const x = 320 + walkM * Math.sin(tick / 4);
    if (tick % 20 === 0) game.gateway.noteLoad(busyShare);
    if (tick === 60) learntBytes = game.gateway.stats.bytesOut - game.gateway.stats.keyframeBytesOut;
    game.zones[0]!.movePlayer(ada.session, x, 250);
    game.tick();
    ada.acknowledge();
  }
  const { bytesOut, keyframeBytesOut } = game.gateway.stats;
  const { frames } = ada.read();
  const sections = frames.flatMap(({ zones }) => zones.flatMap((part) => part.sections));
  await store.close();
  return {
    frames: frames.length,
    kbitPerSecond: ((bytesOut - keyframeBytesOut - learntBytes) * 8) / 1000 / 7,
    bytes: game.gateway.stats.bytesOut,
    blocks: levels.map(
      (_, level) => sections.filter((s) => s.kind === section.blocks && s.level === level).length,
    ),
    reshapes: sections.filter(({ kind }) => kind === section.reshapes).length,
    drops: sections.filter(({ kind }) => kind === section.drops).length,
    keyframeBytes: game.gateway.stats.keyframeBytesOut,
  };
}

suite("each knob changes what a client gets", () => {
  test("a smaller radius of every channel: fewer bytes", async () => {
    const near = Object.fromEntries(
      Object.entries(defaultChannelRates).map(([name, { radiusM, rateHz }]) => [
        name,
        { radiusM: radiusM / 2, rateHz },
      ]),
    ) as unknown as ChannelRates;
    assert.ok((await see({ rates: near })).bytes < 0.6 * (await see({})).bytes);
  });

  test("half the rate: half the blocks of the nearest ring", async () => {
    const slow = {
      ...defaultChannelRates,
      critical: { radiusM: 64, rateHz: 10 },
      metadata: { radiusM: 256, rateHz: 10 },
    };
    const [fast, half] = [await see({}), await see({ rates: slow })];
    assert.ok(
      Math.abs(half.blocks[0]! / fast.blocks[0]! - 0.5) < 0.05,
      `${half.blocks[0]} of ${fast.blocks[0]}`,
    );
  });

  test("each ring outward has its own stride, where the line has room: no longer ones are used", async () => {
    const { blocks } = await see({});
    assert.ok(Math.abs(blocks[1]! / blocks[0]! - 0.5) < 0.1, `${blocks}`);
    assert.ok(Math.abs(blocks[2]! / blocks[1]! - 0.5) < 0.1, `${blocks}`);
    // Of the strides from eight on some regions are due in each fourth tick.
    assert.ok(blocks[3]! > 0 && blocks[3]! <= blocks[2]! * 1.1, `${blocks}`);
    assert.deepEqual(new Set(blocks.slice(4)), new Set([0]));
  });

  test("a budget in kilobits per second: what others cost stays about within it, by longer strides", async () => {
    const free = await see({});
    let before = free.kbitPerSecond;
    for (const clientBudgetKbitPerSecond of [40, 20]) {
      const seen = await see({ options: { clientBudgetKbitPerSecond } });
      // Heads of frames come on top.
      assert.ok(seen.kbitPerSecond < clientBudgetKbitPerSecond + 6, `${seen.kbitPerSecond} kbit/s`);
      assert.ok(seen.kbitPerSecond < before - 5);
      assert.ok(
        seen.blocks.slice(4).some((count) => count > 0),
        "longer strides are used",
      );
      assert.equal(seen.frames, free.frames, "and frames come as often");
      before = seen.kbitPerSecond;
    }
  });

  test("a thread that is never idle: fewer frames, which hold what more would have", async () => {
    const [calm, busy] = [await see({}), await see({ busyShare: 1 })];
    assert.ok(busy.frames < 0.5 * calm.frames, `${busy.frames} of ${calm.frames}`);
    assert.ok(busy.bytes < 0.8 * calm.bytes);
    assert.ok(busy.keyframeBytes < 1.2 * calm.keyframeBytes, "nothing is missed");
  });

  test("regions that split earlier: a crowd of which less is near, and fewer bytes within a budget", async () => {
    const crowd = { walkers: 400, options: { clientBudgetKbitPerSecond: 40 } };
    const whole = await see(crowd);
    const split = await see({ ...crowd, crowds: { splitAbove: 4, mergeBelow: 2, regionSizeMinM: 4 } });
    assert.equal(whole.reshapes, 0);
    assert.ok(split.reshapes > 0);
    assert.notEqual(split.bytes, whole.bytes);
  });

  test("without hysteresis who walks to and fro at a ring's edge gets regions again and again", async () => {
    const [calm, restless] = [
      await see({ walkM: 10, options: { hysteresisPercent: 10 } }),
      await see({ walkM: 10, options: { hysteresisPercent: 0 } }),
    ];
    assert.ok(restless.keyframeBytes > 1.5 * calm.keyframeBytes);
    assert.ok(restless.drops > calm.drops);
  });

  test("a longer step: the view follows later", async () => {
    const [short, long] = [
      await see({ walkM: 10, options: { hysteresisPercent: 0, viewStepM: 0.5 } }),
      await see({ walkM: 10, options: { hysteresisPercent: 0, viewStepM: 30 } }),
    ];
    assert.ok(long.keyframeBytes < short.keyframeBytes);
    assert.equal(long.drops, 0);
  });

  test("a step below an eighth of the nearest ring counts where the line is full", async () => {
    const seen = (viewStepM: number, clientBudgetKbitPerSecond: number) =>
      see({ walkM: 3, options: { hysteresisPercent: 0, viewStepM, clientBudgetKbitPerSecond } });
    assert.equal((await seen(0.5, 1e6)).keyframeBytes, (await seen(7, 1e6)).keyframeBytes);
    assert.ok((await seen(0.5, 3)).keyframeBytes > (await seen(7, 3)).keyframeBytes);
  });
});
