import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { operationId } from "../../ledger/operation.ts";
import type { Operation } from "../../ledger/port.ts";
import { VirtualTime } from "../../platform/virtual-time.ts";
import { durableStoreContract, storeContract } from "../contract.ts";
import { createSqliteStore, type SqliteStoreOptions, sqliteStoreOver } from "./sqlite-store.ts";

const root = mkdtempSync(join(tmpdir(), "myriad-store-"));
after(() => rmSync(root, { recursive: true }));

const newDirectory = () => mkdtempSync(join(root, "data-"));
const optionsOf = (dataDir: string): SqliteStoreOptions => ({
  dataDir,
  realmId: "vale",
  nowMs: () => performance.now(),
});

// Each sequence needs a thread and a directory; the same code sees hundreds of them in memory.
storeContract("sqlite", () => createSqliteStore(optionsOf(newDirectory())), 5);
durableStoreContract("sqlite", async () => {
  const dataDir = newDirectory();
  return () => createSqliteStore(optionsOf(dataDir));
});

/** A worker's program in plain JavaScript, in place of the real one. */
function fakeWorker(program: string): URL {
  const imports = "import { parentPort } from 'node:worker_threads';";
  return new URL(`data:text/javascript,${encodeURIComponent(imports + program)}`);
}

const ready = "parentPort.postMessage({ kind: 'ready' });";
const account = { subject: "s", name: "Ada" };

test("a store that cannot be opened says why", async () => {
  const dataDir = newDirectory();
  const file = join(dataDir, "file");
  writeFileSync(file, "");
  await rejects(createSqliteStore(optionsOf(join(file, "data"))), {
    name: "MyriadError",
    code: "data_dir_unusable",
    message: /ENOTDIR/,
    help: /MYRIAD_DATA_DIR/,
  });
  await (await createSqliteStore(optionsOf(dataDir))).close();
  const ofAnother = createSqliteStore({ ...optionsOf(dataDir), realmId: "fen" });
  await rejects(ofAnother, { code: "data_of_another_realm" });
});

test("one request more than may wait is refused, and the others are answered", async () => {
  const store = await createSqliteStore({ ...optionsOf(newDirectory()), pendingMax: 2 });
  const waiting = [store.account(account), store.account(account)];
  await rejects(store.account(account), { code: "store_overloaded" });
  equal((await store.health()).ok, false);
  equal((await Promise.all(waiting)).length, 2);
  equal((await store.health()).ok, true);
  await store.close();
});

test("an overloaded store can still be closed", async () => {
  const store = await createSqliteStore({ ...optionsOf(newDirectory()), pendingMax: 1 });
  const waiting = store.account(account);
  await store.close();
  equal((await waiting).name, "Ada");
});

test("when the worker dies, what waits is rejected and so is everything later", async () => {
  const workerUrl = fakeWorker(
    `${ready} parentPort.on('message', () => { throw new Error('the disk is gone'); });`,
  );
  const store = await createSqliteStore({ ...optionsOf(newDirectory()), workerUrl });
  const waiting = [store.account(account), store.findCharacter("Wren")];
  for (const request of waiting)
    await rejects(request, { code: "store_failed", message: /the disk is gone/ });
  await rejects(store.account(account), { code: "store_failed" });
  deepEqual((await store.health()).ok, false);
  await rejects(store.close(), { code: "store_failed" });
});

test("a worker that ends without a word counts as dead", async () => {
  const workerUrl = fakeWorker(`${ready} parentPort.once('message', () => parentPort.close());`);
  const store = await createSqliteStore({ ...optionsOf(newDirectory()), workerUrl });
  await rejects(store.account(account), { code: "store_failed", message: /thread ended/ });
  const stillborn = createSqliteStore({ ...optionsOf(newDirectory()), workerUrl: fakeWorker("") });
  await rejects(stillborn, { code: "store_failed" });
});

test("a failure inside the database comes back as store_failed with its cause and harms nothing else", async () => {
  const store = await createSqliteStore(optionsOf(newDirectory()));
  // Passes the check as a text, and is then a number that no statement can bind.
  const values: unknown[] = ["s"];
  const request = {
    name: "Ada",
    get subject(): string {
      return (values.shift() ?? 2n ** 70n) as string;
    },
  };
  const failed = store.account(request);
  const fine = store.account(account);
  await rejects(failed, { code: "store_failed" });
  equal((await fine).subject, "s");
  await store.close();
});

