/**
 * The parts list: reads the configuration once, builds each part in the order of what it needs, and wires them.
 *
 * Invariant: nothing else in the project knows all the parts. Nothing here decides; every rule is in the part it belongs to.
 */
import { fileURLToPath } from "node:url";
import { levelsOf } from "@myriad/protocol";
import { createHttpServer } from "./admin/http-server.ts";
import { realmTag } from "./bus/header.ts";
import { SameThreadBus } from "./bus/same-thread.ts";
import { type Config, loadConfig, ticketKeyOf } from "./config.ts";
import { Gateway } from "./gateway/gateway.ts";
import { originPolicy, ownOrigins } from "./gateway/origin.ts";
import { developmentTickets, TicketVerifier } from "./gateway/tickets.ts";
import { WsTransport } from "./gateway/ws-transport.ts";
import { isMyriadError } from "./kernel/errors.ts";
import { Health } from "./observe/health.ts";
import { Metrics } from "./observe/metrics.ts";
import {
  exitProcess,
  onTermination,
  ownAddresses,
  randomBytes,
  readEnvironment,
  workingDirectory,
  writeLine,
} from "./platform/machine.ts";
import { systemClock, systemTimers } from "./platform/system-time.ts";
import { Ticker } from "./platform/ticker.ts";
import { createSqliteStore } from "./store/sqlite/sqlite-store.ts";
import type { Realm } from "./zone/definitions.ts";
import { checkedZones, compile } from "./zone/program.ts";
import { ZoneHost } from "./zone/zone-host.ts";

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

/** A realm that runs. */
export interface RunningRealm {
  readonly port: number;
  readonly url: string;
  /** Tells players, saves characters, ends everything. The second call waits for the first. */
  stop(): Promise<void>;
}

/** Metres around a zone from which its neighbours see and act: one attack and notice range. */
const borderDepthM = 64;
/** Metres an entity may stand outside its region before it belongs to another. */
const regionHysteresisM = 2;
/** Milliseconds a drain may take: the whole stop is to be done in 5 s. */
const drainMsMax = 3500;
/** Epoch of zones in one process: nothing competes for them. */
const epoch = 1;
const gatewayIndex = 0;

