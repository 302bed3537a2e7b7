/**
 * The tables of the embedded database, as a list of numbered steps that only ever grows.
 *
 * Invariant: a released step is never edited; a change is a new step at the end. There is no way back but a backup.
 * Invariant: every table is STRICT, and what the ledger promises is a constraint here and not only code elsewhere:
 * one item per place (`UNIQUE (holder_kind, holder_id, slot)`), one outcome per operation (`UNIQUE (operation_id)`).
 */

export interface Migration {
  /** Counts from 1 without gaps. */
  readonly number: number;
  readonly name: string;
  /** Statements that run in one transaction. */
  readonly sql: string;
}

/** Marks the file as Myriad's (the bytes "myri"): another program's database is refused instead of written to. */
export const applicationId = 0x6d797269;

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: "accounts, characters, tickets, items, operations",
    sql: `
      CREATE TABLE accounts (
        account_id INTEGER PRIMARY KEY AUTOINCREMENT,
        subject TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL
      ) STRICT;

      CREATE TABLE characters (
        character_id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL REFERENCES accounts,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        zone INTEGER NOT NULL,
        version INTEGER NOT NULL DEFAULT 1,
        session_epoch INTEGER NOT NULL DEFAULT 1,
        schema_version INTEGER NOT NULL,
        state BLOB NOT NULL
      ) STRICT;
      CREATE INDEX characters_by_account ON characters (account_id);

      CREATE TABLE used_tickets (
        ticket_id TEXT PRIMARY KEY,
        expires_at_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX used_tickets_by_end ON used_tickets (expires_at_ms);

      CREATE TABLE items (
        item_id INTEGER PRIMARY KEY AUTOINCREMENT,
        item_type INTEGER NOT NULL,
        holder_kind TEXT NOT NULL CHECK (holder_kind IN ('character', 'ground')),
        holder_id INTEGER NOT NULL,
        slot INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 65535),
        UNIQUE (holder_kind, holder_id, slot)
      ) STRICT;

      CREATE TABLE operations (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        operation_id TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL,
        outcome TEXT NOT NULL
      ) STRICT;
    `,
  },
];
