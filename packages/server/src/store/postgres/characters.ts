/**
 * Accounts, characters and used tickets in PostgreSQL.
 *
 * Invariant: a name belongs to the row that was first; two servers that want it at the same moment get one row.
 */
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AccountId, CharacterId } from "../ids.ts";
import { charactersPerAccountMax, ticketSweepGraceMs, ticketsPerSweepMax } from "../limits.ts";
import { nameKey } from "../name-key.ts";
import type {
  Account,
  AccountRequest,
  Character,
  OpenCharacterRequest,
  OpenRefusal,
  TicketUse,
} from "../port.ts";
import { ask, type Connection, type Statement } from "./connection.ts";
import { ownBytes } from "./journal.ts";
import { restored, storable } from "./text.ts";

const accountColumns = "account_id, subject, name";
const findAccount: Statement = {
  name: "find_account",
  text: `SELECT ${accountColumns} FROM accounts WHERE subject = $1`,
};
const makeAccount: Statement = {
  name: "make_account",
  text: `
    INSERT INTO accounts (subject, name) VALUES ($1, $2)
    ON CONFLICT (subject) DO NOTHING RETURNING ${accountColumns}`,
};
const characterColumns =
  "character_id, account_id, name, zone, version, session_epoch, schema_version, state";
const findByName: Statement = {
  name: "find_by_name",
  text: `SELECT ${characterColumns} FROM characters WHERE name_key = $1`,
};
/** Only the account's own; another's is found by `findByName` and left alone. */
const raiseSession: Statement = {
  name: "raise_session",
  text: `
    UPDATE characters SET session_epoch = session_epoch + 1
    WHERE name_key = $1 AND account_id = $2 RETURNING ${characterColumns}`,
};
const lockAccount: Statement = {
  name: "lock_account",
  text: "SELECT account_id FROM accounts WHERE account_id = $1 FOR UPDATE",
};
const countOfAccount: Statement = {
  name: "count_of_account",
  text: "SELECT count(*) FROM characters WHERE account_id = $1",
};
const makeCharacter: Statement = {
  name: "make_character",
  text: `
    INSERT INTO characters (account_id, name, name_key, zone, schema_version, state)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${characterColumns}`,
};
const sweepTickets: Statement = {
  name: "sweep_tickets",
  text: `
    DELETE FROM used_tickets WHERE ticket_id IN
      (SELECT ticket_id FROM used_tickets WHERE expires_at_ms < $1
       ORDER BY expires_at_ms LIMIT ${ticketsPerSweepMax} FOR UPDATE SKIP LOCKED)`,
};
const useTicket: Statement = {
  name: "use_ticket",
  text: "INSERT INTO used_tickets (ticket_id, expires_at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};

export async function account(client: Connection, { subject, name }: AccountRequest): Promise<Account> {
  const values = [storable(subject), storable(name)];
  const known = await ask(client, findAccount, values.slice(0, 1));
  if (known.count > 0) return accountOf(known.rows[0]);
  const made = await ask(client, makeAccount, values);
  if (made.count > 0) return accountOf(made.rows[0]);
  // Somebody else made it between the two.
  return accountOf((await ask(client, findAccount, values.slice(0, 1))).rows[0]);
}

/** Runs in a transaction; may fail with a unique name that another server took meanwhile, to be tried again. */
export async function openCharacter(
  client: Connection,
  { accountId, name, initial }: OpenCharacterRequest,
): Promise<Result<Character, OpenRefusal>> {
  const key = storable(nameKey(name));
  const raised = await ask(client, raiseSession, [key, accountId]);
  if (raised.count > 0) return ok(characterOf(raised.rows[0]));
  const [owner, known, characters] = await Promise.all([
    ask(client, lockAccount, [accountId]),
    ask(client, findByName, [key]),
    ask(client, countOfAccount, [accountId]),
  ]);
  if (known.count > 0) {
    // It may have become ours while we waited for the account.
    const isOurs = characterOf(known.rows[0]).accountId === accountId;
    return isOurs ? openCharacter(client, { accountId, name, initial }) : err("name_taken");
  }
  if (owner.count === 0) return err("account_unknown");
  if ((characters.rows[0]?.[0] as number) >= charactersPerAccountMax) return err("too_many_characters");
  const { zone, schemaVersion, state } = initial;
  const made = await ask(client, makeCharacter, [accountId, storable(name), key, zone, schemaVersion, state]);
  return ok(characterOf(made.rows[0]));
}

export async function findCharacter(client: Connection, name: string): Promise<Character | undefined> {
  const { rows } = await ask(client, findByName, [storable(nameKey(name))]);
  return rows[0] === undefined ? undefined : characterOf(rows[0]);
}

export async function consumeTicket(
  client: Connection,
  { ticketId, expiresAtMs, nowMs }: TicketUse,
): Promise<boolean> {
  const sweep = ask(client, sweepTickets, [nowMs - ticketSweepGraceMs]);
  // An expired ticket is refused without a look: its row may have been swept.
  if (expiresAtMs <= nowMs) {
    await sweep;
    return false;
  }
  const [, used] = await Promise.all([sweep, ask(client, useTicket, [storable(ticketId), expiresAtMs])]);
  return used.count === 1;
}

function accountOf(row: readonly unknown[] | undefined): Account {
  const [accountId, subject, name] = row as readonly [AccountId, string, string];
  return { accountId, subject: restored(subject), name: restored(name) };
}

function characterOf(row: readonly unknown[] | undefined): Character {
  const [characterId, accountId, name, zone, version, sessionEpoch, schemaVersion, state] = row as readonly [
    CharacterId,
    AccountId,
    string,
    number,
    number,
    number,
    number,
    Uint8Array,
  ];
  return {
    characterId,
    accountId,
    name: restored(name),
    zone,
    version,
    sessionEpoch,
    schemaVersion,
    state: ownBytes(state),
  };
}
