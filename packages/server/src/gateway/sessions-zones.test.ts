import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { VirtualTime } from "../platform/virtual-time.ts";
import type { Store } from "../store/port.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { Move, Say } from "./testing.ts";
import { TestGateway, type TestGatewayOptions } from "./testing-gateway.ts";

let stores: Store[] = [];
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
});

async function start(options: Partial<TestGatewayOptions> = {}): Promise<TestGateway> {
  const store = createMemoryStore();
  stores.push(store);
  return TestGateway.start({ time: new VirtualTime(), store, settle: () => setTimeout(1), ...options });
}

const twoZones = [
  { x: 0, y: 0, width: 600, height: 500 },
  { x: 600, y: 0, width: 600, height: 500 },
];

suite("zones that change", () => {
  test("a handover moves the home, repeats unanswered intents once and goes on with frames", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const ada = await game.join("Ada");
    game.ticks(2);
    ada.intend(Move, { heading: 1, speed: 1 });
    game.tick();
    // The old owner lets go without having applied the second one.
    west!.players.get(ada.session)!.lastIntent = 1;
    ada.intend(Say, { text: "hi" });
    west!.movePlayer(ada.session, 599, 250);
    west!.handOver(ada.session, east!);
    game.tick();
    game.ticks(2);
    assert.equal(ada.read().lastFrame!.homeZone, 1);
    const repeated = east!.inputs.filter(({ kind }) => kind === "intent");
    assert.deepEqual(
      repeated.map((input) => (input.kind === "intent" ? input.seq : 0)),
      [2],
    );
    assert.equal(game.gateway.stats.handovers, 1);
    assert.equal(ada.lastFrame!.lastIntent, 2);
  });

  test("a handover whose tick frame was lost is believed when the other zone reports the player", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const ada = await game.join("Ada");
    game.ticks(2);
    west!.handOver(ada.session, east!);
    game.tick((zone) => zone === 0);
    game.ticks(5);
    assert.notEqual(ada.read().lastFrame!.homeZone, 1);
    game.ticks(10);
    assert.equal(ada.read().lastFrame!.homeZone, 1);
  });

  test("who is absent or leaves while it is handed over is so in the other zone, too", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const ada = await game.join("Ada");
    const bob = await game.join("Bob");
    game.ticks(2);
    west!.handOver(ada.session, east!);
    west!.handOver(bob.session, east!);
    ada.connection.drop();
    bob.connection.say(Uint8Array.of(5));
    game.ticks(2);
    assert.equal(east!.players.get(ada.session)!.absent, true);
    game.ticks(4);
    assert.equal(east!.players.has(bob.session), false);
    assert.equal(game.gateway.counts().closing, 0);
  });

  test("a handover to a zone that is not on the map ends the session", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    game.zones[0]!.ended = [{ session: ada.session, how: "handedOver", zone: 9 }];
    game.tick();
    assert.equal(ada.closedWith, "zone_unavailable");
  });

  test("a zone may end a session with a reason of ours, or one that means nothing here", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    const bob = await game.join("Bob");
    game.ticks(2);
    game.zones[0]!.ended = [
      { session: ada.session, how: "closed", reason: "server_full" },
      { session: bob.session, how: "closed", reason: "toString" },
      { session: 999, how: "closed", reason: "left" },
    ];
    game.tick();
    assert.equal(ada.closedWith, "server_full");
    assert.equal(bob.closedWith, "zone_unavailable");
  });

  test("a zone's silence ends nobody, and a new owner is met with everything that is not answered", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    const bob = await game.join("Bob");
    const cid = await game.join("Cid");
    game.ticks(10);
    for (const client of [ada, bob, cid]) client.acknowledge();
    const frames = ada.frames.length;
    for (let i = 0; i < 20 * 8; i++) game.tick(() => true);
    assert.equal(ada.read().frames.length, frames);
    assert.equal(ada.closedWith, undefined);
    assert.ok(game.gateway.zoneSilence()[0]!.isSilent);
    bob.connection.drop();
    cid.connection.say(Uint8Array.of(5));
    ada.intend(Move, { heading: 1, speed: 1 });
    game.tick(() => true);
    game.zones[0]!.inputs.length = 0;
    game.zones[0]!.epoch = 2;
    game.tick();
    game.tick();
    const kinds = game.zones[0]!.inputs.map(({ kind, session }) => `${kind} ${session}`);
    assert.deepEqual(kinds.toSorted(), ["absent 2", "leave 3"].toSorted());
    game.ticks(5);
    assert.ok(ada.read().frames.length > frames + 3);
    assert.equal(game.gateway.stats.zoneRestarts, 1);
    assert.equal(ada.closedWith, undefined);
  });

  test("batches that are none, of another realm, another zone, an old tick or an old epoch are refused", async () => {
    const game = await start();
    const [zone] = game.zones;
    const batches: Uint8Array[] = [];
    const { bus } = game;
    const send = bus.sendTickFrame.bind(bus);
    bus.sendTickFrame = (gateway, batch) => {
      batches.push(batch.slice());
      send(gateway, batch);
    };
    game.tick();
    zone!.epoch = 2;
    game.tick();
    assert.equal(game.gateway.stats.batchesRefused, 0);
    const [oldEpoch, sameTick] = batches as [Uint8Array, Uint8Array];
    const otherRealm = sameTick.slice();
    otherRealm[4]! ^= 1;
    const otherZone = sameTick.slice();
    otherZone[8] = 7;
    for (const batch of [
      oldEpoch,
      sameTick,
      otherRealm,
      otherZone,
      sameTick.subarray(0, 60),
      new Uint8Array(3),
    ]) {
      send(0, batch);
    }
    assert.equal(game.gateway.stats.batchesRefused, 6);
    assert.equal(game.gateway.stats.tickFrames, 2);
  });

  test("a gateway that is late sends one frame for each tick it kept, and self whole for those it did not", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(3);
    const before = ada.read().frames.length;
    for (let i = 0; i < 6; i++) {
      game.gateway.sendIntents();
      game.zones[0]!.step();
    }
    game.gateway.flush();
    const late = ada.read().frames.slice(before);
    assert.deepEqual(
      late.map(({ tick }) => tick),
      [6, 7, 8, 9],
    );
    assert.ok(late.every(({ self }) => self === undefined));
    game.ticks(2);
    const { self } = ada.read().frames.find(({ tick }) => tick === 10)!;
    assert.equal(self!.to - self!.from, 3);
  });

  test("a frame larger than a client accepts is not sent; the client is closed and may come back", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    game.zones[0]!.players.get(ada.session)!.group = 4;
    game.tick();
    game.zones[0]!.groups = [{ group: 4, bytes: new Uint8Array(5 << 20) }];
    const before = ada.read().frames.length;
    game.tick();
    assert.equal(ada.read().frames.length, before);
    assert.equal(ada.closedWith, "not_draining");
    const again = game.resume(ada);
    game.ticks(3);
    assert.equal(again.read().frames.length, 3);
  });

  test("dilation is told when it changes, and to who comes back", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    assert.equal(ada.read().lastFrame!.dilation, undefined);
    game.zones[0]!.dilation = 40;
    game.ticks(2);
    assert.deepEqual(
      ada
        .read()
        .frames.slice(-2)
        .map(({ dilation }) => dilation),
      [40, undefined],
    );
    ada.connection.drop();
    const again = game.resume(ada);
    game.tick();
    assert.equal(again.read().lastFrame!.dilation, 40);
  });
});

