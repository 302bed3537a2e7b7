/**
 * One zone worker: some zones, one schedule for all of them, checkpoints now and then. Everything that a zone does in the
 * main thread it does here.
 *
 * Owns: the hosts of its zones. Refuses: deciding where a zone belongs; it takes zones in and gives them away when told.
 * Invariant: a zone that is given away ticks no more here from the moment in which its state is saved, and no tick is
 * skipped: who takes it in runs what is missing at once.
 */
import type { WorkerBus } from "../bus/worker-bus.ts";
import { encodeInputs } from "../zone/inputs.ts";
import type { ZoneHost } from "../zone/zone-host.ts";
import type { Clock, Timers } from "../kernel/time.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Ticker } from "../platform/ticker.ts";
import type { SharedState } from "./shared-state.ts";

/** Milliseconds between two checkpoints of a zone: what its worker's death costs at most. */
export const checkpointMs = 10_000;
/** Milliseconds after which a zone that was just taken in is saved first. */
const firstCheckpointMs = 500;
/** Milliseconds between two looks for checkpoints that are due. */
const checkpointLookMs = 100;
/** Milliseconds that a zone which is given away waits for the store's answers. */
const quietMsMax = 1000;
const quietLookMs = 2;
/** Milliseconds to wait for whoever has not read yet what the zone said last: a gateway that stalls that long misses it. */
const readMsMax = 50;
/** Ticks that a zone runs at once when it comes from another worker: as many as a ticker catches up. */
const missedTicksMax = 3;

/** A zone as it is taken in. */
export interface ZoneToHost {
  readonly zone: number;
  readonly epoch: number;
  /** What another host of the zone saved; undefined for a zone that begins. */
  readonly state: Uint8Array | undefined;
  /** Inputs that had come when it was saved. */
  readonly inputs: Uint8Array | undefined;
  /** Whether the state is an old one, because the zone's worker died: nobody is in it then. */
  readonly isRolledBack: boolean;
  /** Milliseconds since the zone's last tick. */
  readonly sinceTickMs: number;
}

/** A zone as it is given away. */
export interface ZoneState {
  readonly tick: number;
  readonly state: Uint8Array<ArrayBuffer>;
  readonly inputs: Uint8Array<ArrayBuffer>;
  readonly sinceTickMs: number;
}

export interface Checkpoint {
  readonly zone: number;
  readonly epoch: number;
  readonly tick: number;
  readonly state: Uint8Array<ArrayBuffer>;
}

export interface ZoneThreadOptions {
  readonly bus: WorkerBus;
  readonly shared: SharedState;
  readonly tickRateHz: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: Metrics;
  /** Makes a host; throws MyriadError when the zone cannot be. */
  readonly makeHost: (zone: number, epoch: number) => ZoneHost;
  readonly onCheckpoint: (checkpoint: Checkpoint) => void;
  /** A zone ended by an error of its own; it is here no more. */
  readonly onZoneEnded: (zone: number, epoch: number, error: unknown) => void;
}

interface Hosted {
  readonly zone: number;
  readonly epoch: number;
  readonly host: ZoneHost;
  tickedMs: number;
  checkpointMs: number;
  /** Milliseconds that its ticks took since they were read last. */
  costMs: number;
}

export class ZoneThread {
  readonly #options: ZoneThreadOptions;
  readonly #hosted: Hosted[] = [];
  readonly #ticker: Ticker;
  readonly #intervalMs: number;
  readonly #cancel: () => void;

