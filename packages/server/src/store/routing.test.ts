import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { operationId } from "../ledger/operation.ts";
import type { ItemId, Operation } from "../ledger/port.ts";
import type { Call, Method } from "./calls.ts";
import { type AccountId, toCharacterId } from "./ids.ts";
import { everyShard, holderKey, routeOf, shardOf } from "./routing.ts";
import { commitOf } from "./zones-contract.ts";

const id = operationId({ realm: "vale", zone: 3, epoch: 1, tick: 1, ordinal: 0 });
const content = { zone: 3, schemaVersion: 1, state: new Uint8Array(0) };
const save = { characterId: toCharacterId(7), expectedVersion: 1, ...content };
const fence = { zone: 3, epoch: 1 };
const trade: Operation = {
  kind: "trade",
  operationId: id,
  items: [
    {
      itemId: 5 as ItemId,
      from: { kind: "character", id: 7, slot: 0 },
      to: { kind: "storage", id: 8, slot: 0 },
    },
  ],
  payments: [
    { currency: 1, amount: 1, from: { kind: "mail", id: 8 }, to: { kind: "character", id: 7 } },
    { currency: 1, amount: 1, from: { kind: "ground", id: 3 }, to: { kind: "character", id: 9 } },
  ],
};

/** One call of every kind with its keys; the compiler sees to it that none is missing. */
const calls: {
  readonly [M in Method]: { readonly call: Extract<Call, { method: M }>; readonly keys: string[] };
} = {
  account: { call: { method: "account", argument: { subject: "s", name: "Ada" } }, keys: ["subject:s"] },
  openCharacter: {
    call: {
      method: "openCharacter",
      argument: { accountId: 4 as AccountId, name: "Wren", initial: content },
    },
    keys: ["account:4", "name:wren"],
  },
  findCharacter: {
    call: { method: "findCharacter", argument: { name: "WREN", consistency: "current" } },
    keys: ["name:wren"],
  },
  consumeTicket: {
    call: { method: "consumeTicket", argument: { ticketId: "t", expiresAtMs: 2, nowMs: 1 } },
    keys: ["ticket:t"],
  },
  saveCharacters: {
    call: { method: "saveCharacters", argument: { saves: [save, save], fence } },
    keys: ["character:7"],
  },
  applyOperations: {
    call: { method: "applyOperations", argument: { operations: [trade], fence } },
    keys: ["character:7", "character:8", "zone:3", "character:9"],
  },
  items: { call: { method: "items", argument: { kind: "equipment", id: 7 } }, keys: ["character:7"] },
  holdings: { call: { method: "holdings", argument: { kind: "ground", id: 3 } }, keys: ["zone:3"] },
  openTransfers: { call: { method: "openTransfers", argument: 1 }, keys: [everyShard] },
  takeOverZone: { call: { method: "takeOverZone", argument: { zone: 3, owner: "a" } }, keys: ["zone:3"] },
  zoneOwner: { call: { method: "zoneOwner", argument: 3 }, keys: ["zone:3"] },
  commitTick: {
    call: { method: "commitTick", argument: commitOf(fence, { operations: [trade], saves: [save] }) },
    keys: ["zone:3", "character:7", "character:8", "character:9"],
  },
  readJournal: { call: { method: "readJournal", argument: { zone: 3, fromTick: 0 } }, keys: ["zone:3"] },
  dropJournalFrom: {
    call: { method: "dropJournalFrom", argument: { fence, fromTick: 0 } },
    keys: ["zone:3"],
  },
  cutJournal: { call: { method: "cutJournal", argument: { fence, beforeTick: 0 } }, keys: ["zone:3"] },
  writeCheckpoint: {
    call: { method: "writeCheckpoint", argument: { fence, tick: 1, build: "b", bytes: new Uint8Array(0) } },
    keys: ["zone:3"],
  },
  readCheckpoints: { call: { method: "readCheckpoints", argument: 3 }, keys: ["zone:3"] },
  claimEvents: {
    call: { method: "claimEvents", argument: { limit: 1, nowMs: 0, untilMs: 0 } },
    keys: [everyShard],
  },
  settleEvents: { call: { method: "settleEvents", argument: [] }, keys: [everyShard] },
  deadLetters: { call: { method: "deadLetters", argument: { limit: 1 } }, keys: [everyShard] },
  replayEvents: { call: { method: "replayEvents", argument: [] }, keys: [everyShard] },
  outboxDepth: { call: { method: "outboxDepth", argument: null }, keys: [everyShard] },
  ping: { call: { method: "ping", argument: null }, keys: [everyShard] },
};

for (const [method, { call, keys }] of Object.entries(calls)) {
  test(`${method} is filed under ${keys.join(", ")}`, () => deepEqual(routeOf(call).keys, keys));
}

test("only what may be behind is asked of a copy", () => {
  const stale = Object.values(calls)
    .map(({ call }) => call)
    .filter((call) => routeOf(call).consistency === "may_be_stale")
    .map(({ method }) => method);
  deepEqual(stale, ["deadLetters", "outboxDepth"]);
  const find: Call = { method: "findCharacter", argument: { name: "Wren", consistency: "may_be_stale" } };
  equal(routeOf(find).consistency, "may_be_stale");
});

test("all that a character holds lies on one shard, and the shards share the work", () => {
  const kinds = ["character", "equipment", "storage", "mail"] as const;
  equal(new Set(kinds.map((kind) => holderKey({ kind, id: 7 }))).size, 1);
  const counts = new Array<number>(8).fill(0);
  for (let character = 1; character <= 8000; character += 1)
    counts[shardOf(holderKey({ kind: "character", id: character }), 8)]! += 1;
  ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(" "),
  );
});
