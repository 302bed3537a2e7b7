/**
 * Everything the swarm counts. Faults count from the first moment to the last; what is a rate or a latency counts only
 * while `isMeasuring`, in the steady window.
 *
 * Invariant: the number of kinds of faults and of kept details is bounded.
 * Invariant: `read` and `add` lose nothing: the meters of several processes add up to those of one.
 */
import { Latency } from "./latency.ts";
import { errorKindsMax, mismatchDetailsMax } from "./limits.ts";
import type { Mismatch } from "./observer.ts";

export interface MismatchDetail extends Mismatch {
  readonly player: number;
}

const latencyNames = [
  "intentToAck",
  "frameGap",
  "updateAge",
  "timerLag",
  "nearestGap",
  "everyGap",
  "floodMs",
] as const;
const countNames = [
  "frames",
  "bytes",
  "windowFrames",
  "windowBytes",
  "windowUpdates",
  "digests",
  "errors",
  "dropped",
  "resumed",
  "mismatches",
  "floodSent",
  "floodAcknowledged",
] as const;

/** Meters on their way between processes. */
export interface MetersRecord {
  readonly counts: Readonly<Record<(typeof countNames)[number], number>>;
  readonly latencies: Readonly<Record<(typeof latencyNames)[number], Float64Array>>;
  readonly errorKinds: ReadonlyMap<string, number>;
  readonly mismatchDetails: readonly MismatchDetail[];
}

export class Meters {
  isMeasuring = false;
  /** From the intended time of an intent to the frame that acknowledges it. */
  readonly intentToAck = new Latency();
  /** The same since the last progress line, measured always. */
  readonly recentIntentToAck = new Latency();
  /** Between two frames of one player. */
  readonly frameGap = new Latency();
  /** From a simulated tick to its updates applied. */
  readonly updateAge = new Latency();
  /** How late the swarm's own timers are. */
  readonly timerLag = new Latency();
  /** Between two refreshments of an entity: of the 30 nearest to the player, and of all that it sees. */
  readonly nearestGap = new Latency();
  readonly everyGap = new Latency();
  /** From the first message of a flood to its close. */
  readonly floodMs = new Latency();

  /** Frames and bytes since the start. */
  frames = 0;
  bytes = 0;
  /** The same in the window. */
  windowFrames = 0;
  windowBytes = 0;
  /** Entity updates that observers applied in the window. */
  windowUpdates = 0;
  digests = 0;

  errors = 0;
  dropped = 0;
  resumed = 0;
  mismatches = 0;
  /** Intents of flooding players, and those that the server applied. */
  floodSent = 0;
  floodAcknowledged = 0;
  readonly errorKinds = new Map<string, number>();
  readonly mismatchDetails: MismatchDetail[] = [];

  /** The steady window begins: forgets what was measured before. */
  open(): void {
    this.isMeasuring = true;
    for (const name of latencyNames) this[name].reset();
    this.windowFrames = 0;
    this.windowBytes = 0;
    this.windowUpdates = 0;
  }

  /** The steady window ends. */
  close(): void {
    this.isMeasuring = false;
  }

  frame(bytes: number): void {
    this.frames++;
    this.bytes += bytes;
    if (!this.isMeasuring) return;
    this.windowFrames++;
    this.windowBytes += bytes;
  }

  acknowledged(latencyMs: number): void {
    this.recentIntentToAck.record(latencyMs);
    if (this.isMeasuring) this.intentToAck.record(latencyMs);
  }

  error(kind: string, times = 1): void {
    this.errors += times;
    this.#countKind(kind, times);
  }

  mismatch(player: number, mismatch: Mismatch): void {
    this.mismatches++;
    if (this.mismatchDetails.length < mismatchDetailsMax) {
      this.mismatchDetails.push({ player, ...mismatch });
    }
  }

  /** Everything, as it is sent to another process. */
  read(): MetersRecord {
    const counts = Object.fromEntries(countNames.map((name) => [name, this[name]]));
    const latencies = Object.fromEntries(latencyNames.map((name) => [name, this[name].counts]));
    return {
      counts: counts as MetersRecord["counts"],
      latencies: latencies as MetersRecord["latencies"],
      errorKinds: this.errorKinds,
      mismatchDetails: this.mismatchDetails,
    };
  }

  /** Adds what another process has counted. */
  add({ counts, latencies, errorKinds, mismatchDetails }: MetersRecord): void {
    for (const name of countNames) this[name] += counts[name];
    for (const name of latencyNames) this[name].add(latencies[name]);
    for (const [kind, times] of errorKinds) this.#countKind(kind, times);
    const room = mismatchDetailsMax - this.mismatchDetails.length;
    this.mismatchDetails.push(...mismatchDetails.slice(0, room));
  }

  #countKind(kind: string, times: number): void {
    const known = this.errorKinds.has(kind) || this.errorKinds.size < errorKindsMax - 1;
    const name = known ? kind : "other";
    this.errorKinds.set(name, (this.errorKinds.get(name) ?? 0) + times);
  }
}
