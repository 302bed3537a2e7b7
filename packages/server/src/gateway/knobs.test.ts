import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type ChannelRates, defaultChannelRates, levelsOf, section } from "@myriad/protocol";
import { VirtualTime } from "../platform/virtual-time.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { TestGateway, type TestGatewayOptions } from "./testing-gateway.ts";

interface Seen {
  readonly bytes: number;
  /** Sections of blocks by level. */
  readonly blocks: readonly number[];
  readonly drops: number;
  readonly keyframeBytes: number;
}

/** What a player gets in ten seconds that walks to and fro, 3 m each way. */
async function see(
  options: Partial<TestGatewayOptions>,
  rates: ChannelRates = defaultChannelRates,
): Promise<Seen> {
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
  for (let tick = 0; tick < 200; tick++) {
    // Regions begin at every 64 m, and so do the rings around here.
    const x = 320 + 3 * Math.sin(tick / 4);
    game.zones[0]!.movePlayer(ada.session, x, 250);
    game.tick();
    ada.acknowledge();
  }
  const sections = ada.read().frames.flatMap(({ zones }) => zones.flatMap((part) => part.sections));
  await store.close();
  return {
    bytes: game.gateway.stats.bytesOut,
    blocks: levels.map(
      (_, level) => sections.filter((s) => s.kind === section.blocks && s.level === level).length,
    ),
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
    assert.ok((await see({}, near)).bytes < 0.6 * (await see({})).bytes);
  });

  test("half the rate: half the blocks of the nearest ring", async () => {
    const slow = {
      ...defaultChannelRates,
      critical: { radiusM: 64, rateHz: 10 },
      metadata: { radiusM: 256, rateHz: 10 },
    };
    const [fast, half] = [await see({}), await see({}, slow)];
    assert.ok(
      Math.abs(half.blocks[0]! / fast.blocks[0]! - 0.5) < 0.05,
      `${half.blocks[0]} of ${fast.blocks[0]}`,
    );
  });

  test("each ring outward has the stride of its level", async () => {
    const { blocks } = await see({});
    assert.deepEqual(
      levelsOf(defaultChannelRates, 20).map(({ strideTicks }) => strideTicks),
      [1, 2, 4, 8],
    );
    for (let level = 1; level < 4; level++) {
      assert.ok(Math.abs(blocks[level]! / blocks[level - 1]! - 0.5) < 0.1, `${blocks}`);
    }
  });

  test("without hysteresis who walks to and fro at a ring's edge gets regions again and again", async () => {
    const [calm, restless] = [
      await see({ options: { hysteresisPercent: 10 } }),
      await see({ options: { hysteresisPercent: 0 } }),
    ];
    assert.ok(restless.keyframeBytes > 1.5 * calm.keyframeBytes);
    assert.ok(restless.drops > calm.drops);
  });

  test("a longer step: the view follows later", async () => {
    const [short, long] = [
      await see({ options: { hysteresisPercent: 0, viewStepM: 0.5 } }),
      await see({ options: { hysteresisPercent: 0, viewStepM: 10 } }),
    ];
    assert.ok(long.keyframeBytes < short.keyframeBytes);
    assert.equal(long.drops, 0);
  });
});
