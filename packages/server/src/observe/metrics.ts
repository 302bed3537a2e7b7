/**
 * The metrics of a process, in a registry of its own: ticks and their phases, sessions, bytes, the event loop, memory.
 *
 * Invariant: counts that others keep are read when somebody scrapes; measuring costs nothing between two scrapes but the
 * histograms of ticks. Names begin with `myriad_`; units stand in the name.
 */
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type GameMetrics, gameMetrics } from "./game-metrics.ts";
import { type MeasuredGateway, Status } from "./status.ts";

/** Milliseconds of a tick and its phases: a tick at 20 Hz has 50. */
const tickBucketsMs = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 33, 50, 100, 250, 1000];
/** Milliseconds of a pause of the garbage collector. */
const gcBucketsMs = [0.5, 1, 2, 5, 10, 25, 50, 100, 250];
const eventLoopResolutionMs = 10;
const nanosecondsPerMs = 1e6;

type EventLoopDelay = ReturnType<typeof monitorEventLoopDelay>;

/** What a tick of one zone took, by phase, in milliseconds. */
export interface TickPhases {
  readonly takeInMs: number;
  readonly runMs: number;
  readonly commitMs: number;
  readonly replicateMs: number;
  readonly sendMs: number;
}

export class Metrics {
  readonly registry = new Registry();
  /** The handle for game modules. */
  readonly game: GameMetrics;
  /** The same for whoever polls. */
  readonly status = new Status();
  readonly #ticks: Counter;
  readonly #phases: Histogram<"phase">;
  readonly #lateness: Histogram;
  readonly #players: Gauge<"zone">;
  readonly #dilation: Gauge;
  readonly #eventLoop: EventLoopDelay;
  readonly #gc: PerformanceObserver;

