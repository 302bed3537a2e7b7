import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { encodeInput, encodeRecord } from "@myriad/protocol";
import fc from "fast-check";
import { VirtualTime } from "../platform/virtual-time.ts";
import type { Store } from "../store/port.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { FlowWindow } from "./flow-window.ts";
import {
  bufferedBytesMax,
  framesInFlightMax,
  keyframeBytesPerMs,
  unacknowledgedBytesMax,
  unacknowledgedMsMax,
} from "./limits.ts";
import { Heard } from "./testing.ts";
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
  game.ticks(3);
  return { game, ada };
}

suite("a flow window", () => {
  test("is open until 64 KiB are on their way", () => {
    const flow = new FlowWindow();
    flow.noteSent(0, unacknowledgedBytesMax - 1, 0);
    assert.ok(flow.isOpen(0, 0));
    flow.noteSent(0, 1, 0);
    assert.equal(flow.isOpen(0, 0), false);
    assert.equal(flow.unacknowledgedBytes, unacknowledgedBytesMax);
    flow.acknowledge(1);
    assert.ok(flow.isOpen(0, 0));
    assert.equal(flow.unacknowledgedBytes, 1);
  });

  test("is open until the oldest frame is a second old", () => {
    const flow = new FlowWindow();
    flow.noteSent(100, 10, 0);
    flow.noteSent(900, 10, 0);
    assert.ok(flow.isOpen(1099, 0));
    assert.equal(flow.isOpen(1100, 0), false);
    flow.acknowledge(1);
    assert.ok(flow.isOpen(1100, 0));
    assert.equal(flow.isOpen(1900, 0), false);
  });

  test("counts keyframes apart and gives them their time, for what follows them, too", () => {
    const flow = new FlowWindow();
    flow.noteSent(0, 640_000, 640_000);
    flow.noteSent(50, 100, 0);
    assert.ok(flow.isOpen(10_999, 0));
    assert.equal(flow.isOpen(11_000, 0), false);
    assert.ok(flow.isOpen(0, bufferedBytesMax + 640_000 - 1));
    assert.equal(flow.isOpen(0, bufferedBytesMax + 640_000), false);
    flow.acknowledge(1);
    assert.equal(flow.isOpen(0, bufferedBytesMax), false);
  });

  test("minds the socket's own buffer even when everything is acknowledged", () => {
    const flow = new FlowWindow();
    assert.ok(flow.isOpen(0, bufferedBytesMax - 1));
    assert.equal(flow.isOpen(0, bufferedBytesMax), false);
  });

  test("has a bounded number of frames in flight, and takes acknowledgements in any order but backwards", () => {
    const flow = new FlowWindow();
    for (let i = 0; i < framesInFlightMax - 1; i++) {
      assert.ok(flow.isOpen(0, 0));
      flow.noteSent(0, 1, 0);
    }
    assert.equal(flow.isOpen(0, 0), false);
    assert.equal(flow.acknowledge(framesInFlightMax), false, "never sent");
    assert.ok(flow.acknowledge(5));
    assert.equal(flow.acknowledge(5), false);
    assert.equal(flow.acknowledge(4), false);
    assert.equal(flow.inFlight, framesInFlightMax - 6);
    flow.restart();
    assert.equal(flow.inFlight, 0);
    assert.equal(flow.unacknowledgedBytes, 0);
  });
});

test("a flow window says what a list of frames would say, whatever is sent and acknowledged", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("send" as const), bytes: fc.nat(5000), keyframes: fc.nat(20_000) }),
    fc.record({ do: fc.constant("acknowledge" as const), ahead: fc.nat(8) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.nat(400) }),
    fc.record({ do: fc.constant("restart" as const) }),
  );
  const steps = fc.array(fc.tuple(step, fc.nat(200_000)), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const flow = new FlowWindow();
      let list: { frame: number; bytes: number; keyframes: number; deadlineMs: number }[] = [];
      let [nowMs, sent, arrived] = [1000, 0, 0];
      for (const [now, bufferedBytes] of all) {
        const bytes = list.reduce((sum, frame) => sum + frame.bytes, 0);
        const keyframes = list.reduce((sum, frame) => sum + frame.keyframes, 0);
        const isOpen =
          list.length < framesInFlightMax - 1 &&
          bytes < unacknowledgedBytesMax &&
          bufferedBytes < bufferedBytesMax + keyframes &&
          (list.length === 0 || nowMs < list[0]!.deadlineMs);
        assert.equal(flow.isOpen(nowMs, bufferedBytes), isOpen);
        assert.deepEqual([flow.inFlight, flow.unacknowledgedBytes], [list.length, bytes + keyframes]);
        if (now.do === "send" && isOpen) {
          const deadlineMs = Math.ceil(nowMs + unacknowledgedMsMax + now.keyframes / keyframeBytesPerMs);
          const after = Math.max(deadlineMs, list.at(-1)?.deadlineMs ?? 0);
          list.push({ frame: ++sent, bytes: now.bytes, keyframes: now.keyframes, deadlineMs: after });
          flow.noteSent(nowMs, now.bytes + now.keyframes, now.keyframes);
        } else if (now.do === "acknowledge") {
          const frame = arrived + now.ahead;
          assert.equal(flow.acknowledge(frame), frame > arrived && frame <= sent);
          if (frame > arrived && frame <= sent) arrived = frame;
          list = list.filter((one) => one.frame > arrived);
        } else if (now.do === "restart") {
          flow.restart();
          arrived = sent;
          list = [];
        } else if (now.do === "wait") nowMs += now.ms;
      }
    }),
    { numRuns: 300 },
  );
});

