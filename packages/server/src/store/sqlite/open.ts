/**
 * Opens the embedded database: makes the directory and the file, brings the tables up to date, or says clearly why not.
 *
 * Invariant: a database that is not ours, of another realm, or newer than this program is not written to.
 * Invariant: WAL with `synchronous = FULL`: a commit that returned is on the disk.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { assert } from "../../kernel/assert.ts";
import { MyriadError } from "../../kernel/errors.ts";
import { isRealmId } from "../../ledger/operation.ts";
import { idShardsMax, lockWaitMs } from "../limits.ts";
import {
  assertKnown,
  type Migration,
  type MigrationProgress,
  type Step,
  stepsBetween,
  stepsTo,
  type Target,
} from "../migration.ts";
import { databasePath, makeDataDirectory } from "./directory.ts";
import { hasTable, migratedTo, runSteps } from "./migrate.ts";
import { applicationId, migrations as knownMigrations } from "./schema.ts";

/** The write-ahead log is cut back to this many bytes after a burst made it longer. */
const walBytesMax = 64 * 1024 * 1024;
/**
 * Pages of 4 KiB in the log before they are carried over into the file. Eight times SQLite's own number: a page that many
 * commits change is carried once: trades took 28 µs instead of 36.
 */
const walPagesPerCheckpoint = 8192;
/** Ids of one kind in one shard; 1024 of them fill what a number holds exactly. */
const idsOfShard = 2 ** 43;
/** Tables whose ids SQLite gives; those of items are counted in `item_ids`. */
const idTables = ["accounts", "characters"];

