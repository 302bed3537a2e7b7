/**
 * The sample game in a process of its own, and the swarm in another: what measures under real load is made of.
 *
 * Owns: a data directory that vanishes with the process, the channel to what is preloaded into it (inside.ts).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pauses, Standing } from "./inside.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const inside = fileURLToPath(new URL("inside.ts", import.meta.url));
/** Milliseconds until a server has to be ready, and to have answered a question. */
const readyMsMax = 20_000;
const answerMsMax = 20_000;
/** Players that are let in: more than any load here brings. */
const capacityMax = 20_000;

export interface RealmOptions {
  readonly zones: number;
  /** Flags of the engine, for example `--max-semi-space-size=32`. */
  readonly flags?: readonly string[];
  /** The core it runs on; any when left out. */
  readonly core?: number | undefined;
  /** What `myriad.config.ts` says beside that. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export class RealmProcess {
  readonly url: string;
  /** How it ended; undefined while it runs. */
  ended: string | undefined;
  readonly #child: ChildProcess;
  readonly #dataDir: string;
  readonly #tail: () => string;
  #questions = 0;

  private constructor(child: ChildProcess, given: { dataDir: string; url: string; tail: () => string }) {
    this.#child = child;
    this.#dataDir = given.dataDir;
    this.#tail = given.tail;
    this.url = given.url;
    child.once("exit", (code, signal) => {
      this.ended = `ended with ${signal ?? code}`;
    });
  }

  /** Starts a realm on a free port. Rejects with what it said when it does not come up. */
  static async start({ zones, flags = [], core, config = {} }: RealmOptions): Promise<RealmProcess> {
    const dataDir = mkdtempSync(join(tmpdir(), "myriad-bench-"));
    const whole = { host: "127.0.0.1", port: 0, dataDir, zones, capacity: capacityMax, ...config };
    writeFileSync(join(dataDir, "myriad.config.ts"), `export default ${JSON.stringify(whole)};\n`);
    const child = spawn(
      ...onCore(core, [...flags, "--import", inside, join(root, "games/realm/src/main.ts")]),
      {
        cwd: dataDir,
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
    let said = "";
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    };
    child.stdout!.on("data", hear);
    child.stderr!.on("data", hear);
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`the realm ${why}: ${said}`));
      const timer = setTimeout(() => fail("was not ready in time"), readyMsMax);
      child.once("exit", (code, signal) => fail(`ended with ${signal ?? code} before it was ready`));
      child.stdout!.on("data", () => {
        const ready = /myriad ready (\S+)/.exec(said);
        if (ready === null) return;
        clearTimeout(timer);
        resolve(ready[1]!);
      });
    });
    return new RealmProcess(child, { dataDir, url, tail: () => said });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The last that it said. */
  get tail(): string {
    return this.#tail();
  }

  /** Pauses of its garbage collector since it was asked last. */
  async pauses(): Promise<Pauses> {
    return ((await this.#ask("pauses")) as { pauses: Pauses }).pauses;
  }

  /** Its memory after a collection, and its descriptors. */
  async standing(): Promise<Standing> {
    return ((await this.#ask("heap")) as { standing: Standing }).standing;
  }

  /** Ends it as an operator would. Answers its exit code, null when a signal ended it. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await exit;
    }
    rmSync(this.#dataDir, { recursive: true, force: true });
    return this.#child.exitCode;
  }

  async #ask(what: string): Promise<unknown> {
    if (this.ended !== undefined) throw new Error(`the realm ${this.ended}: ${this.tail}`);
    const id = ++this.#questions;
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const settle = (done: () => void) => {
        clearTimeout(timer);
        child.off("message", hear);
        child.off("exit", end);
        done();
      };
      // Answers to other questions pass by.
      const hear = (answer: unknown) => {
        if ((answer as { id: number }).id === id) settle(() => resolve(answer));
      };
      const fail = (why: string) => settle(() => reject(new Error(`the realm ${why}: ${this.tail}`)));
      const end = () => fail("ended");
      const timer = setTimeout(() => fail("does not answer"), answerMsMax);
      child.on("message", hear);
      child.on("exit", end);
      child.send({ id, what });
    });
  }
}

export interface SwarmOptions {
  readonly url: string;
  readonly players: number;
  readonly seconds: number;
  readonly core?: number | undefined;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Told each line of progress. */
  readonly hear?: (line: string) => void;
}

/** What the swarm found: its exit code and the object that `--json` prints, undefined when it printed none. */
export interface SwarmOutcome {
  readonly code: number | null;
  readonly figures: SwarmFigures | undefined;
  /** The end of its progress. */
  readonly said: string;
  /** Its table. */
  readonly table: string;
}

/** The part of the swarm's figures that is looked at here. */
export interface SwarmFigures {
  readonly connected: number;
  readonly sessionsDropped: number;
  readonly errors: number;
  readonly stateMismatches: number;
  readonly framesPerSecondPerPlayer: number;
  readonly intentToAckMs: { readonly p50: number; readonly p99: number };
  readonly updateAgeMs: { readonly p50: number; readonly p99: number };
  readonly swarmCpuPercent: number;
  readonly server?: {
    readonly rssMbMax: number;
    readonly cpuPercent: number;
    readonly tickMs: Readonly<Record<string, number>>;
    readonly tickJitterMs: Readonly<Record<string, number>>;
  };
}

/** Runs the swarm against a realm; `signal` interrupts it, and it then still says what it found. */
export async function runSwarm(options: SwarmOptions, signal?: AbortSignal): Promise<SwarmOutcome> {
  const { url, players, seconds, core, args = [], hear } = options;
  const words = [
    "--url",
    url.replace("http", "ws"),
    "--players",
    String(players),
    "--seconds",
    String(seconds),
  ];
  const child = spawn(...onCore(core, ["packages/swarm/src/main.ts", ...words, "--json", ...args]), {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let said = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
    for (const line of chunk.toString().split("\n")) if (line.trim() !== "") hear?.(line.trim());
  });
  const interrupt = () => void child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt, { once: true });
  const [code] = (await once(child, "exit")) as [number | null];
  signal?.removeEventListener("abort", interrupt);
  const lines = out.trim().split("\n");
  const last = lines.at(-1) ?? "";
  const figures = last.startsWith("{") ? (JSON.parse(last) as SwarmFigures) : undefined;
  return { code, figures, said, table: lines.filter((line) => !line.startsWith("{")).join("\n") };
}

function onCore(core: number | undefined, args: readonly string[]): [command: string, args: string[]] {
  return core === undefined
    ? [process.execPath, [...args]]
    : ["taskset", ["-c", String(core), process.execPath, ...args]];
}
