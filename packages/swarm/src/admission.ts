/**
 * How many players are on their way in at once: as many as the server answers in time.
 *
 * A server that is busy answers later. So what is limited is not the rate but the number of joins under way: each welcome
 * widens the window a little, each failure halves it, as TCP does with its packets.
 * Invariant: who waits is let in first come, first served; a player waits at most once at a time.
 * Source: additive increase, multiplicative decrease (Jacobson, "Congestion Avoidance and Control").
 */
import { joinWindow } from "./limits.ts";

export class Admission {
  /** Joins under way. */
  underWay = 0;
  #window: number = joinWindow.start;
  readonly #queue: Int32Array;
  #first = 0;
  #waiting = 0;

  /** @param players how many may wait at a time */
  constructor(players: number) {
    this.#queue = new Int32Array(players);
  }

  /** Joins that may be under way. */
  get window(): number {
    return Math.floor(this.#window);
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** A player wants in: true when it may go at once, else it waits for its turn. */
  ask(player: number): boolean {
    if (this.#waiting === 0 && this.underWay < this.window) {
      this.underWay++;
      return true;
    }
    this.#queue[(this.#first + this.#waiting) % this.#queue.length] = player;
    this.#waiting++;
    return false;
  }

  /** A join is over, well or not. */
  done(isWelcome: boolean): void {
    this.underWay--;
    const next = isWelcome ? this.#window + joinWindow.step : this.#window / 2;
    this.#window = Math.min(joinWindow.max, Math.max(joinWindow.min, next));
  }

  /** The next player whose turn it is, which is under way from now; −1 when nobody waits or nobody may go. */
  next(): number {
    if (this.#waiting === 0 || this.underWay >= this.window) return -1;
    const player = this.#queue[this.#first]!;
    this.#first = (this.#first + 1) % this.#queue.length;
    this.#waiting--;
    this.underWay++;
    return player;
  }
}
