import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "./cli.ts";
import { serve } from "./testing.ts";

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

  it("puts players where the scene says, and tells how the server does", async () => {
    await serve(async (served) => {
      const none = { fromMs: 1, partsPerDoubling: 1, counts: [] as number[] };
      let uptimeMs = 0;
      Object.defineProperty(served, "status", {
        get: () => ({
          uptimeMs: (uptimeMs += 1000),
          rssBytes: 2 ** 28,
          cpuUserUs: uptimeMs * 500,
          cpuSystemUs: 0,
          gateway: { stale: 3 },
          tickMs: { ...none, counts: [0, uptimeMs] },
          tickJitterMs: none,
          dilationPercent: Array.from({ length: 101 }, (_, percent) => (percent === 90 ? uptimeMs : 0)),
        }),
      });
      const { url, asked } = served;
      const { code, out } = await run(
        [
          "--url",
          url,
          "--players",
          "10",
          "--ramp",
          "0",
          "--seconds",
          "1.6",
          "--place",
          "square:20@100,50",
        ].concat("--json"),
      );
      assert.equal(code, 0, out);
      assert.equal(asked.length, 10);
      assert.ok(asked.every(({ place }) => Math.abs(place!.x - 100) <= 10 && Math.abs(place!.y - 50) <= 10));
      const { server } = JSON.parse(out.trimEnd().split("\n").at(-1)!);
      const { rssMbMax, cpuPercent, tickMs, dilationMin, staleMax } = server;
      assert.deepEqual(
        { rssMbMax, cpuPercent, dilationMin, staleMax, p50: tickMs.p50, max: tickMs.max },
        { rssMbMax: 256, cpuPercent: 50, dilationMin: 90, staleMax: 3, p50: 3, max: 4 },
      );
      assert.match(out, /server +50 % of a core, 256 MB, at 90 % of real time or more, 3 stale at once/);
    });
  });

  it("needs to know the zones, unless the game decides where players begin", async () => {
    await serve(
      async ({ url, asked }) => {
        const args = ["--url", url, "--players", "2", "--ramp", "0", "--seconds", "0.3"];
        const spread = await run(args);
        assert.deepEqual([spread.code, spread.out], [1, ""]);
        assert.match(spread.err, /^swarm: the server does not say where its zones lie; --place town .*\n$/);
        assert.equal((await run([...args, "--place", "town"])).code, 0);
        assert.deepEqual(
          asked.map(({ place }) => place),
          [undefined, undefined],
        );
      },
      { hidesZones: true },
    );
  });

  it("plays in several processes, whose figures add up", async () => {
    await serve(async ({ url, realm, asked }) => {
      const args = ["--url", url, "--players", "9", "--ramp", "0", "--seconds", "1", "--processes", "2"];
      const { code, out, err } = await run([...args, "--json"]);
      assert.equal(code, 0, out + err);
      const figures = JSON.parse(out.trimEnd().split("\n").at(-1)!);
      assert.deepEqual([figures.players, figures.connected, figures.errors], [9, 9, 0]);
      assert.ok(Math.abs(figures.framesPerSecondPerPlayer - 20) < 4, `${figures.framesPerSecondPerPlayer}`);
      assert.ok(figures.intentToAckMs.p50 > 0 && figures.swarmCpuPercent > 0);
      assert.equal(new Set(asked.map(({ name }) => name)).size, 9, "no player plays twice");
      assert.equal(realm.sessions.filter(({ wantsDigests }) => wantsDigests).length, 1);
    });
  });

  it("ends in all processes when it is interrupted", async () => {
    await serve(async ({ url, realm }) => {
      const args = ["--url", url, "--players", "4", "--ramp", "0", "--seconds", "600", "--processes", "2"];
      const interrupt = new AbortController();
      const told = (text: string) => {
        if (/measuring +4\/4/.test(text)) interrupt.abort();
      };
      const { code, out } = await run(args, { signal: interrupt.signal, told });
      assert.equal(code, 0, out);
      assert.ok(realm.sessions.every(({ peer }) => peer === undefined));
    });
  });

  it("tests itself against a server of its own", async () => {
    const { code, out, err } = await run([
      "--self-test",
      "--players",
      "20",
      "--ramp",
      "0",
      "--seconds",
      "2.5",
    ]);
    assert.equal(code, 0, out + err);
    assert.match(out, /players +20 of 20/);
    assert.match(out, /swarm +\d+ % of a core, timers late by/);
    assert.match(out, /server +\d+ % of a core/);
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
