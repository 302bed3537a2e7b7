import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, test } from "node:test";
import pg from "pg";
import { operationId } from "../../ledger/operation.ts";
import type { Holder, ItemId, Operation, Outcome } from "../../ledger/port.ts";
import { VirtualTime } from "../../platform/virtual-time.ts";
import { auditContract } from "../audit-contract.ts";
import { initial, newCharacter, openedCharacter } from "../characters-contract.ts";
import { durableStoreContract, storeContract } from "../contract.ts";
import { type Migration, type MigrationProgress, type Position, silent, type Step } from "../migration.ts";
import type { Store } from "../port.ts";
import { openPostgresAudit } from "./audit.ts";
import { migrateRealm, prepareRealm, realmsOf } from "./open.ts";
import { createPostgresStore, type PostgresStoreOptions } from "./postgres-store.ts";
import { type PrivateServer, type PrivateServerOptions, startPrivateServer } from "./private-server.ts";
import { migrations } from "./schema.ts";

const servers: PrivateServer[] = [];
const opened: Store[] = [];
const server = await newServer();
// What a failed test left open would keep the process alive.
after(async () => {
  await Promise.allSettled(opened.map((store) => store.close()));
  for (const one of servers) await one.stop();
});

async function newServer(options?: PrivateServerOptions): Promise<PrivateServer> {
  const started = await startPrivateServer(options);
  servers.push(started);
  return started;
}

let realms = 0;
const newRealm = (): string => `t${(realms += 1)}`;

async function open(realmId: string, options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const nowMs = () => performance.now();
  const store = await createPostgresStore({ url: server.url, realmId, nowMs, connectionsMax: 3, ...options });
  opened.push(store);
  return store;
}

// Each sequence needs a schema; the same rules see hundreds of them in memory.
storeContract("postgres", () => open(newRealm()), 12);
durableStoreContract("postgres", async () => {
  const realmId = newRealm();
  return () => open(realmId);
});
auditContract("postgres", async () => {
  const realmId = newRealm();
  return { store: await open(realmId), audit: () => openPostgresAudit({ url: server.url, realmId }) };
});

/** Lets a client of its own do something in the database. */
async function sql(...statements: string[]): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  let rows: unknown[][] = [];
  for (const text of statements) ({ rows } = await client.query({ text, rowMode: "array" }));
  await client.end();
  return rows;
}

const bag = (id: number): Holder => ({ kind: "character", id });
const gold = 1;

test("postgres: two servers that trade with the same characters lose nothing and double nothing", async () => {
  const realmId = newRealm();
  const stores = [await open(realmId), await open(realmId)];
  const characters = [1, 2, 3, 4];
  await stores[0]!.ledger.apply(
    characters.map((id, ordinal): Operation => {
      const issued = operationId({ realm: "t", zone: 0, epoch: 1, tick: 0, ordinal });
      return { kind: "issue", operationId: issued, currency: gold, amount: 1000, mint: "loot", to: bag(id) };
    }),
  );
  const traded = await Promise.all(
    stores.flatMap((store, zone) =>
      Array.from({ length: 60 }, (_, tick) => {
        const [from, to] = [characters[tick % 4]!, characters[(tick * 7 + zone + 1) % 4]!];
        const payments = [{ currency: gold, amount: 1 + (tick % 5), from: bag(from), to: bag(to) }];
        const id = operationId({ realm: "t", zone, epoch: 2, tick, ordinal: 0 });
        if (from === to) return undefined;
        return store.ledger.apply([{ kind: "trade", operationId: id, items: [], payments }]);
      }),
    ),
  );
  ok(traded.flat().every((outcome) => outcome === undefined || outcome.status === "settled"));
  let sum = 0;
  for (const id of characters)
    for (const { amount } of (await stores[1]!.ledger.holdings(bag(id))).balances) sum += amount;
  equal(sum, 4000);
  for (const store of stores) await store.close();
});

