/**
 * A realm's schema in PostgreSQL: made, checked and brought up to date, or refused with a clear reason.
 *
 * Invariant: a schema that is not ours, of another shard, or newer than this program is not written to.
 * Invariant: one server at a time changes the tables; the others wait for it.
 * Invariant: a database that may forget what it acknowledged (`fsync = off`) is not used.
 */
import pg from "pg";
import { MyriadError } from "../../kernel/errors.ts";
import { idShardsMax } from "../limits.ts";
import {
  assertKnown,
  type Migration,
  type MigrationProgress,
  silent,
  type Step,
  stepsBetween,
  stepsTo,
  type Target,
} from "../migration.ts";
import { askOnce, clientConfig, type Connection, prepareConnection, quoted, wordsOf } from "./connection.ts";
import { migrations as knownMigrations } from "./schema.ts";

/** Ids of one kind in one shard; 1024 of them fill what a number holds exactly. */
const idsOfShard = 2 ** 43;
const idSequences = ["account_ids", "character_ids", "item_ids"];
/** Schemas of realms begin so. */
const schemaPrefix = "myriad_";
/** Any number will do, as long as all servers use the same: the lock for changing a realm's tables. */
const migrationLock = 0x6d797269;

export interface OpenOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly url: string;
  readonly realmId: string;
  /** The part of the ids that a new schema gives; an old one must have the same. @default as it is, or 0 */
  readonly idShard?: number;
  /** @default the program's own list */
  readonly migrations?: readonly Migration[];
}

/** The schema that holds a realm's tables. */
export function schemaOf(realmId: string): string {
  return `${schemaPrefix}${realmId}`;
}

/** A client that is connected to a realm's schema. Rejects with MyriadError `database_unusable`. */
export async function connectTo({ url, schema }: { url: string; schema: string }): Promise<pg.Client> {
  const client = new pg.Client(clientConfig({ url, schema }));
  // Whoever waits for an answer hears of it; without a listener it would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await prepareConnection(client as Connection, { url, schema });
    return client;
  } catch (cause) {
    await client.end().catch(() => {});
    throw unusable(cause);
  }
}

/**
 * Makes a realm's schema ready for use.
 * Rejects with MyriadError: `database_unusable`, `data_newer_than_program`, `data_of_another_realm`.
 */
export async function prepareRealm(options: OpenOptions): Promise<void> {
  const { url, realmId, idShard, migrations = knownMigrations } = options;
  const schema = schemaOf(realmId);
  await withRealm(url, schema, async (client) => {
    await checkDurability(client);
    await lockRealm(client, async () => {
      await setUp(client, { schema, idShard: idShard ?? 0 });
      const found = await migratedTo(client, schema);
      assertKnown(found, migrations);
      await checkShard(client, idShard);
      await runSteps(client, {
        schema,
        steps: stepsBetween(found, migrations.length, migrations),
        progress: silent,
      });
      if (found === 0) await beginIds(client, idShard ?? 0);
    });
  });
}

export interface MigrateOptions {
  readonly url: string;
  readonly realmId: string;
  readonly target: Target;
  /** Tells the steps and changes nothing. */
  readonly isDryRun: boolean;
  readonly progress: MigrationProgress;
  /** @default the program's own list */
  readonly migrations?: readonly Migration[];
}

/**
 * Brings a realm's tables up or down.
 * Rejects with MyriadError: `database_unusable`, `data_newer_than_program`.
 * @returns the steps that were, or would be, made
 */
export async function migrateRealm(options: MigrateOptions): Promise<Step[]> {
  const { url, realmId, target, isDryRun, progress, migrations = knownMigrations } = options;
  const schema = schemaOf(realmId);
  return withRealm(url, schema, (client) =>
    lockRealm(client, async () => {
      if (!(await exists(client, schema, "realm_meta"))) throw new Error(`it holds no realm ${realmId}`);
      const found = await migratedTo(client, schema);
      assertKnown(found, migrations);
      const steps = stepsTo(target, found, migrations);
      if (!isDryRun) await runSteps(client, { schema, steps, progress });
      return steps;
    }),
  );
}

/** The realms that a database has. Rejects with MyriadError `database_unusable`. */
export async function realmsOf(url: string): Promise<string[]> {
  return withRealm(url, "public", async (client) => {
    const { rows } = await askOnce(
      client,
      "SELECT table_schema FROM information_schema.tables WHERE table_name = 'realm_meta' ORDER BY 1",
    );
    return (rows as [string][])
      .map(([schema]) => schema)
      .filter((schema) => schema.startsWith(schemaPrefix) && !schema.includes("_copy_"))
      .map((schema) => schema.slice(schemaPrefix.length));
  });
}

async function withRealm<T>(
  url: string,
  schema: string,
  use: (client: Connection) => Promise<T>,
): Promise<T> {
  const client = await connectTo({ url, schema });
  try {
    return await use(client as Connection);
  } catch (cause) {
    throw unusable(cause);
  } finally {
    await client.end().catch(() => {});
  }
}

async function lockRealm<T>(client: Connection, work: () => Promise<T>): Promise<T> {
  await askOnce(client, "SELECT pg_advisory_lock($1)", [migrationLock]);
  // The lock ends with the connection, whatever happens to the work.
  return work();
}

