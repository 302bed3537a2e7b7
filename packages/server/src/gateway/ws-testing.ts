/**
 * Real sockets for tests of the transport: a server on a free port, clients, and what arrived.
 *
 * Whoever uses it calls `cleanUp` after each test.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Connection } from "./transport.ts";
import { WsTransport, type WsTransportOptions } from "./ws-transport.ts";

export interface Accepted {
  readonly connection: Connection;
  readonly messages: Uint8Array[];
  readonly refusals: string[];
  pongs: number;
  closes: number;
  /** Called after each message, in the middle of it. */
  onMessage: () => void;
}

let cleanups: (() => Promise<void> | void)[] = [];

/** Ends what the test began. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups) await cleanup();
  cleanups = [];
}

/** A transport that remembers what its connections said. */
export async function start(options: Partial<WsTransportOptions> = {}) {
  const accepted: Accepted[] = [];
  const transport = new WsTransport({
    connectionsPerAddress: 64,
    isLoopbackFree: true,
    accept(connection) {
      const entry: Accepted = {
        connection,
        messages: [],
        refusals: [],
        pongs: 0,
        closes: 0,
        onMessage: () => {},
      };
      accepted.push(entry);
      connection.listen({
        message: (bytes, from, to) => {
          // A copy: of a Buffer the slice would be a view.
          entry.messages.push(Uint8Array.from(bytes.subarray(from, to)));
          entry.onMessage();
        },
        alive: () => (entry.pongs += 1),
        refused: (reason) => entry.refusals.push(reason),
        closed: () => (entry.closes += 1),
      });
    },
    ...options,
  });
  const http: Server = createServer();
  transport.attach(http);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  cleanups.push(async () => {
    await transport.close(0);
    http.closeAllConnections();
    http.close();
  });
  return { accepted, transport, http, port, url: `ws://127.0.0.1:${port}/v1/play` };
}

export function client(url: string, protocols = ["myriad.1", "ticket.x"]): WebSocket {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: true });
  socket.on("error", () => {});
  cleanups.push(() => socket.terminate());
  return socket;
}

export async function opened(url: string, protocols?: string[]): Promise<WebSocket> {
  const socket = client(url, protocols);
  await once(socket, "open");
  return socket;
}

/** Waits some seconds at most. */
export async function until(isDone: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !isDone(); i++) await setTimeout(1);
  assert.ok(isDone());
}

/** A socket that is a WebSocket by its handshake only: what it sends is the test's affair. */
export async function rawUpgrade(port: number, behind: Uint8Array = new Uint8Array(0)): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  cleanups.push(() => void socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  const lines =
    `GET /v1/play HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: myriad.1, ticket.x\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(lines), behind]));
  await once(socket, "data");
  return socket;
}
