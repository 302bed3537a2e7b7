import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { WebSocket } from "ws";
import { encodeHello, encodePing, serverMessage } from "@myriad/protocol";
import { VirtualTime } from "../platform/virtual-time.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { TestGateway, testSchemaHash } from "./testing-gateway.ts";
import { cleanUp, opened, rawUpgrade, start, until } from "./ws-testing.ts";

afterEach(cleanUp);

/** A short message as a client sends it, with a mask of zeros. */
const note = (value: number): Buffer => Buffer.of(0x82, 0x81, 0, 0, 0, 0, value);

/** Sends as fast as the socket takes it, for ever. */
function flood(socket: Socket): { sentBytes: number } {
  const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => note(1)));
  const count = { sentBytes: 0 };
  const more = (): void => {
    while (!socket.destroyed) {
      count.sentBytes += chunk.length;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on("drain", more);
  more();
  return count;
}

suite("a rest", () => {
  test("lets nothing in until it is over, and then everything in order", async () => {
    const { port, accepted } = await start();
    const socket = await rawUpgrade(port);
    const [entry = assert.fail()] = accepted;
    entry.onMessage = () => {
      if (entry.messages.length % 10 === 0) assert.ok(entry.connection.rest(50));
    };
    const startMs = performance.now();
    socket.write(Buffer.concat(Array.from({ length: 20 }, (_, i) => note(i))));
    await until(() => entry.messages.length === 10);
    socket.write(Buffer.concat(Array.from({ length: 15 }, (_, i) => note(20 + i))));
    await setTimeout(20);
    assert.equal(entry.messages.length, 10, "neither what was read already nor what came later");
    await until(() => entry.messages.length === 35);
    assert.ok(performance.now() - startMs >= 145);
    assert.deepEqual(
      entry.messages.map(([value]) => value),
      Array.from({ length: 35 }, (_, i) => i),
    );
  });

  test("makes a flood wait in the flooder's own buffers, and lets the others be", async () => {
    const { port, accepted, http } = await start();
    const sockets: Socket[] = [];
    http.on("connection", (socket: Socket) => sockets.push(socket));
    const flooder = await rawUpgrade(port);
    const other = await rawUpgrade(port);
    const [first = assert.fail(), second = assert.fail()] = accepted;
    first.onMessage = () => void first.connection.rest(100);
    flood(flooder);
    await setTimeout(500);
    assert.ok(first.messages.length <= 6, `${first.messages.length} messages`);
    assert.ok(sockets[0]!.bytesRead < 300_000, `${sockets[0]!.bytesRead} bytes`);
    other.write(note(7));
    await until(() => second.messages.length === 1);
  });

  test("of more than 256 connections at once is refused", async () => {
    const { port, accepted } = await start({ connectionsPerAddress: 300 });
    for (let i = 0; i < 257; i++) await rawUpgrade(port);
    const connections = accepted.map(({ connection }) => connection);
    for (const connection of connections.slice(0, 256)) assert.ok(connection.rest(200));
    const last = connections[256]!;
    assert.equal(last.rest(200), false);
    assert.ok(connections[0]!.rest(200), "it rests already");
    connections[0]!.terminate();
    await until(() => accepted[0]!.closes === 1);
    assert.ok(last.rest(200));
    await setTimeout(250);
    assert.ok(connections.slice(1).every((connection) => connection.rest(1)));
  });

  test("ends with the connection, and a goodbye behind what waited is heard", async () => {
    const { url, accepted } = await start();
    const socket = await opened(url);
    const [entry = assert.fail()] = accepted;
    entry.onMessage = () => void entry.connection.rest(60_000);
    for (let i = 0; i < 5; i++) socket.send(Uint8Array.of(i));
    await until(() => entry.messages.length === 1);
    const closed = once(socket, "close");
    entry.connection.close(4013, "rate_exceeded");
    const [code] = (await closed) as [number];
    assert.equal(code, 4013);
    await until(() => entry.closes === 1);
    assert.equal(entry.messages.length, 1);
  });
});

test("a flooding client is told, throttled and then closed, while another one is heard", async () => {
  const store = createMemoryStore();
  const time = new VirtualTime();
  const game = await TestGateway.start({ time, store, settle: () => setTimeout(1) });
  const { url } = await start({ accept: (connection) => game.gateway.accept(connection) });
  const join = async (name: string) => {
    const { ticket } = await game.issuer.issue(name);
    const socket = await opened(url, ["myriad.1", `ticket.${ticket}`]);
    const player = { socket, told: 0, pongs: 0 };
    socket.on("message", (bytes: Buffer) => {
      if (bytes[0] === serverMessage.notice) player.told += 1;
      if (bytes[0] === serverMessage.pong) player.pongs += 1;
    });
    const hello = { formatVersion: 1, schemaHash: testSchemaHash, wantsDigests: false, lastFact: 0 };
    socket.send(encodeHello({ ...hello, client: "test" }));
    const playing = game.gateway.counts().playing;
    await until(() => game.gateway.counts().playing === playing + 1);
    return player;
  };
  const flooder = await join("Flo");
  const other = await join("Otto");
  const closed = once(flooder.socket, "close");
  let said = 0;
  let heard = 0;
  for (let tick = 0; tick < 400 && flooder.socket.readyState === WebSocket.OPEN; tick++) {
    for (; said < (tick + 1) * 2000 && flooder.socket.bufferedAmount < 1_000_000; said++)
      flooder.socket.send(encodePing(said));
    if (tick % 10 === 0) {
      other.socket.send(encodePing(tick));
      heard += 1;
    }
    game.tick();
    await setTimeout(5);
  }
  const [code] = (await closed) as [number];
  assert.equal(code, 4013);
  assert.equal(flooder.told, 1);
  // The burst, ten seconds of the rate and what a tick is too late.
  assert.ok(flooder.pongs >= 120 && flooder.pongs < 120 + 11 * 60, `${flooder.pongs} answers to ${said}`);
  await until(() => other.pongs === heard);
  game.gateway.close();
  await store.close();
});

suite("a goodbye", () => {
  test("is not waited for in a flood", async () => {
    const { port, accepted, http } = await start();
    let served: Socket | undefined;
    http.on("connection", (socket: Socket) => {
      served = socket;
    });
    const socket = await rawUpgrade(port);
    const [entry = assert.fail()] = accepted;
    entry.onMessage = () => entry.connection.close(4013, "rate_exceeded");
    let heard = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
    });
    flood(socket);
    await until(() => heard.length >= 4);
    assert.equal(heard.readUInt16BE(2), 4013);
    await setTimeout(200);
    assert.ok(served!.bytesRead < 500_000, `${served!.bytesRead} bytes`);
    await until(() => entry.closes === 1);
    assert.equal(entry.messages.length, 1);
  });

  test("of the client is answered with its code", async () => {
    const { url, accepted } = await start();
    for (const code of [1000, 4711]) {
      const socket = await opened(url);
      socket.close(code, "done");
      const [answer] = (await once(socket, "close")) as [number];
      assert.equal(answer, code);
    }
    const silent = await opened(url);
    silent.close();
    const [answer] = (await once(silent, "close")) as [number];
    assert.equal(answer, 1005);
    await until(() => accepted.every(({ closes }) => closes === 1));
  });

  test("is not needed: a half-closed connection ends", async () => {
    const { port, accepted } = await start();
    const socket = await rawUpgrade(port);
    socket.end();
    await until(() => accepted[0]!.closes === 1);
  });
});

test("a ping is answered with what it carried, and is a sign of life", async () => {
  const { url, accepted } = await start();
  const socket = await opened(url);
  const pong = once(socket, "pong");
  socket.ping(Buffer.from("are you there"));
  const [payload] = (await pong) as [Buffer];
  assert.equal(payload.toString(), "are you there");
  assert.equal(accepted[0]!.pongs, 1);
});

test("what comes right behind the handshake is heard", async () => {
  const { port, accepted } = await start();
  const socket = await rawUpgrade(port, note(9));
  await until(() => accepted[0]!.messages.length === 1);
  assert.deepEqual([...accepted[0]!.messages[0]!], [9]);
  socket.destroy();
});
