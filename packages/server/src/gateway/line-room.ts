/**
 * How much of others' state fits on a client's line, and how well the estimate of it was: one per session.
 *
 * A view is planned by what its regions are said to weigh. What then really was sent corrects the next plan, so that a
 * game whose entities cost more or less than usual stays within the budget too.
 */

/** Share of the newest measurement in the correction: a crowd that comes or goes is followed within some seconds. */
const newestShare = 0.4;
const correctionMin = 0.25;
const correctionMax = 4;
/** Ticks that a measurement spans at least: shorter ones hold one stride of the far regions and not the next. */
const measureTicksMin = 32;
/**
 * Ticks that a measurement spans at most: plans are made every 32 ticks, so what is longer holds a time in which nothing
 * could be sent, or another zone's ticks.
 */
const measureTicksMax = 128;

export class LineRoom {
  /** Strides grow beyond this distance, metres. Infinite while all of the view fits. */
  nearM = Number.POSITIVE_INFINITY;
  /** Tick of the home zone at which the view was planned last. */
  plannedTick = Number.NEGATIVE_INFINITY;
  /** Ticks between two client frames when it was planned. */
  plannedStride = 1;
  /** What was really sent for each bit that was estimated. */
  correction = 1;
  #estimatedBits = 0;
  #sentBytes = 0;
  #sinceTick = Number.NEGATIVE_INFINITY;

  /** Notes bytes of others' state that were sent, keyframes left out. */
  noteSent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Learns from what was sent since the last plan; call before a new one. */
  learn(tick: number): void {
    const ticks = tick - this.#sinceTick;
    // Another zone may count from earlier ticks.
    if (ticks >= 0 && ticks < measureTicksMin) return;
    if (this.#estimatedBits > 0 && ticks >= 0 && ticks <= measureTicksMax) {
      const measured = (this.#sentBytes * 8) / ticks / this.#estimatedBits;
      const next = this.correction * (1 - newestShare) + measured * newestShare;
      this.correction = Math.min(correctionMax, Math.max(correctionMin, next));
    }
    this.#sinceTick = tick;
    this.#sentBytes = 0;
  }

  /** Notes a plan: where strides begin to grow, and the bits per tick that it is estimated to cost. */
  planned(plan: { tick: number; stride: number; nearM: number; bits: number }): void {
    this.nearM = plan.nearM;
    this.plannedTick = plan.tick;
    this.plannedStride = plan.stride;
    this.#estimatedBits = plan.bits;
  }
}
