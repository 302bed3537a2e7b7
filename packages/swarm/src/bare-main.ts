/**
 * The entry of a bare server: a fake realm behind real sockets, which says over IPC where it listens.
 *
 * It sends each player ten frames a second of some 600 bytes, evenly over the tick, each in one write: about the least
 * that a server in this language can do. So who plays against it measures itself.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { BareSocket } from "./bare-socket.ts";
import { FakeRealm } from "./fake-realm.ts";

const tickRateHz = 10;
/** In each of two zones: their moves make a frame of some 600 bytes. */
const creatures = 44;
/** Parts of a tick in which frames are sent. */
const slices = 20;
const sliceMs = 1000 / tickRateHz / slices;
/** Slices that are caught up at once, after a pause. */
const slicesAtOnce = 4;

const realm = new FakeRealm({ creatures, tickRateHz, countsIntents: false });
const http = createServer({ keepAliveTimeout: 60_000 }, answer);
http.on("upgrade", upgrade);
http.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => {
  process.send?.({ port: (http.address() as AddressInfo).port });
});
process.on("disconnect", () => process.exit(0));

let slice = 0;
let dueMs = performance.now();
setInterval(() => {
  for (let left = slicesAtOnce; left > 0 && dueMs <= performance.now(); left--) {
    if (slice === 0) realm.step();
    realm.send(Date.now(), slice, slices);
    slice = (slice + 1) % slices;
    dueMs += sliceMs;
  }
  // Whoever is later than that is later for good, and must read its sockets as well.
  dueMs = Math.max(dueMs, performance.now() - sliceMs * slicesAtOnce);
}, sliceMs);

function answer(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => response.end(JSON.stringify(answerTo(request.url ?? "", body))));
}

function answerTo(path: string, body: string): unknown {
  switch (path) {
    case "/v1/tickets":
      return { ticket: (JSON.parse(body) as { name: string }).name };
    case "/realm":
      return { zones: realm.zones };
    case "/status": {
      const { user, system } = process.cpuUsage();
      const none = { fromMs: 1, partsPerDoubling: 1, counts: [] };
      return {
        uptimeMs: process.uptime() * 1000,
        rssBytes: process.memoryUsage.rss(),
        cpuUserUs: user,
        cpuSystemUs: system,
        tickMs: none,
        tickJitterMs: none,
        dilationPercent: [],
      };
    }
    default:
      return {};
  }
}

function upgrade(request: IncomingMessage, stream: Duplex): void {
  const [kind, value = ""] = (request.headers["sec-websocket-protocol"]?.split(/, ?/)[1] ?? "").split(".");
  const who = kind === "ticket" ? { name: value } : { key: value };
  const socket = new BareSocket(request, stream, {
    message: (bytes) => connection.message(bytes),
    closed: () => connection.closed(),
  });
  const connection = realm.join(who, socket, () => performance.now());
}
