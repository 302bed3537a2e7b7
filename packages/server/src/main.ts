/**
 * Starts a realm: reads the configuration once, opens the store, and lets the realm run in one thread or in several.
 *
 * Invariant: nothing here decides about a game; which thread does what is in threads/.
 */
import { fileURLToPath } from "node:url";
import { type Config, loadConfig, ticketKeyOf } from "./config.ts";
import { developmentKeys, developmentTickets, TicketVerifier } from "./gateway/tickets.ts";
import { isMyriadError, MyriadError } from "./kernel/errors.ts";
import {
  availableCores,
  exitProcess,
  isPortFree,
  onTermination,
  randomBytes,
  readEnvironment,
  workingDirectory,
  writeLine,
} from "./platform/machine.ts";
import { systemClock as clock, systemTimers as timers } from "./platform/system-time.ts";
import { createSqliteStore, type SqliteStore } from "./store/sqlite/sqlite-store.ts";
import { startOneThread } from "./threads/one-thread.ts";
import { importRealm } from "./threads/realm-module.ts";
import { type RealmParts, realmParts } from "./threads/realm-parts.ts";
import { RealmThreads } from "./threads/realm-threads.ts";
import { type ThreadCounts, threadCounts } from "./threads/thread-counts.ts";
import { describeFailure } from "./threads/worker-port.ts";
import type { Realm } from "./zone/definitions.ts";

/** Version of the server, said in every answer. */
export const serverVersion = "0.1.0";

