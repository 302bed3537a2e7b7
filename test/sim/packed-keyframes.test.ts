import assert from "node:assert/strict";
import { test } from "node:test";
import { critical, defineSchema, detailed, entity, metadata, position, text, uint } from "@myriad/protocol";
import { deflate } from "../../packages/server/src/platform/deflate.ts";
import { defineModule, defineRealm, every } from "../../packages/server/src/zone/definitions.ts";
import { RealmSim, SimClient } from "./realm-sim.ts";

/** A game of words: signposts whose inscriptions are most of a region, and a hand that rewrites one at times. */
const Reader = entity(
  "reader",
  { position: critical(position()), name: metadata(text(16)) },
  { wakes: true },
);
const Sign = entity("sign", {
  position: critical(position()),
  age: detailed(uint(16)),
  words: metadata(text(300)),
});
const schema = defineSchema({
  name: "signs",
  version: "1",
  entities: [Reader, Sign],
  intents: [],
  facts: [],
});
const phrases = [
  "Here begins the road to the harbour. ",
  "Whoever passes the old bridge at night shall carry a lantern. ",
  "Wolves were seen by the mill; keep your dogs inside. ",
];
const bounds = { x: 0, y: 0, width: 128, height: 128 };

const signs = defineModule({
  name: "signs",
  entities: [Reader, Sign],
  populate: (zone) => {
    for (let i = 0; i < 60; i++) {
      const at = { x: zone.random.float() * bounds.width, y: zone.random.float() * bounds.height };
      const words = `${phrases[i % 3]!}${phrases[(i + 1) % 3]!}${phrases[(i * 7) % 3]!}`;
      zone.spawn(Sign, { position: at, words });
    }
  },
  systems: [
    every(0, function weather(zone) {
      const { columns } = zone.table(Sign);
      const row = zone.random.int(60);
      columns.age[row] = zone.tick % 1000;
      columns.position.x[row] = Math.min(120, columns.position.x[row]! + 0.25);
      if (zone.random.chance(0.1)) columns.words[row] = `${phrases[zone.random.int(3)]!}${zone.tick}`;
    }),
  ],
});
const realm = defineRealm({
  name: "signs",
  schema,
  modules: [signs],
  player: Reader,
  zones: () => [{ name: "field", bounds }],
  spawnPoint: () => ({ zone: 0, x: 64, y: 64 }),
  characterSchemaVersion: 1,
});

test("who unpacks gets keyframes of long texts packed, who does not gets them plain, and both hold what the zone does", async () => {
  const sim = new RealmSim({ realm });
  const came = async (name: string, unpacks: boolean) => {
    const client = new SimClient(name, realm);
    client.unpacks = unpacks;
    sim.clients.push(client);
    sim.connect(client);
    await sim.runUntil(() => client.digestsChecked > 4, 100, `${name} holds its view`);
    return { client, bytes: client.bytesReceived };
  };
  const today = await came("today", true);
  const before = await came("before", false);
  await sim.run(60);
  for (const { client } of [today, before]) {
    assert.deepEqual(client.problems, []);
    assert.deepEqual(sim.divergence(client), []);
    assert.ok(client.digestsChecked > 20, `${client.digestsChecked} digests`);
  }
  assert.ok(today.client.packedReceived > 0, "some came packed");
  assert.equal(before.client.packedReceived, 0);
  assert.ok(today.bytes < 0.8 * before.bytes, `${today.bytes} and ${before.bytes} bytes`);
});

test("a zone that packs nothing is understood as well", async () => {
  const sim = new RealmSim({ realm, deflate: () => new Uint8Array(1 << 20) });
  const client = await sim.join("ada");
  await sim.run(40);
  assert.deepEqual(client.problems, []);
  assert.equal(client.packedReceived, 0);
});

test("bytes that do not unpack are a code to the client, and a new keyframe heals it", async () => {
  let isBroken = true;
  const sim = new RealmSim({
    realm,
    deflate: (bytes) => {
      const packed = deflate(bytes);
      if (isBroken) packed[packed.length >> 1]! ^= 0x55;
      return packed;
    },
  });
  const client = await sim.join("ada");
  await sim.run(20);
  assert.ok(client.problems.length > 0 && client.isOpen);
  isBroken = false;
  client.cut();
  client.problems.length = 0;
  sim.resume(client);
  await sim.run(60);
  assert.deepEqual(client.problems, []);
  assert.ok(client.packedReceived > 0);
});