async function checkDurability(client: Connection): Promise<void> {
  const { rows } = await askOnce(
    client,
    "SELECT current_setting('fsync'), current_setting('server_version_num')::int",
  );
  const [fsync, version] = rows[0] as [string, number];
  if (fsync !== "on") throw new Error("its fsync is off, so a power cut would undo what was acknowledged");
  if (version < versionMin) throw new Error(`it is PostgreSQL ${version / 1e4}, 15 or newer is needed`);
}

/** `server_version_num` of the oldest release that the tests run against. */
const versionMin = 150_000;

/** Makes the schema and the two tables that say what is in it. */
async function setUp(
  client: Connection,
  { schema, idShard }: { schema: string; idShard: number },
): Promise<void> {
  const { rows } = await askOnce(
    client,
    `SELECT to_regclass($1) IS NOT NULL,
      (SELECT count(*) FROM information_schema.tables WHERE table_schema = $2)::int`,
    [`${quoted(schema)}.realm_meta`, schema],
  );
  const [isOurs, tables] = rows[0] as [boolean, number];
  if (isOurs) return;
  if (tables > 0) throw new Error(`the schema ${schema} belongs to another program`);
  await askOnce(
    client,
    `
    BEGIN;
    CREATE SCHEMA IF NOT EXISTS ${quoted(schema)};
    CREATE TABLE migrations (number int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE realm_meta (key text PRIMARY KEY, value text NOT NULL);
    INSERT INTO realm_meta VALUES ('id_shard', '${idShard}');
    COMMIT`,
  );
}

async function exists(client: Connection, schema: string, table: string): Promise<boolean> {
  const { rows } = await askOnce(client, "SELECT to_regclass($1) IS NOT NULL", [
    `${quoted(schema)}.${table}`,
  ]);
  return rows[0]?.[0] === true;
}

async function migratedTo(client: Connection, schema: string): Promise<number> {
  if (!(await exists(client, schema, "migrations"))) return 0;
  const found = await askOnce(client, "SELECT coalesce(max(number), 0)::int FROM migrations");
  return found.rows[0]?.[0] as number;
}

async function checkShard(client: Connection, idShard: number | undefined): Promise<void> {
  if (idShard === undefined) return;
  const { rows } = await askOnce(client, "SELECT value FROM realm_meta WHERE key = 'id_shard'");
  const found = rows[0]?.[0];
  if (found === String(idShard)) return;
  throw new MyriadError(
    "data_of_another_realm",
    `it belongs to shard "${found}", this shard is "${idShard}"`,
  );
}

/** Runs steps in their order, each in a transaction, and copies all tables to a schema of their own before each. */
async function runSteps(
  client: Connection,
  { schema, steps, progress }: { schema: string; steps: readonly Step[]; progress: MigrationProgress },
): Promise<void> {
  // A schema without tables has nothing to keep.
  const isNew = steps[0]?.from === 0;
  for (const [at, step] of steps.entries()) {
    const position = { step: at + 1, steps: steps.length };
    progress.onCopy(step, position);
    const copy = isNew ? "" : await copySchema(client, schema, step.from);
    progress.onStep(step, position, copy);
    const { direction, migration } = step;
    const remember =
      direction === "up"
        ? `INSERT INTO migrations VALUES (${migration.number}, ${pg.escapeLiteral(migration.name)})`
        : `DELETE FROM migrations WHERE number = ${migration.number}`;
    try {
      await askOnce(client, `BEGIN; ${migration[direction]}; ${remember}; COMMIT`);
    } catch (error) {
      await askOnce(client, "ROLLBACK");
      throw error;
    }
  }
  progress.onDone();
}

/** Copies every table with its rows into a new schema, as of one moment. @returns the schema's name */
async function copySchema(client: Connection, schema: string, from: number): Promise<string> {
  const tables = await askOnce(client, "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1", [
    schema,
  ]);
  const taken = await askOnce(client, "SELECT count(*)::int FROM pg_namespace WHERE nspname LIKE $1", [
    `${schema.replaceAll("_", "\\_")}\\_copy\\_${from}\\_%`,
  ]);
  const copy = `${schema}_copy_${from}_${(taken.rows[0]?.[0] as number) + 1}`;
  const statements = (tables.rows as [string][]).map(
    ([table]) => `CREATE TABLE ${quoted(copy)}.${quoted(table)} AS TABLE ${quoted(schema)}.${quoted(table)}`,
  );
  const sequences = idSequences.map(
    (name) => `SELECT '${name}' AS name, last_value FROM ${quoted(schema)}.${quoted(name)}`,
  );
  await askOnce(
    client,
    `
    BEGIN ISOLATION LEVEL REPEATABLE READ;
    CREATE SCHEMA ${quoted(copy)};
    ${statements.join("; ")};
    CREATE TABLE ${quoted(copy)}.id_sequences AS ${sequences.join(" UNION ALL ")};
    COMMIT`,
  );
  return copy;
}

/** Lets a new schema begin to count where its shard begins. */
async function beginIds(client: Connection, shard: number): Promise<void> {
  if (shard < 0 || shard >= idShardsMax) throw new RangeError("a shard's number is 0 to 1023");
  if (shard === 0) return;
  for (const sequence of idSequences)
    await askOnce(client, `ALTER SEQUENCE ${sequence} RESTART WITH ${shard * idsOfShard + 1}`);
}

function unusable(cause: unknown): MyriadError {
  if (cause instanceof MyriadError) return cause;
  return new MyriadError("database_unusable", wordsOf(cause), { cause });
}
