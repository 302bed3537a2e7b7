/**
 * The data directory: where its files are, and the lock that keeps it to one server.
 *
 * The lock is SQLite's own on an empty file beside the database. The operating system holds it for the process, so it ends
 * with the process, however that ends: nothing has to be removed by hand, and a restart never waits.
 *
 * Invariant: at most one holder of the lock at a time, also among threads of one process.
 * Invariant: who only reads needs no lock and holds up nobody.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MyriadError } from "../../kernel/errors.ts";

/** Beside the database SQLite keeps `-wal` and `-shm`. */
const databaseName = "myriad.sqlite";
const lockName = "myriad.lock";
/** Tells an operator which process to look for; nothing depends on it. */
const holderName = "myriad.pid";

/** SQLite's primary result code for a lock that somebody else holds. */
const busy = 5;

/** Path of the database in a data directory. */
export function databasePath(dataDir: string): string {
  return join(dataDir, databaseName);
}

/** Path of a copy of the database, made before a migration; one that does not exist yet. */
export function copyPath(dataDir: string, schema: number): string {
  for (let count = 1; ; count += 1) {
    const path = join(dataDir, `myriad-schema-${schema}-copy-${count}.sqlite`);
    if (!existsSync(path)) return path;
  }
}

/** Makes a directory and those above it. Throws what the file system says. */
export function makeDataDirectory(dataDir: string): void {
  // One by one: Node's own recursion never ends where a file system refuses with ENOENT, as /proc does.
  const path = resolve(dataDir);
  if (existsSync(path)) return;
  makeDataDirectory(dirname(path));
  mkdirSync(path);
}

export interface DirectoryLock {
  /** Lets go; the process's end does it too. */
  release(): void;
}

/**
 * Takes the lock of a data directory, which is made if need be.
 * Throws MyriadError: `data_dir_in_use` at once when somebody has it, `data_dir_unusable`.
 */
export function lockDirectory(dataDir: string, processId: number): DirectoryLock {
  let lock: DatabaseSync | undefined;
  try {
    makeDataDirectory(dataDir);
    lock = new DatabaseSync(join(dataDir, lockName), { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
    writeFileSync(join(dataDir, holderName), `${processId}\n`);
  } catch (cause) {
    lock?.close();
    if (isBusy(cause)) throw new MyriadError("data_dir_in_use", `${dataDir}${holderOf(dataDir)}`, { cause });
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new MyriadError("data_dir_unusable", `${dataDir}: ${words}`, { cause });
  }
  const held = lock;
  return { release: () => held.close() };
}

function isBusy(cause: unknown): boolean {
  const code: unknown = cause instanceof Error && "errcode" in cause ? cause.errcode : undefined;
  return typeof code === "number" && (code & 0xff) === busy;
}

/** " (process 4711)", or nothing when that cannot be read. */
function holderOf(dataDir: string): string {
  try {
    const id = Number(readFileSync(join(dataDir, holderName), "utf8"));
    return Number.isSafeInteger(id) && id > 0 ? ` (process ${id})` : "";
  } catch {
    return "";
  }
}
