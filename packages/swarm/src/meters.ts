/**
 * Everything the swarm counts. Faults count from the first moment to the last; what is a rate or a latency counts only
 * while `isMeasuring`, in the steady window.
 *
 * Invariant: the number of kinds of faults and of kept details is bounded.
 */
import { Latency } from "./latency.ts";
import { errorKindsMax, mismatchDetailsMax } from "./limits.ts";
import type { Mismatch } from "./observer.ts";

export interface MismatchDetail extends Mismatch {
  readonly player: number;
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
  readonly errorKinds = new Map<string, number>();
  readonly mismatchDetails: MismatchDetail[] = [];

  /** The steady window begins: forgets what was measured before. */
  open(): void {
    this.isMeasuring = true;
    for (const latency of [this.intentToAck, this.frameGap, this.updateAge, this.timerLag]) latency.reset();
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

  error(kind: string): void {
    this.errors++;
    const known = this.errorKinds.has(kind) || this.errorKinds.size < errorKindsMax - 1;
    const name = known ? kind : "other";
    this.errorKinds.set(name, (this.errorKinds.get(name) ?? 0) + 1);
  }

  mismatch(player: number, mismatch: Mismatch): void {
    this.mismatches++;
    if (this.mismatchDetails.length < mismatchDetailsMax) {
      this.mismatchDetails.push({ player, ...mismatch });
    }
  }
}
