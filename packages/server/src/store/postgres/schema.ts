/**
 * The tables of a realm in PostgreSQL, as a list of numbered steps that only ever grows. They stand in a schema of the
 * realm's own, so every name is the realm's and one database can hold several.
 *
 * Invariant: a released step is never edited; a change is a new step at the end.
 * Invariant: what the ledger promises is a constraint here and not only code elsewhere: one item per place, one outcome
 * per operation, nobody owes, no number that JavaScript cannot hold.
 * Rows that change often leave half of their page free, so that a change stays on it and touches no index.
 */
import type { Migration } from "../migration.ts";

/** What a number holds exactly. */
const safe = "9007199254740991";

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: "accounts, characters, tickets, ledger, zones, journals, checkpoints, events",
    up: `
      CREATE SEQUENCE account_ids MAXVALUE ${safe};
      CREATE SEQUENCE character_ids MAXVALUE ${safe};
      CREATE SEQUENCE item_ids MAXVALUE ${safe};

      CREATE TABLE accounts (
        account_id bigint PRIMARY KEY DEFAULT nextval('account_ids'),
        subject text COLLATE "C" NOT NULL UNIQUE,
        name text NOT NULL
      );

      CREATE TABLE characters (
        character_id bigint PRIMARY KEY DEFAULT nextval('character_ids'),
        account_id bigint NOT NULL REFERENCES accounts,
        name text NOT NULL,
        name_key text COLLATE "C" NOT NULL UNIQUE,
        zone int NOT NULL,
        version bigint NOT NULL DEFAULT 1,
        session_epoch bigint NOT NULL DEFAULT 1,
        schema_version bigint NOT NULL,
        state bytea NOT NULL
      ) WITH (fillfactor = 50);
      ALTER TABLE characters ALTER COLUMN state SET STORAGE EXTERNAL;
      CREATE INDEX characters_by_account ON characters (account_id);

      CREATE TABLE used_tickets (
        ticket_id text COLLATE "C" PRIMARY KEY,
        expires_at_ms bigint NOT NULL
      );
      CREATE INDEX used_tickets_by_end ON used_tickets (expires_at_ms);

      CREATE TABLE items (
        item_id bigint PRIMARY KEY,
        item_type bigint NOT NULL,
        holder_kind text COLLATE "C" NOT NULL,
        holder_id bigint NOT NULL,
        slot int NOT NULL CHECK (slot BETWEEN 0 AND 65535),
        -- Two items that change places are never in one place at the end of the statement, only within it.
        CONSTRAINT one_item_per_place UNIQUE (holder_kind, holder_id, slot) DEFERRABLE INITIALLY IMMEDIATE
      );

      CREATE TABLE holders (
        holder_kind text COLLATE "C" NOT NULL,
        holder_id bigint NOT NULL,
        version bigint NOT NULL,
        PRIMARY KEY (holder_kind, holder_id)
      ) WITH (fillfactor = 50);

      CREATE TABLE balances (
        account_kind text COLLATE "C" NOT NULL,
        account_id bigint NOT NULL,
        currency int NOT NULL,
        amount bigint NOT NULL CHECK (
          amount BETWEEN -${safe} AND ${safe}
          AND (amount >= 0 OR account_kind = 'transit' OR account_kind LIKE 'mint:%')),
        PRIMARY KEY (account_kind, account_id, currency)
      ) WITH (fillfactor = 50);

      CREATE TABLE operations (
        sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        operation_id text COLLATE "C" NOT NULL UNIQUE,
        digest text NOT NULL,
        content text NOT NULL,
        outcome text NOT NULL
      );

      CREATE TABLE transfers (
        sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        transfer_id text COLLATE "C" NOT NULL UNIQUE,
        transfer text NOT NULL
      );

      CREATE TABLE zones (
        zone int PRIMARY KEY,
        epoch bigint NOT NULL,
        owner text NOT NULL
      );

      CREATE TABLE journal (
        zone int NOT NULL,
        from_tick bigint NOT NULL,
        to_tick bigint NOT NULL,
        epoch bigint NOT NULL,
        build text NOT NULL,
        checksum text NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (zone, from_tick)
      );
      ALTER TABLE journal ALTER COLUMN bytes SET STORAGE EXTERNAL;

      CREATE TABLE checkpoints (
        zone int NOT NULL,
        tick bigint NOT NULL,
        epoch bigint NOT NULL,
        build text NOT NULL,
        checksum text NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (zone, tick)
      );
      ALTER TABLE checkpoints ALTER COLUMN bytes SET STORAGE EXTERNAL;

      CREATE TABLE events (
        sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id text COLLATE "C" NOT NULL UNIQUE,
        type text NOT NULL,
        key text NOT NULL,
        payload bytea NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        due_at_ms bigint NOT NULL DEFAULT 0,
        is_dead boolean NOT NULL DEFAULT false,
        error text NOT NULL DEFAULT ''
      );
      CREATE INDEX events_by_due ON events (is_dead, due_at_ms, sequence);
    `,
    down: `
      DROP TABLE events, checkpoints, journal, zones, transfers, operations, balances, holders, items, used_tickets,
        characters, accounts;
      DROP SEQUENCE item_ids, character_ids, account_ids;
    `,
  },
];
