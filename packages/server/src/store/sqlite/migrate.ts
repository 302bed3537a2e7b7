/**
 * Brings the tables of the embedded database up or down, one step in one transaction, with a copy of the file before each.
 *
 * Invariant: a step that fails leaves the data as it was before it.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { type MigrationProgress, silent, type Step } from "../migration.ts";
import { copyPath } from "./directory.ts";

/** The number of the newest step that the data has; 0 for a new file. */
export function migratedTo(database: DatabaseSync): number {
  if (!hasTable(database, "migrations")) return 0;
  return Number(
    database.prepare("SELECT coalesce(max(number), 0) AS number FROM migrations").get()?.["number"],
  );
}

export function hasTable(database: DatabaseSync, name: string): boolean {
  return (
    database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined
  );
}

/**
 * Runs steps in their order. Throws what SQLite throws.
 * @param dataDir Where the copies go; undefined for a database in memory, of which none are made.
 */
export function runSteps(
  database: DatabaseSync,
  steps: readonly Step[],
  dataDir: string | undefined,
  progress: MigrationProgress = silent,
): void {
  const remember = database.prepare("INSERT INTO migrations (number, name) VALUES (?, ?)");
  const forget = database.prepare("DELETE FROM migrations WHERE number = ?");
  // A file that had no tables has nothing to keep.
  const isNew = steps[0]?.from === 0;
  for (const [at, step] of steps.entries()) {
    const position = { step: at + 1, steps: steps.length };
    progress.onCopy(step, position);
    const copy = dataDir === undefined || isNew ? "" : copyTo(database, copyPath(dataDir, step.from));
    progress.onStep(step, position, copy);
    const { direction, migration } = step;
    try {
      database.exec("BEGIN IMMEDIATE");
      database.exec(migration[direction]);
      if (direction === "up") remember.run(migration.number, migration.name);
      else forget.run(migration.number);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
  progress.onDone();
}

/** Copies the database as it is now into a new file, which is on the disk when this returns. @returns its path */
function copyTo(database: DatabaseSync, path: string): string {
  database.prepare("VACUUM INTO ?").run(path);
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}
