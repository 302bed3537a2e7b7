/**
 * Holds a realm under players that come and go, for minutes or for days, and finds what only time shows: memory and
 * descriptors that are not given back, crashes, states that differ.
 *
 * Several swarms share the players; each plays for a while, leaves, and is followed by another, so that at any time some
 * join and some leave. Every player's state is compared as the swarm does. Before the first and after the last the realm
 * is looked at empty: what it then holds more of is lost.
 * Invariant: every problem is one line in `problems`; an empty list is a soak that held.
 */
import { chooseCores } from "../../bench/peers/child.ts";
import type { Standing } from "../../bench/lib/inside.ts";
import { RealmProcess, runSwarm, type SwarmFigures } from "../../bench/lib/realm-process.ts";
import { type Counts, percentileBetween } from "./histograms.ts";
import { growthOf, isGrowing } from "./trend.ts";
import type { SoakOptions } from "./options.ts";

export interface SoakFigures {
  readonly minutes: number;
  readonly players: number;
  /** Swarms that came and went. */
  readonly waves: number;
  readonly problems: readonly string[];
  /** Bytes after a collection: at first and in the end under load, and empty before and after. */
  readonly heapMb: {
    readonly first: number;
    readonly last: number;
    readonly before: number;
    readonly after: number;
  };
  readonly rssMb: { readonly first: number; readonly last: number };
  readonly descriptors: { readonly before: number; readonly after: number };
  /** From a tick's beginning to its last frame on a socket: what a fact waits at most after its intent was handled. */
  readonly eventMs: { readonly p50: number; readonly p99: number };
  /** A zone's tick, and how late ticks began: together what a state lags behind its time. */
  readonly tickMs: { readonly p50: number; readonly p99: number };
  readonly tickJitterMs: { readonly p50: number; readonly p99: number };
  /** Joins that were refused because the realm was busy; who was refused asked again. */
  readonly joinsRefused: number;
  /** The worst wave's. */
  readonly intentToAckMsP99: number;
}

/** Players that one zone holds. */
const playersPerZone = 500;
/** Swarms at a time. */
const lanes = 4;
/** Seconds that a wave plays: each lane's are another length, so that they do not come and go together. */
const waveSeconds = { min: 20, max: 75 };
/** Milliseconds between two looks at the realm under load, of a soak of an hour; a short one looks more often. */
const lookMsMax = 30_000;
const looksMin = 12;
/** Milliseconds for the last players' saves and sockets. */
const settleMs = 2500;
const heapLimits = { slack: 24 * 2 ** 20, share: 0.1 };
/** The heap, external buffers and pages that the allocator keeps. */
const rssLimits = { slack: 96 * 2 ** 20, share: 0.15 };
/** Bytes that an empty realm may hold more than before: what was compiled, tables that players' ways have filled. */
const emptyHeapSlack = 24 * 2 ** 20;
/** Sockets of requests that are being answered while the realm is looked at. */
const descriptorsSlack = 6;

interface Status {
  readonly eventMs: Counts;
  readonly tickMs: Counts;
  readonly tickJitterMs: Counts;
}

/** Runs a soak. `tell` is told how it goes. */
export async function soak(options: SoakOptions, tell: (line: string) => void): Promise<SoakFigures> {
  const cores = chooseCores();
  const realm = await RealmProcess.start({
    zones: Math.max(1, Math.ceil(options.players / playersPerZone)),
    core: cores.server,
  });
  const run = new Soak(realm, options, cores.load, tell);
  try {
    await run.hold();
  } catch (error) {
    run.problems.push(error instanceof Error ? error.message : String(error));
  }
  const code = await realm.stop();
  if (code !== 0) run.problems.push(`the realm ended with ${code}: ${realm.tail}`);
  return run.figures();
}

class Soak {
  readonly problems: string[] = [];
  readonly #realm: RealmProcess;
  readonly #options: SoakOptions;
  readonly #core: number | undefined;
  readonly #tell: (line: string) => void;
  readonly #looks: Standing[] = [];
  readonly #figures: SwarmFigures[] = [];
  readonly #startMs = performance.now();
  #refused = 0;
  #before: Standing | undefined;
  #after: Standing | undefined;
  #firstStatus: Status | undefined;
  #lastStatus: Status | undefined;

  constructor(
    realm: RealmProcess,
    options: SoakOptions,
    core: number | undefined,
    tell: (line: string) => void,
  ) {
    this.#realm = realm;
    this.#options = options;
    this.#core = core;
    this.#tell = tell;
  }

