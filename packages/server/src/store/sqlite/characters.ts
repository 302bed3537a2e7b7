/**
 * Accounts, characters and used tickets in the embedded database.
 *
 * Invariant: a row of `characters` changes only under its expected version, or to raise its session epoch.
 * Invariant: every method runs inside a transaction that its caller opened.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AccountId, CharacterId } from "../ids.ts";
import { charactersPerAccountMax, ticketSweepGraceMs, ticketsPerSweepMax } from "../limits.ts";
import { nameKey } from "../name-key.ts";
import type { FindRequest, SavesRequest } from "../calls.ts";
import type {
  Account,
  AccountRequest,
  Character,
  CharacterContent,
  CharacterSave,
  OpenCharacterRequest,
  OpenRefusal,
  SaveOutcome,
  TicketUse,
} from "../port.ts";
import type { ZoneFence } from "./zones.ts";

type Row = Record<string, SQLOutputValue>;

/** Prepares the statements and gives the calls that use them. */
export function characterTables(database: DatabaseSync, assertOwner: ZoneFence) {
  const findAccount = database.prepare("SELECT account_id, subject, name FROM accounts WHERE subject = ?");
  const makeAccount = database.prepare(
    "INSERT INTO accounts (subject, name) VALUES (?, ?) RETURNING account_id, subject, name",
  );
  const findByName = database.prepare("SELECT * FROM characters WHERE name_key = ?");
  const raiseEpoch = database.prepare(
    "UPDATE characters SET session_epoch = session_epoch + 1 WHERE character_id = ? RETURNING *",
  );
  // One row when the account exists, with the number of its characters; none when it does not.
  const countOfAccount = database.prepare(`
    SELECT (SELECT count(*) FROM characters WHERE account_id = accounts.account_id) AS count
    FROM accounts WHERE account_id = ?`);
  const makeCharacter = database.prepare(`
    INSERT INTO characters (account_id, name, name_key, zone, schema_version, state)
    VALUES (?, ?, ?, ?, ?, ?) RETURNING *`);
  const save = database.prepare(`
    UPDATE characters SET version = ?, zone = ?, schema_version = ?, state = ?
    WHERE character_id = ? AND version = ? AND session_epoch = coalesce(?, session_epoch)`);
  const findSaved = database.prepare(
    "SELECT version, session_epoch, zone, schema_version, state FROM characters WHERE character_id = ?",
  );
  const useTicket = database.prepare(
    "INSERT OR IGNORE INTO used_tickets (ticket_id, expires_at_ms) VALUES (?, ?)",
  );
  const sweepTickets = database.prepare(`
    DELETE FROM used_tickets WHERE ticket_id IN
      (SELECT ticket_id FROM used_tickets WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ${ticketsPerSweepMax})`);

  function saveOne(request: CharacterSave): SaveOutcome {
    const { characterId, expectedVersion, version = expectedVersion + 1, sessionEpoch = null } = request;
    const { zone, schemaVersion, state } = request;
    const isSaved = save.run(version, zone, schemaVersion, state, characterId, expectedVersion, sessionEpoch);
    return isSaved.changes === 1 ? { ok: true, version } : whyNot(request, version);
  }

  function whyNot(request: CharacterSave, version: number): SaveOutcome {
    const row = findSaved.get(request.characterId);
    if (row === undefined) return { ok: false, code: "not_found" };
    if (row["version"] === version && holds(row, request)) return { ok: true, version };
    const isStale = request.sessionEpoch !== undefined && row["session_epoch"] !== request.sessionEpoch;
    return { ok: false, code: isStale ? "epoch_stale" : "version_conflict" };
  }

  return {
    account({ subject, name }: AccountRequest): Account {
      return accountOf((findAccount.get(subject) ?? makeAccount.get(subject, name)) as Row);
    },

    openCharacter({ accountId, name, initial }: OpenCharacterRequest): Result<Character, OpenRefusal> {
      const known = findByName.get(nameKey(name));
      if (known !== undefined) {
        if (known["account_id"] !== accountId) return err("name_taken");
        return ok(characterOf(raiseEpoch.get(known["character_id"] as number) as Row));
      }
      const account = countOfAccount.get(accountId);
      if (account === undefined) return err("account_unknown");
      if (Number(account["count"]) >= charactersPerAccountMax) return err("too_many_characters");
      const { zone, schemaVersion, state } = initial;
      return ok(
        characterOf(makeCharacter.get(accountId, name, nameKey(name), zone, schemaVersion, state) as Row),
      );
    },

    saveCharacters({ saves, fence }: SavesRequest): SaveOutcome[] {
      if (fence !== undefined) assertOwner(fence);
      return saves.map(saveOne);
    },

    findCharacter({ name }: FindRequest): Character | undefined {
      const row = findByName.get(nameKey(name));
      return row === undefined ? undefined : characterOf(row);
    },

    consumeTicket({ ticketId, expiresAtMs, nowMs }: TicketUse): boolean {
      sweepTickets.run(nowMs - ticketSweepGraceMs);
      // An expired ticket is refused without a look: its row may have been swept.
      if (expiresAtMs <= nowMs) return false;
      return useTicket.run(ticketId, expiresAtMs).changes === 1;
    },
  };
}

/** Whether a row has this content: then the save that says so was done before. */
function holds(row: Row, { zone, schemaVersion, state }: CharacterContent): boolean {
  const stored = row["state"] as Uint8Array;
  return (
    row["zone"] === zone &&
    row["schema_version"] === schemaVersion &&
    stored.length === state.length &&
    stored.every((byte, index) => byte === state[index])
  );
}

function accountOf(row: Row): Account {
  return {
    accountId: row["account_id"] as AccountId,
    subject: row["subject"] as string,
    name: row["name"] as string,
  };
}

function characterOf(row: Row): Character {
  return {
    characterId: row["character_id"] as CharacterId,
    accountId: row["account_id"] as AccountId,
    name: row["name"] as string,
    zone: row["zone"] as number,
    version: row["version"] as number,
    sessionEpoch: row["session_epoch"] as number,
    schemaVersion: row["schema_version"] as number,
    state: row["state"] as Uint8Array,
  };
}
