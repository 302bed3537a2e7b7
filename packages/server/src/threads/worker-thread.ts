/**
 * One worker thread as the main thread sees it: started, spoken to, watched, ended.
 *
 * Invariant: `ended` is told once, whatever ends it; by then the thread does not run any more and its memory may be used
 * by a successor.
 */
import { type MessagePort, Worker } from "node:worker_threads";
import type { ThreadStart } from "./offers.ts";
import { type Offer, Rpc } from "./rpc.ts";

export interface WorkerThreadOptions {
  readonly name: string;
  readonly url: URL;
  readonly start: ThreadStart;
  /** What the main thread offers it. */
  readonly offer: Offer;
  readonly onFailure: (error: unknown) => void;
  readonly onEnded: (why: string) => void;
}

/** Megabytes of young generation: three semi-spaces of 16; a tick's short-lived objects die in them. */
const youngMb = 48;

export class WorkerThread<Theirs extends Offer> {
  readonly rpc: Rpc<Theirs>;
  /** Fulfilled when it serves; rejected when it ended before. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  #why: string | undefined;
  #isOver = false;

  constructor(options: WorkerThreadOptions) {
    const { name, url, start, offer, onFailure, onEnded } = options;
    const worker = new Worker(url, {
      name,
      workerData: start,
      transferList: [start.store as MessagePort],
      // Not the process's own flags: some of them do not let a file be started.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    });
    this.#worker = worker;
    this.rpc = new Rpc<Theirs>({
      port: { postMessage: (message, transfer) => worker.postMessage(message, transfer) },
      offer,
      onFailure,
    });
    this.ready = new Promise((resolve, reject) => {
      worker.on("message", (message: { what: string }) => {
        if (message.what === "ready") resolve();
        else this.rpc.hear(message);
      });
      worker.on("error", (error) => {
        this.#why ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
      });
      worker.on("exit", (code) => {
        this.#isOver = true;
        const why = this.#why ?? `it ended with code ${code}`;
        const error = new Error(`${name}: ${why}`);
        this.rpc.end(error);
        reject(error);
        onEnded(why);
      });
    });
    // Who does not wait for the beginning hears of the end by `onEnded`.
    this.ready.catch(() => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it at once, whatever it does. `onEnded` follows. */
  kill(why: string): void {
    this.#why ??= why;
    void this.#worker.terminate();
  }
}