  async hold(): Promise<void> {
    const endMs = this.#startMs + this.#options.minutes * 60_000;
    this.#before = await this.#realm.standing();
    const lookMs = Math.min(lookMsMax, (this.#options.minutes * 60_000) / looksMin);
    const looking = setInterval(() => void this.#look(), lookMs);
    try {
      await Promise.all(Array.from({ length: lanes }, (_, lane) => this.#lane(lane, endMs)));
    } finally {
      clearInterval(looking);
    }
    this.#lastStatus = await this.#status();
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    this.#after = await this.#realm.standing();
    this.#judge();
  }

  /** One swarm after the other until the time is over. */
  async #lane(lane: number, endMs: number): Promise<void> {
    const players = Math.floor(this.#options.players / lanes);
    for (let wave = 0; this.#realm.ended === undefined; wave++) {
      const leftSeconds = (endMs - performance.now()) / 1000;
      if (leftSeconds < 1) return;
      const spread = waveSeconds.max - waveSeconds.min;
      const length = waveSeconds.min + ((lane * 37 + wave * 23) % spread);
      // The ramp comes on top of the seconds that are measured.
      const seconds = Math.max(1, Math.floor(Math.min(length, leftSeconds * (lane + 2) * 0.15 + 1)));
      const outcome = await runSwarm({
        url: this.#realm.url,
        players,
        seconds,
        core: this.#core,
        args: ["--seed", String(lane * 1000 + (wave % seeds) + 1)],
      });
      if (outcome.figures === undefined)
        this.problems.push(`a swarm ended with ${outcome.code}: ${outcome.said.trim()}`);
      else this.#hear(outcome.figures, outcome.table);
    }
  }

  #hear(figures: SwarmFigures, table: string): void {
    this.#figures.push(figures);
    const { sessionsDropped, stateMismatches } = figures;
    const refused = refusalsIn(table);
    const errors = figures.errors - refused;
    this.#refused += refused;
    if (errors + sessionsDropped + stateMismatches > 0)
      this.problems.push(
        `${errors} errors, ${sessionsDropped} sessions dropped, ${stateMismatches} mismatches in a wave:\n${table}`,
      );
  }

  async #look(): Promise<void> {
    try {
      this.#firstStatus ??= await this.#status();
      const standing = await this.#realm.standing();
      this.#looks.push(standing);
      const minutes = ((performance.now() - this.#startMs) / 60_000).toFixed(1);
      const ack = this.#figures.at(-1)?.intentToAckMs.p99.toFixed(0) ?? "–";
      this.#tell(
        `${minutes} min  heap ${mb(standing.heapBytes)} MB  resident ${mb(standing.rssBytes)} MB  ` +
          `${standing.descriptors} descriptors  ${this.#figures.length} waves  ack p99 ${ack} ms  ${this.problems.length} problems`,
      );
    } catch (error) {
      // It ended, or hangs: the lanes and the end say so.
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  #judge(): void {
    const heap = this.#looks.map(({ heapBytes }) => heapBytes);
    const rss = this.#looks.map(({ rssBytes }) => rssBytes);
    const [before, after] = [this.#before!, this.#after!];
    if (isGrowing(heap, heapLimits)) this.problems.push(`the heap grows: ${heap.map(mb).join(", ")} MB`);
    if (isGrowing(rss, rssLimits)) this.problems.push(`resident memory grows: ${rss.map(mb).join(", ")} MB`);
    if (after.heapBytes - before.heapBytes > emptyHeapSlack)
      this.problems.push(
        `the empty realm holds ${mb(after.heapBytes)} MB, before it was ${mb(before.heapBytes)}`,
      );
    if (after.descriptors - before.descriptors > descriptorsSlack)
      this.problems.push(`${after.descriptors} descriptors are open, before it was ${before.descriptors}`);
    if (this.#figures.length === 0) this.problems.push("no wave ended");
  }

  figures(): SoakFigures {
    const heap = growthOf(this.#looks.map(({ heapBytes }) => heapBytes));
    const rss = growthOf(this.#looks.map(({ rssBytes }) => rssBytes));
    const ms = (name: keyof Status) => ({
      p50: this.#percentile(name, 50),
      p99: this.#percentile(name, 99),
    });
    return {
      minutes: (performance.now() - this.#startMs) / 60_000,
      players: this.#options.players,
      waves: this.#figures.length,
      problems: this.problems,
      heapMb: {
        first: mb(heap?.first ?? 0),
        last: mb(heap?.last ?? 0),
        before: mb(this.#before?.heapBytes ?? 0),
        after: mb(this.#after?.heapBytes ?? 0),
      },
      rssMb: { first: mb(rss?.first ?? 0), last: mb(rss?.last ?? 0) },
      descriptors: { before: this.#before?.descriptors ?? 0, after: this.#after?.descriptors ?? 0 },
      eventMs: ms("eventMs"),
      tickMs: ms("tickMs"),
      tickJitterMs: ms("tickJitterMs"),
      joinsRefused: this.#refused,
      intentToAckMsP99: Math.max(0, ...this.#figures.map(({ intentToAckMs }) => intentToAckMs.p99)),
    };
  }

  #percentile(name: keyof Status, percent: number): number {
    if (this.#lastStatus === undefined) return 0;
    return percentileBetween(this.#firstStatus?.[name], this.#lastStatus[name], percent);
  }

  async #status(): Promise<Status> {
    return (await (await fetch(`${this.#realm.url}/status`)).json()) as Status;
  }
}

/** Refusals in a swarm's table: a busy realm lets players wait and says so, which is no error of anybody. */
export function refusalsIn(table: string): number {
  let refused = 0;
  for (const [, count] of table.matchAll(/^\s*(\d+) × join: .*server_full/gm)) refused += Number(count);
  return refused;
}

/** Seeds of a lane: players come back under their old names after so many waves. */
const seeds = 8;

function mb(bytes: number): number {
  return Math.round(bytes / 2 ** 18) / 4;
}
