import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { runCommand } from "./cli.ts";
import { FakeRealm } from "./fake-realm.ts";
import type { Link } from "./transport.ts";
import { WsTransport } from "./ws-transport.ts";

interface Served {
  readonly realm: FakeRealm;
  readonly url: string;
  /** Ends every connection without a goodbye. */
  readonly cut: () => void;
}

/** Serves a fake realm over real sockets while `work` runs. */
async function serve(work: (served: Served) => Promise<void>): Promise<void> {
  const realm = new FakeRealm();
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      if (request.url === "/healthz") response.end("{}");
      else response.end(JSON.stringify({ ticket: JSON.parse(body).name }));
    });
  });
  const sockets = new WebSocketServer({ server: http, path: "/v1/play", perMessageDeflate: false });
  sockets.on("connection", (socket, request) => {
    const credential = request.headers["sec-websocket-protocol"]?.split(/, ?/)[1] ?? "";
    const peer = {
      send: (bytes: Uint8Array) => socket.send(bytes),
      close: (code: number, reason: string) => socket.close(code, reason),
    };
    const [kind, value = ""] = credential.split(".");
    const who = kind === "ticket" ? { name: value } : { key: value };
    const connection = realm.join(who, peer, () => performance.now());
    socket.on("message", (bytes) => connection.message(bytes as Buffer));
    socket.on("close", () => connection.closed());
  });
  const ticks = setInterval(() => realm.advance(Date.now()), 50);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  try {
    await work({ realm, url, cut: () => sockets.clients.forEach((client) => client.terminate()) });
  } finally {
    clearInterval(ticks);
    for (const client of sockets.clients) client.terminate();
    http.closeAllConnections();
    http.close();
  }
}

/** Runs the command and gathers what it writes. */
async function run(
  args: readonly string[],
  options: { signal?: AbortSignal; isInteractive?: boolean; told?: (text: string) => void } = {},
) {
  let out = "";
  let err = "";
  const code = await runCommand(args, {
    out: (text) => (out += text),
    err: (text) => {
      err += text;
      options.told?.(text);
    },
    isInteractive: options.isInteractive ?? false,
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}

describe("the swarm command", () => {
  it("plays over real sockets and prints a table and one object", async () => {
    await serve(async ({ url, realm }) => {
      const { code, out, err } = await run(
        ["--url", url, "--players", "20", "--ramp", "0.5", "--seconds", "2", "--json"],
        { isInteractive: true },
      );
      assert.equal(code, 0, out + err);
      assert.match(out, /^players +20 of 20/);
      const figures = JSON.parse(out.trimEnd().split("\n").at(-1)!);
      assert.deepEqual([figures.connected, figures.errors, figures.stateMismatches], [20, 0, 0]);
      const { framesPerSecondPerPlayer: rate } = figures;
      assert.ok(rate > 10 && rate < 25, `${rate}`);
      assert.ok(figures.intentToAckMs.p50 > 0 && figures.swarmCpuPercent > 0);
      assert.match(err, /\d s measuring +20\/20 players/);
      assert.ok(err.startsWith("\r\x1b[K"));
      assert.equal(realm.sessions.length, 20);
    });
  });

  it("ends with its table when it is interrupted, and with 1 when a session was dropped", async () => {
    await serve(async ({ url, cut, realm }) => {
      const interrupt = new AbortController();
      let wasCut = false;
      const watch = setInterval(() => {
        const frames = Math.min(...realm.sessions.map(({ frame }) => frame));
        if (realm.sessions.length < 3 || frames < 25) return;
        if (!wasCut) cut();
        wasCut = true;
      }, 20);
      const { code, out, err } = await run(
        ["--url", url, "--players", "3", "--ramp", "0", "--seconds", "600"],
        {
          signal: interrupt.signal,
          // The first line that tells of all three, when they are back.
          told: (text) => {
            if (/ 3\/3 players .* 3 errors/.test(text)) interrupt.abort();
          },
        },
      );
      clearInterval(watch);
      assert.equal(code, 1);
      assert.match(out, /sessions +3 dropped, 3 resumed/);
      assert.match(out, /3 × close: 1006 connection lost/);
      assert.match(err, /^ +\d+ s measuring .*3 errors {2}0 mismatches\n/m);
    });
  });

  it("says in one line that no server is there", async () => {
    const { code, out, err } = await run(["--url", "ws://127.0.0.1:1", "--players", "3"]);
    assert.deepEqual([code, out], [1, ""]);
    assert.equal(err, "swarm: no server answers at ws://127.0.0.1:1 (ECONNREFUSED); npm start runs one\n");
  });

  it("answers wrong options with one line and 2, and --help with 0", async () => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const ask = (...args: string[]) =>
      new Promise<{ code: number; out: string; err: string }>((resolve) => {
        execFile(process.execPath, [main, ...args], (error, out, err) =>
          resolve({ code: Number(error?.code ?? 0), out, err }),
        );
      });
    const wrong = await ask("--players", "none");
    assert.deepEqual([wrong.code, wrong.out], [2, ""]);
    assert.equal(wrong.err, 'swarm: --players must be a whole number from 1 to 20000, not "none"\n');
    const helped = await ask("--help");
    assert.equal(helped.code, 0);
    assert.match(helped.out, /--dangerously-remote/);
  });
});

describe("WsTransport", () => {
  it("tells a socket that cannot be opened as one that was closed, with the reason", async () => {
    const closed = (protocols: string[]) =>
      new Promise<string>((resolve) => {
        const link: Link = new WsTransport("ws://127.0.0.1:1").open(7, protocols, {
          opened: () => {},
          message: () => {},
          closed: (which, code, reason) => {
            assert.equal(which.player, 7);
            assert.equal(which, link);
            resolve(`${code} ${reason}`);
          },
        });
        // Neither does anything before the socket is open.
        link.send(Uint8Array.of(1));
      });
    assert.match(await closed(["myriad.1", "ticket.x"]), /^1006 .*ECONNREFUSED/);
    assert.match(await closed(["myriad.1", "no token at all"]), /^1006 .*subprotocol/);
  });

  it("closes and terminates", async () => {
    await serve(async ({ url }) => {
      for (const how of ["close", "terminate"] as const) {
        const code = await new Promise<number>((resolve) => {
          new WsTransport(url).open(0, ["myriad.1", "ticket.x"], {
            opened: (link) => link[how](),
            message: () => {},
            closed: (_, closeCode) => resolve(closeCode),
          });
        });
        assert.equal(code, how === "close" ? 1000 : 1006);
      }
    });
  });
});
