/**
 * Connections to PostgreSQL: how they are made, how statements go over them, what their failures mean.
 *
 * Invariant: statements of one connection are sent without waiting for the answers of those before, and are answered in
 * their order. Whoever needs an answer awaits it.
 * Invariant: a commit that was answered is on the database's disk: `synchronous_commit` is never off.
 * Source: https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
import pg from "pg";
import { MyriadError } from "../../kernel/errors.ts";

export interface ConnectionOptions {
  /** `postgresql://user:password@host:port/database`, with the parameters that PostgreSQL knows. */
  readonly url: string;
  /** The schema that holds the realm's tables. */
  readonly schema: string;
}

/** A statement that a connection parses once. The name is unique among all statements. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** What a parameter may be. Bytes and arrays of `arrays.ts` go in binary form. */
export type Parameter = string | number | boolean | Uint8Array | null;

export interface Answer {
  /** Rows as arrays, in the order of the statement's columns. */
  readonly rows: readonly (readonly unknown[])[];
  /** Rows that were found or changed. */
  readonly count: number;
  /** What was done: "COMMIT", or "ROLLBACK" although a commit was asked for. */
  readonly command: string;
}

/** What `pg` answers. */
interface RawAnswer {
  readonly rows: unknown[][];
  readonly rowCount: number | null;
  readonly command: string;
}

/** Something that takes statements: a client, or a pool that picks one. */
export interface Connection {
  query(config: {
    readonly name?: string;
    readonly text: string;
    readonly values: unknown[];
    readonly rowMode: "array";
  }): Promise<RawAnswer>;
}

/** Milliseconds to reach the database: longer than any network in one region takes, shorter than a player waits. */
const connectMsMax = 5000;
/** Milliseconds for one statement: an answer that takes longer is of no use to anybody any more. */
const statementMsMax = 30_000;
/** Milliseconds beyond which the line itself is given up: the database had its chance to say so. */
const answerMsMax = statementMsMax + 5000;

/**
 * The states of SQL after which the same transaction may be tried again: it could not be serialised, or met a deadlock, or
 * somebody else made the row that was not there when it was looked for.
 */
const retryStates: ReadonlySet<string> = new Set(["40001", "40P01", "23505"]);

/** Types as they are read: 64-bit integers are ids, ticks and amounts, which a number holds exactly. */
const types = {
  getTypeParser(typeId: number, format?: "text" | "binary"): (value: string) => unknown {
    if (typeId === pg.types.builtins.INT8) return Number;
    return pg.types.getTypeParser(typeId, format as "text") as (value: string) => unknown;
  },
};

/** What clients and pools are made with. */
export function clientConfig({ url }: ConnectionOptions) {
  return {
    connectionString: url,
    application_name: "myriad",
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: connectMsMax,
    statement_timeout: statementMsMax,
    query_timeout: answerMsMax,
    types,
  };
}

/**
 * Sends what a fresh connection needs before its first statement. Not awaited by callers: what comes next on this
 * connection waits behind it.
 */
export async function prepareConnection(client: Connection, { schema }: ConnectionOptions): Promise<void> {
  const text = `
    SELECT set_config('search_path', $1, false),
      set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
        ELSE current_setting('synchronous_commit') END, false)`;
  await client.query({ text, values: [quoted(schema)], rowMode: "array" });
}

/** Sends a statement. Rejects with what `pg` says; `failureOf` makes a MyriadError of it. */
export async function ask(
  client: Connection,
  { name, text }: Statement,
  values: readonly Parameter[] = [],
): Promise<Answer> {
  return answerOf(await client.query({ name, text, values: [...values], rowMode: "array" }));
}

/** Sends a statement that is not worth keeping, or several without parameters. */
export async function askOnce(
  client: Connection,
  text: string,
  values: readonly Parameter[] = [],
): Promise<Answer> {
  return answerOf(await client.query({ text, values: [...values], rowMode: "array" }));
}

export type Isolation = "READ COMMITTED" | "REPEATABLE READ READ ONLY";

/**
 * Does something in a transaction. Its statements may be sent without waiting; the commit goes out when all are answered.
 * Rejects with what `pg` says, after which nothing has taken effect, unless the commit's answer was lost.
 */
export async function inTransaction<T>(
  client: Connection,
  isolation: Isolation,
  work: () => Promise<T>,
): Promise<T> {
  const begun = askOnce(client, `BEGIN ISOLATION LEVEL ${isolation}`);
  try {
    const [, value] = await Promise.all([begun, work()]);
    await commit(client);
    return value;
  } catch (error) {
    await rollback(client);
    throw error;
  }
}

/** Commits. Rejects when the transaction was rolled back instead, because one of its statements failed. */
export async function commit(client: Connection): Promise<void> {
  const { command } = await askOnce(client, "COMMIT");
  if (command !== "COMMIT") throw new Error("the database rolled the transaction back");
}

/** Ends a transaction without effect. Never rejects. @returns false when the line is gone, which has ended it, too */
export async function rollback(client: Connection): Promise<boolean> {
  return askOnce(client, "ROLLBACK").then(
    () => true,
    () => false,
  );
}

function answerOf({ rows, rowCount, command }: RawAnswer): Answer {
  return { rows, count: rowCount ?? 0, command };
}

/** An identifier in quotes. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** True when the transaction that failed may be tried again. */
export function mayRetry(cause: unknown): boolean {
  return retryStates.has(stateOf(cause) ?? "");
}

/** True when the database itself said what is wrong, so the connection is as good as before. */
export function isAnswer(cause: unknown): boolean {
  const state = stateOf(cause);
  // Class 57 is the operator's hand: shut down, terminated.
  return state !== undefined && !state.startsWith("57");
}

/** A caught error as MyriadError: its own code, or `store_failed`. */
export function failureOf(what: string, cause: unknown): MyriadError {
  if (cause instanceof MyriadError) return cause;
  return new MyriadError("store_failed", `${what}: ${wordsOf(cause)}`, { cause });
}

/** What an error says, also one that gathers several, as a host with many addresses gives. */
export function wordsOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(wordsOf).join("; ");
  if (!(cause instanceof Error)) return String(cause);
  const state = stateOf(cause);
  return state === undefined ? cause.message : `${cause.message} (${state})`;
}

function stateOf(cause: unknown): string | undefined {
  const code: unknown = cause instanceof Error && "code" in cause ? cause.code : undefined;
  // Errors of the network have codes, too: ECONNREFUSED.
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
