/**
 * The tables of the embedded database, as a list of numbered steps that only ever grows.
 *
 * Invariant: a released step is never edited; a change is a new step at the end.
 * Invariant: a step's `down` gives the tables of the step before. What only the newer tables can hold is lost by it, or
 * makes it fail when that would be an item; the copy that is made before has all of it.
 * Invariant: every table is STRICT, and what the ledger promises is a constraint here and not only code elsewhere:
 * one item per place (`UNIQUE (holder_kind, holder_id, slot)`), one outcome per operation (`UNIQUE (operation_id)`),
 * nobody owes (`CHECK (amount >= 0 …)`).
 */

import type { Migration } from "../migration.ts";

/** Marks the file as Myriad's (the bytes "myri"): another program's database is refused instead of written to. */
export const applicationId = 0x6d797269;

/** Makes the table of items anew, for other kinds of holders. `key` says how ids are made. */
function itemsFor(kinds: readonly string[], key: string): string {
  return `
    CREATE TABLE items_next (
      item_id ${key},
      item_type INTEGER NOT NULL,
      holder_kind TEXT NOT NULL CHECK (holder_kind IN (${kinds.map((kind) => `'${kind}'`).join(", ")})),
      holder_id INTEGER NOT NULL,
      slot INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 65535),
      UNIQUE (holder_kind, holder_id, slot)
    ) STRICT;
    INSERT INTO items_next SELECT item_id, item_type, holder_kind, holder_id, slot FROM items;
    DROP TABLE items;
    ALTER TABLE items_next RENAME TO items;
  `;
}

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: "accounts, characters, tickets, items, operations",
    up: `
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
    down: `
      DROP TABLE operations;
      DROP TABLE items;
      DROP TABLE used_tickets;
      DROP TABLE characters;
      DROP TABLE accounts;
    `,
  },
  {
    number: 2,
    name: "currency, holders, transfers, zones, journals, checkpoints, events",
    up: `
      -- Items that come from other shards have higher numbers than ours: SQLite would go on counting after them.
      CREATE TABLE item_ids (last INTEGER NOT NULL) STRICT;
      INSERT INTO item_ids SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'items'), 0);
      ${itemsFor(["character", "equipment", "storage", "mail", "ground"], "INTEGER PRIMARY KEY")}

      ALTER TABLE operations ADD COLUMN content TEXT;

      CREATE TABLE holders (
        holder_kind TEXT NOT NULL,
        holder_id INTEGER NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (holder_kind, holder_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE balances (
        account_kind TEXT NOT NULL,
        account_id INTEGER NOT NULL,
        currency INTEGER NOT NULL,
        amount INTEGER NOT NULL
          CHECK (amount >= 0 OR account_kind = 'transit' OR account_kind LIKE 'mint:%'),
        PRIMARY KEY (account_kind, account_id, currency)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE transfers (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        transfer_id TEXT NOT NULL UNIQUE,
        transfer TEXT NOT NULL
      ) STRICT;

      CREATE TABLE zones (
        zone INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        owner TEXT NOT NULL
      ) STRICT;

      CREATE TABLE journal (
        zone INTEGER NOT NULL,
        from_tick INTEGER NOT NULL,
        to_tick INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        build TEXT NOT NULL,
        checksum TEXT NOT NULL,
        bytes BLOB NOT NULL,
        UNIQUE (zone, from_tick)
      ) STRICT;

      CREATE TABLE checkpoints (
        zone INTEGER NOT NULL,
        tick INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        build TEXT NOT NULL,
        checksum TEXT NOT NULL,
        bytes BLOB NOT NULL,
        UNIQUE (zone, tick)
      ) STRICT;

      CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        key TEXT NOT NULL,
        payload BLOB NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due_at_ms INTEGER NOT NULL DEFAULT 0,
        is_dead INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT ''
      ) STRICT;
      CREATE INDEX events_by_due ON events (is_dead, due_at_ms, sequence);
    `,
    down: `
      DROP TABLE events;
      DROP TABLE checkpoints;
      DROP TABLE journal;
      DROP TABLE zones;
      DROP TABLE transfers;
      DROP TABLE balances;
      DROP TABLE holders;
      ALTER TABLE operations DROP COLUMN content;
      ${itemsFor(["character", "ground"], "INTEGER PRIMARY KEY AUTOINCREMENT")}
      -- Ids of destroyed items are not given again either, so the count goes on where it was.
      DELETE FROM sqlite_sequence WHERE name = 'items';
      INSERT INTO sqlite_sequence (name, seq) SELECT 'items', last FROM item_ids;
      DROP TABLE item_ids;
    `,
  },
];
