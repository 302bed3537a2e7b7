import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { encodeInput, encodePing, encodeRecord } from "@myriad/protocol";
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

async function start(options: Partial<TestGatewayOptions> = {}) {
  const store = createMemoryStore();
  stores.push(store);
  const game = await TestGateway.start({
    time: new VirtualTime(),
    store,
    settle: () => setTimeout(1),
    ...options,
  });
  const ada = await game.join("Ada");
  game.tick();
  const intents = () => game.zones[0]!.inputs.filter((input) => input.kind === "intent");
  return { game, ada, intents };
}

const move = (seq: number) => ({ seq, type: 0, record: encodeRecord(Move.fields, { heading: 1, speed: 1 }) });

suite("intents", () => {
  test("what passes the checks reaches the zone as the bytes that came, in its next batch", async () => {
    const { game, ada, intents } = await start();
    ada.intend(Say, { text: "hello" });
    ada.intend(Move, { heading: 2, speed: 3 });
    assert.equal(intents().length, 0);
    game.tick();
    const record = encodeRecord(Say.fields, { text: "hello" });
    assert.deepEqual(intents()[0], { kind: "intent", session: ada.session, seq: 1, type: 1, record });
    assert.deepEqual(
      intents().map((input) => input.kind === "intent" && input.seq),
      [1, 2],
    );
    game.tick();
    assert.equal(ada.read().lastFrame!.lastIntent, 2);
  });

  test("an intent is kept as it came, whatever becomes of the message's bytes", async () => {
    const { game, ada, intents } = await start();
    const record = encodeRecord(Say.fields, { text: "hello" });
    const message = Buffer.from(encodeInput(0, [{ seq: 1, type: 1, record }]));
    ada.connection.say(message);
    message.fill(0xff);
    game.tick();
    assert.deepEqual(intents()[0], { kind: "intent", session: ada.session, seq: 1, type: 1, record });
  });

  test("a number that was seen before, or is older, is not applied again", async () => {
    const { game, ada, intents } = await start();
    ada.connection.say(encodeInput(0, [move(5), move(5), move(4), move(6)]));
    ada.connection.say(encodeInput(0, [move(6)]));
    game.tick();
    assert.deepEqual(
      intents().map((input) => input.kind === "intent" && input.seq),
      [5, 6],
    );
    assert.equal(game.gateway.stats.intents.old, 3);
  });

  test("an intent of a type that is not known here is dropped, the rest of its message is taken", async () => {
    const { game, ada, intents } = await start();
    ada.connection.say(encodeInput(0, [{ seq: 1, type: 2, record: Uint8Array.of(1) }, move(2)]));
    game.tick();
    assert.equal(intents().length, 1);
    assert.equal(game.gateway.stats.intents.unknown, 1);
    assert.equal(ada.closedWith, undefined);
  });

  test("an intent whose fields cannot be closes the connection", async () => {
    const { game, ada, intents } = await start();
    ada.connection.say(encodeInput(0, [{ seq: 1, type: 1, record: Uint8Array.of(0xff, 0xff, 0xff) }]));
    assert.equal(ada.closedWith, "message_malformed");
    game.tick();
    assert.equal(intents().length, 0);
  });

  test("16 intents of a session go in one batch, the rest in the next, and 64 may wait", async () => {
    const { game, ada, intents } = await start();
    ada.connection.say(
      encodeInput(
        0,
        Array.from({ length: 63 }, (_, i) => move(i + 1)),
      ),
    );
    ada.connection.say(encodeInput(0, [move(64), move(65)]));
    assert.equal(game.gateway.stats.intents.full, 1);
    for (const expected of [16, 32, 48, 64, 64]) {
      game.tick();
      assert.equal(intents().length, expected);
    }
    ada.connection.say(encodeInput(0, [move(66)]));
    game.tick();
    assert.equal(intents().length, 65);
  });

  test("who is gone has nothing more to say, and says it when it is back", async () => {
    const { game, ada, intents } = await start();
    ada.intend(Move, { heading: 1, speed: 1 });
    ada.connection.drop();
    game.tick();
    assert.equal(intents().length, 0);
    game.resume(ada);
    game.tick();
    assert.equal(intents().length, 1);
  });
});

suite("other messages", () => {
  test("a ping is answered with its number", async () => {
    const { ada } = await start();
    ada.connection.say(encodePing(77));
    assert.deepEqual(ada.read().pongs, [77]);
  });

  test("a resync brings every region whole again, once a second", async () => {
    const { game, ada } = await start();
    game.ticks(12);
    ada.acknowledge();
    const keyframes = () =>
      ada
        .read()
        .frames.flatMap(({ zones }) => zones.flatMap(({ sections }) => sections))
        .filter(({ kind }) => kind === 1).length;
    const before = keyframes();
    ada.connection.say(Uint8Array.of(3));
    ada.connection.say(Uint8Array.of(3));
    game.ticks(3);
    assert.equal(keyframes(), before + 1);
    ada.acknowledge();
    ada.connection.say(Uint8Array.of(3));
    game.ticks(3);
    assert.equal(keyframes(), before + 1, "too soon");
    ada.acknowledge();
    game.ticks(20);
    ada.acknowledge();
    ada.connection.say(Uint8Array.of(3));
    game.ticks(3);
    assert.equal(keyframes(), before + 2);
    assert.equal(game.gateway.stats.messages.resync, 4);
  });

  test("a second hello, junk or a message too large closes the connection", async () => {
    const { game, ada } = await start();
    ada.hello();
    assert.equal(ada.closedWith, "message_malformed");
    const bob = await game.join("Bob");
    bob.connection.say(Uint8Array.of(99));
    assert.equal(bob.closedWith, "message_malformed");
    const cid = await game.join("Cid");
    cid.connection.say(encodeInput(0, new Array(65).fill(move(1))));
    assert.equal(cid.closedWith, "message_too_large");
  });

  test("acknowledgements of frames that were never sent count for nothing", async () => {
    const { game, ada } = await start();
    ada.connection.say(encodeInput(0xffff_ffff, []));
    for (let i = 0; i < 25; i++) game.tick();
    assert.equal(game.gateway.counts().stale, 1);
  });
});

