import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { WebSocket } from "ws";
import { cleanUp, client, opened, rawUpgrade, start, until } from "./ws-testing.ts";
import { frameRoomBytes } from "./transport.ts";

afterEach(cleanUp);

suite("the upgrade", () => {
  test("selects our subprotocol, never compression, and shows what was offered", async () => {
    const { url, accepted } = await start();
    const socket = await opened(url, ["ticket.abc", "myriad.1"]);
    assert.equal(socket.protocol, "myriad.1");
    assert.equal(socket.extensions, "");
    const [{ connection } = assert.fail()] = accepted;
    assert.deepEqual(connection.offered, ["ticket.abc", "myriad.1"]);
    assert.equal(connection.origin, undefined);
    assert.equal(connection.remoteAddress, "127.0.0.1");
    assert.equal(connection.bufferedBytes, 0);
  });

  test("of another path is answered with 404", async () => {
    const { port } = await start();
    const [response] = (await once(client(`ws://127.0.0.1:${port}/v1/other?x=1`), "unexpected-response").then(
      (all) => all.slice(1),
    )) as [{ statusCode: number }];
    assert.equal(response.statusCode, 404);
  });

  test("that is no handshake is answered in HTTP", async () => {
    const { port } = await start();
    const answerTo = async (method: string, headers: Record<string, string>) => {
      const sent = request({ port, method, path: "/v1/play", headers });
      sent.end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      return [response.statusCode, response.headers["sec-websocket-version"]];
    };
    const good = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    assert.deepEqual(await answerTo("POST", good), [405, undefined]);
    assert.deepEqual(await answerTo("GET", { ...good, Upgrade: "h2c" }), [400, undefined]);
    assert.deepEqual(await answerTo("GET", { ...good, "Sec-WebSocket-Version": "8" }), [426, "13"]);
    assert.deepEqual(await answerTo("GET", { ...good, "Sec-WebSocket-Key": "short" }), [400, undefined]);
  });

  test("beyond the connections of one address is answered with 429 and a code, until one is gone", async () => {
    const { url, transport } = await start({ connectionsPerAddress: 2, isLoopbackFree: false });
    const first = await opened(`${url}?x`);
    await opened(url);
    const third = client(url);
    const [, response] = (await once(third, "unexpected-response")) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ];
    assert.equal(response.statusCode, 429);
    const body: Buffer[] = [];
    for await (const chunk of response) body.push(chunk);
    assert.deepEqual(JSON.parse(Buffer.concat(body).toString()), { code: "too_many_connections" });
    assert.equal(transport.refusedAddresses, 1);
    first.close();
    await once(first, "close");
    await setTimeout(20);
    await opened(url);
  });
});

