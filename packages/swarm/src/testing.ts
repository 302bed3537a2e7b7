/** What several tests of the swarm need: options with a default for everything, a fake realm behind real sockets. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { FakeRealm } from "./fake-realm.ts";
import type { SwarmOptions } from "./options.ts";

export function swarmOptions(options: Partial<SwarmOptions> = {}): SwarmOptions {
  return {
    url: "ws://127.0.0.1:1",
    players: 1,
    seconds: 2,
    rampSeconds: 0,
    json: false,
    mix: { walk: 6, fight: 3, chat: 1 },
    seed: 1,
    scene: { kind: "town" },
    stall: undefined,
    flooders: 0,
    processes: 1,
    selfTest: false,
    ...options,
  };
}

export interface Served {
  readonly realm: FakeRealm;
  readonly url: string;
  /** Tickets that were asked for, as their bodies said. */
  readonly asked: { name: string; place?: { x: number; y: number } }[];
  /** What `GET /status` answers; undefined for 404. */
  status: unknown;
  /** Ends every connection without a goodbye. */
  readonly cut: () => void;
}

/** Serves a fake realm over real sockets while `work` runs. */
export async function serve(
  work: (served: Served) => Promise<void>,
  { hidesZones = false, tickMs = 50 } = {},
): Promise<void> {
  const realm = new FakeRealm();
  const asked: Served["asked"] = [];
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      if (request.url === "/v1/tickets") asked.push(JSON.parse(body));
      const answers: Record<string, unknown> = {
        "/healthz": {},
        "/realm": hidesZones ? undefined : { zones: realm.zones },
        "/status": served.status,
        "/v1/tickets": { ticket: asked.at(-1)?.name },
      };
      const answer = answers[request.url ?? ""];
      response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
    });
  });
  const sockets = new WebSocketServer({ server: http, path: "/v1/play", perMessageDeflate: false });
  sockets.on("connection", (socket, request) => {
    const credential = request.headers["sec-websocket-protocol"]?.split(/, ?/)[1] ?? "";
    const peer = {
      send: (bytes: Uint8Array) => socket.send(bytes.slice()),
      close: (code: number, reason: string) => socket.close(code, reason),
    };
    const [kind, value = ""] = credential.split(".");
    const who = kind === "ticket" ? { name: value } : { key: value };
    const connection = realm.join(who, peer, () => performance.now());
    socket.on("message", (bytes) => connection.message(bytes as Buffer));
    socket.on("close", () => connection.closed());
  });
  const ticks = setInterval(() => realm.advance(Date.now()), tickMs);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const served: Served = {
    realm,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked,
    status: undefined,
    cut: () => sockets.clients.forEach((client) => client.terminate()),
  };
  try {
    await work(served);
  } finally {
    clearInterval(ticks);
    for (const client of sockets.clients) client.terminate();
    http.closeAllConnections();
    http.close();
  }
}
