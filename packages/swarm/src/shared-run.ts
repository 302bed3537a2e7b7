/**
 * A run in several processes: each plays a share of the players, all measure at the same time, and what they measured is
 * added up.
 *
 * Invariant: measuring begins when every share is ready. A share that is lost ends the run.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ZoneInfo } from "@myriad/protocol";
import { addTallies, type Tally } from "./figures.ts";
import { processMsMax } from "./limits.ts";
import { Meters, type MetersRecord } from "./meters.ts";
import type { SwarmOptions } from "./options.ts";
import type { Progressed } from "./report.ts";
import type { Outcome, Run, RunOptions } from "./run.ts";
import type { Stage } from "./swarm.ts";

/** What a share is told. */
export type ShareOrder =
  | {
      readonly kind: "start";
      readonly options: SwarmOptions;
      readonly zones: readonly ZoneInfo[];
      readonly first: number;
      readonly count: number;
    }
  | { readonly kind: "measure" }
  | { readonly kind: "stop" };

/** What a share tells. */
export type ShareReport =
  | { readonly kind: "progress"; readonly stage: Stage; readonly progressed: Progressed }
  | { readonly kind: "over"; readonly tally: Tally; readonly meters: MetersRecord };

interface Share {
  readonly process: ChildProcess;
  stage: Stage;
  progressed: Progressed;
  over: { readonly tally: Tally; readonly meters: MetersRecord } | undefined;
}

/** In the order in which a share goes through them. */
const stages: readonly Stage[] = [
  "ramping",
  "gathering",
  "settling",
  "ready",
  "measuring",
  "leaving",
  "done",
];
const nothing: Progressed = {
  playing: 0,
  playerMs: 0,
  frames: 0,
  bytes: 0,
  errors: 0,
  mismatches: 0,
  ackMs: { p50: 0, p99: 0 },
};

export class SharedRun implements Run {
  readonly over: Promise<Outcome>;
  readonly #shares: readonly Share[];
  readonly #onStage: (stage: Stage) => void;
  readonly #startMs = performance.now();
  #stage: Stage = "ramping";
  #isMeasuring = false;
  #finish!: (outcome: Outcome) => void;
  #fail!: (error: Error) => void;

  constructor({ options, zones, onStage }: RunOptions) {
    this.#onStage = onStage;
    this.over = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    const { players, processes } = options;
    const bound = (index: number) => Math.round((players * index) / processes);
    this.#shares = Array.from({ length: processes }, (_, index) => {
      const first = bound(index);
      return this.#startShare({ kind: "start", options, zones, first, count: bound(index + 1) - first });
    });
  }

  /** That of the share that is least far. */
  get stage(): Stage {
    return this.#stage;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  progressed(): Progressed {
    const all = this.#shares.map((share) => share.progressed);
    const sum = (name: Exclude<keyof Progressed, "ackMs">) =>
      all.reduce((total, progressed) => total + progressed[name], 0);
    return {
      playing: sum("playing"),
      playerMs: sum("playerMs"),
      frames: sum("frames"),
      bytes: sum("bytes"),
      errors: sum("errors"),
      mismatches: sum("mismatches"),
      // Of the share that waits longest.
      ackMs: {
        p50: Math.max(...all.map(({ ackMs }) => ackMs.p50)),
        p99: Math.max(...all.map(({ ackMs }) => ackMs.p99)),
      },
    };
  }

  stop(): void {
    this.#tellAll({ kind: "stop" });
  }

  #startShare(order: ShareOrder): Share {
    const entry = fileURLToPath(new URL("share-main.ts", import.meta.url));
    // Histograms travel as they are in memory.
    const child = fork(entry, { serialization: "advanced", timeout: 0 });
    const share: Share = { process: child, stage: "ramping", progressed: nothing, over: undefined };
    child.on("message", (report) => this.#heard(share, report as ShareReport));
    child.on("error", (error) => this.#lost(`a process of the swarm failed: ${error.message}`));
    child.on("exit", (code, signal) => {
      if (share.over === undefined) this.#lost(`a process of the swarm ended with ${signal ?? code}`);
    });
    child.send(order);
    const patience = setTimeout(() => this.#lost("a process of the swarm does not start"), processMsMax);
    child.once("message", () => clearTimeout(patience));
    child.once("exit", () => clearTimeout(patience));
    return share;
  }

  #heard(share: Share, report: ShareReport): void {
    if (report.kind === "progress") {
      share.stage = report.stage;
      share.progressed = report.progressed;
    } else {
      share.over = report;
      share.stage = "done";
    }
    const least = Math.min(...this.#shares.map(({ stage }) => stages.indexOf(stage)));
    const stage = stages[least]!;
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#onStage(stage);
    }
    if (least >= stages.indexOf("ready") && !this.#isMeasuring) {
      this.#isMeasuring = true;
      this.#tellAll({ kind: "measure" });
    }
    if (this.#shares.every(({ over }) => over !== undefined)) this.#addUp();
  }

  #addUp(): void {
    const meters = new Meters();
    for (const { over } of this.#shares) meters.add(over!.meters);
    this.#finish({ tally: addTallies(this.#shares.map(({ over }) => over!.tally)), meters });
  }

  #lost(problem: string): void {
    for (const { process: child } of this.#shares) child.kill();
    this.#fail(new Error(problem));
  }

  #tellAll(order: ShareOrder): void {
    for (const { process: child } of this.#shares) if (child.connected) child.send(order);
  }
}
