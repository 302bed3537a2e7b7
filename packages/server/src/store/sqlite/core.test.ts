import { deepEqual, equal } from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { operationId } from "../../ledger/operation.ts";
import type { Operation, Place } from "../../ledger/port.ts";
import type { Call } from "../calls.ts";
import { ticketsPerSweepMax } from "../limits.ts";
import { type Reply, SqliteCore } from "./core.ts";
import { openDatabase } from "./open.ts";

const open = () => openDatabase({ dataDir: undefined, realmId: "vale" });

function mint(ordinal: number, to: Place): Operation {
  const id = operationId({ realm: "vale", zone: 0, epoch: 1, tick: 1, ordinal });
  return { kind: "mint", operationId: id, itemType: 1, to };
}

const ground = (slot: number): Place => ({ kind: "ground", id: 0, slot });
const applyOf = (...operations: Operation[]): Call => ({
  method: "applyOperations",
  argument: { operations, fence: undefined },
});
const itemsOnGround: Call = { method: "items", argument: { kind: "ground", id: 0 } };
const ping: Call = { method: "ping", argument: null };

function codesOf(replies: readonly Reply[]): string[] {
  return replies.map((reply) => (reply.ok ? "ok" : reply.error.code));
}

function countOf(database: DatabaseSync, table: string): unknown {
  return database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.["count"];
}

/** Lets the next run of each statement fail with a result code of SQLite, as a disk would. */
function failOnce(database: DatabaseSync, errcodes: Record<string, number>): void {
  const exec = database.exec.bind(database);
  const left = new Map(Object.entries(errcodes));
  database.exec = (sql) => {
    const errcode = left.get(sql);
    if (errcode === undefined) return exec(sql);
    left.delete(sql);
    throw Object.assign(new Error("disk trouble"), { errcode });
  };
}

test("a call that fails takes back what it did itself and nothing of its group", () => {
  const database = open();
  const core = new SqliteCore(database);
  // The third operation breaks a constraint of the table: it never passes the port's checks.
  const failing = applyOf(mint(1, ground(1)), mint(2, ground(2)), mint(3, ground(99_999)));
  const replies = core.execute([
    applyOf(mint(0, ground(0))),
    failing,
    applyOf(mint(4, ground(4))),
    itemsOnGround,
  ]);
  deepEqual(codesOf(replies), ["ok", "store_failed", "ok", "ok"]);
  equal(countOf(database, "items"), 2);
  equal(countOf(database, "operations"), 2);
  core.close();
});

test("a full disk fails the whole group, and the store goes on when there is room again", () => {
  const database = open();
  const core = new SqliteCore(database);
  const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
  const huge: Call = {
    method: "openCharacter",
    argument: {
      accountId: 1 as never,
      name: "Wren",
      initial: { zone: 0, schemaVersion: 1, state: new Uint8Array(60_000) },
    },
  };
  core.execute([{ method: "account", argument: { subject: "s", name: "Ada" } }]);
  database.exec(`PRAGMA max_page_count = ${pages + 2}`);
  const replies = core.execute([applyOf(mint(0, ground(0))), huge]);
  equal(codesOf(replies)[1], "store_failed");
  database.exec("PRAGMA max_page_count = 1000000");
  deepEqual(codesOf(core.execute([applyOf(mint(1, ground(1))), huge])), ["ok", "ok"]);
  core.close();
});

test("a group whose commit fails has no effect, and without damage the store goes on", () => {
  const database = open();
  const core = new SqliteCore(database);
  failOnce(database, { COMMIT: 13 });
  deepEqual(codesOf(core.execute([applyOf(mint(0, ground(0))), ping])), ["store_failed", "store_failed"]);
  equal(database.isTransaction, false);
  deepEqual(core.execute([itemsOnGround]), [{ ok: true, value: [] }]);
  core.close();
});

test("after an I/O error nothing is tried again", () => {
  const database = open();
  const core = new SqliteCore(database);
  // 1034 is SQLITE_IOERR_FSYNC: its low byte is IOERR.
  failOnce(database, { COMMIT: 1034 });
  deepEqual(codesOf(core.execute([applyOf(mint(0, ground(0)))])), ["store_failed"]);
  deepEqual(codesOf(core.execute([ping, itemsOnGround])), ["store_failed", "store_failed"]);
  equal(countOf(database, "items"), 0);
  core.close();
});

test("after a rollback that fails nothing is tried again", () => {
  const database = open();
  const core = new SqliteCore(database);
  failOnce(database, { COMMIT: 13, ROLLBACK: 1 });
  deepEqual(codesOf(core.execute([ping])), ["store_failed"]);
  deepEqual(codesOf(core.execute([ping])), ["store_failed"]);
  core.close();
});

test("tickets long past their end are swept, a few with each that is used", () => {
  const database = open();
  const core = new SqliteCore(database);
  const use = (ticketId: string, nowMs: number): Call => ({
    method: "consumeTicket",
    argument: { ticketId, expiresAtMs: nowMs + 30_000, nowMs },
  });
  const many = ticketsPerSweepMax * 2;
  core.execute(Array.from({ length: many }, (_, index) => use(`t${index}`, 1000)));
  equal(countOf(database, "used_tickets"), many);
  core.execute([use("later", 151_000)]);
  equal(countOf(database, "used_tickets"), many + 1);
  core.execute([use("later still", 151_001)]);
  equal(countOf(database, "used_tickets"), many + 2 - ticketsPerSweepMax);
  core.close();
});
