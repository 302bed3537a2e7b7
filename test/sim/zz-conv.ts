import assert from "node:assert/strict";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { miniRealm, Player, Shout, Steer } from "./mini-realm.ts";
import { RealmSim, type SimClient } from "./realm-sim.ts";

/** Random walks, joins, leaves, stalls, reconnects, zone crossings; at the end everyone rests and must hold what zones say. */
async function play(seed: number, ticks: number): Promise<RealmSim> {
  const sim = new RealmSim({ realm: miniRealm, zones: 1 + (seed % 4), seed, ...optionsOf(seed) });
  const random = new SeededRandom(seed, 9);
  let joined = 0;
  const stalledUntil = new Map<SimClient, number>();
  const backAt = new Map<SimClient, number>();
  for (let tick = 0; tick < ticks; tick++) {
    if (sim.clients.length < 8 && random.chance(0.1)) await sim.join(`p${seed}x${joined++}`);
    for (const client of sim.clients) {
      if (random.chance(0.05)) {
        client.intent(Steer, {
          heading: random.float() * 6.28,
          moving: random.chance(0.9),
          fast: random.chance(0.4),
        });
      }
      if (random.chance(0.02)) client.intent(Shout, { text: `t${tick}` });
      if (random.chance(0.004) && !client.isStalled && client.isOpen) {
        client.isStalled = true;
        stalledUntil.set(client, tick + 10 + random.int(80));
      }
      if (stalledUntil.get(client) === tick) client.isStalled = false;
      if (random.chance(0.004) && client.isOpen && !client.isStalled && client.frame !== undefined) {
        client.cut();
        backAt.set(client, tick + 1 + random.int(60));
      }
      if (backAt.get(client) === tick) sim.resume(client);
    }
    await sim.run(1, () => {
      for (const client of sim.clients)
        assert.deepEqual(client.problems, [], `seed ${seed} tick ${tick} ${client.name}`);
    });
  }
  for (const client of sim.clients) {
    client.isStalled = false;
    if (!client.isOpen) sim.resume(client);
    client.intent(Steer, { heading: 0, moving: false, fast: false });
  }
  await sim.run(80);
  return sim;
}

import { defaultChannelRates } from "@myriad/protocol";
function optionsOf(seed: number) {
  const random = new SeededRandom(seed, 55);
  const rate = () => ({
    radiusM: [24, 48, 64, 100, 128, 200, 256][random.int(7)]!,
    rateHz: [1, 2.5, 5, 10, 20][random.int(5)]!,
  });
  const rates = random.chance(0.2)
    ? defaultChannelRates
    : { critical: rate(), detailed: rate(), cosmetic: rate(), metadata: rate() };
  return {
    rates,
    hysteresisPercent: random.int(30),
    regionSizeM: [16, 32, 64, 100][random.int(4)]!,
    tickRateHz: [10, 20, 30, 60][random.int(4)]!,
  };
}
const from = Number(process.env["FROM"] ?? 0);
let bad = 0;
for (let seed = from; seed < from + 60; seed++) {
  try {
    const sim = await play(seed, 300);
    assert.deepEqual(sim.failures, []);
    const before = new Map(sim.clients.map((client) => [client, sim.divergence(client, 12)]));
    await sim.run(40);
    for (const client of sim.clients) {
      const wrong = sim.divergence(client, 12).filter((line) => before.get(client)!.includes(line));
      assert.deepEqual(wrong, [], client.name);
    }
  } catch (e) {
    bad++;
    console.log(seed, JSON.stringify(optionsOf(seed)), String((e as Error).message).slice(0, 400));
  }
}
console.log("bad", bad);
