/**
 * Which runs are made, and what each says: from few clients to many, each peer until it no longer holds the rate; then
 * between the last count it held and the first it did not.
 *
 * Invariant: a run in which the load program was busy over its limit counts for nothing, whatever it showed.
 * Invariant: a run that missed the rate while other programs were busy on its cores says nothing about the server.
 * Invariant: a peer that did not hold a count is tried there a second time; what does not hold twice ends its way up.
 */
import type { Peer } from "./messages.ts";
import { loadCpuPercentMax, type RunOutcome } from "./run.ts";
import { tickRateHz } from "./world.ts";

/** Percent of the rate that each client and each visible walker must get. */
export const heldPercentMin = 95;
/**
 * Percent of one core that other programs may take from a run that missed the rate: more, and it is theirs that it did.
 */
export const othersCpuPercentMax = 10;
/** Runs at one count at most, and misses in them that are believed. */
const attemptsMax = 4;
const missesMax = 2;
/** Runs to narrow a peer's limit down, after the given counts. */
const narrowingRunsMax = 4;
/** The limit is narrow enough when the count that failed is at most so many times the one that held. */
const narrowRatio = 1.1;
/** Counts tried between two others are round. */
const roundTo = 50;

/** What a run says of its peer at its count. */
export type Verdict =
  /** Everybody got 20 updates a second. */
  | "held"
  /** Somebody did not. */
  | "missed"
  /** The load program was the bottleneck: nothing can be said. */
  | "refused"
  /** Somebody did not, while other programs took time from the run: nothing can be said either. */
  | "disturbed"
  /** There are no figures. */
  | "failed";

/** One run with what it says. */
export interface Row {
  readonly peer: Peer;
  readonly players: number;
  readonly outcome: RunOutcome;
  readonly verdict: Verdict;
}

/** The runs of one peer, and the most clients that it held. */
export interface Climb {
  readonly peer: Peer;
  readonly rows: readonly Row[];
  /** 0 when it held no count. */
  readonly heldMax: number;
  /** Whether a larger count was tried and not held. If not, the peer may hold more than was tried. */
  readonly isLimit: boolean;
}

/** What a run's figures say. */
export function judge(outcome: RunOutcome): Verdict {
  if (outcome.kind === "failed") return "failed";
  const { load } = outcome;
  if (load.cpuPercent > loadCpuPercentMax) return "refused";
  const enoughHz = (tickRateHz * heldPercentMin) / 100;
  const isHeld =
    load.lost === 0 && load.malformed === 0 && Math.min(load.updateHz, load.refreshHz) >= enoughHz;
  if (isHeld) return "held";
  return outcome.othersCpuPercent > othersCpuPercentMax ? "disturbed" : "missed";
}

/**
 * Climbs with all peers, count by count, so that what is compared was measured one after the other. `run` makes one run;
 * `tell` hears each row as it comes.
 */
export async function climb(given: {
  peers: readonly Peer[];
  counts: readonly number[];
  run: (peer: Peer, players: number) => Promise<RunOutcome>;
  tell: (row: Row) => void;
}): Promise<Climb[]> {
  const counts = [...new Set(given.counts)].toSorted((a, b) => a - b);
  const climbers = given.peers.map((peer) => new Climber(peer, given));
  for (const players of counts) for (const climber of climbers) await climber.try(players);
  for (let i = 0; i < narrowingRunsMax; i++) for (const climber of climbers) await climber.narrow();
  return climbers.map((climber) => climber.climb());
}

class Climber {
  readonly #peer: Peer;
  readonly #given: Parameters<typeof climb>[0];
  readonly #rows: Row[] = [];
  #heldMax = 0;
  /** The smallest count that it did not hold. */
  #missedMin = Number.POSITIVE_INFINITY;
  /** The smallest count of which nothing could be said. */
  #unknownMin = Number.POSITIVE_INFINITY;

  constructor(peer: Peer, given: Parameters<typeof climb>[0]) {
    this.#peer = peer;
    this.#given = given;
  }

  async try(players: number): Promise<void> {
    if (players > this.#missedMin || players > this.#unknownMin) return;
    let [verdict, misses]: [Verdict, number] = [await this.#run(players), 0];
    for (let attempt = 1; attempt < attemptsMax; attempt++) {
      if (verdict === "held" || verdict === "refused") break;
      if (verdict !== "disturbed" && ++misses === missesMax) break;
      verdict = await this.#run(players);
    }
    if (verdict === "held") this.#heldMax = Math.max(this.#heldMax, players);
    else if (verdict === "refused" || verdict === "disturbed") this.#unknownMin = players;
    else this.#missedMin = Math.min(this.#missedMin, players);
  }

  /** Tries the middle between what held and what did not. */
  async narrow(): Promise<void> {
    const ceiling = Math.min(this.#missedMin, this.#unknownMin);
    if (!Number.isFinite(ceiling) || this.#heldMax === 0 || ceiling <= this.#heldMax * narrowRatio) return;
    const middle = Math.round((this.#heldMax + ceiling) / 2 / roundTo) * roundTo;
    if (middle > this.#heldMax && middle < ceiling) await this.try(middle);
  }

  climb(): Climb {
    return {
      peer: this.#peer,
      rows: this.#rows,
      heldMax: this.#heldMax,
      isLimit: Number.isFinite(this.#missedMin) && this.#missedMin <= this.#unknownMin,
    };
  }

  async #run(players: number): Promise<Verdict> {
    const outcome = await this.#given.run(this.#peer, players);
    const row = { peer: this.#peer, players, outcome, verdict: judge(outcome) };
    this.#rows.push(row);
    this.#given.tell(row);
    return row.verdict;
  }
}
