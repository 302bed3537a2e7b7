import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openDatabase } from "./open.ts";
import { type Migration, migrations } from "./schema.ts";

function inDirectory(use: (dataDir: string) => void): void {
  const dataDir = mkdtempSync(join(tmpdir(), "myriad-open-"));
  try {
    use(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

const realmId = "vale";
const next: Migration = {
  number: migrations.length + 1,
  name: "titles",
  sql: "ALTER TABLE characters ADD COLUMN title TEXT NOT NULL DEFAULT 'none';",
};

test("a data directory is made with all directories above it", () => {
  inDirectory((parent) => {
    const dataDir = join(parent, "a", "b");
    openDatabase({ dataDir, realmId }).close();
    deepEqual(readdirSync(dataDir), ["myriad.sqlite"]);
  });
});

test("the database writes ahead and syncs every commit", () => {
  inDirectory((dataDir) => {
    const database = openDatabase({ dataDir, realmId });
    equal(database.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "wal");
    equal(database.prepare("PRAGMA synchronous").get()?.["synchronous"], 2);
    equal(database.prepare("PRAGMA foreign_keys").get()?.["foreign_keys"], 1);
    database.close();
  });
});

test("a directory that cannot be made or written is a clear error", () => {
  inDirectory((parent) => {
    const file = join(parent, "file");
    writeFileSync(file, "");
    throws(() => openDatabase({ dataDir: join(file, "data"), realmId }), {
      code: "data_dir_unusable",
      message: /file\/data: ENOTDIR/,
    });
    const blocked = join(parent, "blocked");
    mkdirSync(join(blocked, "myriad.sqlite"), { recursive: true });
    throws(() => openDatabase({ dataDir: blocked, realmId }), { code: "data_dir_unusable" });
  });
});

test("a file that is no database, or another program's, is refused and left as it was", () => {
  inDirectory((dataDir) => {
    const file = join(dataDir, "myriad.sqlite");
    writeFileSync(file, "this is a diary, not a database ".repeat(100));
    const diary = readFileSync(file);
    throws(() => openDatabase({ dataDir, realmId }), {
      code: "data_dir_unusable",
      message: /not a database/,
    });
    deepEqual(readFileSync(file), diary);
    rmSync(file);
    const foreign = new DatabaseSync(file);
    foreign.exec("CREATE TABLE diary (day TEXT)");
    foreign.close();
    const before = readFileSync(file);
    throws(() => openDatabase({ dataDir, realmId }), {
      code: "data_dir_unusable",
      message: /another program/,
    });
    deepEqual(readFileSync(file), before);
  });
});

test("a damaged database is refused", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId }).close();
    const file = join(dataDir, "myriad.sqlite");
    const damaged = readFileSync(file);
    damaged.fill(0xff, 100, 4096);
    writeFileSync(file, damaged);
    throws(() => openDatabase({ dataDir, realmId }), { code: "data_dir_unusable" });
  });
});

test("data of another realm is refused", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId }).close();
    throws(() => openDatabase({ dataDir, realmId: "fen" }), {
      code: "data_of_another_realm",
      message: /"vale".*"fen"/,
    });
    openDatabase({ dataDir, realmId }).close();
  });
});

test("data that a newer program wrote is refused and left as it was", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId, migrations: [...migrations, next] }).close();
    const file = join(dataDir, "myriad.sqlite");
    const before = readFileSync(file);
    throws(() => openDatabase({ dataDir, realmId }), {
      code: "data_newer_than_program",
      message: /schema is 2, this program knows up to 1/,
    });
    deepEqual(readFileSync(file), before);
  });
});

test("data that an older program wrote is brought up to date and kept", () => {
  inDirectory((dataDir) => {
    const old = openDatabase({ dataDir, realmId });
    old.exec(`
      INSERT INTO accounts (subject, name) VALUES ('s', 'Ada');
      INSERT INTO characters (account_id, name, name_key, zone, schema_version, state) VALUES (1, 'Wren', 'wren', 0, 1, x'00');
    `);
    old.close();
    const migrated = openDatabase({ dataDir, realmId, migrations: [...migrations, next] });
    const row = migrated.prepare("SELECT name, title FROM characters").get();
    deepEqual({ ...row }, { name: "Wren", title: "none" });
    equal(migrated.prepare("SELECT count(*) AS count FROM migrations").get()?.["count"], next.number);
    migrated.close();
  });
});

test("a migration that fails leaves the data as it was", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId }).close();
    const failing: Migration = { ...next, sql: `${next.sql} INSERT INTO nowhere VALUES (1);` };
    throws(() => openDatabase({ dataDir, realmId, migrations: [...migrations, failing] }), {
      code: "data_dir_unusable",
      message: /nowhere/,
    });
    const database = openDatabase({ dataDir, realmId });
    const columns = database.prepare("SELECT name FROM pragma_table_info('characters')").all();
    ok(columns.every((column) => column["name"] !== "title"));
    database.close();
  });
});

test("migrations are numbered from 1 without gaps", () => {
  deepEqual(
    migrations.map((migration) => migration.number),
    migrations.map((_, index) => index + 1),
  );
});