function mint(ordinal: number): Operation {
  const id = operationId({ realm: "vale", zone: 0, epoch: 1, tick: 0, ordinal });
  return { kind: "mint", operationId: id, itemType: 1, to: { kind: "ground", id: 0, slot: ordinal } };
}

test("many requests at once take effect in their order", async () => {
  const store = await createSqliteStore(optionsOf(newDirectory()));
  const outcomes = await Promise.all(
    Array.from({ length: 2000 }, (_, ordinal) => store.ledger.apply([mint(ordinal)])),
  );
  deepEqual(
    outcomes.map(([outcome]) => outcome?.status === "done" && outcome.itemId),
    outcomes.map((_, index) => index + 1),
  );
  await store.close();
});

test("what was acknowledged is there after the process was killed", async () => {
  const dataDir = newDirectory();
  const program = `
    import { createSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    import { operationId } from ${JSON.stringify(new URL("../../ledger/operation.ts", import.meta.url).href)};
    const store = await createSqliteStore({ dataDir: process.argv[1], realmId: "vale", nowMs: () => 0 });
    for (let ordinal = 0; ordinal < 60000; ordinal += 1) {
      const id = operationId({ realm: "vale", zone: 0, epoch: 1, tick: 0, ordinal });
      const to = { kind: "ground", id: 0, slot: ordinal };
      await store.ledger.apply([{ kind: "mint", operationId: id, itemType: 1, to }]);
      console.log(ordinal);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let acknowledged = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Math.max(acknowledged, Number(line));
    if (acknowledged === 200) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  equal(child.signalCode, "SIGKILL");

  const store = await createSqliteStore(optionsOf(dataDir));
  const slots = (await store.ledger.items({ kind: "ground", id: 0 })).map((item) => item.slot);
  ok(slots.length > acknowledged, `${slots.length} items, ${acknowledged} was acknowledged`);
  deepEqual(slots, [...slots.keys()]);
  await store.close();
});

test("the store starts without a word on the error stream", () => {
  const program = `
    import { createSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    const store = await createSqliteStore({ dataDir: process.argv[1], realmId: "vale", nowMs: () => 0 });
    await store.close();
    console.log("closed");`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", program, newDirectory()],
    { encoding: "utf8" },
  );
  equal(stderr, "");
  equal(stdout.trim(), "closed");
  equal(status, 0);
});

test("several threads use one database, each answered in its order, and one that ends leaves it to the others", async () => {
  const store = await createSqliteStore(optionsOf(newDirectory()));
  const others = [1, 2].map(() => sqliteStoreOver(store.connect(), { nowMs: () => performance.now() }));
  const ids = await Promise.all(
    [store, ...others, ...others, store].map((each, index) =>
      each.account({ subject: `s${index % 3}`, name: "Ada" }),
    ),
  );
  deepEqual(
    ids.map(({ subject }) => subject),
    ["s0", "s1", "s2", "s0", "s1", "s2"],
  );
  const use = { ticketId: "t", expiresAtMs: 2000, nowMs: 1000 };
  const firsts = await Promise.all([store, ...others].map((each) => each.consumeTicket(use)));
  equal(firsts.filter(Boolean).length, 1);
  await others[0]!.close();
  await rejects(others[0]!.account(account), { code: "store_closed" });
  equal((await others[1]!.findCharacter("nobody")) === undefined, true);
  await store.close();
  await rejects(others[1]!.account(account), { code: "store_failed" });
});

test("a second server on one data directory is refused, also in the same process, and a restart does not wait", async () => {
  const dataDir = newDirectory();
  const store = await createSqliteStore(optionsOf(dataDir));
  await rejects(createSqliteStore(optionsOf(dataDir)), {
    name: "MyriadError",
    code: "data_dir_in_use",
    message: new RegExp(`process ${process.pid}`),
  });
  await store.close();
  await (await createSqliteStore(optionsOf(dataDir))).close();
});

test("a store behind a breaker refuses at once when its database has failed too often", async () => {
  const workerUrl = fakeWorker(
    `${ready} parentPort.on('message', ({ method }) => parentPort.postMessage({ kind: 'replies', replies:
      [method === 'close' ? { ok: true } : { ok: false, error: { code: 'store_failed', detail: 'gone' } }] }));`,
  );
  const breaker = { timers: new VirtualTime(), failuresMax: 2 };
  const store = await createSqliteStore({ ...optionsOf(newDirectory()), workerUrl, breaker });
  for (let n = 0; n < 2; n += 1) await rejects(store.account(account), { code: "store_failed" });
  await rejects(store.account(account), { code: "store_away" });
  await store.close();
});
