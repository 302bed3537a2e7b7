/** A worker thread's side of its own beginning: its port to the main thread, signs of life, failures. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { assert } from "../kernel/assert.ts";
import { systemTimers } from "../platform/system-time.ts";
import type { HubOffer, ThreadStart } from "./offers.ts";
import { type Offer, Rpc } from "./rpc.ts";
import { SharedState } from "./shared-state.ts";

/** Milliseconds between two signs of life. */
const beatMs = 100;

export interface WorkerPort<Start extends ThreadStart, Hub extends HubOffer & Offer> {
  readonly start: Start;
  readonly shared: SharedState;
  readonly hub: Rpc<Hub>;
  /** Tells the main thread what failed. */
  readonly onFailure: (error: unknown) => void;
  /** From now on the thread answers what `offer` says, and gives signs of life. */
  serve(offer: Offer): void;
  /** Says no more; nothing here keeps the thread alive afterwards. */
  close(): void;
}

/** Call once, in a worker thread. */
export function openWorkerPort<Start extends ThreadStart, Hub extends HubOffer & Offer>(): WorkerPort<
  Start,
  Hub
> {
  const port = parentPort as MessagePort;
  assert(port !== null, "this runs in a worker thread");
  const start = workerData as Start;
  const shared = new SharedState(start.shared);
  const offer: Record<string, (argument: never) => unknown> = {};
  const onFailure = (error: unknown) => hub.tell("failed", describeFailure(error) as never);
  const hub: Rpc<Hub> = new Rpc<Hub>({ port, offer, onFailure });
  let stopBeat = () => {};
  return {
    start,
    shared,
    hub,
    onFailure,
    serve(given) {
      Object.assign(offer, given);
      port.on("message", (message) => hub.hear(message));
      shared.beat(start.thread);
      stopBeat = systemTimers.every(beatMs, () => shared.beat(start.thread));
      port.postMessage({ what: "ready" });
    },
    close() {
      stopBeat();
      // After the answer to whoever asked for the end.
      setImmediate(() => port.close());
    },
  };
}

export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.stack ?? error.cause.message}` : "";
  return `${error.message}${cause}`;
}
