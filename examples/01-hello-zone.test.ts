import { equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

test("the smallest game starts, says where it is, and stops cleanly", { timeout: 30_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "myriad-hello-"));
  const child = spawn(process.execPath, [join(import.meta.dirname, "01-hello-zone.ts")], {
    env: { ...process.env, PORT: "0", MYRIAD_DATA_DIR: directory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    match(line.toString(), /^myriad ready http:\/\/127\.0\.0\.1:\d+/);
    const url = /http:\S+/.exec(line.toString())?.[0] ?? "";
    equal((await fetch(`${url}/healthz`)).status, 200);
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    equal(code, 0);
  } finally {
    child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  }
});
