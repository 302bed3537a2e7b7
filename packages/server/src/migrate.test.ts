import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { main } from "./migrate.ts";
import { createPostgresStore } from "./store/postgres/postgres-store.ts";
import { startPrivateServer } from "./store/postgres/private-server.ts";
import { lockDirectory } from "./store/sqlite/directory.ts";
import { openDatabase } from "./store/sqlite/open.ts";

const root = mkdtempSync(join(tmpdir(), "myriad-migrate-"));
after(() => rmSync(root, { recursive: true }));

function newData(): string {
  const dataDir = mkdtempSync(join(root, "data-"));
  openDatabase({ dataDir, realmId: "vale" }).close();
  return dataDir;
}

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function migrate(args: readonly string[], isInteractive = false): Promise<Run> {
  const said = { out: "", err: "" };
  const code = await main(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    isInteractive,
    processId: 4712,
  });
  return { code, ...said };
}

test("data that is up to date is left alone", async () => {
  const dataDir = newData();
  deepEqual(await migrate(["up", "--data", dataDir]), {
    code: 0,
    out: "nothing to do: the data is there already\n",
    err: "",
  });
});

test("down goes one step back with a copy and a bar, and up undoes it", async () => {
  const dataDir = newData();
  const down = await migrate(["down", "--data", dataDir]);
  equal(down.code, 0);
  match(down.out, /^done: down 2, currency/);
  match(down.err, /\[-{20}\] 1\/1 copying schema 2\n/);
  match(down.err, /copy: .*myriad-schema-2-copy-1\.sqlite\n/);
  match(down.err, /\[#{10}-{10}\] 1\/1 down 2\n/);
  ok(readdirSync(dataDir).includes("myriad-schema-2-copy-1.sqlite"));
  const up = await migrate(["up", "--data", dataDir], true);
  match(up.out, /^done: up 2/);
  ok(up.err.endsWith("\r\x1b[K"));
  openDatabase({ dataDir, realmId: "vale" }).close();
});

test("a dry run says what would be done and does nothing", async () => {
  const dataDir = newData();
  const { code, out } = await migrate(["down", "--to", "0", "--dry-run", "--data", dataDir]);
  equal(code, 0);
  deepEqual(
    out.split("\n").map((line) => line.slice(0, 21)),
    ["would be done: down 2", "would be done: down 1", ""],
  );
  equal((await migrate(["up", "--data", dataDir])).out, "nothing to do: the data is there already\n");
});

test("a realm that runs is not touched", async () => {
  const dataDir = newData();
  const lock = lockDirectory(dataDir, 4711);
  const { code, err } = await migrate(["down", "--data", dataDir]);
  lock.release();
  equal(code, 1);
  match(err, /^data_dir_in_use: .*process 4711/);
});

test("a directory without data stays without", async () => {
  const dataDir = mkdtempSync(join(root, "data-"));
  const { code, err } = await migrate(["up", "--data", dataDir]);
  equal(code, 1);
  match(err, /^data_dir_unusable: .*it holds no database/);
  ok(!readdirSync(dataDir).includes("myriad.sqlite"));
});

test("npm's script runs the command", () => {
  const script = new URL("../../../tools/migrate.ts", import.meta.url);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script.pathname, "up", "--data", newData()],
    {
      encoding: "utf8",
    },
  );
  equal(stderr, "");
  equal(stdout, "nothing to do: the data is there already\n");
  equal(status, 0);
});

test("arguments that are wrong are told, with what is right", async () => {
  const wrong = [
    [],
    ["sideways"],
    ["up", "down"],
    ["up", "--to", "x"],
    ["up", "--to", "-1"],
    ["up", "--data", "d", "--database", "u"],
    ["up", "--realm", "vale"],
    ["up", "--nonsense"],
  ];
  for (const args of wrong) {
    const { code, err } = await migrate(args);
    equal(code, 2, args.join(" "));
    match(err, /usage: npm run migrate/);
  }
});

test("a realm in PostgreSQL goes down and up; with several of them it must be named", async () => {
  const server = await startPrivateServer();
  try {
    const database = ["--database", server.url];
    match((await migrate(["up", ...database])).err, /it holds no realm/);
    for (const realmId of ["fen", "vale"]) {
      const store = await createPostgresStore({ url: server.url, realmId, nowMs: () => 0 });
      await store.close();
      if (realmId === "fen") match((await migrate(["up", ...database])).out, /nothing to do/);
    }
    const unnamed = await migrate(["down", ...database]);
    equal(unnamed.code, 1);
    match(unnamed.err, /it holds fen, vale: name one with --realm/);
    const down = await migrate(["down", ...database, "--realm", "vale"]);
    match(down.out, /^done: down 1/);
    match(down.err, /copy: myriad_vale_copy_1_1\n/);
    match((await migrate(["up", ...database, "--realm", "vale", "--dry-run"])).out, /^would be done: up 1/);
    match((await migrate(["up", ...database, "--realm", "vale"])).out, /^done: up 1/);
    match((await migrate(["up", ...database, "--realm", "moor"])).err, /it holds no realm moor/);
  } finally {
    await server.stop();
  }
});
