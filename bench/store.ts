/**
 * The store under load, adapter by adapter: saves, trades, reads, and a cache before them.
 *
 * Everything is durable: SQLite in a new directory with a sync for every commit, PostgreSQL as a server of its own with
 * `fsync` on. References in the same rounds: PostgreSQL's COPY of the same rows, saves one row at a time, and statements
 * straight to `node:sqlite`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { sizeOfCharacter, withCharacterCache } from "../packages/server/src/store/cache/character-cache.ts";
import { LruCache } from "../packages/server/src/store/cache/lru-cache.ts";
import type { Character, Store } from "../packages/server/src/store/port.ts";
import { createPostgresStore } from "../packages/server/src/store/postgres/postgres-store.ts";
import { startPrivateServer } from "../packages/server/src/store/postgres/private-server.ts";
import { createSqliteStore } from "../packages/server/src/store/sqlite/sqlite-store.ts";
import { type BenchOptions, type BenchResult, median, percentile } from "./harness.ts";
import { copyIn } from "./lib/copy-in.ts";
import {
  type Measured,
  measure,
  players,
  popularNames,
  saveLoad,
  settleTown,
  stateBytes,
  type Town,
  tradeLoad,
  type Work,
} from "./lib/store-load.ts";

export const usage = { adapter: "sqlite|postgres" } as const;

const adapters = ["sqlite", "postgres"];
/** Trades under way at once: enough to fill the groups. A caller stands for a zone's tick. */
const trades = { callers: 16, perCall: 16 };
/** Rows under way at once: four zones that save all their players. */
const saves = { callers: 4, perCall: 1000 };
/** Reads under way at once: about half of what either store can answer on one core. */
const reads = { callers: 4 };
const singles = { callers: 1, perCall: 1 };
/** A part of a round is long enough for a commit or two of every caller. */
const partMsMin = 250;
/** Room in the cache for half of the players; the names that are asked for are mostly those of a few. */
const cachePolicy = { entriesMax: players / 2, bytesMax: 64 * 2 ** 20, expiryMs: 60_000, ageMs: 60_000 };
/** Reads of one entry, each timed by itself. */
const hitsTimed = 20_000;

export function check({ adapter }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (adapter === undefined || adapters.includes(adapter)) return undefined;
  return `--adapter is ${adapters.join(" or ")}.`;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const wanted = options.given?.["adapter"];
  const results: Record<string, number> = {};
  const references: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const adapter of adapters) {
    if (wanted !== undefined && wanted !== adapter) continue;
    const part = adapter === "sqlite" ? await runSqlite(options) : await runPostgres(options);
    for (const [into, from] of [
      [results, part.results],
      [references, part.references],
      [ratios, part.ratios],
    ] as const) {
      for (const [name, value] of Object.entries(from)) into[`${adapter}.${name}`] = value;
    }
  }
  return { results, references, ratios };
}

async function runSqlite(options: BenchOptions): Promise<BenchResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "myriad-bench-"));
  const raw = rawSqlite(join(dataDir, "raw.sqlite"));
  const store = await createSqliteStore({ dataDir, realmId: "bench", nowMs: options.now });
  try {
    return await runStore(options, store, "sqlite", {
      name: "rawUpserts",
      work: raw.upserts,
    });
  } finally {
    await store.close();
    raw.close();
    rmSync(dataDir, { recursive: true });
  }
}

async function runPostgres(options: BenchOptions): Promise<BenchResult> {
  options.progress("postgres: starting a server of its own");
  const server = await startPrivateServer({ settings: { shared_buffers: "512MB", max_wal_size: "8GB" } });
  const store = await createPostgresStore({ url: server.url, realmId: "bench", nowMs: options.now });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`
    CREATE TABLE copied (
      character_id bigint PRIMARY KEY, version bigint NOT NULL, zone int NOT NULL, schema_version bigint NOT NULL,
      state bytea NOT NULL)`);
  const rows = copyRows();
  const copy: Work = async () => {
    await client.query("TRUNCATE copied");
    await copyIn(client, "COPY copied FROM STDIN", rows);
    return players;
  };
  try {
    return await runStore(options, store, "postgres", { name: "copiedRows", work: copy });
  } finally {
    await client.end();
    await store.close();
    await server.stop();
  }
}

/** What the saves are compared with. */
interface Bulk {
  readonly name: string;
  readonly work: Work;
}