suite("messages", () => {
  test("of every size arrive whole, in order, with pings between them", async () => {
    const { url, accepted } = await start();
    const socket = client(url);
    const received: Buffer[] = [];
    socket.on("message", (data: Buffer) => received.push(data));
    await once(socket, "open");
    const [{ connection } = assert.fail()] = accepted;
    const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];
    for (const [index, size] of sizes.entries()) {
      const message = new Uint8Array(size).fill(index);
      connection.send(message);
      connection.ping();
      const room = new Uint8Array(frameRoomBytes + 7 + size).fill(0xaa);
      room.fill(index, frameRoomBytes + 7);
      connection.sendFrame(room, frameRoomBytes + 7, room.length);
    }
    await until(() => received.length === 2 * sizes.length && accepted[0]!.pongs === sizes.length);
    for (const [index, data] of received.entries()) {
      assert.equal(data.length, sizes[index >> 1]);
      assert.ok(data.every((byte) => byte === index >> 1));
    }
  });

  test("from the client arrive as bytes", async () => {
    const { url, accepted } = await start();
    const socket = await opened(url);
    socket.send(Uint8Array.of(1, 2, 3));
    await until(() => accepted[0]!.messages.length === 1);
    assert.deepEqual([...accepted[0]!.messages[0]!], [1, 2, 3]);
  });

  test("a buffer is given back when the kernel took it, and kept while the socket is congested", async () => {
    const { url, accepted } = await start();
    const socket = await opened(url);
    const [{ connection } = assert.fail()] = accepted;
    const small = new Uint8Array(200);
    assert.equal(connection.sendFrame(small, frameRoomBytes, 200), true);
    socket.pause();
    const large = new Uint8Array(16 * 1024 * 1024).fill(7);
    assert.equal(connection.sendFrame(large, frameRoomBytes, large.length), false);
    assert.ok(connection.bufferedBytes > 0);
    // Now it is copied, and ours at once.
    const behind = new Uint8Array(300).fill(8);
    assert.equal(connection.sendFrame(behind, frameRoomBytes, 300), true);
    behind.fill(9);
    const received: Buffer[] = [];
    socket.on("message", (data: Buffer) => received.push(data));
    socket.resume();
    await until(() => received.length === 3);
    assert.ok(received[1]!.every((byte) => byte === 7));
    assert.ok(received[2]!.every((byte) => byte === 8));
    await until(() => connection.bufferedBytes === 0);
  });

  test("of 16 KiB pass, one byte more closes with our code", async () => {
    const { url, accepted } = await start();
    const socket = await opened(url);
    socket.send(new Uint8Array(16 * 1024));
    await until(() => accepted[0]!.messages.length === 1);
    socket.send(new Uint8Array(16 * 1024 + 1));
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    assert.equal(code, 4012);
    assert.equal(reason.toString(), "message_too_large");
    assert.deepEqual(accepted[0]!.refusals, ["message_too_large"]);
  });

  test("of 64 fragments pass, of one more close", async () => {
    const { url, accepted } = await start();
    const inFragments = (socket: WebSocket, count: number) => {
      for (let i = 1; i <= count; i++) socket.send(Uint8Array.of(i), { fin: i === count });
    };
    const good = await opened(url);
    inFragments(good, 64);
    await until(() => accepted[0]!.messages.length === 1);
    const bad = await opened(url);
    inFragments(bad, 65);
    const [code] = (await once(bad, "close")) as [number];
    assert.equal(code, 4012);
    assert.deepEqual(accepted[1]!.messages, []);
  });

  test("of text are refused", async () => {
    const { url, accepted } = await start();
    const socket = await opened(url);
    socket.send("hello");
    await until(() => accepted[0]!.refusals.length === 1);
    assert.deepEqual(accepted[0]!.refusals, ["message_malformed"]);
  });

  test("against the standard are closed with the standard's code and refused", async () => {
    const { port, accepted } = await start();
    const socket = await rawUpgrade(port);
    // An unmasked frame: clients must mask.
    socket.write(Buffer.of(0x82, 0x01, 0x00));
    await until(() => accepted[0]!.refusals.length === 1);
    assert.deepEqual(accepted[0]!.refusals, ["message_malformed"]);
    await until(() => accepted[0]!.closes === 1);
  });
});

suite("the end", () => {
  test("is told once, whoever began it, and nothing is sent after it", async () => {
    const { url, accepted } = await start();
    const byClient = await opened(url);
    byClient.close();
    await until(() => accepted[0]!.closes === 1);
    const byServer = await opened(url);
    const closed = once(byServer, "close");
    accepted[1]!.connection.close(4007, "logged_in_elsewhere");
    accepted[1]!.connection.send(Uint8Array.of(1));
    assert.equal(accepted[1]!.connection.sendFrame(new Uint8Array(20), 10, 20), true);
    accepted[1]!.connection.ping();
    const [code, reason] = (await closed) as [number, Buffer];
    assert.deepEqual([code, reason.toString()], [4007, "logged_in_elsewhere"]);
    const broken = await opened(url);
    broken.terminate();
    await until(() => accepted[2]!.closes === 1);
    const ended = await opened(url);
    accepted[3]!.connection.terminate();
    const [abnormal] = (await once(ended, "close")) as [number];
    assert.equal(abnormal, 1006);
    await setTimeout(20);
    assert.deepEqual(
      accepted.map(({ closes }) => closes),
      [1, 1, 1, 1],
    );
  });

  test("of everything waits for answers to goodbyes, but not for long", async () => {
    const { url, port, accepted, transport } = await start();
    const polite = await opened(url);
    const closed = once(polite, "close");
    await rawUpgrade(port);
    for (const { connection } of accepted) connection.close(4000, "server_closing");
    const started = performance.now();
    await transport.close(200);
    const tookMs = performance.now() - started;
    assert.ok(tookMs >= 190 && tookMs < 1500, `${tookMs} ms`);
    const [code] = (await closed) as [number];
    assert.equal(code, 4000);
    const late = client(url);
    const [, response] = (await once(late, "unexpected-response")) as [unknown, { statusCode: number }];
    assert.equal(response.statusCode, 503);
  });

  test("comes though the peer never answers the goodbye", async () => {
    const { port, accepted } = await start();
    await rawUpgrade(port);
    accepted[0]!.connection.close(4009, "handshake_timeout");
    await setTimeout(1500);
    assert.equal(accepted[0]!.closes, 0);
    await setTimeout(1000);
    assert.equal(accepted[0]!.closes, 1);
  });
});
