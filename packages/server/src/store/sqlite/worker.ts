/**
 * The store's own thread: takes requests, makes them in groups, answers when the group is on the disk.
 *
 * While one group is written and synced, requests collect; together they are the next group. So a slow disk makes
 * larger groups instead of a longer queue, and a lonely request waits for nobody.
 *
 * Several threads may ask, each over its own port; all share the groups, and the database has one owner.
 * Invariant: requests take effect and are answered in the order in which they came.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { assert } from "../../kernel/assert.ts";
import type { Call } from "../calls.ts";
import { groupRequestsMax } from "../limits.ts";
import { SqliteCore } from "./core.ts";
import { type DirectoryLock, lockDirectory } from "./directory.ts";
import {
  type PlainReply,
  type Request,
  toPlainError,
  toPlainReply,
  type WorkerMessage,
  type WorkerOptions,
} from "./messages.ts";
import { openDatabase } from "./open.ts";
import { unpackCall } from "./packing.ts";

const port = parentPort;
assert(port !== null, "the store's worker runs in a worker thread");

const core = openCore(workerData as WorkerOptions);

interface Waiting {
  readonly from: MessagePort;
  readonly request: Exclude<Request, { readonly method: "attach" }>;
}

const waiting: Waiting[] = [];
/** Ports over which threads call. */
const lines: MessagePort[] = [];

if (core !== undefined) {
  listen(core, port);
  tell(port, { kind: "ready" });
}

function listen(database: SqliteCore, from: MessagePort): void {
  lines.push(from);
  from.on("close", () => {
    const at = lines.indexOf(from);
    if (at >= 0) lines.splice(at, 1);
  });
  from.on("message", (request: Request) => {
    if (request.method === "attach") {
      listen(database, request.port);
      return;
    }
    waiting.push({ from, request });
    // The port hands over all messages that are there before an immediate runs: they make one group.
    if (waiting.length === 1) setImmediate(serve, database);
  });
}

/** The database with the lock of its directory, which is let go when the database is closed. */
function openCore(options: WorkerOptions): SqliteCore | undefined {
  let lock: DirectoryLock | undefined;
  try {
    lock = lockDirectory(options.dataDir, process.pid);
    return new SqliteCore(openDatabase(options), lock.release);
  } catch (error) {
    lock?.release();
    if (port !== null) tell(port, { kind: "unusable", error: toPlainError(error) });
    return undefined;
  }
}

function serve(database: SqliteCore): void {
  const group: Call[] = [];
  const askers: MessagePort[] = [];
  /** Threads that said goodbye; the database is closed with the one that started it. */
  const leaving: MessagePort[] = [];
  for (const { from, request } of waiting.splice(0, groupRequestsMax)) {
    if (request.method === "close") {
      leaving.push(from);
    } else {
      group.push(unpackCall(request));
      askers.push(from);
    }
  }
  if (group.length > 0) {
    const replies = database.execute(group);
    const methods = group.map(({ method }) => method);
    answer(
      askers,
      replies.map((reply, at) => toPlainReply(methods[at]!, reply)),
    );
  }
  const closes = port !== null && leaving.includes(port);
  if (closes) database.close();
  for (const line of leaving) tell(line, { kind: "replies", replies: [{ ok: true, value: null }] });
  if (closes) {
    // With the ports closed nothing keeps this thread alive.
    for (const line of [...lines]) line.close();
    return;
  }
  if (waiting.length > 0) setImmediate(serve, database);
}

/** Tells each asker its replies, which stand in the order of its requests. */
function answer(askers: readonly MessagePort[], replies: readonly PlainReply[]): void {
  for (const asker of new Set(askers)) {
    const own = replies.filter((_, index) => askers[index] === asker);
    tell(asker, { kind: "replies", replies: own });
  }
}

function tell(to: MessagePort, message: WorkerMessage): void {
  to.postMessage(message);
}
