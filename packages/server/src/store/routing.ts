/**
 * Where a call belongs when the data is spread over shards, and how new its answer must be.
 *
 * Invariant: every call has an entry; a call whose keys lie on one shard needs no other. Nothing joins across keys.
 * Invariant: a character's bag, equipment, storage and mailbox have the character's key; the ground has its zone's.
 * Invariant: what the ledger says, and what decides who owns something, is always `current`.
 */
import { unreachable } from "../kernel/assert.ts";
import { hash32 } from "../kernel/hash.ts";
import { holdersOf } from "../ledger/operation.ts";
import type { Holder, Operation } from "../ledger/port.ts";
import type { Call } from "./calls.ts";
import { nameKey } from "./name-key.ts";
import type { CharacterSave, Consistency } from "./port.ts";

/** What is asked of each shard by itself. */
export const everyShard = "*";

export interface Route {
  /** `kind:id`, once each; none for a call that does nothing; `everyShard` alone for what each shard answers by itself. */
  readonly keys: readonly string[];
  readonly consistency: Consistency;
}

const utf8 = new TextEncoder();

/** The routing keys of a call and the consistency it needs. Never throws for a call that passed its checks. */
export function routeOf(call: Call): Route {
  switch (call.method) {
    case "account":
      return current(`subject:${call.argument.subject}`);
    case "openCharacter":
      return current(`account:${call.argument.accountId}`, `name:${nameKey(call.argument.name)}`);
    case "findCharacter": {
      const { name, consistency } = call.argument;
      return { keys: [`name:${nameKey(name)}`], consistency };
    }
    case "consumeTicket":
      return current(`ticket:${call.argument.ticketId}`);
    case "saveCharacters":
      return current(...keysOfSaves(call.argument.saves));
    case "applyOperations":
      return current(...keysOfOperations(call.argument.operations));
    case "items":
    case "holdings":
      return current(holderKey(call.argument));
    case "takeOverZone":
      return current(zoneKey(call.argument.zone));
    case "commitTick": {
      const { fence, operations, saves } = call.argument;
      return current(zoneKey(fence.zone), ...keysOfOperations(operations), ...keysOfSaves(saves));
    }
    case "dropJournalFrom":
    case "cutJournal":
    case "writeCheckpoint":
      return current(zoneKey(call.argument.fence.zone));
    case "readJournal":
      return current(zoneKey(call.argument.zone));
    case "zoneOwner":
    case "readCheckpoints":
      return current(zoneKey(call.argument));
    case "openTransfers":
    case "claimEvents":
    case "settleEvents":
    case "replayEvents":
    case "ping":
      return current(everyShard);
    case "deadLetters":
    case "outboxDepth":
      return { keys: [everyShard], consistency: "may_be_stale" };
    default:
      return unreachable(call);
  }
}

/** The key of a holder: all that a character holds is filed with the character. */
export function holderKey({ kind, id }: Holder): string {
  return kind === "ground" ? zoneKey(id) : `character:${id}`;
}

/** The shard, from 0 to below `shards`, that a key belongs to. The same on every machine and for ever. */
export function shardOf(key: string, shards: number): number {
  return hash32(utf8.encode(key)) % shards;
}

function zoneKey(zone: number): string {
  return `zone:${zone}`;
}

function keysOfOperations(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => holdersOf(operation).map(holderKey));
}

function keysOfSaves(saves: readonly CharacterSave[]): string[] {
  return saves.map(({ characterId }) => `character:${characterId}`);
}

function current(...keys: string[]): Route {
  return { keys: [...new Set(keys)], consistency: "current" };
}
