/**
 * A child process on a core of its own, and words with it.
 *
 * Owns: which core each child gets, and that no child outlives its run.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Milliseconds that a child has to end after it was asked to. */
const endMsMax = 4000;

/** Cores for the server and for the load program; undefined when processes cannot be tied to cores here. */
export interface Cores {
  readonly server: number | undefined;
  readonly load: number | undefined;
  /** Why they are undefined, for a person. */
  readonly problem: string | undefined;
}

/** The first two cores that this process may use. */
export function chooseCores(
  machine: { hasTaskset: boolean; allowed: readonly number[] } = {
    hasTaskset: hasTaskset(),
    allowed: allowedCores(),
  },
): Cores {
  const none = { server: undefined, load: undefined };
  if (!machine.hasTaskset)
    return { ...none, problem: "there is no taskset: server and load share all cores" };
  const [server, load] = machine.allowed;
  if (server === undefined || load === undefined)
    return { ...none, problem: "there is one core alone: server and load program share it" };
  return { server, load, problem: undefined };
}

/** Numbers in a list of the form `0-3,8`. */
export function coresIn(list: string): number[] {
  return list
    .trim()
    .split(",")
    .filter((range) => range !== "")
    .flatMap((range) => {
      const [first = Number.NaN, last = first] = range.split("-").map(Number);
      return Number.isInteger(first) && Number.isInteger(last)
        ? Array.from({ length: last - first + 1 }, (_, i) => first + i)
        : [];
    });
}

/** A child that runs a file of this folder and says objects of type `Said`. */
export class Child<Said extends { readonly kind: string }> {
  readonly #process: ChildProcess;
  readonly #said: Said[] = [];
  readonly #waiting = new Set<() => void>();
  /** How it ended; undefined while it runs. */
  #end: string | undefined;

  constructor(given: { file: string; order: object; core: number | undefined; hear?: (said: Said) => void }) {
    const file = fileURLToPath(new URL(given.file, import.meta.url));
    const command = [process.execPath, file, JSON.stringify(given.order)];
    if (given.core !== undefined) command.unshift("taskset", "-c", String(given.core));
    this.#process = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#process.on("message", (said) => {
      given.hear?.(said as Said);
      this.#said.push(said as Said);
      this.#wake();
    });
    this.#process.on("error", (error) => this.#ended(error.message));
    this.#process.on("exit", (code, signal) => this.#ended(`ended with ${signal ?? code}`));
  }

  say(word: string): void {
    if (this.#process.connected) this.#process.send(word, () => {});
  }

  /** The next thing of one of these kinds that it says. Rejects when it ends, or says nothing of the kind for so long. */
  async expect<K extends Said["kind"]>(
    kinds: readonly K[],
    msMax: number,
  ): Promise<Extract<Said, { kind: K }>> {
    const deadline = performance.now() + msMax;
    for (;;) {
      const index = this.#said.findIndex(({ kind }) => (kinds as readonly string[]).includes(kind));
      if (index >= 0) return this.#said.splice(index, 1)[0] as Extract<Said, { kind: K }>;
      if (this.#end !== undefined) throw new Error(this.#end);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`no word for ${Math.round(msMax / 1000)} s`);
      await this.#change(leftMs);
    }
  }

  /** Asks it to end, then ends it. */
  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    this.say("stop");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax);
    if (this.#end === undefined) await once(this.#process, "exit");
    clearTimeout(timer);
  }

  #change(msMax: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, msMax);
      this.#waiting.add(wake);
    });
  }

  #ended(how: string): void {
    this.#end ??= how;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function hasTaskset(): boolean {
  return spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
}

function allowedCores(): number[] {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return coresIn(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  } catch {
    return [];
  }
}
