import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChannelRates, defaultChannelRates } from "@myriad/protocol";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { miniRealm, Steer } from "./mini-realm.ts";
import { RealmSim, type SimClient, type SimOptions } from "./realm-sim.ts";

/** Any knobs that an operator may choose. */
function optionsOf(seed: number): SimOptions {
  const random = new SeededRandom(seed, 55);
  const pick = (from: readonly number[]) => from[random.int(from.length)]!;
  const rate = () => ({ radiusM: pick([24, 48, 64, 100, 128, 200, 256]), rateHz: pick([1, 2.5, 5, 10, 20]) });
  const rates: ChannelRates = { critical: rate(), detailed: rate(), cosmetic: rate(), metadata: rate() };
  return {
    realm: miniRealm,
    zones: 1 + random.int(4),
    seed,
    rates: random.chance(0.2) ? defaultChannelRates : rates,
    hysteresisPercent: random.int(30),
    regionSizeM: pick([16, 32, 64, 100]),
    tickRateHz: pick([10, 20, 30, 60]),
  };
}

/** Walks, crossings, stalls and broken sockets, then rest. */
async function play(seed: number): Promise<RealmSim> {
  const sim = new RealmSim(optionsOf(seed));
  const random = new SeededRandom(seed, 9);
  const wakesAt = new Map<SimClient, number>();
  for (let tick = 0; tick < 240; tick++) {
    if (sim.clients.length < 6 && random.chance(0.1)) await sim.join(`p${seed}x${sim.clients.length}`);
    for (const client of sim.clients) {
      if (random.chance(0.06)) {
        const heading = random.float() * 6.28;
        client.intent(Steer, { heading, moving: random.chance(0.9), fast: random.chance(0.5) });
      }
      if (random.chance(0.01) && !wakesAt.has(client) && client.frame !== undefined) {
        if (random.chance(0.5)) client.cut();
        else client.isStalled = true;
        wakesAt.set(client, tick + 5 + random.int(60));
      }
      if (wakesAt.get(client) === tick) wake(sim, client, wakesAt);
    }
    await sim.run(1);
  }
  for (const client of sim.clients) {
    wake(sim, client, wakesAt);
    client.intent(Steer, { heading: 0, moving: false, fast: false });
  }
  await sim.run(80);
  return sim;
}

function wake(sim: RealmSim, client: SimClient, wakesAt: Map<SimClient, number>): void {
  client.isStalled = false;
  if (!client.isOpen) sim.resume(client);
  wakesAt.delete(client);
}

const seeds = Array.from({ length: Number(process.env["MYRIAD_SEEDS"] ?? 8) }, (_, index) => 1 + index);

for (const seed of seeds) {
  test(`clients converge to what the zones say whatever the knobs, seed ${seed}`, async () => {
    const sim = await play(seed);
    assert.deepEqual(sim.failures, []);
    // What is far away may be told at long strides: only what stays wrong is wrong.
    const before = new Map(sim.clients.map((client) => [client, sim.divergence(client, 12)]));
    await sim.run(40);
    for (const client of sim.clients) {
      const wrong = sim.divergence(client, 12).filter((line) => before.get(client)!.includes(line));
      assert.deepEqual(wrong, [], `${client.name} ${JSON.stringify(optionsOf(seed))}`);
      assert.ok(client.digestsChecked > 0);
    }
  });
}
