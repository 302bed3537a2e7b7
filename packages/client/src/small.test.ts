import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientMessageBytesMax, decodeClientMessage } from "@myriad/protocol";
import fc from "fast-check";
import { backoffMs } from "./backoff.ts";
import { Emitter } from "./emitter.ts";
import { environmentWith } from "./environment.ts";
import { FakeSocket, settled } from "./fake.ts";
import { backoffMsMax, pendingIntentsMax } from "./limits.ts";
import { playUrl } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { ConnectionStats } from "./stats.ts";
import { requestTicket } from "./tickets.ts";

describe("back-off", () => {
  test("grows, is jittered, and never exceeds its bound", () => {
    assert.ok(backoffMs(1, 0) < backoffMs(1, 0.99));
    assert.ok(backoffMs(1, 0.5) < backoffMs(3, 0.5));
    const numbers = [
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
    ] as const;
    fc.assert(
      fc.property(...numbers, (attempt, random) => {
        const ms = backoffMs(attempt, random);
        assert.ok(ms > 0 && ms <= backoffMsMax);
      }),
    );
  });
});

describe("an emitter", () => {
  test("calls listeners in order until they are removed", () => {
    const emitter = new Emitter<{ word: [text: string] }>();
    const said: string[] = [];
    const off = emitter.on("word", (text) => said.push(`a ${text}`));
    emitter.on("word", (text) => said.push(`b ${text}`));
    emitter.emit("word", "1");
    off();
    emitter.emit("word", "2");
    assert.deepEqual(said, ["a 1", "b 1", "b 2"]);
  });

  test("a listener that throws harms nobody and is reported", () => {
    const reported: unknown[] = [];
    const emitter = new Emitter<{ word: [] }>((error) => reported.push(error));
    let isCalled = false;
    emitter.on("word", () => {
      throw new Error("mine");
    });
    emitter.on("word", () => {
      isCalled = true;
    });
    emitter.emit("word");
    assert.equal(isCalled, true);
    assert.equal((reported[0] as Error).message, "mine");
  });

  test("reports as an uncaught error unless told otherwise", async () => {
    const emitter = new Emitter<{ word: [] }>();
    emitter.on("word", () => {
      throw new Error("uncaught on purpose");
    });
    const caught = new Promise<unknown>((resolve) => {
      const before = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const listener of before) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    emitter.emit("word");
    assert.equal(((await caught) as Error).message, "uncaught on purpose");
  });
});

describe("an outbox", () => {
  const record = (bytes: number) => new Uint8Array(bytes);
  const seqs = (bytes: Uint8Array) => {
    const decoded = decodeClientMessage(bytes);
    assert.ok(decoded.ok && decoded.value.kind === "input");
    return decoded.value.intents.map(({ seq }) => seq);
  };

  test("numbers intents, sends each once and repeats what was not acknowledged", () => {
    const outbox = new Outbox();
    for (let i = 0; i < 3; i++) outbox.add(0, record(2));
    assert.deepEqual(seqs(outbox.take(9)), [1, 2, 3]);
    assert.deepEqual(seqs(outbox.take(9)), []);
    outbox.acknowledge(2);
    outbox.add(0, record(2));
    outbox.repeat();
    assert.deepEqual(seqs(outbox.take(9)), [3, 4]);
    assert.equal(outbox.lastSeq, 4);
    outbox.reset();
    assert.equal(outbox.pendingCount, 0);
    assert.equal(outbox.add(0, record(1)), 1);
  });

  test("does not take what was never sent for acknowledged", () => {
    const outbox = new Outbox();
    outbox.add(0, record(2));
    outbox.acknowledge(1000);
    assert.equal(outbox.hasUnsent, true);
  });

  test("splits by bytes, and refuses when too many wait", () => {
    const outbox = new Outbox();
    for (let i = 0; i < 10; i++) outbox.add(0, record(1500));
    assert.equal(seqs(outbox.take(0)).length, 5);
    while (outbox.pendingCount < pendingIntentsMax) outbox.add(0, record(1));
    assert.equal(outbox.add(0, record(1)), 0);
    outbox.repeat();
    while (outbox.hasUnsent) assert.ok(outbox.take(0).length <= clientMessageBytesMax);
  });
});

describe("statistics", () => {
  test("count rates over whole seconds", () => {
    const stats = new ConnectionStats();
    for (let i = 0; i <= 20; i++) {
      stats.received(100, i * 50);
      stats.frame(i, false, i * 50);
    }
    assert.equal(stats.bytesPerSecond, 2000);
    assert.equal(stats.framesPerSecond, 20);
    assert.equal(stats.ticks, 20);
    assert.equal(stats.frameGapMs, 50);
    stats.interrupted();
    stats.frame(1000, true, 90_000);
    assert.equal(stats.frameGapMsMax, 50);
    assert.equal(stats.ticks, 20);
    stats.roundTrip(100);
    stats.roundTrip(60);
    assert.equal(stats.rttMs, 90);
  });
});

describe("addresses", () => {
  test("of a server become the address to play at", () => {
    assert.equal(playUrl("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/v1/play");
    assert.equal(playUrl("https://example.org/"), "wss://example.org/v1/play");
    assert.equal(playUrl("ws://example.org/eu/play#x"), "ws://example.org/eu/play");
    assert.throws(() => playUrl("nowhere"), TypeError);
  });
});

describe("a ticket", () => {
  const answering = (status: number, body: string) => {
    const asked: string[] = [];
    const fetch = async (url: URL | RequestInfo, init?: RequestInit) => {
      asked.push(`${init?.method} ${String(url)} ${String(init?.body)}`);
      return new Response(body, { status });
    };
    return { asked, fetch };
  };

  test("is asked for by name", async () => {
    const { asked, fetch } = answering(200, '{"ticket":"abc"}');
    assert.equal(await requestTicket({ url: "ws://localhost:1", name: "Ann", fetch }), "abc");
    assert.deepEqual(asked, ['POST http://localhost:1/v1/tickets {"name":"Ann"}']);
  });

  test("that is refused says why, as far as the server does", async () => {
    const ask = (status: number, body: string) =>
      requestTicket({ url: "http://x", name: "Ann", fetch: answering(status, body).fetch });
    await assert.rejects(ask(400, '{"message":"a name has 2 to 24 letters"}'), /2 to 24 letters/);
    await assert.rejects(ask(502, "<html>"), /status 502/);
    await assert.rejects(ask(200, "{}"), /no ticket/);
  });
});

describe("the environment", () => {
  test("is the machine's unless replaced", async () => {
    const environment = environmentWith({});
    assert.ok(environment.nowMs() > 0);
    assert.ok(environment.random() < 1);
    const ran = await new Promise((resolve) => environment.after(1, () => resolve(true)));
    assert.equal(ran, true);
    let isLate = false;
    environment.after(0, () => {
      isLate = true;
    })();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(isLate, false);
  });

  test("without any WebSocket is an error that says what to do", async () => {
    const real = globalThis.WebSocket;
    Reflect.deleteProperty(globalThis, "WebSocket");
    try {
      assert.throws(() => environmentWith({}), /pass one/);
      assert.equal(environmentWith({ WebSocket: FakeSocket }).WebSocket, FakeSocket);
    } finally {
      globalThis.WebSocket = real;
    }
    await settled();
  });
});