/** Everything that is measured of one store, in rounds. */
async function runStore(
  options: BenchOptions,
  store: Store,
  adapter: string,
  bulk: Bulk,
): Promise<BenchResult> {
  const ms = Math.max(partMsMin, options.roundMs);
  const { now, progress, rounds } = options;
  progress(`${adapter}: ${players} players move in`);
  const town = await settleTown(store);
  const cache = new LruCache<Character>({ policy: cachePolicy, nowMs: now, sizeOf: sizeOfCharacter });
  const parts: readonly { name: string; callers: number; work: Work }[] = [
    { name: "saves", callers: saves.callers, work: saveLoad(store, town, saves) },
    { name: bulk.name, callers: 1, work: bulk.work },
    {
      name: "trades",
      callers: trades.callers,
      work: tradeLoad(store, halfOf(town, 0), { ...trades, zone: 0 }),
    },
    { name: "reads", callers: reads.callers, work: readLoad(store) },
    { name: "cachedReads", callers: reads.callers, work: readLoad(withCharacterCache(store, cache)) },
    { name: "savesOneByOne", callers: 1, work: saveLoad(store, await reread(store, town), singles) },
    { name: "tradesOneByOne", callers: 1, work: tradeLoad(store, halfOf(town, 1), { ...singles, zone: 1 }) },
  ];
  const measured = new Map<string, Measured[]>(parts.map(({ name }) => [name, []]));
  // The first round warms up: code, caches, the files' sizes.
  for (let round = 0; round <= rounds; round += 1) {
    progress(`${adapter}: round ${round} of ${rounds}`);
    for (const { name, callers, work } of parts) {
      const one = await measure(work, { callers, ms, now });
      if (round > 0) measured.get(name)!.push(one);
    }
  }
  const hitsUs = await hitTimes(cache, now);
  const rate = (name: string): number => median(measured.get(name)!.map(({ perSecond }) => perSecond));
  const p99 = (name: string): number =>
    percentile(
      measured.get(name)!.flatMap(({ latenciesMs }) => latenciesMs),
      99,
    );
  const ratio = (name: string, to: string): number =>
    median(measured.get(name)!.map(({ perSecond }, at) => perSecond / measured.get(to)![at]!.perSecond));
  return {
    results: {
      savesPerSecond: rate("saves"),
      saveCallMsP99: p99("saves"),
      tradesPerSecond: rate("trades"),
      tradeCallMsP99: p99("trades"),
      readsPerSecond: rate("reads"),
      queryMsP99: p99("reads"),
      cachedReadsPerSecond: rate("cachedReads"),
      cacheHitUsP99: percentile(hitsUs, 99),
      cacheHitPercent: cache.stats().hitRate * 100,
    },
    references: {
      [`${bulk.name}PerSecond`]: rate(bulk.name),
      savesOneByOnePerSecond: rate("savesOneByOne"),
      tradesOneByOnePerSecond: rate("tradesOneByOne"),
    },
    ratios: {
      [`savesTo${bulk.name[0]!.toUpperCase()}${bulk.name.slice(1)}`]: ratio("saves", bulk.name),
      savesToOneByOne: ratio("saves", "savesOneByOne"),
      tradesToOneByOne: ratio("trades", "tradesOneByOne"),
    },
  };
}

/** Microseconds of single hits. */
async function hitTimes(cache: LruCache<Character>, now: () => number): Promise<number[]> {
  const [name] = popularNames(1);
  const times: number[] = [];
  for (let n = 0; n < hitsTimed; n += 1) {
    const begin = now();
    if ((await cache.get(name!)) === undefined) throw new Error(`${name} is not in the cache`);
    times.push((now() - begin) * 1000);
  }
  return times;
}

/** Reads of one character by name. */
function readLoad(store: Store): Work {
  const names = popularNames(players);
  let next = 0;
  return async () => {
    const name = names[(next += 1) % names.length]!;
    const found = await store.findCharacter(name, { consistency: "may_be_stale" });
    if (found?.name !== name) throw new Error(`${name} was not found`);
    return 1;
  };
}

/** Half of the pairs, so that two loads do not trade the same item. */
function halfOf({ characters, pairs }: Town, remainder: 0 | 1): Town {
  return { characters, pairs: pairs.filter((_, n) => n % 2 === remainder) };
}

/** Players of their own for saves one by one: versions are counted by who saves. */
async function reread(store: Store, { pairs }: Town): Promise<Town> {
  const { accountId } = await store.account({ subject: "one by one", name: "a player" });
  const initial = { zone: 0, schemaVersion: 1, state: new Uint8Array(stateBytes) };
  const characters: Character[] = [];
  for (let n = 0; n < 10; n += 1) {
    const opened = await store.openCharacter({ accountId, name: `single ${n}`, initial });
    if (opened.ok) characters.push(opened.value);
  }
  return { characters, pairs };
}

/** The players' rows as COPY takes them. */
function copyRows(): Buffer {
  const state = "07".repeat(stateBytes);
  return Buffer.from(
    Array.from({ length: players }, (_, n) => `${n + 1}\t2\t1\t1\t\\\\x${state}\n`).join(""),
  );
}

/** Statements straight to `node:sqlite`, in this thread: a thousand rows in a transaction that is synced. */
function rawSqlite(path: string): { upserts: Work; close(): void } {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE rows (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
  `);
  const upsert = database.prepare(`
    INSERT INTO rows (id, version, state) VALUES (?, 1, ?)
    ON CONFLICT DO UPDATE SET version = version + 1, state = excluded.state`);
  const state = new Uint8Array(stateBytes).fill(7);
  let next = 0;
  return {
    async upserts() {
      database.exec("BEGIN IMMEDIATE");
      for (let n = 0; n < saves.perCall; n += 1) upsert.run((next = (next + 1) % players), state);
      database.exec("COMMIT");
      return saves.perCall;
    },
    close: () => database.close(),
  };
}
