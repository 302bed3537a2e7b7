/**
 * Calls that go by themselves: reads, logins, owners, checkpoints, events.
 *
 * Invariant: a call that writes more than one statement, or reads more than one, does so in a transaction.
 */
import { assert } from "../../kernel/assert.ts";
import type { Call } from "../calls.ts";
import { account, consumeTicket, findCharacter, openCharacter } from "./characters.ts";
import { askOnce, type Connection, inTransaction } from "./connection.ts";
import type { GroupedCall } from "./group.ts";
import {
  cutJournal,
  dropJournalFrom,
  ownerOf,
  readCheckpoints,
  readJournal,
  takeOver,
  writeCheckpoint,
} from "./journal.ts";
import { holdingsOf, itemsOf, openTransfersOf } from "./ledger.ts";
import { claimEvents, deadLetters, outboxDepth, replayEvents, settleEvents } from "./outbox.ts";

export type SingleCall = Exclude<Call, GroupedCall>;

/** Makes one call over a connection. Rejects with what `pg` says, or with MyriadError. */
export async function performSingle(client: Connection, call: SingleCall): Promise<unknown> {
  const write = <T>(work: () => Promise<T>): Promise<T> => inTransaction(client, "READ COMMITTED", work);
  switch (call.method) {
    case "account":
      return account(client, call.argument);
    case "openCharacter":
      return write(() => openCharacter(client, call.argument));
    case "findCharacter":
      return findCharacter(client, call.argument.name);
    case "consumeTicket":
      return consumeTicket(client, call.argument);
    case "items":
      return itemsOf(client, call.argument);
    case "holdings":
      return inTransaction(client, "REPEATABLE READ READ ONLY", () => holdingsOf(client, call.argument));
    case "openTransfers":
      return openTransfersOf(client, call.argument);
    case "takeOverZone":
      return takeOver(client, call.argument);
    case "zoneOwner":
      return ownerOf(client, call.argument);
    case "readJournal":
      return readJournal(client, call.argument);
    case "dropJournalFrom":
      return write(() => dropJournalFrom(client, call.argument));
    case "cutJournal":
      return write(() => cutJournal(client, call.argument));
    case "writeCheckpoint":
      await write(() => writeCheckpoint(client, call.argument));
      return null;
    case "readCheckpoints":
      return readCheckpoints(client, call.argument);
    case "claimEvents":
      return write(() => claimEvents(client, call.argument));
    case "settleEvents":
      await write(() => settleEvents(client, call.argument));
      return null;
    case "deadLetters":
      return deadLetters(client, call.argument);
    case "replayEvents":
      return replayEvents(client, call.argument);
    case "outboxDepth":
      return outboxDepth(client);
    case "ping":
      await askOnce(client, "SELECT 1");
      return null;
    default:
      return neverComes(call);
  }
}

function neverComes(call: never): never {
  assert(false, `no such call: ${JSON.stringify(call)}`);
}
