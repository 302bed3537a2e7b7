/**
 * Where somebody else's entity is drawn: recorded positions by tick, read a little in the past so that there is always a
 * newer one to walk towards. The delay follows the stride of the entity's blocks and the jitter of its zone.
 *
 * Invariant: the tick that is drawn never goes back, except when the zone's own count did.
 * Source: Y. Bernier, "Latency Compensating Methods in Client/Server In-game Protocol Design", 2001.
 */
import { angleDifference } from "@myriad/protocol";
import { trackSamples } from "./limits.ts";

/** Metres between two records beyond which nobody walked: the entity was put there. */
export const teleportM = 20;
/** Share of passing time by which the delay may grow or shrink: unnoticed by the eye. */
const delayChangeMax = 0.1;
/** Ticks by which the zone's clock may go back without the picture following: more is a clock that began anew. */
const backTicksMax = 4;

/** Where an entity is drawn. */
export interface Pose {
  /** Metres. */
  x: number;
  y: number;
  /** Radians. */
  heading: number;
  /** Metres per tick. */
  speed: number;
}

export function newPose(): Pose {
  return { x: 0, y: 0, heading: 0, speed: 0 };
}

export class Track {
  readonly #ticks = new Float64Array(trackSamples);
  readonly #xs = new Float64Array(trackSamples);
  readonly #ys = new Float64Array(trackSamples);
  readonly #headings = new Float64Array(trackSamples);
  /** Samples ever pushed; the newest is at (count − 1) modulo the ring. */
  #count = 0;
  #delayTicks = -1;
  #serverTick = 0;
  #drawnTick = Number.NEGATIVE_INFINITY;

  /** Samples held, 0 to `trackSamples`. */
  get length(): number {
    return Math.min(this.#count, trackSamples);
  }

  /**
   * Records a position. `strideTicks` is the window that it ends: a silence longer than that means that the entity
   * stood still until the window began.
   */
  push(tick: number, position: { x: number; y: number }, heading: number, strideTicks: number): void {
    if (this.#count > 0) {
      const last = (this.#count - 1) % trackSamples;
      const lastTick = this.#ticks[last]!;
      if (tick <= lastTick) {
        if (tick === lastTick) this.#put(last, tick, position.x, position.y, heading);
        return;
      }
      if (tick - lastTick > strideTicks) {
        this.#append(tick - strideTicks, this.#xs[last]!, this.#ys[last]!, this.#headings[last]!);
      }
    }
    this.#append(tick, position.x, position.y, heading);
  }

  /** Moves the records to another zone's count of ticks. */
  shift(ticks: number): void {
    for (let i = 0; i < trackSamples; i++) this.#ticks[i]! += ticks;
    this.#drawnTick += ticks;
    this.#serverTick += ticks;
  }

  /** Writes the pose to draw when the zone is at `serverTick`, `delayTicks` late; false while nothing is recorded. */
  pose(serverTick: number, delayTicks: number, out: Pose): boolean {
    if (this.#count === 0) return false;
    if (this.#delayTicks < 0) {
      this.#delayTicks = delayTicks;
    } else {
      const most = Math.max(0, serverTick - this.#serverTick) * delayChangeMax;
      const change = delayTicks - this.#delayTicks;
      this.#delayTicks += Math.max(-most, Math.min(most, change));
    }
    this.#serverTick = serverTick;
    const tick = serverTick - this.#delayTicks;
    this.#drawnTick = tick < this.#drawnTick - backTicksMax ? tick : Math.max(this.#drawnTick, tick);
    this.at(this.#drawnTick, out);
    return true;
  }

  /** Writes the recorded pose at a tick: between two records in proportion, outside them the nearest one. */
  at(tick: number, out: Pose): void {
    const newest = this.#count - 1;
    const oldest = Math.max(0, this.#count - trackSamples);
    let after = newest;
    while (after > oldest && this.#ticks[(after - 1) % trackSamples]! >= tick) after--;
    const to = after % trackSamples;
    if (after === oldest || tick >= this.#ticks[to]!) return this.#copy(to, out);
    this.#between((after - 1) % trackSamples, to, tick, out);
  }

  #between(from: number, to: number, tick: number, out: Pose): void {
    const span = this.#ticks[to]! - this.#ticks[from]!;
    const dx = this.#xs[to]! - this.#xs[from]!;
    const dy = this.#ys[to]! - this.#ys[from]!;
    const distance = Math.hypot(dx, dy);
    if (distance > teleportM) return this.#copy(from, out);
    const share = (tick - this.#ticks[from]!) / span;
    const turn = angleDifference(this.#headings[from]!, this.#headings[to]!);
    out.x = this.#xs[from]! + dx * share;
    out.y = this.#ys[from]! + dy * share;
    out.heading = this.#headings[from]! + turn * share;
    out.speed = distance / span;
  }

  #copy(at: number, out: Pose): void {
    out.x = this.#xs[at]!;
    out.y = this.#ys[at]!;
    out.heading = this.#headings[at]!;
    out.speed = 0;
  }

  #append(tick: number, x: number, y: number, heading: number): void {
    this.#put(this.#count % trackSamples, tick, x, y, heading);
    this.#count++;
  }

  #put(at: number, tick: number, x: number, y: number, heading: number): void {
    this.#ticks[at] = tick;
    this.#xs[at] = x;
    this.#ys[at] = y;
    this.#headings[at] = heading;
  }
}
