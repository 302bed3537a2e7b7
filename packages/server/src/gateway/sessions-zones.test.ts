import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { decodeCharacter } from "../bus/character.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import type { Store } from "../store/port.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { Move, Say } from "./testing.ts";
import { framesKept } from "./limits.ts";
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

suite("a ticket with a place", () => {
  test("lets the character join the zone that holds the point, and says there where", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const enter = async (name: string, place?: { x: number; y: number }) => {
      const { ticket } = await game.issuer.issue(name, place);
      const client = game.offer(`ticket.${ticket}`);
      client.hello();
      await game.until(() => client.isWelcome);
      game.ticks(2);
    };
    const joinsOf = (zone: typeof west) =>
      zone!.inputs.flatMap((input) => {
        const read = input.kind === "join" ? decodeCharacter(input.character) : undefined;
        return read?.ok === true ? [[read.value.name, read.value.place]] : [];
      });
    await enter("Ada", { x: 700, y: 20 });
    await enter("Ben", { x: 1e9, y: 250 });
    await enter("Cleo", { x: 5.25, y: 499 });
    await enter("Dora");
    assert.deepEqual(joinsOf(east), [
      ["Ada", { x: 700, y: 20 }],
      ["Ben", { x: 1198, y: 250 }],
    ]);
    assert.deepEqual(joinsOf(west), [
      ["Cleo", { x: 5.25, y: 498 }],
      ["Dora", undefined],
    ]);
  });
});

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

  test("a gateway that is late sends one frame with all that it kept, and self whole for what it did not", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(3);
    const before = ada.read().frames.length;
    const late = (ticks: number) => {
      for (let i = 0; i < ticks; i++) {
        game.gateway.sendIntents();
        game.zones[0]!.step();
      }
      game.gateway.flush();
    };
    late(framesKept + 2);
    const newest = game.zones[0]!.tick;
    const [frame, ...others] = ada.read().frames.slice(before);
    assert.equal(others.length, 0);
    assert.equal(frame!.tick, newest);
    assert.equal(frame!.self, undefined, "changes of it make no sense any more");
    game.ticks(2);
    const { self } = ada.read().frames.find(({ tick }) => tick === newest + 1)!;
    assert.equal(self!.to - self!.from, 3);
  });

  test("a frame for several ticks has the newest place and number, every tick's facts, and self of each in turn", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(3);
    ada.acknowledge();
    const before = ada.read().frames.length;
    for (let i = 1; i <= 3; i++) {
      game.gateway.sendIntents();
      game.zones[0]!.movePlayer(ada.session, 300 + i, 200);
      game.zones[0]!.facts.set(ada.session, [{ type: 0, record: Uint8Array.of(i) }]);
      game.zones[0]!.step();
    }
    game.gateway.flush();
    const [frame] = ada.read().frames.slice(before);
    assert.deepEqual(frame!.position, { x: 303 * 1024, y: 200 * 1024 });
    assert.deepEqual(
      ada.facts.slice(-3).map(({ number, record }) => [number, ...record]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    );
    // The zone of the tests tells one byte of `self` in each third tick, and all three when it is asked for.
    const { from, to } = frame!.self!;
    assert.deepEqual([...frame!.bytes.subarray(from, to)], [1]);
    game.zones[0]!.lastBatch = undefined;
    const parts = frame!.zones.filter(({ zone }) => zone === 0).map(({ tick }) => tick);
    assert.deepEqual(parts, [frame!.tick - 2, frame!.tick - 1, frame!.tick], "each tick's part, in order");
  });

  test("a client that gets every second or fourth tick misses nothing: frames are fewer and hold more", async () => {
    for (const [seconds, stride] of [
      [4, 2],
      [60, 4],
    ] as const) {
      const game = await start();
      const ada = await game.join("Ada");
      game.ticks(8);
      for (let second = 0; second < seconds; second++) game.gateway.noteLoad(1);
      game.ticks(4);
      ada.acknowledge();
      const before = ada.read().frames.length;
      for (let tick = 0; tick < 16; tick++) {
        game.zones[0]!.facts.set(ada.session, [{ type: 0, record: Uint8Array.of(tick) }]);
        game.tick();
        ada.acknowledge();
      }
      const frames = ada.read().frames.slice(before);
      assert.equal(frames.length, 16 / stride);
      for (const { tick } of frames) assert.equal(tick % stride, 0);
      const expected = Array.from({ length: 16 }, (_, tick) => tick);
      assert.deepEqual(
        ada.facts.slice(-16).map(({ record }) => record[0]),
        expected.slice(0, ada.facts.slice(-16).length),
      );
      assert.ok(frames.every(({ self }, i) => i === 0 || self === undefined || self.to - self.from < 3));
    }
  });

  test("a slow client gets its frame also when the tick in which it was due came together with the next", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    for (let second = 0; second < 60; second++) game.gateway.noteLoad(1);
    game.ticks(12 - (game.zones[0]!.tick % 4));
    ada.acknowledge();
    const before = ada.read().frames.length;
    game.ticks(3);
    for (let i = 0; i < 2; i++) {
      game.gateway.sendIntents();
      game.zones[0]!.step();
    }
    game.gateway.flush();
    const newest = game.zones[0]!.tick;
    assert.deepEqual([newest % 4, ada.read().lastFrame!.tick], [1, newest]);
    game.ticks(3);
    const frames = ada.read().frames.slice(before);
    assert.deepEqual(
      frames.map(({ tick }) => tick),
      [newest, newest + 3],
      "and the next one when it is due",
    );
    assert.ok(
      frames.every(({ self }) => self === undefined || self.to - self.from < 3),
      "nothing was missed",
    );
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
