/**
 * How many of the clients get a frame in every tick of their zone, in every second, in every fourth: the gateway's answer
 * to a thread that has more to do than it can.
 *
 * It goes in small steps, a sixteenth of the clients each, towards a thread that is busy but has time left. Blocks carry
 * windows for each stride, so nobody misses anything; frames come less often and are larger.
 * Invariant: a session's place among the sixteen never changes, so a step changes the pace of a sixteenth.
 */

const shares = 16;
/** Steps from "everyone in each tick" to "everyone in every fourth". */
const stepsMax = 2 * shares;
/** Share of a second above which a thread has too much to do: beyond it, ticks begin late. */
const busyAbove = 0.92;
/** Share below which there is room for more frames: far enough below that one step does not lead back. */
const busyBelow = 0.75;
/** Frames in every fourth tick are worth avoiding: before them, the thread must be as good as never idle. */
const busyAboveForFour = 0.985;
/** Steps up for each share of the second beyond `busyAbove`: a crowd of newcomers is answered within seconds. */
const stepsPerShare = 50;
/** Steps down for each share below `busyBelow`: slower, so that it does not swing; a thread at rest takes eight seconds. */
const stepsDownPerShare = 5;

export class FramePace {
  #step = 0;

  /** 0: everyone gets a frame in each tick; 1: everyone in every fourth. */
  get slowness(): number {
    return this.#step / stepsMax;
  }

  /** Whether nothing is left to give: everyone gets the fewest frames. */
  get isExhausted(): boolean {
    return this.#step === stepsMax;
  }

  /** Takes the share of the last second, 0 to 1, in which the thread was busy. */
  noteLoad(busyShare: number): void {
    const above = this.#step < shares ? busyAbove : busyAboveForFour;
    if (busyShare > above) {
      const steps = 1 + Math.floor((busyShare - above) * stepsPerShare);
      const limit = this.#step < shares ? shares : stepsMax;
      this.#step = Math.min(limit, this.#step + steps);
    } else if (busyShare < busyBelow) {
      const steps = 1 + Math.floor((busyBelow - busyShare) * stepsDownPerShare);
      this.#step = Math.max(0, this.#step - steps);
    }
  }

  /** Ticks of the home zone between two frames of a session: 1, 2 or 4. */
  strideOf(session: number): number {
    const isFirst = session % shares < this.#step % shares;
    if (this.#step < shares) return isFirst ? 2 : 1;
    return isFirst || this.#step === stepsMax ? 4 : 2;
  }
}
