import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { type Migration, type MigrationProgress, silent, type Target } from "../migration.ts";
import { ledgerRows } from "./ledger-rows.ts";
import { migrateDatabase, openDatabase, openReadOnly } from "./open.ts";
import { migrations } from "./schema.ts";

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
  up: "ALTER TABLE characters ADD COLUMN title TEXT NOT NULL DEFAULT 'none';",
  down: "ALTER TABLE characters DROP COLUMN title;",
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
      message: /schema is 3, this program knows up to 2/,
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
    const failing: Migration = { ...next, up: `${next.up} INSERT INTO nowhere VALUES (1);` };
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

test("before an older database is changed a copy of it is made", () => {
  inDirectory((dataDir) => {
    const older = migrations.slice(0, 1);
    const old = openDatabase({ dataDir, realmId, migrations: older });
    old.exec("INSERT INTO accounts (subject, name) VALUES ('s', 'Ada')");
    old.close();
    openDatabase({ dataDir, realmId }).close();
    const copy = new DatabaseSync(join(dataDir, "myriad-schema-1-copy-1.sqlite"), { readOnly: true });
    equal(copy.prepare("SELECT name FROM accounts").get()?.["name"], "Ada");
    equal(copy.prepare("SELECT count(*) AS count FROM migrations").get()?.["count"], 1);
    copy.close();
  });
});

const down = (to: number): Target => ({ direction: "down", to });
const up: Target = { direction: "up", to: undefined };

test("data goes down a step and up again, with a copy before each, and ids go on where they were", () => {
  inDirectory((dataDir) => {
    const database = openDatabase({ dataDir, realmId });
    const rows = ledgerRows(database);
    for (const slot of [0, 1, 2]) rows.putNew(7, { kind: "character", id: 1, slot });
    database.exec("DELETE FROM items WHERE item_id = 3");
    database.close();
    const told: string[] = [];
    const progress: MigrationProgress = {
      ...silent,
      onCopy: ({ direction, migration }) => told.push(`copy ${direction} ${migration.number}`),
      onStep: ({ direction, migration }, _position, copy) =>
        told.push(`step ${direction} ${migration.number} ${basename(copy)}`),
    };
    const made = migrateDatabase({ dataDir, target: down(1), isDryRun: false, progress });
    equal(made.length, 1);
    const old = openDatabase({ dataDir, realmId, migrations: migrations.slice(0, 1) });
    equal(old.prepare("SELECT count(*) AS count FROM items").get()?.["count"], 2);
    throws(() => old.prepare("SELECT * FROM balances"));
    equal(old.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'items'").get()?.["seq"], 3);
    old.close();
    migrateDatabase({ dataDir, target: up, isDryRun: false, progress });
    deepEqual(told, [
      "copy down 2",
      "step down 2 myriad-schema-2-copy-1.sqlite",
      "copy up 2",
      "step up 2 myriad-schema-1-copy-1.sqlite",
    ]);
    const again = openDatabase({ dataDir, realmId });
    equal(ledgerRows(again).putNew(7, { kind: "mail", id: 1, slot: 0 }), 4);
    again.close();
  });
});

test("a way down that would lose an item is refused and changes nothing", () => {
  inDirectory((dataDir) => {
    const database = openDatabase({ dataDir, realmId });
    database.exec("INSERT INTO items (item_type, holder_kind, holder_id, slot) VALUES (7, 'mail', 1, 0)");
    database.close();
    throws(() => migrateDatabase({ dataDir, target: down(1), isDryRun: false, progress: silent }), {
      code: "data_dir_unusable",
      message: /CHECK constraint failed/,
    });
    const same = openDatabase({ dataDir, realmId });
    equal(same.prepare("SELECT count(*) AS count FROM items").get()?.["count"], 1);
    same.close();
  });
});

test("a dry run tells the steps and changes nothing", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId }).close();
    const before = readFileSync(join(dataDir, "myriad.sqlite"));
    const steps = migrateDatabase({ dataDir, target: down(0), isDryRun: true, progress: silent });
    deepEqual(
      steps.map(({ direction, migration }) => `${direction} ${migration.number}`),
      ["down 2", "down 1"],
    );
    deepEqual(readFileSync(join(dataDir, "myriad.sqlite")), before);
    deepEqual(readdirSync(dataDir), ["myriad.sqlite"]);
  });
});

test("every step has a way back that leaves nothing behind", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId }).close();
    migrateDatabase({ dataDir, target: down(0), isDryRun: false, progress: silent });
    const bare = new DatabaseSync(join(dataDir, "myriad.sqlite"));
    const tables = bare
      .prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
      .all();
    deepEqual(
      tables.map((row) => row["name"]),
      ["meta", "migrations"],
    );
    bare.close();
    openDatabase({ dataDir, realmId }).close();
  });
});

test("a database gives the ids of its shard, and says so when another is wanted", () => {
  inDirectory((dataDir) => {
    const database = openDatabase({ dataDir, realmId, idShard: 1023 });
    const account = database
      .prepare("INSERT INTO accounts (subject, name) VALUES ('s', 'Ada') RETURNING account_id")
      .get();
    equal(account?.["account_id"], 1023 * 2 ** 43 + 1);
    equal(ledgerRows(database).putNew(7, { kind: "mail", id: 1, slot: 0 }), 1023 * 2 ** 43 + 1);
    database.close();
    throws(() => openDatabase({ dataDir, realmId, idShard: 1 }), {
      code: "data_of_another_realm",
      message: /shard "1023".*"1"/,
    });
    openDatabase({ dataDir, realmId }).close();
    throws(() => openDatabase({ dataDir, realmId, idShard: 1024 }), { name: "AssertionFailed" });
  });
});

test("a database is read beside its server, and without one", () => {
  inDirectory((dataDir) => {
    throws(() => openReadOnly(dataDir), { code: "data_dir_unusable" });
    const server = openDatabase({ dataDir, realmId });
    server.exec("INSERT INTO accounts (subject, name) VALUES ('s', 'Ada')");
    const beside = openReadOnly(dataDir);
    equal(beside.prepare("SELECT name FROM accounts").get()?.["name"], "Ada");
    throws(() => beside.exec("DELETE FROM accounts"), /readonly/);
    beside.close();
    server.close();
    const alone = openReadOnly(dataDir);
    equal(alone.prepare("SELECT name FROM accounts").get()?.["name"], "Ada");
    alone.close();
  });
});

test("a database of another schema is not read, and left as it was", () => {
  inDirectory((dataDir) => {
    openDatabase({ dataDir, realmId, migrations: migrations.slice(0, 1) }).close();
    throws(() => openReadOnly(dataDir), { code: "data_dir_unusable", message: /migrate -- up/ });
    openDatabase({ dataDir, realmId, migrations: [...migrations, next] }).close();
    throws(() => openReadOnly(dataDir), { code: "data_newer_than_program" });
    throws(() => migrateDatabase({ dataDir, target: down(0), isDryRun: false, progress: silent }), {
      code: "data_newer_than_program",
    });
  });
});
