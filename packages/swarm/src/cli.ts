/**
 * The command: options in, progress on stderr, the table (and with `--json` one object) on stdout, an exit code out.
 *
 * Exit codes: 0 all went well, 1 an error or a mismatch occurred, 2 the options are invalid.
 */
import { figuresOf } from "./figures.ts";
import { HttpClient } from "./http-client.ts";
import { progressMs, statusMs } from "./limits.ts";
import { parseOptions, type SwarmOptions } from "./options.ts";
import { Progress, tableOf, warningsOf } from "./report.ts";
import { LocalRun, type Outcome, type Run } from "./run.ts";
import { startBareServer } from "./bare-server.ts";
import { ServerWatch } from "./server-watch.ts";
import { SharedRun } from "./shared-run.ts";
import type { Stage } from "./swarm.ts";

/** Where the command writes, and who may interrupt it. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether stderr is a terminal, on which a line can be written again. */
  readonly isInteractive: boolean;
  /** Aborted by SIGINT: the run ends with its table. */
  readonly signal: AbortSignal;
}

/** Runs the command and answers its exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseOptions(args);
  switch (parsed.kind) {
    case "help":
      terminal.out(parsed.text);
      return 0;
    case "invalid":
      terminal.err(`swarm: ${parsed.message}\n`);
      return 2;
    case "run":
      return parsed.options.selfTest
        ? testItself(parsed.options, terminal)
        : runSwarm(parsed.options, terminal);
  }
}

/** Plays against a server that costs next to nothing, so that what is measured is the swarm. */
async function testItself(options: SwarmOptions, terminal: Terminal): Promise<number> {
  const server = await startBareServer();
  try {
    return await runSwarm({ ...options, url: server.url }, terminal);
  } finally {
    server.stop();
  }
}

async function runSwarm(options: SwarmOptions, terminal: Terminal): Promise<number> {
  const http = new HttpClient(options.url);
  try {
    await http.probe();
  } catch (cause) {
    terminal.err(`swarm: no server answers at ${options.url} (${wordsOf(cause)}); npm start runs one\n`);
    return 1;
  }
  try {
    return await runWith(options, http, terminal);
  } catch (cause) {
    terminal.err(`swarm: ${wordsOf(cause)}\n`);
    return 1;
  } finally {
    http.close();
  }
}

async function runWith(options: SwarmOptions, http: HttpClient, terminal: Terminal): Promise<number> {
  const zones = options.scene.kind === "town" ? [] : await http.zones();
  if (zones === undefined) {
    terminal.err("swarm: the server does not say where its zones lie; --place town needs no zones\n");
    return 1;
  }
  const watch = new ServerWatch(() => http.status());
  let looks: NodeJS.Timeout | undefined;
  const onStage = (stage: Stage) => {
    clearInterval(looks);
    if (stage !== "measuring") return;
    void watch.look();
    looks = setInterval(() => void watch.look(), statusMs);
  };
  const given = { options, zones, onStage };
  const run = options.processes === 1 ? new LocalRun(given, http) : new SharedRun(given);
  try {
    const outcome = await shown(run, options.players, terminal);
    return report(options, { ...outcome, watch }, terminal);
  } finally {
    clearInterval(looks);
  }
}

/** Shows a run's progress until it is over. */
async function shown(run: Run, players: number, terminal: Terminal): Promise<Outcome> {
  const { signal, isInteractive, err } = terminal;
  const progress = new Progress(players);
  const stop = () => run.stop();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const lines = setInterval(
    () => {
      if (run.stage === "leaving") return;
      const line = progress.line(run.stage, run.elapsedMs, run.progressed());
      err(isInteractive ? `\r\x1b[K${line}` : `${line}\n`);
    },
    isInteractive ? progressMs.terminal : progressMs.file,
  );
  try {
    return await run.over;
  } finally {
    clearInterval(lines);
    signal.removeEventListener("abort", stop);
    if (isInteractive) err("\r\x1b[K");
  }
}

function report(
  options: SwarmOptions,
  { tally, meters, watch }: Outcome & { watch: ServerWatch },
  terminal: Terminal,
): number {
  const figures = figuresOf(options, tally, meters, watch.figures());
  terminal.out(tableOf(figures, meters, tally.observers));
  for (const warning of warningsOf(figures, meters, options.processes)) terminal.err(`${warning}\n`);
  if (options.json) terminal.out(`${JSON.stringify(figures)}\n`);
  return figures.errors > 0 || figures.stateMismatches > 0 ? 1 : 0;
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
