/**
 * Entry of a gateway thread: sockets, HTTP and one gateway. Tick frames come over the bus; each zone's clients are written
 * to in a turn of their own.
 */
import { createHttpServer } from "../admin/http-server.ts";
import { WorkerBus } from "../bus/worker-bus.ts";
import { originPolicy, ownOrigins } from "../gateway/origin.ts";
import type { Peers } from "../gateway/peers.ts";
import { developmentTickets, readPublicKey, TicketVerifier } from "../gateway/tickets.ts";
import { WsTransport } from "../gateway/ws-transport.ts";
import { assert } from "../kernel/assert.ts";
import { Health } from "../observe/health.ts";
import { Metrics } from "../observe/metrics.ts";
import { measureLoad } from "../platform/load-meter.ts";
import { ownAddresses, randomBytes } from "../platform/machine.ts";
import { systemClock as clock, systemTimers as timers } from "../platform/system-time.ts";
import { sqliteStoreOver } from "../store/sqlite/sqlite-store.ts";
import { FlushQueue } from "./flush-queue.ts";
import { IntentSchedule } from "./intent-schedule.ts";
import type { DirectoryOffer, GatewayOffer, GatewayStart } from "./offers.ts";
import { importRealm } from "./realm-module.ts";
import { makeGateway, realmParts } from "./realm-parts.ts";
import type { Offer } from "./rpc.ts";
import { openWorkerPort } from "./worker-port.ts";
import { zoneChecks } from "./zone-checks.ts";

const port = openWorkerPort<GatewayStart, DirectoryOffer>();
const { start, shared, hub, onFailure } = port;
const { settings, thread: index } = start;
const isDevelopment = settings.mode === "development";
const parts = realmParts(await importRealm(start.realmUrl), settings);
const metrics = new Metrics({ isProcess: false });
const store = sqliteStoreOver(start.store, { nowMs: clock.nowMs });
const bus = new WorkerBus(start.bus, index);

const realm = parts.realm.name;
const { ticketKeys } = start;
const key = settings.ticketPublicKey === "" ? undefined : await readPublicKey(settings.ticketPublicKey);
const development =
  ticketKeys === undefined
    ? undefined
    : await developmentTickets({ realm, clock, randomBytes, keys: ticketKeys });
const verifier = key === undefined ? development?.verifier : new TicketVerifier({ key, realm, clock });
assert(verifier !== undefined, "a gateway has a key or keys of development");

const peers: Peers = {
  claim: (nameKey) => hub.call("claim", nameKey),
  release: (nameKey) => hub.tell("release", nameKey),
  fetch: (from) => hub.call("fetch", from),
  pass: (to) => hub.tell("pass", to),
  deliver: (letter) => hub.call("deliver", letter),
};

let isOriginAllowed = originPolicy(settings.originAllowList);
const flushes = new FlushQueue({
  timers,
  flush: (zone) => {
    const startMs = clock.nowMs();
    gateway.flush(zone);
    shared.beat(start.thread);
    metrics.composed(clock.nowMs() - startMs);
  },
});
const gateway = makeGateway(parts, {
  index,
  version: start.version,
  isOriginAllowed: (origin) => isOriginAllowed(origin),
  bus: flushes.over(bus),
  store,
  tickets: verifier,
  peers,
  firstSession: start.firstSession,
  onFailure,
});
metrics.watchGateway(gateway);

const health = new Health({ clock, timers });
health.add("store", () => store.health());
health.add("zones", zoneChecks({ gateway, shared }));

const http = await createHttpServer({
  version: start.version,
  isDevelopment,
  realm: { name: realm, tickRateHz: settings.tickRateHz, zones: parts.map },
  clock,
  health,
  metrics: {
    contentType: metrics.contentType,
    text: () => hub.call("metrics", null),
    status: { read: () => hub.call("status", null) },
  },
  issuer: development?.issuer,
  pageDir: start.pageDir,
  isDraining: () => gateway.isDraining,
  onFailure,
});
const transport = new WsTransport({
  connectionsPerAddress: settings.limits.connectionsPerAddress,
  isLoopbackFree: isDevelopment,
  addresses: {
    enter: (address) => hub.call("enter", address).catch(() => false),
    leave: (address) => hub.tell("leave", address),
  },
  accept: (connection) => gateway.accept(connection),
});
transport.attach(http.server);

const schedule = new IntentSchedule({
  clock,
  timers,
  tickRateHz: settings.tickRateHz,
  zones: parts.zones.length,
  nextTickMs: (zone) => clock.nowMs() + shared.nextTickInMs(zone),
  send: (zone) => gateway.sendIntents(zone),
});
bus.onBell(() => {
  // Work is a sign of life too: the timer for it waits behind whatever came at once.
  shared.beat(start.thread);
  bus.drain();
});
const stopLoad = measureLoad({ timers, onLoad: (busyShare) => gateway.noteLoad(busyShare) });

const offer: GatewayOffer = {
  listen: async (at) => {
    const listening = await http.listen({ ...at, isShared: true });
    if (isDevelopment) {
      const own = ownOrigins(at.host, listening, ownAddresses());
      isOriginAllowed = originPolicy([...settings.originAllowList, ...own]);
    }
    return listening;
  },
  drain: (timeoutMs) => gateway.drain(timeoutMs),
  close: async () => {
    stopLoad();
    schedule.close();
    gateway.close();
    bus.close();
    // Before the HTTP server, which waits for every socket.
    await transport.close();
    await http.close();
    metrics.close();
    start.store.close();
    port.close();
  },
  evict: (nameKey) => gateway.elsewhere.evict(nameKey),
  handOut: ({ key: given, toGateway }) => gateway.elsewhere.handOut(given, toGateway),
  takeLate: ({ session, word }) => gateway.elsewhere.takeLate(session, word),
  takeLetter: (letter) => gateway.elsewhere.takeLetter(letter),
  zoneDown: (zone) => gateway.recovery.zoneDown(zone),
  zoneRestored: ({ zone, lostMs }) => gateway.recovery.zoneRestored(zone, lostMs),
  measure: async () => ({
    metrics: await metrics.registry.getMetricsAsJSON(),
    status: metrics.status.read(),
  }),
};
port.serve(offer as unknown as Offer);
