import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, suite, test } from "node:test";
import { Health } from "../observe/health.ts";
import { Metrics } from "../observe/metrics.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import { AddressRate } from "./address-rate.ts";
import { createHttpServer, type HttpServerOptions } from "./http-server.ts";

let cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups) await cleanup();
  cleanups = [];
});

const realmMap = {
  name: "test",
  tickRateHz: 20,
  zones: [{ zone: 0, name: "west", bounds: { x: -5, y: 0, width: 600, height: 500 } }],
};

async function start(options: Partial<HttpServerOptions> = {}) {
  const time = new VirtualTime();
  const metrics = new Metrics();
  const health = new Health({ clock: time, timers: time });
  const failures: unknown[] = [];
  const http = await createHttpServer({
    version: "1.2.3",
    isDevelopment: true,
    realm: realmMap,
    clock: time,
    health,
    metrics,
    issuer: { issue: async (name) => ({ ticket: `for ${name}`, expiresAtMs: 5 }) },
    pageDir: undefined,
    isDraining: () => false,
    onFailure: (error) => failures.push(error),
    ...options,
  });
  const port = await http.listen({ host: "127.0.0.1", port: 0 });
  cleanups.push(async () => {
    http.server.closeAllConnections();
    await http.close();
    metrics.close();
  });
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  };
  const post = (body: unknown) =>
    ask("/v1/tickets", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { ask, post, health, metrics, port, http, failures, time };
}

suite("status", () => {
  test("a process that runs says so, with its version everywhere", async () => {
    const { ask } = await start();
    const { status, json, headers } = await ask("/healthz");
    assert.equal(status, 200);
    assert.deepEqual(json, { status: "ok", version: "1.2.3" });
    assert.equal(headers.get("x-myriad-version"), "1.2.3");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal((await ask("/healthz", { method: "HEAD" })).status, 200);
  });

  test("readiness names each dependency and is 503 when one fails or while draining", async () => {
    let draining = false;
    const { ask, health } = await start({ isDraining: () => draining });
    assert.deepEqual((await ask("/readyz")).json, { status: "ready", version: "1.2.3", dependencies: [] });
    health.add("store", () => ({ ok: false, detail: "full" }));
    const failing = await ask("/readyz");
    assert.equal(failing.status, 503);
    assert.deepEqual(failing.json, {
      status: "not_ready",
      version: "1.2.3",
      dependencies: [{ name: "store", ok: false, latencyMs: 0, detail: "full" }],
    });
    health.add("store", () => ({ ok: true }));
    draining = true;
    const closing = await ask("/readyz");
    assert.equal(closing.status, 503);
    assert.equal(closing.json.status, "draining");
  });

  test("metrics come as Prometheus reads them", async () => {
    const { ask } = await start();
    const { status, text, headers } = await ask("/metrics");
    assert.equal(status, 200);
    assert.match(headers.get("content-type")!, /^text\/plain/);
    assert.match(text, /^myriad_ticks_total 0$/m);
    assert.equal(headers.get("x-myriad-version"), "1.2.3");
  });

  test("the map is for everybody: name, tick rate and where each zone lies", async () => {
    const { ask } = await start();
    const { status, json, headers } = await ask("/realm");
    assert.deepEqual([status, json], [200, { version: "1.2.3", ...realmMap }]);
    assert.equal(headers.get("cache-control"), "no-store");
  });

  test("whoever polls gets counts that only grow", async () => {
    const { ask, metrics } = await start();
    const before = await ask("/status");
    assert.deepEqual([before.status, before.headers.get("cache-control")], [200, "no-store"]);
    assert.deepEqual([before.json.ticks, before.json.gateway.playing], [0, 0]);
    metrics.tick(0, { takeInMs: 1, runMs: 1, commitMs: 0, replicateMs: 0, sendMs: 0 }, 5);
    const { json } = await ask("/status");
    assert.deepEqual([json.version, json.ticks, json.tickMs.counts.at(-1)], ["1.2.3", 1, 1]);
    assert.ok(json.uptimeMs >= before.json.uptimeMs && json.cpuUserUs >= before.json.cpuUserUs);
  });

  test("what is not there is a coded 404, and security headers are on every answer", async () => {
    const { ask } = await start();
    const { status, json, headers } = await ask("/nothing");
    assert.equal(status, 404);
    assert.equal(json.code, "not_found");
    assert.equal(json.version, "1.2.3");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    const policy = headers.get("content-security-policy")!;
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe-eval/);
  });

  test("a handler that fails is reported and says nothing about it", async () => {
    const { post, failures } = await start({ issuer: { issue: () => Promise.reject(new Error("secret")) } });
    const { status, json, text } = await post({ name: "Ada" });
    assert.equal(status, 500);
    assert.equal(json.code, "internal");
    assert.doesNotMatch(text, /secret/);
    assert.equal(failures.length, 1);
  });
});

