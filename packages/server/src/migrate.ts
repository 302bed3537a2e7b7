/**
 * The command `migrate`, up or down: brings the tables of a stopped realm to this program's, or back to an older one's.
 *
 * Owns: reading the arguments, the progress bar, the words. What a step does is the store's.
 * Invariant: nothing is changed by `--dry-run`, by a wrong argument, or while a server holds the data directory.
 */
import { parseArgs } from "node:util";
import { loadConfig } from "./config.ts";
import { MyriadError } from "./kernel/errors.ts";
import { readEnvironment, workingDirectory } from "./platform/machine.ts";
import type { MigrationProgress, Step, Target } from "./store/migration.ts";
import { migrateRealm, realmsOf } from "./store/postgres/open.ts";
import { lockDirectory } from "./store/sqlite/directory.ts";
import { migrateDatabase } from "./store/sqlite/open.ts";

/** Where the command says what it does, and who it is. */
export interface MigrateOutput {
  /** Told to a server that finds the data directory in use. */
  readonly processId: number;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a line may be drawn over. */
  readonly isInteractive: boolean;
}

const usage = `usage: npm run migrate -- up|down [--to N] [--dry-run] [--data DIR | --database URL [--realm NAME]]
  up            to this program's tables, or to step N
  down          one step back, or to step N; what only the newer tables hold is lost, but for the copy
  --dry-run     says what would be done
  --data DIR    the data directory; the configured one unless said otherwise
  --database    postgresql://user:password@host:port/database
  --realm NAME  which of the database's realms; needed when it has several
The server must be stopped. Before each step a copy is made: a file in the data directory, a schema in the database.
`;

/** Cells of the progress bar: as wide as fits beside the words on a line of 80. */
const barCells = 20;

/** Runs the command. Returns the exit code: 0, 1 when it failed, 2 for arguments that are wrong. */
export async function main(args: readonly string[], output: MigrateOutput): Promise<number> {
  const request = parse(args);
  if (typeof request === "string") {
    output.err(`${request}\n${usage}`);
    return 2;
  }
  try {
    await run(request, output);
    return 0;
  } catch (error) {
    if (!(error instanceof MyriadError)) throw error;
    output.err(`${error.code}: ${error.message}. ${error.help}\n`);
    return 1;
  }
}

interface Request {
  readonly target: Target;
  readonly isDryRun: boolean;
  readonly dataDir: string | undefined;
  readonly url: string | undefined;
  readonly realm: string | undefined;
}

async function run(request: Request, output: MigrateOutput): Promise<void> {
  const { target, isDryRun, url } = request;
  const shown = { target, isDryRun, progress: progressOver(output) };
  const steps =
    url === undefined
      ? await migrateFile(request, shown, output.processId)
      : await migrateRealm({ url, realmId: await realmOf(url, request.realm), ...shown });
  if (steps.length === 0) {
    output.out("nothing to do: the data is there already\n");
    return;
  }
  const did = isDryRun ? "would be done" : "done";
  for (const { direction, migration } of steps)
    output.out(`${did}: ${direction} ${migration.number}, ${migration.name}\n`);
}

async function migrateFile(
  { dataDir }: Request,
  shown: { target: Target; isDryRun: boolean; progress: MigrationProgress },
  processId: number,
): Promise<Step[]> {
  const directory = dataDir ?? (await configuredDirectory());
  const lock = lockDirectory(directory, processId);
  try {
    return migrateDatabase({ dataDir: directory, ...shown });
  } finally {
    lock.release();
  }
}

async function configuredDirectory(): Promise<string> {
  const config = await loadConfig({ directory: workingDirectory(), environment: readEnvironment() });
  return config.dataDir;
}

/** The realm that is meant: the named one, or the only one there is. */
async function realmOf(url: string, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const realms = await realmsOf(url);
  const [only] = realms;
  if (only !== undefined && realms.length === 1) return only;
  const found =
    realms.length === 0 ? "it holds no realm" : `it holds ${realms.join(", ")}: name one with --realm`;
  throw new MyriadError("database_unusable", found);
}

/** Draws a bar that grows with every copy and every step that is done. */
function progressOver({ err, isInteractive }: MigrateOutput): MigrationProgress {
  const draw = ({ steps, step, isCopied }: Drawn, words: string): void => {
    const filled = Math.floor((barCells * (2 * (step - 1) + (isCopied ? 1 : 0))) / (2 * steps));
    const bar = `[${"#".repeat(filled)}${"-".repeat(barCells - filled)}] ${step}/${steps} ${words}`;
    err(isInteractive ? `\r\x1b[K${bar}` : `${bar}\n`);
  };
  return {
    onCopy: (step, position) => draw({ ...position, isCopied: false }, `copying schema ${step.from}`),
    onStep: (step, position, copy) => {
      if (copy !== "") err(`${isInteractive ? "\r\x1b[K" : ""}copy: ${copy}\n`);
      draw({ ...position, isCopied: true }, `${step.direction} ${step.migration.number}`);
    },
    onDone: () => {
      if (isInteractive) err("\r\x1b[K");
    },
  };
}

/** The request, or what is wrong with the arguments in one sentence. */
function parse(args: readonly string[]): Request | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        to: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        data: { type: "string" },
        database: { type: "string" },
        realm: { type: "string" },
      },
    });
    const [direction] = positionals;
    if (positionals.length !== 1 || (direction !== "up" && direction !== "down")) return "Say up or down.";
    if (values.data !== undefined && values.database !== undefined)
      return "Say --data or --database, not both.";
    if (values.realm !== undefined && values.database === undefined)
      return "--realm goes with --database: a data directory holds one realm.";
    const to = values.to === undefined ? undefined : Number(values.to);
    if (to !== undefined && !(Number.isInteger(to) && to >= 0)) return "--to is a step's number.";
    return {
      target: { direction, to },
      isDryRun: values["dry-run"],
      dataDir: values.data,
      url: values.database,
      realm: values.realm,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Drawn {
  readonly step: number;
  readonly steps: number;
  readonly isCopied: boolean;
}