  /** @param options.isProcess Whether memory and processor time of the process are measured: by one of its threads. @default true */
  constructor({ isProcess = true }: { isProcess?: boolean } = {}) {
    const registers = [this.registry];
    this.game = gameMetrics(this.registry);
    this.#ticks = new Counter({
      name: "myriad_ticks_total",
      help: "Ticks simulated, all zones together",
      registers,
    });
    this.#phases = new Histogram({
      name: "myriad_tick_phase_ms",
      help: "Milliseconds of each phase of a zone's tick",
      labelNames: ["phase"],
      buckets: tickBucketsMs,
      registers,
    });
    this.#lateness = new Histogram({
      name: "myriad_tick_lateness_ms",
      help: "Milliseconds after its time at which a tick began",
      buckets: tickBucketsMs,
      registers,
    });
    this.#players = new Gauge({
      name: "myriad_players",
      help: "Players in a zone",
      labelNames: ["zone"],
      registers,
    });
    this.#dilation = new Gauge({
      name: "myriad_dilation_percent",
      help: "Percent of real time at which zones run",
      // Of several threads the slowest is told.
      aggregator: "min",
      registers,
    });
    this.#dilation.set(100);
    this.#eventLoop = this.#measureEventLoop();
    this.#gc = this.#measureGc();
    if (isProcess) this.#measureMemory();
  }

  /** A zone finished a tick. */
  tick(zone: number, phases: TickPhases, players: number): void {
    const { takeInMs, runMs, commitMs, replicateMs, sendMs } = phases;
    this.status.tick(takeInMs + runMs + commitMs + replicateMs + sendMs);
    this.#ticks.inc();
    this.#phases.observe({ phase: "take_in" }, takeInMs);
    this.#phases.observe({ phase: "run" }, runMs);
    this.#phases.observe({ phase: "commit" }, commitMs);
    this.#phases.observe({ phase: "replicate" }, replicateMs);
    this.#phases.observe({ phase: "send" }, sendMs);
    this.#players.set({ zone: String(zone) }, players);
  }

  /** A zone is in this thread no more. */
  forgetZone(zone: number): void {
    this.#players.remove({ zone: String(zone) });
  }

  /** A gateway composed and sent the frames of a tick. */
  composed(ms: number): void {
    this.#phases.observe({ phase: "compose" }, ms);
  }

  lateness(ms: number): void {
    this.#lateness.observe(ms);
    this.status.lateness(ms);
  }

  dilation(percent: number): void {
    this.#dilation.set(percent);
    this.status.dilation(percent);
  }

  /** Reads what zones dropped and what the store refused them, at each scrape. */
  watchZones(zones: () => readonly { readonly dropped: number; readonly storeFailures: number }[]): void {
    const sum = (count: (zone: { dropped: number; storeFailures: number }) => number) =>
      zones().reduce((total, zone) => total + count(zone), 0);
    this.#read("myriad_zone_inputs_dropped_total", "Inputs and batches that zones refused", () =>
      sum((zone) => zone.dropped),
    );
    this.#read("myriad_store_failures_total", "Store calls that failed and were made again", () =>
      sum((zone) => zone.storeFailures),
    );
  }

  /** Reads what became of threads at each scrape. */
  watchThreads(threads: {
    lost: () => number;
    moves: () => number;
    restores: () => number;
    dropped: () => number;
  }): void {
    this.#read("myriad_threads_lost_total", "Threads that hung or died and were replaced", threads.lost);
    this.#read("myriad_zone_moves_total", "Zones moved to another worker", threads.moves);
    this.#read("myriad_zone_restores_total", "Zones brought back from a checkpoint", threads.restores);
    this.#read(
      "myriad_bus_batches_dropped_total",
      "Batches for which there was no room between two threads",
      threads.dropped,
    );
  }

  /** Reads a gateway's counts at each scrape. */
  watchGateway(gateway: MeasuredGateway): void {
    this.status.watch(gateway);
    const { stats } = gateway;
    this.#read("myriad_connections_total", "Connections accepted", () => stats.connections);
    this.#read("myriad_client_frames_total", "Client frames sent", () => stats.framesSent);
    this.#read("myriad_client_bytes_out_total", "Bytes of client frames", () => stats.bytesOut);
    this.#read("myriad_keyframe_bytes_out_total", "Bytes of keyframes in them", () => stats.keyframeBytesOut);
    this.#read("myriad_client_bytes_in_total", "Bytes of client messages", () => stats.bytesIn);
    this.#read("myriad_facts_total", "Facts given to sessions", () => stats.facts);
    this.#read("myriad_facts_lost_total", "Facts dropped for clients that were away", () => stats.factsLost);
    this.#read("myriad_stale_total", "Times that a client fell behind", () => stats.stales);
    this.#read("myriad_resumes_total", "Sessions resumed", () => stats.resumes);
    this.#read("myriad_takeovers_total", "Sessions taken over", () => stats.takeovers);
    this.#read("myriad_sessions_moved_total", "Sessions taken from other gateways", () => stats.movedIn);
    this.#read(
      "myriad_rejoins_total",
      "Sessions let into a zone again that had lost them",
      () => stats.rejoins,
    );
    this.#read("myriad_handovers_total", "Sessions handed to another zone", () => stats.handovers);
    this.#read("myriad_tick_frames_total", "Tick frames received", () => stats.tickFrames);
    this.#read("myriad_batches_refused_total", "Batches of the bus refused", () => stats.batchesRefused);
    this.#read(
      "myriad_sessions_forgotten_total",
      "Sessions whose zone never answered",
      () => stats.sessionsForgotten,
    );
    this.#readBy("myriad_messages_total", "Messages of clients", "type", () => ({
      ...stats.messages,
      dropped: stats.messagesDropped,
    }));
    this.#readBy("myriad_intents_total", "Intents of clients", "fate", () => stats.intents);
    this.#readBy("myriad_closes_total", "Goodbyes said to clients", "reason", () => stats.closes);
    const sessions = new Gauge({
      name: "myriad_sessions",
      help: "Clients and sessions by state",
      labelNames: ["state"],
      registers: [this.registry],
      collect() {
        const { bufferedBytes: _, ...states } = gateway.counts();
        for (const [state, count] of Object.entries(states)) sessions.set({ state }, count);
      },
    });
    const buffered = new Gauge({
      name: "myriad_buffered_bytes",
      help: "Bytes that wait in sockets",
      registers: [this.registry],
      collect() {
        buffered.set(gateway.counts().bufferedBytes);
      },
    });
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Stops measuring the process. */
  close(): void {
    this.#eventLoop.disable();
    this.#gc.disconnect();
  }

  #read(name: string, help: string, value: () => number): void {
    const counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        counter.reset();
        counter.inc(value());
      },
    });
  }

  #readBy(name: string, help: string, label: string, values: () => Readonly<Record<string, number>>): void {
    const counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        counter.reset();
        for (const [key, value] of Object.entries(values())) counter.inc({ [label]: key }, value);
      },
    });
  }

  #measureEventLoop(): EventLoopDelay {
    const delay = monitorEventLoopDelay({ resolution: eventLoopResolutionMs });
    delay.enable();
    const gauge = new Gauge({
      name: "myriad_event_loop_delay_ms",
      help: "Delay of the event loop since the last scrape, milliseconds",
      labelNames: ["quantile"],
      aggregator: "max",
      registers: [this.registry],
      collect() {
        for (const quantile of [50, 99, 100]) {
          const ms = delay.percentile(quantile) / nanosecondsPerMs;
          gauge.set({ quantile: String(quantile / 100) }, Math.max(0, ms - eventLoopResolutionMs));
        }
        delay.reset();
      },
    });
    return delay;
  }

  #measureGc(): PerformanceObserver {
    const pauses = new Histogram({
      name: "myriad_gc_pause_ms",
      help: "Pauses of the garbage collector, milliseconds",
      buckets: gcBucketsMs,
      registers: [this.registry],
    });
    const observer = new PerformanceObserver((entries) => {
      for (const { duration } of entries.getEntries()) pauses.observe(duration);
    });
    observer.observe({ entryTypes: ["gc"] });
    return observer;
  }

  #measureMemory(): void {
    const memory = new Gauge({
      name: "myriad_memory_bytes",
      help: "Memory of the process",
      labelNames: ["kind"],
      registers: [this.registry],
      collect() {
        const { rss, heapUsed, external } = process.memoryUsage();
        memory.set({ kind: "resident" }, rss);
        memory.set({ kind: "heap" }, heapUsed);
        memory.set({ kind: "external" }, external);
      },
    });
    const cpu = new Counter({
      name: "myriad_cpu_seconds_total",
      help: "Seconds of processor time",
      registers: [this.registry],
      collect() {
        const { user, system } = process.cpuUsage();
        cpu.reset();
        cpu.inc((user + system) / 1e6);
      },
    });
  }
}
