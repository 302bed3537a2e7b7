/**
 * Opens the embedded database: makes the directory and the file, brings the tables up to date, or says clearly why not.
 *
 * Invariant: a database that is not ours, of another realm, or newer than this program is not written to.
 * Invariant: WAL with `synchronous = FULL`: a commit that returned is on the disk.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert } from "../../kernel/assert.ts";
import { MyriadError } from "../../kernel/errors.ts";
import { isRealmId } from "../../ledger/operation.ts";
import { lockWaitMs } from "../limits.ts";
import { applicationId, type Migration, migrations as knownMigrations } from "./schema.ts";

/** Name of the database in the data directory; beside it SQLite keeps `-wal` and `-shm`. */
const fileName = "myriad.sqlite";
/** The write-ahead log is cut back to this many bytes after a burst made it longer. */
const walBytesMax = 64 * 1024 * 1024;

export interface OpenOptions {
  /** A directory, made if need be; undefined keeps everything in memory. */
  readonly dataDir: string | undefined;
  /** The realm that the data belongs to; a new database is marked with it. */
  readonly realmId: string;
  /** @default the program's own list */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the database of a data directory, ready for use.
 * Throws MyriadError: `data_dir_unusable`, `data_newer_than_program`, `data_of_another_realm`.
 */
export function openDatabase({ dataDir, realmId, migrations = knownMigrations }: OpenOptions): DatabaseSync {
  assert(isRealmId(realmId), "a realm's id has 1 to 32 lower-case letters, digits and hyphens");
  const path = dataDir ?? "memory";
  const database = unusableUnless(path, () => openFile(dataDir));
  try {
    unusableUnless(path, () => checkOwner(database));
    checkVersion(database, migrations);
    checkRealm(database, realmId);
    unusableUnless(path, () => prepare(database, realmId, migrations));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openFile(dataDir: string | undefined): DatabaseSync {
  if (dataDir === undefined) return new DatabaseSync(":memory:");
  makeDirectory(resolve(dataDir));
  return new DatabaseSync(join(dataDir, fileName), { timeout: lockWaitMs });
}

/**
 * Makes a directory and those above it, one by one: Node's own recursion never ends where a file system refuses with
 * ENOENT, as /proc does.
 */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/** Throws unless the file is empty or ours. The first read, so it also finds a file that is no database. */
function checkOwner(database: DatabaseSync): void {
  const owner = database.prepare("PRAGMA application_id").get()?.["application_id"];
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"];
  if (owner !== applicationId && tables !== 0) throw new Error("the file is another program's database");
}

function checkVersion(database: DatabaseSync, migrations: readonly Migration[]): void {
  const known = migrations.length;
  const found = migratedTo(database);
  if (found <= known) return;
  throw new MyriadError(
    "data_newer_than_program",
    `its schema is ${found}, this program knows up to ${known}`,
  );
}

function checkRealm(database: DatabaseSync, realmId: string): void {
  if (!hasTable(database, "meta")) return;
  const found = database.prepare("SELECT value FROM meta WHERE key = 'realm_id'").get()?.["value"];
  if (found === undefined || found === realmId) return;
  throw new MyriadError("data_of_another_realm", `it belongs to "${found}", this realm is "${realmId}"`);
}

function prepare(database: DatabaseSync, realmId: string, migrations: readonly Migration[]): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA journal_size_limit = ${walBytesMax};
    -- One connection serves both ledger and saves, and the level belongs to the connection. A NORMAL commit could be
    -- lost in a power cut, so it is FULL for all; many requests share one commit (worker.ts), so saves pay little.
    PRAGMA synchronous = FULL;
    -- On macOS an fsync stops at the drive's cache unless asked for more; elsewhere these change nothing.
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
  `);
  database.exec("BEGIN IMMEDIATE");
  database.exec(`
    PRAGMA application_id = ${applicationId};
    CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `);
  database.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES ('realm_id', ?)").run(realmId);
  const remember = database.prepare("INSERT INTO migrations (number, name) VALUES (?, ?)");
  for (const { number, name, sql } of migrations.slice(migratedTo(database))) {
    database.exec(sql);
    remember.run(number, name);
  }
  // A failure above closes the connection, which rolls all of it back.
  database.exec("COMMIT");
}

function migratedTo(database: DatabaseSync): number {
  if (!hasTable(database, "migrations")) return 0;
  return Number(
    database.prepare("SELECT coalesce(max(number), 0) AS number FROM migrations").get()?.["number"],
  );
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return (
    database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined
  );
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
