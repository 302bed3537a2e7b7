/**
 * The floor: a server that does nothing but hold WebSockets. No world, no encoding, no addressing.
 *
 * Chosen: the `ws` package without compression and without tracking of clients; per tick one frame, its header written
 * once, and one write of those bytes to each socket. That leaves what nobody can save: the write itself, and receiving
 * the same inputs. The frame is as large as Myriad's frames were on average in the same run, and as random.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { ServerOrder } from "./messages.ts";
import type { PeerServer } from "./server.ts";
import { steadily } from "./steady.ts";
import { tickRateHz } from "./world.ts";

/** Bytes of the time in front of each message: a little-endian double, milliseconds since 1970. */
export const stampBytes = 8;
/** Frames that are written in turn: a socket that lags may still hold an older one, which must not change. */
const framesInTurn = 64;

export const serve: PeerServer["serve"] = async (order: ServerOrder) => {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  const sockets = new Set<Duplex>();
  http.on("upgrade", (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (ws) => {
      sockets.add(socket);
      ws.on("message", () => {});
      ws.on("error", () => {});
      ws.on("close", () => sockets.delete(socket));
    });
  });
  const frames = Array.from({ length: framesInTurn }, () => frameOf(order.frameBytes));
  let turn = 0;
  const stop = steadily(tickRateHz, () => {
    const frame = frames[turn++ % framesInTurn]!;
    frame.bytes.writeDoubleLE(Date.now(), frame.payloadAt);
    for (const socket of sockets) socket.write(frame.bytes);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    stop: async () => {
      stop();
      http.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** A binary WebSocket frame with that many random bytes, at least those of the time. */
function frameOf(payloadBytes: number): { bytes: Buffer; payloadAt: number } {
  const payload = randomBytes(Math.max(stampBytes, Math.round(payloadBytes)));
  const isShort = payload.length < 126;
  const header = Buffer.from(
    isShort ? [0x82, payload.length] : [0x82, 126, payload.length >>> 8, payload.length & 255],
  );
  return { bytes: Buffer.concat([header, payload]), payloadAt: header.length };
}
