/**
 * Decides whether a zone should move to another worker: when one worker is too busy for seconds and another has room.
 *
 * Invariant: pure; it is told loads once per second and answers at most one move.
 * Invariant: no zone wanders: a move must bring the busiest worker down by `gainMin`, and after one nothing moves for a
 * while. A worker's only zone never moves: elsewhere it would be as heavy.
 */

/** Share of a second above which a worker is too busy: ticks begin to wait for each other. */
const busyShareMax = 0.75;
/** Seconds in a row that a worker must be too busy: a crowd that forms, not a pause of the garbage collector. */
const busySeconds = 5;
/** Share of a second by which a move must relieve the busier of the two workers. */
const gainMin = 0.1;
/** Seconds without another move: what a move costs must not be taken for load. */
const restSeconds = 15;

/** What a worker did in the last second. */
export interface WorkerLoad {
  readonly worker: number;
  /** Share of the second in which it was busy, 0 to 1. */
  readonly busyShare: number;
  /** Milliseconds that each of its zones' ticks took. */
  readonly zones: readonly { readonly zone: number; readonly costMs: number }[];
}

export interface Move {
  readonly zone: number;
  readonly from: number;
  readonly to: number;
}

export class Balancer {
  readonly #busyFor = new Map<number, number>();
  #rest = 0;

  /** Takes the loads of one second in. */
  decide(loads: readonly WorkerLoad[]): Move | undefined {
    for (const { worker, busyShare } of loads) {
      const seconds = busyShare > busyShareMax ? (this.#busyFor.get(worker) ?? 0) + 1 : 0;
      this.#busyFor.set(worker, seconds);
    }
    if (this.#rest > 0) {
      this.#rest -= 1;
      return undefined;
    }
    const byLoad = [...loads].sort((a, b) => b.busyShare - a.busyShare);
    const [busiest, idlest] = [byLoad[0], byLoad.at(-1)];
    if (busiest === undefined || idlest === undefined || busiest === idlest) return undefined;
    if ((this.#busyFor.get(busiest.worker) ?? 0) < busySeconds || busiest.zones.length < 2) return undefined;
    let best: Move | undefined;
    let bestPeak = busiest.busyShare - gainMin;
    for (const { zone, costMs } of busiest.zones) {
      const share = costMs / 1000;
      const peak = Math.max(busiest.busyShare - share, idlest.busyShare + share);
      if (peak > bestPeak) continue;
      bestPeak = peak;
      best = { zone, from: busiest.worker, to: idlest.worker };
    }
    if (best !== undefined) this.noteMove();
    return best;
  }

  /** A zone moved, for whatever reason. */
  noteMove(): void {
    this.#rest = restSeconds;
    this.#busyFor.clear();
  }
}