export interface ServeOptions {
  /** Directory of the page; a file URL. Without one only the interfaces are served. */
  readonly pageDir?: URL;
  /** Where `myriad.config.ts` is looked for. @default the working directory */
  readonly directory?: string;
  /** @default the process's environment */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Threads of a realm that runs in several. */
export interface ThreadsControl {
  readonly gateways: number;
  readonly workers: number;
  /** Zone worker of each zone, from 0; −1 for a zone that is being brought back. */
  places(): readonly number[];
  /**
   * Moves a zone to another worker while it runs.
   * @returns Whether it is there now; false when it could not be moved in time and stayed.
   */
  moveZone(zone: number, worker: number): Promise<boolean>;
}

/** A realm that runs. */
export interface RunningRealm {
  readonly port: number;
  readonly url: string;
  /** Undefined where everything runs in one thread. */
  readonly threads: ThreadsControl | undefined;
  /** Tells players, saves characters, ends everything. The second call waits for the first. */
  stop(): Promise<void>;
}

/** Milliseconds a drain may take: the whole stop is to be done in 5 s. */
const drainMsMax = 3500;

/** What runs behind the interfaces, however many threads it takes. */
interface Running {
  readonly port: number;
  readonly threads: ThreadsControl | undefined;
  drain(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a realm in this process. Throws MyriadError when it cannot.
 * @param game A realm, or the URL of the module that exports it as `realm`: only that one can run in several threads,
 * because each of them has to import it.
 */
export async function startRealm(game: Realm | URL, options: ServeOptions = {}): Promise<RunningRealm> {
  const directory = options.directory ?? workingDirectory();
  const config = await loadConfig({ directory, environment: options.environment ?? readEnvironment() });
  const realm = game instanceof URL ? await importRealm(game.href) : game;
  const parts = realmParts(realm, config);
  const counts = threadsFor(config, { parts, isModule: game instanceof URL });
  const store = await createSqliteStore({
    dataDir: config.dataDir,
    realmId: realm.name,
    nowMs: () => clock.nowMs(),
  });
  let running: Running;
  try {
    const start = { parts, config, store, options };
    running =
      counts === undefined || !(game instanceof URL)
        ? await startSingle(start)
        : await startThreads({ ...start, counts, realmUrl: game.href });
  } catch (error) {
    await store.close();
    throw error;
  }
  const { port, threads } = running;
  const end = async (): Promise<void> => {
    await running.drain(drainMsMax);
    await running.close();
    await store.close();
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= end();
    return stopping;
  };
  return { port, url: urlOf(config, port), threads, stop };
}

/**
 * Starts a realm, says so on standard output, and stops it on SIGINT or SIGTERM. A MyriadError is one line and exit code 2.
 * @param game As for `startRealm`.
 */
export async function serve(game: Realm | URL, options: ServeOptions = {}): Promise<void> {
  let running: RunningRealm;
  try {
    running = await startRealm(game, options);
  } catch (error) {
    if (!isMyriadError(error)) throw error;
    writeLine(`myriad: ${error.message}. ${error.help}`);
    exitProcess(2);
    return;
  }
  const { threads } = running;
  if (threads !== undefined)
    writeLine(`myriad threads: ${threads.gateways} for gateways, ${threads.workers} for zones`);
  writeLine(`myriad ready ${running.url}`);
  onTermination((signal) => {
    writeLine(`myriad draining (${signal})`);
    void endWith(running);
  });
}

async function endWith(running: RunningRealm): Promise<void> {
  await running.stop();
  writeLine("myriad stopped");
  exitProcess(0);
}

/** How many threads; undefined for one. Throws MyriadError `threads_need_module`. */
function threadsFor(
  config: Config,
  { parts, isModule }: { parts: RealmParts; isModule: boolean },
): ThreadCounts | undefined {
  const counts = threadCounts(config.threads, { cores: availableCores(), zones: parts.zones.length });
  if (counts === undefined || isModule) return counts;
  if (config.threads === "auto") return undefined;
  throw new MyriadError("threads_need_module", "serve() was given the realm itself");
}

interface Start {
  readonly parts: RealmParts;
  readonly config: Config;
  readonly store: SqliteStore;
  readonly options: ServeOptions;
}

async function startSingle({ parts, config, store, options }: Start): Promise<Running> {
  const realm = parts.realm.name;
  const key = await ticketKeyOf(config);
  const development =
    config.mode === "development" ? await developmentTickets({ realm, clock, randomBytes }) : undefined;
  const tickets = key === undefined ? development!.verifier : new TicketVerifier({ key, realm, clock });
  const { port, drain, close } = await startOneThread({
    parts,
    store,
    tickets,
    issuer: development?.issuer,
    version: serverVersion,
    pageDir: pageDirOf(options),
    onFailure: logFailure,
  });
  return { port, drain, close, threads: undefined };
}

async function startThreads({
  parts,
  config,
  store,
  options,
  counts,
  realmUrl,
}: Start & { counts: ThreadCounts; realmUrl: string }): Promise<Running> {
  // Its error before anything starts: gateways would only end with it.
  await ticketKeyOf(config);
  // Threads that share a port would also share it with another server.
  if (!(await isPortFree(config))) throw new MyriadError("port_in_use", `${config.host}:${config.port}`);
  const threads = new RealmThreads({
    counts,
    settings: config,
    realmUrl,
    store,
    version: serverVersion,
    pageDir: pageDirOf(options),
    ticketKeys: config.mode === "development" ? await developmentKeys() : undefined,
    zones: parts.zones.length,
    clock,
    timers,
    say: (line) => writeLine(`myriad: ${line}`),
  });
  let port: number;
  try {
    port = await threads.start({ host: config.host, port: config.port });
  } catch (error) {
    await threads.close();
    throw error;
  }
  const control: ThreadsControl = {
    ...counts,
    places: () => threads.places,
    moveZone: (zone, worker) => threads.moveZone(zone, worker),
  };
  return { port, threads: control, drain: (ms) => threads.drain(ms), close: () => threads.close() };
}

function pageDirOf({ pageDir }: ServeOptions): string | undefined {
  return pageDir === undefined ? undefined : fileURLToPath(pageDir);
}

function urlOf(config: Config, port: number): string {
  const host = config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function logFailure(error: unknown): void {
  writeLine(`myriad: ${describeFailure(error)}`);
}