export interface OpenOptions {
  /** A directory, made if need be; undefined keeps everything in memory. */
  readonly dataDir: string | undefined;
  /** The realm that the data belongs to; a new database is marked with it. */
  readonly realmId: string;
  /** The part of the ids that a new database gives; an old one must have the same. @default as it is, or 0 */
  readonly idShard?: number;
  /** @default the program's own list */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the database of a data directory, ready for use. The caller holds the directory's lock.
 * Throws MyriadError: `data_dir_unusable`, `data_newer_than_program`, `data_of_another_realm`.
 */
export function openDatabase(options: OpenOptions): DatabaseSync {
  const { dataDir, realmId, idShard, migrations = knownMigrations } = options;
  assert(isRealmId(realmId), "a realm's id has 1 to 32 lower-case letters, digits and hyphens");
  assert(idShard === undefined || isShard(idShard), "a shard's number is 0 to 1023");
  return withDatabase(dataDir, (database, path) => {
    assertKnown(migratedTo(database), migrations);
    checkMark(database, "realm_id", realmId);
    if (idShard !== undefined) checkMark(database, "id_shard", String(idShard));
    unusableUnless(path, () => {
      setUp(database);
      mark(database, { realm_id: realmId, id_shard: String(idShard ?? 0) });
      runSteps(database, stepsBetween(migratedTo(database), migrations.length, migrations), dataDir);
      beginIds(database);
    });
  });
}

export interface MigrateOptions {
  readonly dataDir: string;
  readonly target: Target;
  /** Tells the steps and changes nothing. */
  readonly isDryRun: boolean;
  readonly progress: MigrationProgress;
  /** @default the program's own list */
  readonly migrations?: readonly Migration[];
}

/**
 * Brings the data of a directory up or down. The caller holds the directory's lock.
 * Throws MyriadError: `data_dir_unusable`, `data_newer_than_program`.
 * @returns the steps that were, or would be, made
 */
export function migrateDatabase(options: MigrateOptions): Step[] {
  const { dataDir, target, isDryRun, progress, migrations = knownMigrations } = options;
  // Opening would make one.
  if (!existsSync(databasePath(dataDir)))
    throw new MyriadError("data_dir_unusable", `${dataDir}: it holds no database`);
  const steps: Step[] = [];
  withDatabase(dataDir, (database, path) => {
    const from = migratedTo(database);
    assertKnown(from, migrations);
    steps.push(...stepsTo(target, from, migrations));
    if (isDryRun) return;
    unusableUnless(path, () => {
      setUp(database);
      runSteps(database, steps, dataDir, progress);
    });
  }).close();
  return steps;
}

/**
 * Opens the database of a data directory to read it, beside a running server or without one. Nothing is locked.
 * Throws MyriadError: `data_dir_unusable`, `data_newer_than_program`.
 */
export function openReadOnly(dataDir: string): DatabaseSync {
  const path = databasePath(dataDir);
  const database = unusableUnless(
    path,
    () => new DatabaseSync(path, { readOnly: true, timeout: lockWaitMs }),
  );
  try {
    unusableUnless(path, () => checkOwner(database));
    const found = migratedTo(database);
    assertKnown(found, knownMigrations);
    if (found === knownMigrations.length) return database;
    const help = `its schema is ${found}; bring it to ${knownMigrations.length} with npm run migrate -- up`;
    throw new MyriadError("data_dir_unusable", `${path}: ${help}`);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the file, makes sure that it is ours, and uses it; closes it again when something throws. */
function withDatabase(
  dataDir: string | undefined,
  use: (database: DatabaseSync, path: string) => void,
): DatabaseSync {
  const path = dataDir ?? "memory";
  const database = unusableUnless(path, () => openFile(dataDir));
  try {
    unusableUnless(path, () => checkOwner(database));
    use(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openFile(dataDir: string | undefined): DatabaseSync {
  if (dataDir === undefined) return new DatabaseSync(":memory:");
  makeDataDirectory(dataDir);
  return new DatabaseSync(databasePath(dataDir), { timeout: lockWaitMs });
}

/** Throws unless the file is empty or ours. The first read, so it also finds a file that is no database. */
function checkOwner(database: DatabaseSync): void {
  const owner = database.prepare("PRAGMA application_id").get()?.["application_id"];
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"];
  if (owner !== applicationId && tables !== 0) throw new Error("the file is another program's database");
}

const markNames: Readonly<Record<string, string>> = { realm_id: "realm", id_shard: "shard" };

function checkMark(database: DatabaseSync, key: string, wanted: string): void {
  if (!hasTable(database, "meta")) return;
  const found = database.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"];
  if (found === undefined || found === wanted) return;
  const what = markNames[key];
  throw new MyriadError(
    "data_of_another_realm",
    `it belongs to ${what} "${found}", this ${what} is "${wanted}"`,
  );
}

function setUp(database: DatabaseSync): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA journal_size_limit = ${walBytesMax};
    -- One connection serves both ledger and saves, and the level belongs to the connection. A NORMAL commit could be
    -- lost in a power cut, so it is FULL for all; many requests share one commit (worker.ts), so saves pay little.
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${walPagesPerCheckpoint};
    -- On macOS an fsync stops at the drive's cache unless asked for more; elsewhere these change nothing.
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
  `);
}

function mark(database: DatabaseSync, values: Readonly<Record<string, string>>): void {
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${applicationId};
    CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `);
  const insert = database.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)");
  for (const [key, value] of Object.entries(values)) insert.run(key, value);
  // A failure above closes the connection, which rolls all of it back.
  database.exec("COMMIT");
}

/** Lets a new database begin to count where its shard begins. */
function beginIds(database: DatabaseSync): void {
  const shard = Number(database.prepare("SELECT value FROM meta WHERE key = 'id_shard'").get()?.["value"]);
  const begin = database.prepare(`
    INSERT INTO sqlite_sequence (name, seq)
    SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)`);
  if (!(shard > 0)) return;
  for (const table of idTables) begin.run(table, shard * idsOfShard, table);
  database.prepare("UPDATE item_ids SET last = max(last, ?)").run(shard * idsOfShard);
}

function isShard(shard: number): boolean {
  return Number.isInteger(shard) && shard >= 0 && shard < idShardsMax;
}

/** Runs a step; whatever it throws becomes `data_dir_unusable` with the cause's words. */
function unusableUnless<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new MyriadError("data_dir_unusable", `${path}: ${words}`, { cause });
  }
}
