/**
 * What a run has measured, as the object that `--json` prints.
 *
 * Invariant: the keys are a promise to whoever reads them; new ones come last.
 */
import type { Percentiles } from "./latency.ts";
import type { Meters } from "./meters.ts";

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
  /** Percent of one core. */
  readonly swarmCpuPercent: number;
}

/** Computes the figures at the end of the window; a window of no length gives zeros. */
export function figuresOf(run: {
  players: number;
  connected: number;
  observers: number;
  windowMs: number;
  /** Player-milliseconds in the window. */
  playerMs: number;
  cpuMs: number;
  meters: Meters;
}): Figures {
  const { meters, windowMs, playerMs } = run;
  const seconds = windowMs / 1000;
  const playerSeconds = playerMs / 1000;
  const perPlayerSecond = (count: number) => (playerSeconds > 0 ? count / playerSeconds : 0);
  const averagePlayers = windowMs > 0 ? playerMs / windowMs : 0;
  const updatesPerObserver =
    run.observers > 0 && seconds > 0 ? meters.windowUpdates / run.observers / seconds : 0;
  return {
    players: run.players,
    connected: run.connected,
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
    swarmCpuPercent: windowMs > 0 ? round((run.cpuMs / windowMs) * 100, 1) : 0,
  };
}

function roundAll({ p50, p90, p99, p999, max }: Percentiles): Percentiles {
  return {
    p50: round(p50, 2),
    p90: round(p90, 2),
    p99: round(p99, 2),
    p999: round(p999, 2),
    max: round(max, 2),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