  constructor(options: ZoneThreadOptions) {
    const { clock, timers, tickRateHz, metrics } = options;
    this.#options = options;
    this.#intervalMs = 1000 / tickRateHz;
    this.#ticker = new Ticker({
      clock,
      timers,
      tickRateHz,
      onTick: (slot, dueMs) => this.#tick(slot, dueMs),
      onLateness: (ms, slot) => {
        if (slot < this.#hosted.length) metrics.lateness(ms);
      },
    });
    this.#ticker.start();
    this.#cancel = timers.every(checkpointLookMs, () => this.#saveNext());
  }

  get zones(): readonly number[] {
    return this.#hosted.map(({ zone }) => zone);
  }

  get hosts(): readonly ZoneHost[] {
    return this.#hosted.map(({ host }) => host);
  }

  /** Takes a zone in. Throws when its state cannot be restored. */
  host(given: ZoneToHost): void {
    const { bus, clock, makeHost } = this.#options;
    const { zone, epoch } = given;
    const host = makeHost(zone, epoch);
    try {
      if (given.state !== undefined) host.restore(given.state, given.inputs, given.isRolledBack);
      else if (given.isRolledBack) host.core.rollBack();
    } catch (error) {
      host.close();
      bus.deliverAwaited(zone);
      throw error;
    }
    bus.deliverAwaited(zone);
    const nowMs = clock.nowMs();
    const checkpointAtMs = nowMs + firstCheckpointMs + (zone % 10) * checkpointLookMs;
    const hosted = { zone, epoch, host, tickedMs: nowMs - given.sinceTickMs, costMs: 0 };
    this.#hosted.push({ ...hosted, checkpointMs: checkpointAtMs });
    this.#ticker.slots = this.#hosted.length;
    const missed = Math.floor(given.sinceTickMs / this.#intervalMs);
    if (given.state !== undefined && !given.isRolledBack)
      this.#catchUp(zone, Math.min(missed, missedTicksMax));
  }

  /**
   * Stops a zone and saves it. Undefined when the store did not answer in time what the zone waits for: the zone goes on
   * here then.
   */
  async release(zone: number): Promise<ZoneState | undefined> {
    const { bus, clock, timers } = this.#options;
    const hosted = this.#hosted.find((each) => each.zone === zone);
    if (hosted === undefined) return undefined;
    this.#hosted.splice(this.#hosted.indexOf(hosted), 1);
    // It takes no inputs and makes no requests any more, so the store's answers come to an end.
    const untilMs = clock.nowMs() + quietMsMax;
    while (!hosted.host.isSettled && clock.nowMs() < untilMs)
      await new Promise<void>((resolve) => timers.after(quietLookMs, resolve));
    if (!hosted.host.isSettled) {
      this.#hosted.push(hosted);
      return undefined;
    }
    // What it said last comes before what its next host says first: the two go over different rings.
    const isRead = bus.mark();
    const readUntilMs = clock.nowMs() + readMsMax;
    while (!isRead() && clock.nowMs() < readUntilMs)
      await new Promise<void>((resolve) => timers.after(quietLookMs, resolve));
    bus.drain();
    const { state, inputs } = hosted.host.give();
    this.#drop(hosted);
    return {
      tick: hosted.host.core.tick,
      state: state as Uint8Array<ArrayBuffer>,
      inputs: encodeInputs(inputs) as Uint8Array<ArrayBuffer>,
      sinceTickMs: clock.nowMs() - hosted.tickedMs,
    };
  }

  /** What each zone's ticks took since the last call. */
  takeCosts(): { zone: number; costMs: number }[] {
    return this.#hosted.map((hosted) => {
      const { zone, costMs } = hosted;
      hosted.costMs = 0;
      return { zone, costMs };
    });
  }

  close(): void {
    this.#ticker.stop();
    this.#cancel();
    for (const { host } of this.#hosted) host.close();
  }

  #tick(slot: number, dueMs: number): void {
    const hosted = this.#hosted[slot];
    if (hosted === undefined) return;
    this.#run(hosted);
    this.#options.shared.noteNextTick(hosted.zone, dueMs + this.#intervalMs - this.#options.clock.nowMs());
  }

  #run(hosted: Hosted): void {
    const { bus, metrics, clock } = this.#options;
    const dilation = this.#ticker.dilationPercent;
    // What gateways and other zones sent since the last look.
    bus.drain();
    const startMs = clock.nowMs();
    try {
      hosted.host.tick(dilation);
    } catch (error) {
      // A failed assertion: the zone's state cannot be trusted. The others of this worker go on.
      this.#drop(hosted);
      this.#options.onZoneEnded(hosted.zone, hosted.epoch, error);
      return;
    }
    hosted.tickedMs = startMs;
    hosted.costMs += clock.nowMs() - startMs;
    metrics.tick(hosted.zone, hosted.host.phases, hosted.host.players);
    metrics.dilation(dilation);
  }

  /** Runs the ticks that were due while the zone was on its way, each in a turn of its own. */
  #catchUp(zone: number, ticks: number): void {
    if (ticks <= 0) return;
    this.#options.timers.soon(() => {
      const hosted = this.#hosted.find((each) => each.zone === zone);
      if (hosted === undefined) return;
      this.#run(hosted);
      this.#catchUp(zone, ticks - 1);
    });
  }

  #drop(hosted: Hosted): void {
    const at = this.#hosted.indexOf(hosted);
    if (at >= 0) this.#hosted.splice(at, 1);
    hosted.host.close();
    this.#options.metrics.forgetZone(hosted.zone);
    this.#ticker.slots = Math.max(1, this.#hosted.length);
  }

  /** One zone at a time, so that no two checkpoints fall into one pause. */
  #saveNext(): void {
    const nowMs = this.#options.clock.nowMs();
    const hosted = this.#hosted.find((each) => nowMs >= each.checkpointMs && each.host.core.tick > 0);
    if (hosted === undefined) return;
    hosted.checkpointMs = nowMs + checkpointMs;
    const { zone, epoch, host } = hosted;
    const state = host.core.save() as Uint8Array<ArrayBuffer>;
    this.#options.onCheckpoint({ zone, epoch, tick: host.core.tick, state });
  }
}