test("postgres: two servers that want one place, one name and one ticket give it once", async () => {
  const realmId = newRealm();
  const stores = [await open(realmId), await open(realmId)];
  const { accountId } = await stores[0]!.account({ subject: "s", name: "Ada" });
  for (let round = 0; round < 10; round += 1) {
    const mints = await Promise.all(
      stores.map((store, zone) => {
        const id = operationId({ realm: "t", zone, epoch: 1, tick: round, ordinal: 0 });
        const to = { kind: "ground", id: 1, slot: round } as const;
        return store.ledger.apply([{ kind: "mint", operationId: id, itemType: 1, to }]);
      }),
    );
    deepEqual(mints.map(([outcome]) => outcome?.status).sort(), ["done", "refused"]);
    const both = await Promise.all(stores.map((store) => openedCharacter(store, accountId, `Wren ${round}`)));
    equal(new Set(both.map(({ characterId }) => characterId)).size, 1);
    deepEqual(both.map(({ sessionEpoch }) => sessionEpoch).sort(), [1, 2]);
    const use = { ticketId: `t${round}`, expiresAtMs: 2, nowMs: 1 };
    const used = await Promise.all(stores.map((store) => store.consumeTicket(use)));
    deepEqual(used.sort(), [false, true]);
  }
  for (const store of stores) await store.close();
});

test("postgres: what was acknowledged outlives the server's death, and all goes on by itself", async () => {
  const mortal = await newServer();
  const store = await open(newRealm(), { url: mortal.url });
  const mint = (slot: number): Operation => ({
    kind: "mint",
    operationId: operationId({ realm: "t", zone: 0, epoch: 1, tick: 0, ordinal: slot }),
    itemType: 1,
    to: { kind: "ground", id: 0, slot },
  });
  const acknowledged = new Map<number, Outcome>();
  const failed: unknown[] = [];
  let killed: Promise<void> | undefined;
  const work = (async () => {
    for (let slot = 0; slot < 100_000 && failed.length === 0; slot += 1) {
      try {
        const [outcome] = await store.ledger.apply([mint(slot)]);
        acknowledged.set(slot, outcome!);
      } catch (error) {
        failed.push(error);
      }
      if (slot === 100) killed = mortal.kill();
    }
  })();
  await work;
  deepEqual((failed[0] as { code: string }).code, "store_failed");
  await rejects(store.ledger.apply([mint(0)]), { code: "store_failed" });
  equal((await store.health()).ok, false);
  await killed;
  await mortal.restart();
  const again = await store.ledger.apply([...acknowledged.keys()].map(mint));
  deepEqual(again, [...acknowledged.values()]);
  equal((await store.health()).ok, true);
  const held = await store.ledger.items({ kind: "ground", id: 0 });
  ok(held.length - acknowledged.size <= 1, "the one whose answer was lost is there or is not");
  await store.close();
  await mortal.stop();
});

test("postgres: behind a breaker a dead server costs no waiting, and its return is noticed", async () => {
  const mortal = await newServer();
  const timers = new VirtualTime();
  const states: string[] = [];
  const metrics = { state: (state: string) => states.push(state), refused: () => {}, failed: () => {} };
  const breaker = { timers, metrics, failuresMax: 2 };
  const store = await open(newRealm(), { url: mortal.url, breaker });
  await mortal.kill();
  for (let n = 0; n < 2; n += 1) await rejects(store.findCharacter("Wren"), { code: "store_failed" });
  await rejects(store.findCharacter("Wren"), { code: "store_away" });
  await mortal.restart();
  equal((await store.health()).ok, true);
  equal(await store.findCharacter("Wren"), undefined);
  deepEqual(states, ["open", "closed"]);
  await store.close();
  await mortal.stop();
});

