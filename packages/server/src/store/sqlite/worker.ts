/**
 * The store's own thread: takes requests, makes them in groups, answers when the group is on the disk.
 *
 * While one group is written and synced, requests collect; together they are the next group. So a slow disk makes
 * larger groups instead of a longer queue, and a lonely request waits for nobody.
 *
 * Invariant: requests take effect and are answered in the order in which they came.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../kernel/assert.ts";
import type { Call } from "../calls.ts";
import { groupRequestsMax } from "../limits.ts";
import { SqliteCore } from "./core.ts";
import {
  type Request,
  toPlainError,
  toPlainReply,
  type WorkerMessage,
  type WorkerOptions,
} from "./messages.ts";
import { openDatabase } from "./open.ts";

const port = parentPort;
assert(port !== null, "the store's worker runs in a worker thread");

const core = openCore(workerData as WorkerOptions);
const waiting: Request[] = [];

if (core !== undefined) {
  port.on("message", (request: Request) => {
    waiting.push(request);
    // The port hands over all messages that are there before an immediate runs: they make one group.
    if (waiting.length === 1) setImmediate(serve, core);
  });
  tell({ kind: "ready" });
}

function openCore(options: WorkerOptions): SqliteCore | undefined {
  try {
    return new SqliteCore(openDatabase(options));
  } catch (error) {
    tell({ kind: "unusable", error: toPlainError(error) });
    return undefined;
  }
}

function serve(database: SqliteCore): void {
  const group: Call[] = [];
  let closes = false;
  for (const request of waiting.splice(0, groupRequestsMax)) {
    if (request.method === "close") closes = true;
    else group.push(request);
  }
  if (group.length > 0) tell({ kind: "replies", replies: database.execute(group).map(toPlainReply) });
  if (closes) {
    database.close();
    tell({ kind: "replies", replies: [{ ok: true, value: null }] });
    // With the port closed nothing keeps this thread alive.
    port?.close();
    return;
  }
  if (waiting.length > 0) setImmediate(serve, database);
}

function tell(message: WorkerMessage): void {
  port?.postMessage(message);
}
