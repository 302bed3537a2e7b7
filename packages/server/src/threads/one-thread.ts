/**
 * A realm in one thread: gateway and zones take turns, batches are handed on in the call that sends them.
 *
 * Invariant: for one core nothing is cheaper: no copies between threads, no switches.
 */
import { createHttpServer } from "../admin/http-server.ts";
import { SameThreadBus } from "../bus/same-thread.ts";
import { originPolicy, ownOrigins } from "../gateway/origin.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { TicketIssuer, TicketVerifier } from "../gateway/tickets.ts";
import { WsTransport } from "../gateway/ws-transport.ts";
import { Health } from "../observe/health.ts";
import { Metrics } from "../observe/metrics.ts";
import { measureLoad } from "../platform/load-meter.ts";
import { ownAddresses } from "../platform/machine.ts";
import { systemClock as clock, systemTimers as timers } from "../platform/system-time.ts";
import { Ticker } from "../platform/ticker.ts";
import type { Store } from "../store/port.ts";
import { GatheredSaves } from "../zone/gathered-saves.ts";
import type { ZoneHost } from "../zone/zone-host.ts";
import { makeGateway, makeZoneHost, type RealmParts } from "./realm-parts.ts";
import { zoneChecks } from "./zone-checks.ts";

/** Epoch of zones in one process: nothing competes for them. */
const epoch = 1;
const gatewayIndex = 0;

export interface OneThreadOptions {
  readonly parts: RealmParts;
  readonly store: Store;
  readonly tickets: TicketVerifier;
  /** Undefined where the operator's own service signs tickets. */
  readonly issuer: TicketIssuer | undefined;
  readonly version: string;
  /** Directory of the page; undefined for none. */
  readonly pageDir: string | undefined;
  readonly onFailure: (error: unknown) => void;
}

export interface OneThread {
  readonly port: number;
  /** Ends every session, within the time. */
  drain(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything and listens. Throws MyriadError when it cannot; the store is the caller's. */
export async function startOneThread(options: OneThreadOptions): Promise<OneThread> {
  const { parts, store, tickets, issuer, version, pageDir, onFailure } = options;
  const { realm, settings, map } = parts;
  const isDevelopment = settings.mode === "development";
  const metrics = new Metrics();
  const bus = new SameThreadBus();
  const gateways = [gatewayIndex];
  const zoneStore = new GatheredSaves(store, timers);
  const hosts = parts.zones.map((_, zone) =>
    makeZoneHost(parts, { zone, epoch, gateways, bus, store: zoneStore, metrics: metrics.game, onFailure }),
  );
  let isOriginAllowed = originPolicy(settings.originAllowList);
  const gateway = makeGateway(parts, {
    index: gatewayIndex,
    version,
    isOriginAllowed: (origin) => isOriginAllowed(origin),
    bus,
    store,
    tickets,
    onFailure,
  });
  metrics.watchGateway(gateway);
  metrics.watchZones(() => hosts);
  const health = new Health({ clock, timers });
  health.add("store", () => store.health());
  health.add("zones", zoneChecks({ gateway }));

  const http = await createHttpServer({
    version,
    isDevelopment,
    realm: { name: realm.name, tickRateHz: settings.tickRateHz, zones: map },
    clock,
    health,
    metrics,
    issuer,
    pageDir,
    isDraining: () => gateway.isDraining,
    onFailure,
  });
  const transport = new WsTransport({
    connectionsPerAddress: settings.limits.connectionsPerAddress,
    isLoopbackFree: isDevelopment,
    accept: (connection) => gateway.accept(connection),
  });
  transport.attach(http.server);

  const ticker = new Ticker({
    clock,
    timers,
    tickRateHz: settings.tickRateHz,
    slots: hosts.length,
    onTick: (zone) => beat({ host: hosts[zone]!, gateway, metrics, dilation: ticker.dilationPercent }),
    onLateness: (ms) => metrics.lateness(ms),
  });
  ticker.start();
  const stopLoad = measureLoad({ timers, onLoad: (busyShare) => gateway.noteLoad(busyShare) });

  const close = async (): Promise<void> => {
    ticker.stop();
    stopLoad();
    gateway.close();
    for (const host of hosts) host.close();
    // Before the HTTP server, which waits for every socket.
    await transport.close();
    await http.close();
    metrics.close();
  };
  let port: number;
  try {
    port = await http.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    await close();
    throw error;
  }
  if (isDevelopment) {
    const own = ownOrigins(settings.host, port, ownAddresses());
    isOriginAllowed = originPolicy([...settings.originAllowList, ...own]);
  }
  const drain = async (timeoutMs: number): Promise<void> => {
    for (const host of hosts) host.drain("server_closing");
    await gateway.drain(timeoutMs);
  };
  return { port, drain, close };
}

/** One beat of a zone: intents in, its tick, frames out to whoever is at home there. */
function beat(parts: { host: ZoneHost; gateway: Gateway; metrics: Metrics; dilation: number }): void {
  const { host, gateway, metrics, dilation } = parts;
  const { zone } = host.core.options;
  gateway.sendIntents(zone);
  const beganMs = clock.nowMs();
  host.tick(dilation);
  metrics.tick(zone, host.phases, host.players);
  const tickedMs = clock.nowMs();
  gateway.flush(zone);
  const flushedMs = clock.nowMs();
  metrics.composed(flushedMs - tickedMs);
  metrics.status.delivered(flushedMs - beganMs);
  metrics.dilation(dilation);
}