suite("a client that falls behind", () => {
  test("gets nothing after a second without acknowledgement, and everything once it is back", async () => {
    const { game, ada } = await start();
    game.ticks(40);
    const frames = ada.read().frames.length;
    assert.equal(frames, 20);
    assert.equal(game.gateway.counts().stale, 1);
    ada.acknowledge();
    game.ticks(3);
    assert.equal(game.gateway.counts().stale, 0);
    const after = ada.read().frames.slice(frames);
    assert.ok(
      after.some(({ zones }) => zones.some(({ sections }) => sections.some(({ kind }) => kind === 1))),
    );
    assert.ok(
      after.some(({ self }) => self !== undefined),
      "self comes whole",
    );
    assert.equal(game.gateway.stats.stales, 1);
  });

  test("goes on only when everything is acknowledged and its socket is empty", async () => {
    const { game, ada } = await start();
    game.ticks(40);
    const frames = ada.read().frames.length;
    ada.connection.bufferedBytes = 1;
    ada.acknowledge();
    game.ticks(5);
    assert.equal(ada.read().frames.length, frames);
    ada.connection.bufferedBytes = 0;
    game.ticks(1);
    assert.ok(ada.read().frames.length > frames);
  });

  test("is stale at once when its socket's buffer is full", async () => {
    const { game, ada } = await start();
    const frames = ada.read().frames.length;
    ada.acknowledge();
    ada.connection.bufferedBytes = 10_000_000;
    game.tick();
    assert.equal(ada.read().frames.length, frames);
    assert.equal(game.gateway.counts().bufferedBytes, 10_000_000);
  });

  test("is closed after 30 s, and may come back", async () => {
    const { game, ada } = await start();
    game.ticks(20 + 20 * 29);
    assert.equal(ada.closedWith, undefined);
    game.ticks(20 * 2);
    assert.equal(ada.closedWith, "not_draining");
    assert.equal(game.resume(ada).closedWith, undefined);
  });

  test("that drains slowly is not closed, one that stops draining is", async () => {
    const { game, ada } = await start();
    game.ticks(40);
    assert.equal(game.gateway.counts().stale, 1);
    const { frames } = ada.read();
    const frameNumbers = frames.map(({ frame }) => frame).slice(0, 5);
    for (const frame of frameNumbers) {
      ada.connection.say(encodeInput(frame, []));
      game.ticks(20 * 20);
    }
    assert.equal(game.gateway.counts().stale, 1);
    assert.equal(ada.closedWith, undefined, "100 s later");
    game.ticks(20 * 11);
    assert.equal(ada.closedWith, "not_draining");
  });

  test("that is read by nobody costs its facts' limit and no more: it alone is closed, and comes back to all of them", async () => {
    const { game, ada } = await start();
    const bob = await game.join("Bob");
    const facts = () => {
      const record = encodeRecord(Heard.fields, { text: "x".repeat(200) });
      return [ada, bob].map(
        ({ session }) =>
          [
            session,
            [
              { type: 0, record },
              { type: 0, record },
            ],
          ] as const,
      );
    };
    let sent = 0;
    for (let tick = 0; tick < 400 && ada.closedWith === undefined; tick++) {
      for (const [session, records] of facts()) game.zones[0]!.facts.set(session, [...records]);
      sent += 2;
      game.tick();
      bob.acknowledge();
    }
    assert.equal(ada.closedWith, "facts_overflow");
    assert.equal(bob.closedWith, undefined);
    assert.equal(bob.read().facts.length, sent);
    assert.ok(sent * 200 >= 60_000);
    const heard = ada.read().facts.length;
    const back = game.resume(ada);
    game.ticks(2);
    assert.equal(back.closedWith, undefined);
    assert.ok(back.read().facts.length > 0);
    assert.ok(
      back.facts.at(-1)!.number >= sent &&
        (back.notices.includes("facts_lost") || back.facts[0]!.number === heard + 1),
      "all of them, or it is told that some are lost",
    );
  });

  test("loses no fact", async () => {
    const { game, ada } = await start();
    game.ticks(30);
    assert.equal(game.gateway.counts().stale, 1);
    for (let i = 0; i < 10; i++) {
      const record = encodeRecord(Heard.fields, { text: `fact ${i}` });
      game.zones[0]!.facts.set(ada.session, [{ type: 0, record }]);
      game.tick();
    }
    assert.equal(ada.read().facts.length, 0);
    ada.acknowledge();
    game.ticks(2);
    assert.deepEqual(
      ada.read().facts.map(({ number }) => number),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
  });

  test("does not share the buffer of others when its socket keeps it", async () => {
    const { game, ada } = await start();
    const bob = await game.join("Bob");
    ada.connection.isKeeping = true;
    game.ticks(6);
    assert.ok(ada.read().frames.length >= 8);
    assert.ok(bob.read().frames.length >= 6);
  });
});
