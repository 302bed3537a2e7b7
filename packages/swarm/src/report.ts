/**
 * The words of a run: the progress line while it goes on, the table at its end, the warnings.
 *
 * Owns no numbers: figures and meters have them.
 */
import type { Figures } from "./figures.ts";
import type { Percentiles } from "./latency.ts";
import { cpuPercentWarn, lagMsWarn } from "./limits.ts";
import type { Meters } from "./meters.ts";

/** How far a run is, since its start; shares of it add up. */
export interface Progressed {
  readonly playing: number;
  readonly playerMs: number;
  readonly frames: number;
  readonly bytes: number;
  readonly errors: number;
  readonly mismatches: number;
  /** Milliseconds from intent to acknowledgement of late; zeros when nobody was acknowledged. */
  readonly ackMs: { readonly p50: number; readonly p99: number };
}

/** Makes one progress line after the other; each tells what happened since the one before. */
export class Progress {
  readonly #players: number;
  #before: Progressed | undefined;

  constructor(players: number) {
    this.#players = players;
  }

  line(stage: string, elapsedMs: number, now: Progressed): string {
    const before = this.#before;
    const playerSeconds = (now.playerMs - (before?.playerMs ?? 0)) / 1000;
    const perPlayer = (amount: number) => (playerSeconds > 0 ? amount / playerSeconds : 0);
    const frames = perPlayer(now.frames - (before?.frames ?? 0));
    const kilobytes = perPlayer(now.bytes - (before?.bytes ?? 0)) / 1000;
    this.#before = now;
    return [
      `${(elapsedMs / 1000).toFixed(0).padStart(4)} s ${stage.padEnd(9)}`,
      `${now.playing}/${this.#players} players`,
      `${frames.toFixed(1)} frames/s`,
      `${kilobytes.toFixed(1)} KB/s each`,
      `ack p50 ${now.ackMs.p50.toFixed(0)} p99 ${now.ackMs.p99.toFixed(0)} ms`,
      `${now.errors} errors`,
      `${now.mismatches} mismatches`,
    ].join("  ");
  }
}

/** The table at the end, with what went wrong below it. Ends with a newline. */
export function tableOf(figures: Figures, meters: Meters, observers: number): string {
  const rows = [
    row(
      "players",
      `${figures.connected} of ${figures.players}, measured for ${figures.seconds.toFixed(1)} s`,
    ),
    row("frames", `${figures.framesPerSecondPerPlayer.toFixed(1)} /s per player`),
    row("received", `${(figures.bytesPerSecondPerPlayer / 1000).toFixed(2)} KB/s per player`),
    row(
      "updates",
      `${count(figures.visiblePairUpdatesPerSecond)} visible pairs/s, from ${observers} that decode`,
    ),
    row("digests", `${count(meters.digests)} compared, ${figures.stateMismatches} mismatches`),
    row("sessions", `${figures.sessionsDropped} dropped, ${meters.resumed} resumed`),
    row("errors", String(figures.errors)),
    row("swarm", `${figures.swarmCpuPercent.toFixed(0)} % of a core, timers late by ${lag(meters)} ms (p99)`),
    ...serverRows(figures),
    ...sceneRows(figures),
    "",
    `${"milliseconds".padEnd(14)}${["p50", "p90", "p99", "p99.9", "max"].map((name) => name.padStart(9)).join("")}`,
    times("intent → ack", figures.intentToAckMs),
    times("frame gap", figures.frameGapMs),
    times("update age", figures.updateAgeMs),
    times("refresh, near", figures.refreshGapMs.nearest30),
    times("refresh, all", figures.refreshGapMs.all),
    ...(figures.server === undefined
      ? []
      : [times("server tick", figures.server.tickMs), times("tick jitter", figures.server.tickJitterMs)]),
    ...faults(meters),
  ];
  return `${rows.join("\n")}\n`;
}

/** What makes the figures worth less: the swarm itself was slow, or hardly anybody played. */
export function warningsOf(figures: Figures, meters: Meters, processes = 1): string[] {
  const warnings: string[] = [];
  const share = `${figures.swarmCpuPercent.toFixed(0)} % of a core, timers late by ${lag(meters)} ms at p99`;
  if (figures.swarmCpuPercent > cpuPercentWarn * processes) {
    warnings.push(
      `warning: the swarm itself was the bottleneck (${share}): fewer players, more processes, or another machine`,
    );
  } else if (meters.timerLag.at(99) > lagMsWarn) {
    warnings.push(
      `warning: the swarm itself was the bottleneck (${share}): other programs kept it from its core`,
    );
  }
  const missing = figures.players - figures.connected - (figures.flood?.closed ?? 0);
  if (missing > 0) warnings.push(`warning: ${missing} players were not in the realm at the end`);
  return warnings;
}

function serverRows({ server }: Figures): string[] {
  if (server === undefined) return [];
  const { cpuPercent, rssMbMax, dilationMin, staleMax } = server;
  const shares = `${cpuPercent.toFixed(0)} % of a core, ${rssMbMax.toFixed(0)} MB`;
  return [row("server", `${shares}, at ${dilationMin} % of real time or more, ${staleMax} stale at once`)];
}

function sceneRows({ stall, flood }: Figures): string[] {
  const rows: string[] = [];
  if (stall !== undefined) {
    const { clients, seconds, equalAgain } = stall;
    rows.push(row("stall", `${clients} read nothing for ${seconds} s, ${equalAgain} were equal at the end`));
  }
  if (flood !== undefined) {
    const { clients, intents, told, closed, closedAfterMs } = flood;
    const end = `${closed} closed, after ${(closedAfterMs / 1000).toFixed(1)} s at most`;
    rows.push(row("flood", `${clients} sent ${count(intents)} intents; ${told} were told, ${end}`));
  }
  return rows;
}

function row(name: string, value: string): string {
  return `${name.padEnd(14)}${value}`;
}

function times(name: string, { p50, p90, p99, p999, max }: Percentiles): string {
  const cells = [p50, p90, p99, p999, max].map((ms) => ms.toFixed(1).padStart(9));
  return `${name.padEnd(14)}${cells.join("")}`;
}

function lag(meters: Meters): string {
  return meters.timerLag.at(99).toFixed(1);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function faults(meters: Meters): string[] {
  const kinds = [...meters.errorKinds].sort((a, b) => b[1] - a[1]);
  const details = meters.mismatchDetails.map(
    ({ player, zone, tick, frame, region, level, what }) =>
      `  mismatch: ${what}, player ${player}, zone ${zone}, tick ${tick}, frame ${frame}, region ${region}, level ${level}`,
  );
  const lines = [...kinds.map(([kind, often]) => `  ${often} × ${kind}`), ...details];
  return lines.length === 0 ? [] : ["", ...lines];
}
