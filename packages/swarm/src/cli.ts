/**
 * The command: options in, progress on stderr, the table (and with `--json` one object) on stdout, an exit code out.
 *
 * Owns the one real timer. Exit codes: 0 all went well, 1 an error or a mismatch occurred, 2 the options are invalid.
 */
import { HttpClient } from "./http-client.ts";
import { progressMs, wheelStepMs } from "./limits.ts";
import { help, parseOptions, type SwarmOptions } from "./options.ts";
import { Progress, tableOf, warningsOf } from "./report.ts";
import { Swarm } from "./swarm.ts";
import { WsTransport } from "./ws-transport.ts";

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
      terminal.out(help);
      return 0;
    case "invalid":
      terminal.err(`swarm: ${parsed.message}\n`);
      return 2;
    case "run":
      return runSwarm(parsed.options, terminal);
  }
}

async function runSwarm(options: SwarmOptions, terminal: Terminal): Promise<number> {
  const http = new HttpClient(options.url);
  try {
    await http.probe();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    terminal.err(`swarm: no server answers at ${options.url} (${why}); npm start runs one\n`);
    return 1;
  }
  const swarm = new Swarm(options, {
    nowMs: () => performance.now(),
    wallMs: Date.now,
    cpuMs,
    transport: new WsTransport(options.url),
    tickets: http,
  });
  await untilDone(swarm, terminal);
  http.close();
  return report(swarm, terminal);
}

/** Drives the swarm until all players have left. */
function untilDone(swarm: Swarm, terminal: Terminal): Promise<void> {
  const progress = new Progress(swarm);
  const everyMs = terminal.isInteractive ? progressMs.terminal : progressMs.file;
  return new Promise((resolve) => {
    const stop = () => swarm.stop(performance.now());
    const lines = setInterval(() => {
      if (swarm.stage === "leaving") return;
      const line = progress.line(performance.now());
      terminal.err(terminal.isInteractive ? `\r\x1b[K${line}` : `${line}\n`);
    }, everyMs);
    const steps = setInterval(() => {
      if (terminal.signal.aborted) stop();
      swarm.advance(performance.now());
      if (swarm.stage !== "done") return;
      clearInterval(steps);
      clearInterval(lines);
      if (terminal.isInteractive) terminal.err("\r\x1b[K");
      resolve();
    }, wheelStepMs);
  });
}

function report(swarm: Swarm, terminal: Terminal): number {
  const { figures, meters, play, options } = swarm;
  if (figures === undefined) return 1;
  terminal.out(tableOf(figures, meters, play.observers.size));
  for (const warning of warningsOf(figures, meters)) terminal.err(`${warning}\n`);
  if (options.json) terminal.out(`${JSON.stringify(figures)}\n`);
  return figures.errors > 0 || figures.stateMismatches > 0 ? 1 : 0;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