suite("rate", () => {
  test("the burst is taken, what is over it is dropped with one warning", async () => {
    const { game, ada } = await start({ limits: { messagesPerSecond: 1, messagesBurst: 10 } });
    for (let i = 0; i < 10; i++) ada.connection.say(encodePing(i));
    assert.equal(ada.read().pongs.length, 10);
    for (let i = 0; i < 5; i++) ada.connection.say(encodePing(i));
    assert.equal(ada.read().pongs.length, 10);
    assert.deepEqual(ada.notices, ["rate_exceeded"]);
    assert.equal(game.gateway.stats.messagesDropped, 5);
    game.time.advance(1000);
    ada.connection.say(encodePing(99));
    assert.equal(ada.read().pongs.length, 11);
  });

  test("who is over it is not read for a moment, and closed when too many wait like that", async () => {
    const { game, ada } = await start({ limits: { messagesPerSecond: 1, messagesBurst: 10 } });
    for (let i = 0; i < 10; i++) ada.connection.say(encodePing(i));
    assert.deepEqual(ada.connection.rests, []);
    ada.connection.say(encodePing(10));
    assert.deepEqual(ada.connection.rests, [100]);
    ada.connection.mayRest = false;
    ada.connection.say(encodePing(11));
    assert.equal(ada.closedWith, "rate_exceeded");
    assert.equal(game.gateway.stats.messagesDropped, 2);
  });

  test("pings and pongs of the transport cost as much as a message, and a flood of them is a flood", async () => {
    const { ada } = await start({ limits: { messagesPerSecond: 1, messagesBurst: 10 } });
    for (let i = 0; i < 10; i++) ada.connection.pong();
    ada.connection.say(encodePing(1));
    assert.deepEqual(ada.read().pongs, []);
    for (let i = 0; i < 600; i++) ada.connection.pong();
    assert.equal(ada.closedWith, "rate_exceeded");
  });

  test("each intent costs as much as a message", async () => {
    const { game, ada, intents } = await start({ limits: { messagesPerSecond: 1, messagesBurst: 10 } });
    ada.connection.say(
      encodeInput(
        0,
        Array.from({ length: 12 }, (_, i) => move(i + 1)),
      ),
    );
    game.tick();
    assert.equal(intents().length, 9);
    assert.equal(game.gateway.stats.intents.rate, 3);
    assert.equal(ada.closedWith, undefined);
  });

  test("a flood of 600 dropped messages is closed, one of 599 is not", async () => {
    const { ada } = await start();
    for (let i = 0; i < 120 + 599; i++) ada.connection.say(encodePing(i));
    assert.equal(ada.closedWith, undefined);
    ada.connection.say(encodePing(0));
    assert.equal(ada.closedWith, "rate_exceeded");
  });

  test("a flood of intents is closed in the middle of a message", async () => {
    const { ada, intents } = await start({ limits: { messagesPerSecond: 1, messagesBurst: 1 } });
    let seq = 0;
    for (let i = 0; i < 20 && ada.closedWith === undefined; i++) {
      ada.connection.say(
        encodeInput(
          0,
          Array.from({ length: 64 }, () => move(++seq)),
        ),
      );
    }
    for (let i = 0; i < 600; i++) ada.connection.say(encodePing(i));
    assert.equal(ada.closedWith, "rate_exceeded");
    assert.equal(intents().length, 0);
  });

  test("a client that stays a little over its rate is closed after 10 s, one that rests is not", async () => {
    const { game, ada } = await start({ limits: { messagesPerSecond: 10, messagesBurst: 10 } });
    for (let i = 0; i < 100 && ada.closedWith === undefined; i++) {
      ada.connection.say(encodePing(0));
      ada.connection.say(encodePing(0));
      game.time.advance(100);
    }
    assert.equal(ada.closedWith, undefined);
    for (let i = 0; i < 25 && ada.closedWith === undefined; i++) {
      ada.connection.say(encodePing(0));
      ada.connection.say(encodePing(0));
      game.time.advance(100);
    }
    assert.equal(ada.closedWith, "rate_exceeded");
    game.tick();
    const bob = await game.join("Bob");
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 30; i++) bob.connection.say(encodePing(0));
      game.time.advance(3000);
    }
    assert.equal(bob.closedWith, undefined);
  });
});