/** Starts a realm in this process. Throws MyriadError when it cannot. */
export async function startRealm(realm: Realm, options: ServeOptions = {}): Promise<RunningRealm> {
  const directory = options.directory ?? workingDirectory();
  const config = await loadConfig({ directory, environment: options.environment ?? readEnvironment() });
  const program = compile(realm);
  const zones = checkedZones(realm, config.zones);
  const clock = systemClock;
  const timers = systemTimers;
  const metrics = new Metrics();
  const health = new Health({ clock, timers });
  const isDevelopment = config.mode === "development";
  const onFailure = (error: unknown) => writeLine(`myriad: ${describeFailure(error)}`);

  const store = await createSqliteStore({
    dataDir: config.dataDir,
    realmId: realm.name,
    nowMs: () => clock.nowMs(),
  });
  const key = await ticketKeyOf(config);
  const development = isDevelopment
    ? await developmentTickets({ realm: realm.name, clock, randomBytes })
    : undefined;
  const verifier =
    key === undefined ? development!.verifier : new TicketVerifier({ key, realm: realm.name, clock });

  const bus = new SameThreadBus();
  const levels = levelsOf(config.replication.channels, config.tickRateHz);
  const hosts = zones.map(
    (_, zone) =>
      new ZoneHost({
        zone,
        zones,
        program,
        realmTag: realmTag(realm.name),
        epoch,
        tickRateHz: config.tickRateHz,
        levels,
        regionSizeM: config.replication.regionSizeM,
        regionHysteresisM,
        borderDepthM,
        saveEveryMs: config.saveEveryMs,
        seed: config.seed,
        metrics: metrics.game,
        report: ({ module, what, error }) =>
          onFailure(new Error(`${module}: ${what} failed`, { cause: error })),
        bus,
        store,
        gateways: [gatewayIndex],
        nowMs: () => clock.nowMs(),
        wallMs: () => clock.wallMs(),
        delay: (ms) => new Promise((resolve) => timers.after(ms, () => resolve())),
      }),
  );

  let isOriginAllowed = originPolicy(config.originAllowList);
  const gateway = new Gateway({
    index: gatewayIndex,
    realm: realm.name,
    version: serverVersion,
    schema: realm.schema,
    tickRateHz: config.tickRateHz,
    regionSizeM: config.replication.regionSizeM,
    levels,
    hysteresisPercent: config.replication.hysteresisPercent,
    viewStepM: config.replication.viewStepM,
    zones: zones.map(({ name, bounds }, zone) => ({ zone, name, bounds })),
    capacity: config.capacity,
    limits: config.limits,
    isOriginAllowed: (origin) => isOriginAllowed(origin),
    newCharacter: () => ({
      zone: realm.spawnPoint(zones, 0).zone,
      schemaVersion: realm.characterSchemaVersion,
      state: new Uint8Array(0),
    }),
    bus,
    store,
    tickets: verifier,
    clock,
    timers,
    randomBytes,
    onFailure,
  });
  metrics.watchGateway(gateway);
  metrics.watchZones(hosts);
  addChecks(health, { store, gateway });

  const http = await createHttpServer({
    version: serverVersion,
    isDevelopment,
    clock,
    health,
    metrics,
    issuer: development?.issuer,
    pageDir: options.pageDir === undefined ? undefined : fileURLToPath(options.pageDir),
    isDraining: () => gateway.isDraining,
    onFailure,
  });
  const transport = new WsTransport({
    connectionsPerAddress: config.limits.connectionsPerAddress,
    isLoopbackFree: isDevelopment,
    accept: (connection) => gateway.accept(connection),
  });
  transport.attach(http.server);

  const ticker = new Ticker({
    clock,
    timers,
    tickRateHz: config.tickRateHz,
    onTick: () => beat({ hosts, gateway, metrics, ticker, nowMs: () => clock.nowMs() }),
    onLateness: (ms) => metrics.lateness(ms),
  });
  ticker.start();

  const close = async (): Promise<void> => {
    ticker.stop();
    gateway.close();
    for (const host of hosts) host.close();
    // Before the HTTP server, which waits for every socket.
    await transport.close();
    await http.close();
    await store.close();
    metrics.close();
  };
  let port: number;
  try {
    port = await http.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw error;
  }
  if (isDevelopment) {
    const own = ownOrigins(config.host, port, ownAddresses());
    isOriginAllowed = originPolicy([...config.originAllowList, ...own]);
  }
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= gateway.drain(drainMsMax).then(close);
    return stopping;
  };
  return { port, url: urlOf(config, port), stop };
}

/** Starts a realm, says so on standard output, and stops it on SIGINT or SIGTERM. A MyriadError is one line and exit code 2. */
export async function serve(realm: Realm, options: ServeOptions = {}): Promise<void> {
  let running: RunningRealm;
  try {
    running = await startRealm(realm, options);
  } catch (error) {
    if (!isMyriadError(error)) throw error;
    writeLine(`myriad: ${error.message}. ${error.help}`);
    exitProcess(2);
    return;
  }
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

/** One beat of the process: intents in, every zone's tick, frames out. */
function beat(parts: {
  hosts: readonly ZoneHost[];
  gateway: Gateway;
  metrics: Metrics;
  ticker: Ticker;
  nowMs: () => number;
}): void {
  const { hosts, gateway, metrics, ticker, nowMs } = parts;
  const dilation = ticker.dilationPercent;
  gateway.sendIntents();
  for (const host of hosts) {
    host.tick(dilation);
    metrics.tick(host.core.options.zone, host.phases, host.players);
  }
  const startMs = nowMs();
  gateway.flush();
  metrics.composed(nowMs() - startMs);
  metrics.dilation(dilation);
}

function addChecks(
  health: Health,
  parts: { store: Awaited<ReturnType<typeof createSqliteStore>>; gateway: Gateway },
): void {
  health.add("store", () => parts.store.health());
  health.add("zones", () => {
    const silent = parts.gateway.zoneSilence().filter((zone) => zone.isSilent);
    const detail = `silent: ${silent.map(({ zone }) => zone).join(", ")}`;
    return silent.length === 0 ? { ok: true } : { ok: false, detail };
  });
}

function urlOf(config: Config, port: number): string {
  const host = config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.stack ?? error.cause.message}` : "";
  return `${error.message}${cause}`;
}
