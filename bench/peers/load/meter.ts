/**
 * What clients saw between two words: counts of all, ages and refreshes of those that decode.
 *
 * Each thread of the load program has a meter of its own; their tallies are added up at the end.
 */
import { percentile } from "../../harness.ts";
import type { LoadFigures, ProcessFigures } from "../messages.ts";
import type { Seen } from "./wire.ts";

/** A client that is slower than this part of all stands for the slow ones. */
const slowPercent = 1;

/** One thread's counts. Plain data, so that it can be sent. */
export interface Tally {
  /** Updates per second of each client. */
  readonly ratesHz: readonly number[];
  readonly bytesPerSecond: number;
  readonly updates: number;
  readonly updateBytes: number;
  /** Milliseconds, one for each decoded update. */
  readonly ages: readonly number[];
  /** Walkers refreshed by, and held after, the decoded updates. */
  readonly refreshed: number;
  readonly visible: number;
  readonly lost: number;
  readonly malformed: number;
}

export class Meter {
  readonly #updates: Uint32Array;
  #isMeasuring = false;
  #startMs = 0;
  /** Updates since the last look, and when that was. */
  #peeked = 0;
  #peekMs = 0;
  #bytes = 0;
  #updateBytes = 0;
  #lost = 0;
  #malformed = 0;
  #ages: number[] = [];
  #refreshed = 0;
  #visible = 0;

  constructor(clients: number) {
    this.#updates = new Uint32Array(clients);
  }

  begin(nowMs: number): void {
    this.#isMeasuring = true;
    this.#startMs = nowMs;
    this.#updates.fill(0);
    this.#bytes = 0;
    this.#updateBytes = 0;
    this.#ages = [];
    this.#refreshed = 0;
    this.#visible = 0;
  }

  /** Updates per second and client since the last time that this was asked. */
  peek(nowMs: number): number {
    const updateHz = (this.#peeked * 1000) / (nowMs - this.#peekMs) / Math.max(1, this.#updates.length);
    this.#peeked = 0;
    this.#peekMs = nowMs;
    return updateHz;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** @param place the client's place among those of this thread */
  update(place: number, bytes: number): void {
    this.#updates[place]!++;
    this.#peeked++;
    this.#updateBytes += bytes;
  }

  /** A decoded update, with its age in milliseconds. */
  saw(seen: Seen, ageMs: number): void {
    if (!this.#isMeasuring) return;
    this.#ages.push(ageMs);
    this.#refreshed += seen.updates;
    this.#visible += seen.visible;
  }

  /** Counts from the first connection on: whoever is missing makes the others' life easier. */
  lost(): void {
    this.#lost++;
  }

  malformed(): void {
    this.#malformed++;
  }

  end(nowMs: number): Tally {
    this.#isMeasuring = false;
    const seconds = (nowMs - this.#startMs) / 1000;
    return {
      ratesHz: Array.from(this.#updates, (count) => count / seconds),
      bytesPerSecond: this.#bytes / seconds,
      updates: this.#updates.reduce((sum, count) => sum + count, 0),
      updateBytes: this.#updateBytes,
      ages: this.#ages,
      refreshed: this.#refreshed,
      visible: this.#visible,
      lost: this.#lost,
      malformed: this.#malformed,
    };
  }
}

/** The figures of all threads together. */
export function figuresOf(tallies: readonly Tally[], own: ProcessFigures): LoadFigures {
  const ratesHz = tallies.flatMap((tally) => tally.ratesHz);
  const ages = tallies.flatMap((tally) => tally.ages);
  const sum = (pick: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + pick(tally), 0);
  const updateHz = ratesHz.reduce((total, rate) => total + rate, 0) / ratesHz.length;
  const visible = sum((tally) => tally.visible);
  const updates = sum((tally) => tally.updates);
  return {
    ...own,
    updateHz,
    slowUpdateHz: percentile(ratesHz, slowPercent),
    // Of those that a client holds, the part that an update refreshes, times the updates it gets.
    refreshHz: visible === 0 ? 0 : (sum((tally) => tally.refreshed) / visible) * updateHz,
    visibleMean: ages.length === 0 ? 0 : visible / ages.length,
    ageMsMedian: ages.length === 0 ? 0 : percentile(ages, 50),
    ageMsP99: ages.length === 0 ? 0 : percentile(ages, 99),
    bytesPerSecond: sum((tally) => tally.bytesPerSecond) / ratesHz.length,
    updateBytes: updates === 0 ? 0 : sum((tally) => tally.updateBytes) / updates,
    lost: sum((tally) => tally.lost),
    malformed: sum((tally) => tally.malformed),
  };
}
