/**
 * What `GET /status` tells: counts that only grow, and what stands now, for tools that poll and compute differences.
 *
 * Owns: three histograms and a count per percent of dilation. Everything else is read where it is counted already.
 * Invariant: nothing secret: no names, no addresses. Recording costs an addition; reading walks over the sessions once.
 */
import type { GatewayCounts } from "../gateway/gateway.ts";
import type { GatewayStats } from "../gateway/stats.ts";
import { type CountsByBucket, CumulativeHistogram } from "./cumulative-histogram.ts";

/** A gateway as it is measured. */
export interface MeasuredGateway {
  readonly stats: GatewayStats;
  counts(): GatewayCounts;
}

export interface StatusReport {
  readonly uptimeMs: number;
  /** The process, all its threads. */
  readonly rssBytes: number;
  readonly cpuUserUs: number;
  readonly cpuSystemUs: number;
  /** Zone ticks since the start. */
  readonly ticks: number;
  readonly clientFrames: number;
  readonly clientBytesOut: number;
  readonly clientBytesIn: number;
  /** Times that a client fell behind, since the start. */
  readonly stales: number;
  /** What stands now; zeros before a gateway runs. */
  readonly gateway: GatewayCounts;
  /** Milliseconds that a zone's tick took. */
  readonly tickMs: CountsByBucket;
  /** Milliseconds between a tick's time and its beginning. */
  readonly tickJitterMs: CountsByBucket;
  /**
   * Milliseconds from the beginning of a zone's tick until its last frame was written to a socket: what a fact waits at most
   * after the intent that it answers was handled.
   */
  readonly eventMs: CountsByBucket;
  /** How often zones ran at so many percent of real time, by percent from 0 to 100. */
  readonly dilationPercent: readonly number[];
}

const noCounts: GatewayCounts = {
  handshaking: 0,
  loading: 0,
  playing: 0,
  absent: 0,
  closing: 0,
  stale: 0,
  bufferedBytes: 0,
};

export class Status {
  readonly #tickMs = new CumulativeHistogram();
  readonly #tickJitterMs = new CumulativeHistogram();
  readonly #eventMs = new CumulativeHistogram();
  readonly #dilationPercent = new Float64Array(101);
  #ticks = 0;
  #gateway: MeasuredGateway | undefined;

  /** A zone finished a tick that took so long. */
  tick(ms: number): void {
    this.#ticks += 1;
    this.#tickMs.record(ms);
  }

  /** A tick began so much after its time, or before it. */
  lateness(ms: number): void {
    this.#tickJitterMs.record(Math.abs(ms));
  }

  /** What a zone said in a tick was written, so long after the tick began. */
  delivered(ms: number): void {
    this.#eventMs.record(ms);
  }

  /** Zones run at so many percent of real time, said once per tick. */
  dilation(percent: number): void {
    const place = Math.round(Math.min(100, Math.max(0, percent)));
    this.#dilationPercent[place] = (this.#dilationPercent[place] as number) + 1;
  }

  watch(gateway: MeasuredGateway): void {
    this.#gateway = gateway;
  }

  read(): StatusReport {
    const { user, system } = process.cpuUsage();
    const stats = this.#gateway?.stats;
    return {
      uptimeMs: Math.round(process.uptime() * 1000),
      rssBytes: process.memoryUsage.rss(),
      cpuUserUs: user,
      cpuSystemUs: system,
      ticks: this.#ticks,
      clientFrames: stats?.framesSent ?? 0,
      clientBytesOut: stats?.bytesOut ?? 0,
      clientBytesIn: stats?.bytesIn ?? 0,
      stales: stats?.stales ?? 0,
      gateway: this.#gateway?.counts() ?? noCounts,
      tickMs: this.#tickMs.read(),
      tickJitterMs: this.#tickJitterMs.read(),
      eventMs: this.#eventMs.read(),
      dilationPercent: [...this.#dilationPercent],
    };
  }
}
