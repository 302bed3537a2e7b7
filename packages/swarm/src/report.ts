/**
 * The words of a run: the progress line while it goes on, the table at its end, the warnings.
 *
 * Owns no numbers: figures and meters have them.
 */
import type { Figures } from "./figures.ts";
import type { Percentiles } from "./latency.ts";
import { cpuPercentWarn, lagMsWarn } from "./limits.ts";
import type { Meters } from "./meters.ts";
import type { Swarm } from "./swarm.ts";

/** Makes one progress line after the other; each tells what happened since the one before. */
export class Progress {
  readonly #swarm: Swarm;
  #playerMs = 0;
  #frames = 0;
  #bytes = 0;

  constructor(swarm: Swarm) {
    this.#swarm = swarm;
  }

  line(nowMs: number): string {
    const { meters, sessions, options, stage } = this.#swarm;
    const playerSeconds = (this.#swarm.playerMs - this.#playerMs) / 1000;
    const perPlayer = (amount: number) => (playerSeconds > 0 ? amount / playerSeconds : 0);
    const frames = perPlayer(meters.frames - this.#frames);
    const kilobytes = perPlayer(meters.bytes - this.#bytes) / 1000;
    const { p50, p99 } = meters.recentIntentToAck.percentiles();
    this.#playerMs = this.#swarm.playerMs;
    this.#frames = meters.frames;
    this.#bytes = meters.bytes;
    meters.recentIntentToAck.reset();
    return [
      `${(this.#swarm.elapsedMs(nowMs) / 1000).toFixed(0).padStart(4)} s ${stage.padEnd(9)}`,
      `${sessions.playing}/${options.players} players`,
      `${frames.toFixed(1)} frames/s`,
      `${kilobytes.toFixed(1)} KB/s each`,
      `ack p50 ${p50.toFixed(0)} p99 ${p99.toFixed(0)} ms`,
      `${meters.errors} errors`,
      `${meters.mismatches} mismatches`,
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
    "",
    `${"milliseconds".padEnd(14)}${["p50", "p90", "p99", "p99.9", "max"].map((name) => name.padStart(9)).join("")}`,
    times("intent → ack", figures.intentToAckMs),
    times("frame gap", figures.frameGapMs),
    times("update age", figures.updateAgeMs),
    ...faults(meters),
  ];
  return `${rows.join("\n")}\n`;
}

/** What makes the figures worth less: the swarm itself was slow, or hardly anybody played. */
export function warningsOf(figures: Figures, meters: Meters): string[] {
  const warnings: string[] = [];
  const share = `${figures.swarmCpuPercent.toFixed(0)} % of a core, timers late by ${lag(meters)} ms at p99`;
  if (figures.swarmCpuPercent > cpuPercentWarn) {
    warnings.push(
      `warning: the swarm itself was the bottleneck (${share}): fewer players, or another machine`,
    );
  } else if (meters.timerLag.at(99) > lagMsWarn) {
    warnings.push(
      `warning: the swarm itself was the bottleneck (${share}): other programs kept it from its core`,
    );
  }
  if (figures.connected < figures.players) {
    warnings.push(`warning: ${figures.players - figures.connected} players were not in the realm at the end`);
  }
  return warnings;
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