suite("tickets", () => {
  test("are given for a name that can be one, cleaned", async () => {
    const { post } = await start();
    const { status, json, headers } = await post({ name: "  Ada " });
    assert.equal(status, 200);
    assert.deepEqual(json, { ticket: "for Ada", expiresAt: 5, name: "Ada", version: "1.2.3" });
    assert.equal(headers.get("cache-control"), "no-store");
  });

  test("are given for a place, if one is asked for", async () => {
    const asked: unknown[] = [];
    const issue = async (name: string, place?: unknown) => {
      asked.push([name, place]);
      return { ticket: "t", expiresAtMs: 5 };
    };
    const { post } = await start({ issuer: { issue } });
    assert.equal((await post({ name: "Ada", place: { x: -3.5, y: 12 } })).status, 200);
    assert.equal((await post({ name: "Ada" })).status, 200);
    assert.deepEqual(asked, [
      ["Ada", { x: -3.5, y: 12 }],
      ["Ada", undefined],
    ]);
    for (const place of [null, 7, "town", {}, { x: 1 }, { x: 1, y: "2" }, [1, 2]]) {
      const { status, json } = await post({ name: "Ada", place });
      assert.deepEqual([status, json.code], [400, "body_invalid"], JSON.stringify(place));
    }
  });

  test("are refused with a code for what is no name or no small JSON", async () => {
    const { post, ask } = await start();
    for (const [body, code] of [
      [{ name: "A" }, "name_invalid"],
      [{ name: "a\u202eb" }, "name_invalid"],
      [{}, "body_invalid"],
      [{ name: 7 }, "body_invalid"],
      ["[]", "body_invalid"],
      ["null", "body_invalid"],
      ["{", "body_invalid"],
      ['{"__proto__": {"name": "Ada"}}', "body_invalid"],
      [{ name: "x".repeat(5000) }, "body_invalid"],
    ] as const) {
      const { status, json } = await post(body);
      assert.ok(status >= 400 && status < 500, `${status}`);
      assert.equal(json.code, code, JSON.stringify(body).slice(0, 40));
      assert.equal(json.version, "1.2.3");
    }
    const text = await ask("/v1/tickets", { method: "POST", body: "name=Ada" });
    assert.equal(text.json.code, "body_invalid");
  });

  test("are not given where the operator gives them, nor while draining", async () => {
    const { post } = await start({ issuer: undefined });
    assert.equal((await post({ name: "Ada" })).status, 404);
    const draining = await start({ isDraining: () => true });
    const { status, json } = await draining.post({ name: "Ada" });
    assert.equal(status, 503);
    assert.equal(json.code, "server_closing");
  });

  test("are limited per address, but for this machine in development", async () => {
    const development = await start();
    const statuses = async (post: (body: unknown) => Promise<{ status: number }>, count: number) => {
      const all: number[] = [];
      for (let i = 0; i < count; i++) all.push((await post({ name: "Ada" })).status);
      return all;
    };
    assert.ok((await statuses(development.post, 40)).every((status) => status === 200));
    const strict = await start({ isDevelopment: false });
    const answers = await statuses(strict.post, 31);
    assert.ok(answers.slice(0, 30).every((status) => status === 200));
    assert.equal(answers[30], 429);
    strict.time.advance(500);
    assert.deepEqual(await statuses(strict.post, 2), [200, 429]);
  });

  test("limits remember a bounded number of addresses", () => {
    const rate = new AddressRate({ ratePerSecond: 1, burst: 1 });
    for (let i = 0; i < 10_050; i++) assert.ok(rate.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 0));
    assert.equal(rate.size, 10_000);
    assert.equal(rate.take("10.0.39.65", 0), false, "a late one is remembered");
    assert.equal(rate.take("10.0.0.0", 0), true, "the first is forgotten");
  });
});

/** A plain request: `fetch` asks every cache on the way to be passed by. */
async function statusOf(port: number, headers: Record<string, string>): Promise<number | undefined> {
  const [response] = (await once(get({ port, headers, host: "127.0.0.1" }), "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

suite("the page", () => {
  async function page(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), "myriad-page-"));
    cleanups.push(() => rm(dir, { recursive: true }));
    await mkdir(join(dir, "assets"));
    await writeFile(join(dir, "index.html"), "<!doctype html><title>realm</title>");
    await writeFile(join(dir, "assets", "index-D4f_x9aB.js"), "export {};");
    return dir;
  }

  test("is served from its directory, hashed files for ever, the rest asked for again", async () => {
    const { ask, port } = await start({ pageDir: await page() });
    const index = await ask("/");
    assert.equal(index.status, 200);
    assert.match(index.text, /realm/);
    assert.equal(index.headers.get("cache-control"), "no-cache");
    assert.equal(index.headers.get("x-myriad-version"), "1.2.3");
    const etag = index.headers.get("etag")!;
    assert.equal(await statusOf(port, { "if-none-match": etag }), 304);
    const script = await ask("/assets/index-D4f_x9aB.js");
    assert.equal(script.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.match(script.headers.get("content-type")!, /javascript/);
    assert.equal((await ask("/assets/none.js")).json.code, "not_found");
    assert.equal((await ask("/%2e%2e/%2e%2e/etc/passwd")).status >= 400, true);
  });
});

suite("listening", () => {
  test("on a port in use, or an address of another machine, is an operator's error", async () => {
    const first = await start();
    const metrics = new Metrics();
    const options: HttpServerOptions = {
      version: "1",
      isDevelopment: true,
      realm: realmMap,
      clock: first.time,
      health: first.health,
      metrics,
      issuer: undefined,
      pageDir: undefined,
      isDraining: () => false,
      onFailure: () => {},
    };
    cleanups.push(() => metrics.close());
    const second = await createHttpServer(options);
    await assert.rejects(second.listen({ host: "127.0.0.1", port: first.port }), { code: "port_in_use" });
    const third = await createHttpServer(options);
    await assert.rejects(third.listen({ host: "192.0.2.1", port: 0 }), { code: "config_invalid" });
  });

  test("headers that never end, or are too many, cost nothing for long", async () => {
    const { port, http } = await start();
    assert.equal(http.server.headersTimeout, 10_000);
    assert.equal(http.server.requestTimeout, 10_000);
    assert.equal(http.server.maxHeadersCount, 64);
    const socket = connect(port, "127.0.0.1");
    const lines = Array.from({ length: 10_000 }, (_, i) => `x-${i}: ${i}`).join("\r\n");
    socket.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`);
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(data.toString())),
    );
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 431 /);
  });
});
