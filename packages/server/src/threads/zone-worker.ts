/**
 * Entry of a zone worker: imports the game, makes the thread's parts, does what the main thread asks.
 */
import { WorkerBus } from "../bus/worker-bus.ts";
import { Metrics } from "../observe/metrics.ts";
import { measureLoad } from "../platform/load-meter.ts";
import { systemClock as clock, systemTimers as timers } from "../platform/system-time.ts";
import { sqliteStoreOver } from "../store/sqlite/sqlite-store.ts";
import { GatheredSaves } from "../zone/gathered-saves.ts";
import type { Offer } from "./rpc.ts";
import type { SupervisorOffer, ThreadStart, ZoneOffer } from "./offers.ts";
import { importRealm } from "./realm-module.ts";
import { makeZoneHost, realmParts } from "./realm-parts.ts";
import { openWorkerPort } from "./worker-port.ts";
import { ZoneThread } from "./zone-thread.ts";

const port = openWorkerPort<ThreadStart, SupervisorOffer>();
const { start, shared, hub, onFailure } = port;
const parts = realmParts(await importRealm(start.realmUrl), start.settings);
const metrics = new Metrics({ isProcess: false });
const bus = new WorkerBus(start.bus, start.thread);
const store = new GatheredSaves(sqliteStoreOver(start.store, { nowMs: clock.nowMs }), timers);
const gateways = Array.from({ length: start.bus.gateways }, (_, index) => index);

const thread = new ZoneThread({
  bus,
  shared,
  tickRateHz: start.settings.tickRateHz,
  clock,
  timers,
  metrics,
  makeHost: (zone, epoch) =>
    makeZoneHost(parts, { zone, epoch, gateways, bus, store, metrics: metrics.game, onFailure }),
  onCheckpoint: (checkpoint) => hub.tell("checkpoint", checkpoint, [checkpoint.state.buffer]),
  onZoneEnded: (zone, epoch, error) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    hub.tell("zoneEnded", { zone, epoch, what });
  },
});
metrics.watchZones(() => thread.hosts);
const stopLoad = measureLoad({
  timers,
  onLoad: (busyShare) => hub.tell("load", { busyShare, zones: thread.takeCosts() }),
});

const offer: ZoneOffer = {
  await: (zone) => bus.await(zone),
  notComing: (zone) => bus.deliverAwaited(zone),
  host: (zone) => thread.host(zone),
  release: (zone) => thread.release(zone),
  measure: async () => ({
    metrics: await metrics.registry.getMetricsAsJSON(),
    status: metrics.status.read(),
  }),
  close: () => {
    stopLoad();
    thread.close();
    metrics.close();
    start.store.close();
    port.close();
  },
};
port.serve(offer as unknown as Offer);