test("postgres: a call that the database cannot take fails alone", async () => {
  const realmId = newRealm();
  const store = await open(realmId);
  const wren = await newCharacter(store);
  const save = { characterId: wren.characterId, expectedVersion: 1, ...initial };
  await store.saveCharacters([save]);
  await sql(`ALTER TABLE "myriad_${realmId}".characters ADD CONSTRAINT short CHECK (length(state) < 10)`);
  const long = { ...save, expectedVersion: 2, state: new Uint8Array(20) };
  const mint: Operation = {
    kind: "mint",
    operationId: operationId({ realm: "t", zone: 0, epoch: 1, tick: 2, ordinal: 0 }),
    itemType: 1,
    to: { kind: "ground", id: 0, slot: 0 },
  };
  const [refused, done] = await Promise.allSettled([
    store.saveCharacters([long]),
    store.ledger.apply([mint]),
  ]);
  equal(refused.status === "rejected" && refused.reason.code, "store_failed");
  equal(done.status, "fulfilled");
  await store.close();
});

test("postgres: one request more than may wait is refused, and the others are answered", async () => {
  const store = await open(newRealm(), { pendingMax: 2 });
  const waiting = [store.findCharacter("Wren"), store.findCharacter("Lark")];
  await rejects(store.findCharacter("Rook"), { code: "store_overloaded" });
  equal((await store.health()).ok, true);
  deepEqual(await Promise.all(waiting), [undefined, undefined]);
  await store.close();
});

test("postgres: only what may be stale is asked of the replica, and the primary answers when it is away", async () => {
  const copy = await newServer();
  const realmId = newRealm();
  // Not a real copy, so that it can be told which of the two was asked.
  const behind = await open(realmId, { url: copy.url });
  await newCharacter(behind, "Old");
  await behind.close();
  const store = await open(realmId, { replicaUrl: copy.url });
  await newCharacter(store, "New");
  const stale = { consistency: "may_be_stale" } as const;
  equal((await store.findCharacter("Old", stale))?.name, "Old");
  equal(await store.findCharacter("New", stale), undefined);
  equal((await store.findCharacter("New"))?.name, "New");
  equal(await store.findCharacter("Old"), undefined);
  await copy.kill();
  equal((await store.findCharacter("New", stale))?.name, "New");
  deepEqual(await store.outbox.depth(), { waiting: 0, dead: 0 });
  await store.close();
  await copy.stop();
});

test("postgres: a database that cannot be used says why", async () => {
  const unusable = { name: "MyriadError", code: "database_unusable" };
  const url = new URL(server.url);
  url.password = "wrong";
  await rejects(open("x", { url: url.href }), { ...unusable, message: /password authentication failed/ });
  url.port = "1";
  await rejects(open("x", { url: url.href }), { ...unusable, message: /ECONNREFUSED/ });
  const realmId = newRealm();
  await sql(`CREATE SCHEMA "myriad_${realmId}"`, `CREATE TABLE "myriad_${realmId}".diary (day text)`);
  await rejects(open(realmId), { ...unusable, message: /another program/ });
  const careless = await newServer({ settings: { fsync: "off" } });
  await rejects(open("x", { url: careless.url }), { ...unusable, message: /fsync is off/ });
  await careless.stop();
});

test("postgres: commits are never asynchronous, whatever the database's default", async () => {
  const careless = await newServer({ settings: { synchronous_commit: "off" } });
  const store = await open("x", { url: careless.url });
  await newCharacter(store);
  const client = new pg.Client({ connectionString: careless.url });
  await client.connect();
  // The settings of other sessions cannot be read; what they wrote is flushed at once or is not.
  const { rows } = await client.query(
    "SELECT pg_current_wal_insert_lsn() = pg_current_wal_flush_lsn() AS is_flushed",
  );
  equal(rows[0].is_flushed, true);
  await client.end();
  await store.close();
  await careless.stop();
});

