/**
 * The parts of a realm out of a game and its settings: the same zones and gateways whether they share a thread or not.
 *
 * Invariant: nothing here decides; every rule is in the part it belongs to.
 */
import { type Level, levelsOf, type ZoneInfo } from "@myriad/protocol";
import { realmTag } from "../bus/header.ts";
import type { Bus } from "../bus/port.ts";
import type { GatewayOptions } from "../gateway/gateway-options.ts";
import { Gateway } from "../gateway/gateway.ts";
import type { GameMetrics } from "../observe/game-metrics.ts";
import { deflate } from "../platform/deflate.ts";
import { randomBytes } from "../platform/machine.ts";
import { systemClock as clock, systemTimers as timers } from "../platform/system-time.ts";
import type { Realm, ZoneDefinition } from "../zone/definitions.ts";
import type { ZoneStore } from "../zone/gathered-saves.ts";
import { checkedZones, compile, type Program } from "../zone/program.ts";
import { ZoneHost } from "../zone/zone-host.ts";
import type { RealmSettings } from "./settings.ts";

/** Metres around a zone from which its neighbours see and act: one attack and notice range. */
const borderDepthM = 64;
/** Metres an entity may stand outside its region before it belongs to another. */
const regionHysteresisM = 2;

export interface RealmParts {
  readonly realm: Realm;
  readonly settings: RealmSettings;
  readonly program: Program;
  readonly zones: readonly ZoneDefinition[];
  readonly levels: readonly Level[];
  /** The map, as anybody may know it. */
  readonly map: readonly ZoneInfo[];
}

/** Checks a game and lays out its map. Throws MyriadError when something is wrong with it. */
export function realmParts(realm: Realm, settings: RealmSettings): RealmParts {
  const zones = checkedZones(realm, settings.zones);
  return {
    realm,
    settings,
    program: compile(realm),
    zones,
    levels: levelsOf(settings.replication.channels, settings.tickRateHz),
    map: zones.map(({ name, bounds }, zone) => ({ zone, name, bounds })),
  };
}

/** Makes one zone with its shell. */
export function makeZoneHost(
  parts: RealmParts,
  given: {
    zone: number;
    epoch: number;
    gateways: readonly number[];
    bus: Bus;
    store: ZoneStore;
    metrics: GameMetrics;
    onFailure: (error: unknown) => void;
  },
): ZoneHost {
  const { realm, settings, program, zones, levels } = parts;
  const { onFailure, ...rest } = given;
  return new ZoneHost({
    ...rest,
    zones,
    program,
    realmTag: realmTag(realm.name),
    tickRateHz: settings.tickRateHz,
    levels,
    regionSizeM: settings.replication.regionSizeM,
    regionHysteresisM,
    crowds: settings.replication,
    borderDepthM,
    saveEveryMs: settings.saveEveryMs,
    seed: settings.seed,
    report: ({ module, what, error }) => onFailure(new Error(`${module}: ${what} failed`, { cause: error })),
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    delay: (ms) => new Promise((resolve) => timers.after(ms, () => resolve())),
    deflate,
  });
}

/** Makes one gateway. */
export function makeGateway(
  parts: RealmParts,
  given: Pick<
    GatewayOptions,
    "index" | "version" | "isOriginAllowed" | "bus" | "store" | "tickets" | "onFailure"
  > &
    Partial<Pick<GatewayOptions, "peers" | "firstSession">>,
): Gateway {
  const { realm, settings, zones, levels, map } = parts;
  return new Gateway({
    ...given,
    realm: realm.name,
    schema: realm.schema,
    tickRateHz: settings.tickRateHz,
    regionSizeM: settings.replication.regionSizeM,
    levels,
    hysteresisPercent: settings.replication.hysteresisPercent,
    viewStepM: settings.replication.viewStepM,
    clientBudgetKbitPerSecond: settings.replication.clientBudgetKbitPerSecond,
    zones: map,
    capacity: settings.capacity,
    limits: settings.limits,
    newCharacter: () => ({
      zone: realm.spawnPoint(zones, 0).zone,
      schemaVersion: realm.characterSchemaVersion,
      state: new Uint8Array(0),
    }),
    clock,
    timers,
    randomBytes,
  });
}
