/**
 * How sharp the picture is: full while the machine keeps up, coarser where it does not. Pure.
 *
 * A machine without a graphics card draws every pixel by hand; half the pixels in each direction are a fourth of the work.
 * Invariant: it becomes coarser after three slow seconds, finer after ten quick ones; what failed twice is not tried again.
 */

/** Steps of sharpness, as shares of the screen's own. */
const steps = [1, 0.75, 0.6, 0.5] as const;
/** Milliseconds of a picture above which it is slow, below which it is quick. */
const slowMs = 58;
const quickMs = 22;
const slowForMs = 3000;
const quickForMs = 10_000;
const triesMax = 2;
/** A longer pause is a hidden page, not a slow one. */
const pauseMs = 1500;

export class Quality {
  #step = 0;
  /** How often each step was too much. */
  readonly #failures = steps.map(() => 0);
  #slowMs = 0;
  #quickMs = 0;

  /** Share of the screen's sharpness to draw with. */
  get share(): number {
    return steps[this.#step] ?? 1;
  }

  /** A picture took `ms`. Returns whether the sharpness changed. */
  picture(ms: number): boolean {
    if (ms > pauseMs) return false;
    this.#slowMs = ms > slowMs ? this.#slowMs + ms : Math.max(0, this.#slowMs - ms);
    this.#quickMs = ms < quickMs ? this.#quickMs + ms : Math.max(0, this.#quickMs - 4 * ms);
    if (this.#slowMs > slowForMs && this.#step < steps.length - 1) return this.#change(1);
    const mayRise = this.#step > 0 && this.#failures[this.#step - 1]! < triesMax;
    return mayRise && this.#quickMs > quickForMs ? this.#change(-1) : false;
  }

  #change(by: 1 | -1): true {
    if (by === 1) this.#failures[this.#step]!++;
    this.#step += by;
    this.#slowMs = 0;
    this.#quickMs = 0;
    return true;
  }
}
