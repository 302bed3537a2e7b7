/**
 * What tick a zone is at now, estimated from when its frames arrive, and how irregularly they do.
 *
 * The estimate follows the earliest arrivals: a frame that comes early pulls it at once, a late one hardly, so that the
 * network's jitter shows as lateness and not as a wobble of time. The rate follows the zone when it runs slower than it should.
 * Invariant: pure arithmetic over what it is told; time is a parameter.
 */
import { jitterSamples } from "./limits.ts";

/** Share of an early arrival, and of a late one, that the estimate takes over. */
const earlyGain = 0.25;
const lateGain = 0.02;
/** Milliseconds of disagreement after which the estimate begins anew. */
const restartMs = 1000;
/** Milliseconds over which the rate is measured, and the relative deviation that is taken for the network's. */
const rateSpanMs = 1000;
const rateTolerance = 0.06;

export class TickClock {
  readonly nominalRateHz: number;
  /** Ticks per millisecond at which the zone runs now. */
  ticksPerMs: number;
  #tick = 0;
  #atMs = 0;
  #observed = -1;
  #spanTick = 0;
  #spanMs = 0;
  readonly #lateness = new Float64Array(jitterSamples);
  readonly #sorted = new Float64Array(jitterSamples);
  #samples = 0;
  #jitterTicks = 0;

  constructor(tickRateHz: number) {
    this.nominalRateHz = tickRateHz;
    this.ticksPerMs = tickRateHz / 1000;
  }

  /** Whether a frame was seen at all. */
  get isRunning(): boolean {
    return this.#observed >= 0;
  }

  /** Newest tick seen. */
  get newestTick(): number {
    return this.#observed;
  }

  /** Ticks by which 19 of 20 frames are late at most. */
  get jitterTicks(): number {
    return this.#jitterTicks;
  }

  /** The tick whose frame would arrive at this moment on a good day; with fractions. Stands still a second after the newest frame. */
  tickAt(nowMs: number): number {
    const tick = this.#tick + (nowMs - this.#atMs) * this.ticksPerMs;
    return Math.min(tick, Math.max(0, this.#observed) + (restartMs * this.nominalRateHz) / 1000);
  }

  /** A frame of `tick` arrived. Older ticks than the newest are ignored unless time went far back: a new owner counts anew. */
  observe(tick: number, nowMs: number): void {
    const restartTicks = (restartMs * this.nominalRateHz) / 1000;
    if (!this.isRunning || tick < this.#observed - restartTicks) return this.#restart(tick, nowMs);
    if (tick <= this.#observed) return;
    const expected = this.tickAt(nowMs);
    const early = tick - expected;
    if (nowMs - this.#atMs > 2 * restartMs || Math.abs(early) > restartTicks)
      return this.#restart(tick, nowMs);
    this.#observed = tick;
    this.#tick = expected + early * (early > 0 ? earlyGain : lateGain);
    this.#atMs = nowMs;
    this.#measureRate(tick, nowMs);
    this.#lateness[this.#samples % jitterSamples] = Math.max(0, -early);
    this.#samples++;
    if (this.#samples % 8 === 0) this.#measureJitter();
  }

  #restart(tick: number, nowMs: number): void {
    this.#observed = tick;
    this.#tick = tick;
    this.#atMs = nowMs;
    this.#spanTick = tick;
    this.#spanMs = nowMs;
    this.ticksPerMs = this.nominalRateHz / 1000;
  }

  #measureRate(tick: number, nowMs: number): void {
    const spanMs = nowMs - this.#spanMs;
    if (spanMs < rateSpanMs) return;
    const nominal = this.nominalRateHz / 1000;
    const measured = (tick - this.#spanTick) / spanMs;
    const isNominal = Math.abs(measured / nominal - 1) <= rateTolerance;
    this.ticksPerMs = isNominal ? nominal : Math.max(nominal * 0.05, Math.min(nominal * 1.25, measured));
    this.#spanTick = tick;
    this.#spanMs = nowMs;
  }

  #measureJitter(): void {
    const count = Math.min(this.#samples, jitterSamples);
    this.#sorted.fill(Number.POSITIVE_INFINITY);
    this.#sorted.set(this.#lateness.subarray(0, count));
    this.#sorted.sort();
    this.#jitterTicks = this.#sorted[Math.floor((count - 1) * 0.95)]!;
  }
}
