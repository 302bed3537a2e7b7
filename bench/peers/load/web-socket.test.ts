import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { clientFrame, LightSocket, opcodes, type SocketListener } from "./web-socket.ts";

/** Notes what a socket says, as text. */
function notes(): { said: string[]; listener: SocketListener; until: (text: string) => Promise<void> } {
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const note = (text: string): void => {
    said.push(text);
    for (const wake of waiting) wake();
  };
  return {
    said,
    listener: {
      opened: () => note("opened"),
      message: (_socket, bytes, from, to, opcode) => note(`${opcode} ${bytes.toString("latin1", from, to)}`),
      received() {},
      closed: (_socket, reason) => note(`closed: ${reason}`),
    },
    until: (text) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!said.includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

const accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

/** A server that answers with exactly these pieces, each in a packet of its own, then goes. */
async function speaking(pieces: readonly Buffer[]): Promise<{ port: number; server: Server }> {
  const server = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.once("data", async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

function serverFrame(text: string, opcode: number = opcodes.binary): Buffer {
  const payload = Buffer.from(text, "latin1");
  const header = payload.length < 126 ? [payload.length] : [126, payload.length >>> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...header]), payload]);
}

test("messages come whole however the bytes were cut", async () => {
  const long = "x".repeat(300);
  const stream = Buffer.concat([
    Buffer.from(accepted),
    serverFrame("one"),
    serverFrame(long),
    serverFrame("", opcodes.text),
    serverFrame("four"),
  ]);
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) pieces.push(stream.subarray(at, at + size));
    const { port, server } = await speaking(pieces);
    const { said, listener, until } = notes();
    const socket = new LightSocket({ client: 0, port, path: "/", protocols: [], listener });
    await until("closed: closed");
    assert.deepEqual(
      said,
      ["opened", "2 one", `2 ${long}`, "1 ", "2 four", "closed: closed"],
      `pieces of ${size}`,
    );
    socket.destroy();
    server.close();
  }
});

test("a refused upgrade, a close and a fragment end a socket with the reason, once", async () => {
  for (const [bytes, reason] of [
    ["HTTP/1.1 429 Too Many\r\n\r\n", "closed: HTTP/1.1 429 Too Many"],
    [`${accepted}\x88\x05\x0f\xa1full`.slice(0, -1), "closed: 4001 ful"],
    [`${accepted}\x02\x01a\x82\x01b`, "closed: a fragment, or an extension that was not agreed"],
  ] as const) {
    const { port, server } = await speaking([Buffer.from(bytes, "latin1")]);
    const { said, listener, until } = notes();
    // oxlint-disable-next-line no-new -- it lives as long as its connection
    new LightSocket({ client: 0, port, path: "/", protocols: [], listener });
    await until(reason).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(
      said.filter((text) => text !== "opened"),
      [reason],
    );
    server.close();
  }
});

test("what it writes is what a server of ws reads, and it answers pings", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "chosen" });
  await once(server, "listening");
  const heard: string[] = [];
  const { listener, until } = notes();
  const ponged = new Promise<string>((resolve) => {
    server.on("connection", (ws, request) => {
      heard.push(`${request.url} ${request.headers["sec-websocket-protocol"]}`);
      ws.on("message", (data) => {
        heard.push((data as Buffer).toString("latin1"));
        ws.send("thanks");
        ws.ping("still there?");
      });
      ws.on("pong", (data) => resolve(data.toString()));
    });
  });
  const { port } = server.address() as AddressInfo;
  const socket = new LightSocket({ client: 0, port, path: "/way?x=1", protocols: ["a", "b"], listener });
  await until("opened");
  const text = "y".repeat(130);
  socket.write(clientFrame(Buffer.from(text)));
  await until("1 thanks");
  assert.equal(await ponged, "still there?");
  assert.deepEqual(heard, ["/way?x=1 a, b", text]);
  socket.destroy();
  server.close();
});
