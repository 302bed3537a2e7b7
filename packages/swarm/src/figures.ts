/**
 * What a run has measured, as the object that `--json` prints.
 *
 * Invariant: the keys are a promise to whoever reads them; new ones come last.
 */
import type { Percentiles } from "./latency.ts";
import type { Meters } from "./meters.ts";
import type { SwarmOptions } from "./options.ts";
import type { ServerFigures } from "./server-watch.ts";

export interface Figures {
  readonly players: number;
  /** Players in the realm at the end of the window. */
  readonly connected: number;
  /** Sessions that ended although the swarm did not want it. */
  readonly sessionsDropped: number;
  /** Failed joins, malformed messages, closes, exceptions. */
  readonly errors: number;
  /** Length of the steady window. */
  readonly seconds: number;
  readonly framesPerSecondPerPlayer: number;
  readonly bytesPerSecondPerPlayer: number;
  /** Entity updates that players received in a second, all players, extrapolated from those that decode. */
  readonly visiblePairUpdatesPerSecond: number;
  readonly stateMismatches: number;
  readonly intentToAckMs: Percentiles;
  readonly frameGapMs: Percentiles;
  readonly updateAgeMs: Percentiles;
  /** Percent of one core, all processes of the swarm together. */
  readonly swarmCpuPercent: number;
  /** What the server says of itself, if it does. */
  readonly server?: ServerFigures;
  /** Between two moments at which an entity was known to be right: of the 30 nearest to a player, and of all it sees. */
  readonly refreshGapMs: { readonly nearest30: Percentiles; readonly all: Percentiles };
  /** Who stopped reading, and how many of them were equal to the zone at the end. */
  readonly stall?: { readonly clients: number; readonly seconds: number; readonly equalAgain: number };
  /** Who sent as fast as it could: intents sent, clients that were told, clients that were closed, and when. */
  readonly flood?: {
    readonly clients: number;
    readonly intents: number;
    readonly told: number;
    readonly closed: number;
    readonly closedAfterMs: number;
  };
}

/** What a share of the swarm has measured beside its meters. Shares add up. */
export interface Tally {
  readonly connected: number;
  /** Players that decode and are measured. */
  readonly observers: number;
  readonly windowMs: number;
  /** Player-milliseconds in the window, of those that are measured. */
  readonly playerMs: number;
  readonly cpuMs: number;
  /** Of those that stalled: how many are equal to the zone. */
  readonly equalAgain: number;
  /** Of those that flood: how many were told so, how many were closed. */
  readonly floodTold: number;
  readonly floodClosed: number;
}

/** All shares together: their windows are one, the longest. */
export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = (name: keyof Tally) => tallies.reduce((total, tally) => total + tally[name], 0);
  return {
    connected: sum("connected"),
    observers: sum("observers"),
    windowMs: Math.max(0, ...tallies.map(({ windowMs }) => windowMs)),
    playerMs: sum("playerMs"),
    cpuMs: sum("cpuMs"),
    equalAgain: sum("equalAgain"),
    floodTold: sum("floodTold"),
    floodClosed: sum("floodClosed"),
  };
}

/** Computes the figures at the end of the window; a window of no length gives zeros. */
export function figuresOf(
  options: SwarmOptions,
  tally: Tally,
  meters: Meters,
  server?: ServerFigures,
): Figures {
  const { windowMs, playerMs } = tally;
  const seconds = windowMs / 1000;
  const playerSeconds = playerMs / 1000;
  const perPlayerSecond = (count: number) => (playerSeconds > 0 ? count / playerSeconds : 0);
  const averagePlayers = windowMs > 0 ? playerMs / windowMs : 0;
  const updatesPerObserver =
    tally.observers > 0 && seconds > 0 ? meters.windowUpdates / tally.observers / seconds : 0;
  const { stall, flooders } = options;
  return {
    players: options.players,
    connected: tally.connected,
    sessionsDropped: meters.dropped,
    errors: meters.errors,
    seconds: round(seconds, 3),
    framesPerSecondPerPlayer: round(perPlayerSecond(meters.windowFrames), 2),
    bytesPerSecondPerPlayer: round(perPlayerSecond(meters.windowBytes), 1),
    visiblePairUpdatesPerSecond: Math.round(updatesPerObserver * averagePlayers),
    stateMismatches: meters.mismatches,
    intentToAckMs: roundAll(meters.intentToAck.percentiles()),
    frameGapMs: roundAll(meters.frameGap.percentiles()),
    updateAgeMs: roundAll(meters.updateAge.percentiles()),
    swarmCpuPercent: windowMs > 0 ? round((tally.cpuMs / windowMs) * 100, 1) : 0,
    ...(server === undefined ? {} : { server }),
    refreshGapMs: {
      nearest30: roundAll(meters.nearestGap.percentiles()),
      all: roundAll(meters.everyGap.percentiles()),
    },
    ...(stall === undefined ? {} : { stall: { ...stall, equalAgain: tally.equalAgain } }),
    ...(flooders === 0 ? {} : { flood: floodOf(flooders, tally, meters) }),
  };
}

function floodOf(clients: number, { floodTold, floodClosed }: Tally, meters: Meters) {
  return {
    clients,
    intents: meters.floodSent,
    told: floodTold,
    closed: floodClosed,
    closedAfterMs: round(meters.floodMs.at(100), 0),
  };
}

/** Percentiles as they are printed. */
export function roundAll({ p50, p90, p99, p999, max }: Percentiles): Percentiles {
  return {
    p50: round(p50, 2),
    p90: round(p90, 2),
    p99: round(p99, 2),
    p999: round(p999, 2),
    max: round(max, 2),
  };
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