const next: Migration = {
  number: migrations.length + 1,
  name: "titles",
  up: "ALTER TABLE characters ADD COLUMN title text NOT NULL DEFAULT 'none'",
  down: "ALTER TABLE characters DROP COLUMN title",
};

test("postgres: data goes up a step and down again, with a copy of all rows before each", async () => {
  const realmId = newRealm();
  const store = await open(realmId);
  await newCharacter(store, "Wren");
  await store.close();
  const more = [...migrations, next];
  const told: string[] = [];
  const progress: MigrationProgress = {
    ...silent,
    onStep: ({ direction }: Step, _position: Position, copy: string) => told.push(`${direction} ${copy}`),
  };
  const where = { url: server.url, realmId, migrations: more, progress };
  const planned = await migrateRealm({
    ...where,
    target: { direction: "up", to: undefined },
    isDryRun: true,
  });
  equal(planned[0]?.migration.name, "titles");
  equal(
    (await migrateRealm({ ...where, target: { direction: "up", to: undefined }, isDryRun: false })).length,
    1,
  );
  await rejects(open(realmId), {
    code: "data_newer_than_program",
    message: /schema is 2, this program knows up to 1/,
  });
  await rejects(
    migrateRealm({
      url: server.url,
      realmId,
      target: { direction: "down", to: 0 },
      isDryRun: false,
      progress: silent,
    }),
    {
      code: "data_newer_than_program",
    },
  );
  equal(
    (await migrateRealm({ ...where, target: { direction: "down", to: undefined }, isDryRun: false })).length,
    1,
  );
  deepEqual(told, [`up myriad_${realmId}_copy_1_1`, `down myriad_${realmId}_copy_2_1`]);
  deepEqual(await sql(`SELECT name, title FROM "myriad_${realmId}_copy_2_1".characters`), [["Wren", "none"]]);
  const again = await open(realmId);
  equal((await again.findCharacter("wren"))?.name, "Wren");
  await again.close();
  ok((await realmsOf(server.url)).includes(realmId));
  ok(!(await realmsOf(server.url)).some((name) => name.includes("copy")));
});

test("postgres: a step that fails leaves the data as it was, and every step has a way back", async () => {
  const realmId = newRealm();
  await (await open(realmId)).close();
  const failing = { ...next, up: `${next.up}; INSERT INTO nowhere VALUES (1)` };
  const where = { url: server.url, realmId, migrations: [...migrations, failing] };
  await rejects(prepareRealm(where), { code: "database_unusable", message: /nowhere/ });
  await (await open(realmId)).close();
  await migrateRealm({
    url: server.url,
    realmId,
    target: { direction: "down", to: 0 },
    isDryRun: false,
    progress: silent,
  });
  deepEqual(await sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'myriad_${realmId}' ORDER BY 1`), [
    ["migrations"],
    ["realm_meta"],
  ]);
  await (await open(realmId)).close();
});

test("postgres: servers that start at the same moment make the tables once", async () => {
  const realmId = newRealm();
  const stores = await Promise.all([open(realmId), open(realmId), open(realmId)]);
  for (const store of stores) await store.close();
});

test("postgres: a realm gives the ids of its shard, and says so when another is wanted", async () => {
  const realmId = newRealm();
  const store = await open(realmId, { idShard: 1023 });
  const { characterId } = await newCharacter(store);
  equal(characterId, 1023 * 2 ** 43 + 1);
  const id = operationId({ realm: "t", zone: 0, epoch: 1, tick: 0, ordinal: 0 });
  const [minted] = await store.ledger.apply([
    { kind: "mint", operationId: id, itemType: 1, to: { ...bag(1), slot: 0 } },
  ]);
  equal((minted as { itemId: ItemId }).itemId, 1023 * 2 ** 43 + 1);
  await store.close();
  await rejects(open(realmId, { idShard: 1 }), { code: "data_of_another_realm" });
  await rejects(open(newRealm(), { idShard: 1024 }), { name: "AssertionFailed" });
});