suite("draining", () => {
  test("everyone is told, and closed once the zone let the character go", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    const bob = await game.join("Bob");
    const late = game.offer("ticket.x");
    game.ticks(2);
    bob.connection.drop();
    const drained = game.gateway.drain(4000);
    assert.equal(late.closedWith, "server_closing");
    assert.deepEqual(ada.read().notices, ["server_closing"]);
    assert.equal(ada.closedWith, undefined, "the character is not saved yet");
    assert.equal(game.offer("ticket.x").closedWith, "server_closing");
    assert.ok(game.gateway.isDraining);
    game.ticks(4);
    assert.equal(await drained, 0);
    assert.equal(ada.closedWith, "server_closing");
    assert.equal(game.gateway.counts().closing, 0);
  });

  test("a zone that does not answer is not waited for for ever", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    game.zones[0]!.isSaving = false;
    const drained = game.gateway.drain(1000);
    game.ticks(21);
    assert.equal(await drained, 1);
    assert.equal(ada.closedWith, "server_closing");
  });

  test("a login that finishes during the drain, and a resume, are refused", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    ada.connection.drop();
    const bob = await game.knock("Bob");
    const drained = game.gateway.drain(1000);
    assert.equal(bob.closedWith, "server_closing");
    game.ticks(4);
    await drained;
    assert.equal(game.gateway.counts().playing, 0);
  });

  test("a gateway that is closed ends its connections and hears nothing more", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.tick();
    const frames = ada.read().frames.length;
    game.gateway.close();
    game.tick();
    assert.equal(ada.read().frames.length, frames);
    assert.equal(ada.connection.closedWith?.code, 1006);
  });
});
