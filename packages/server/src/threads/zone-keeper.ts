/**
 * Where each zone is: begins zones, moves them between workers, brings them back when their worker died.
 *
 * Owns: each zone's worker and epoch, and its newest checkpoint. Refuses: starting and watching threads.
 * Invariant: a zone has one worker; a new one owns it under a higher epoch, so that whatever the old one still says is
 * refused. A move continues the zone bit for bit; a restore begins at its last checkpoint, and says so.
 * Invariant: one thing at a time happens to a zone: moves and restores of it wait for each other.
 */
import { type BusPlan, routeZone } from "../bus/worker-bus.ts";
import type { Clock } from "../kernel/time.ts";
import type { GatewayOffer, ZoneOffer } from "./offers.ts";
import type { SharedState } from "./shared-state.ts";
import type { WorkerThread } from "./worker-thread.ts";
import type { Checkpoint } from "./zone-thread.ts";

/** A zone that has no worker. */
const nowhere = -1;

interface Zone {
  readonly zone: number;
  /** Thread of its worker; −1 while it has none. */
  thread: number;
  epoch: number;
  checkpoint: (Checkpoint & { readonly takenMs: number }) | undefined;
  startedMs: number;
  /** When it was brought back last. */
  restoredMs: number;
  /** The last of what happens to it. */
  turn: Promise<unknown>;
}

export interface ZoneKeeperOptions {
  readonly plan: BusPlan;
  readonly zones: number;
  readonly shared: SharedState;
  readonly clock: Clock;
  /** A zone worker by its thread's number; undefined while it is not there. */
  readonly workerOf: (thread: number) => WorkerThread<ZoneOffer> | undefined;
  readonly gateways: () => readonly WorkerThread<GatewayOffer>[];
  /** A zone got lost on its way to another worker: it is nowhere and is to be restored. */
  readonly onLost: (zone: number) => void;
  /** For the log. */
  readonly say: (line: string) => void;
}

export class ZoneKeeper {
  readonly #options: ZoneKeeperOptions;
  readonly #zones: readonly Zone[];
  /** Zones moved, and brought back, since the start. */
  moves = 0;
  restores = 0;

  constructor(options: ZoneKeeperOptions) {
    this.#options = options;
    this.#zones = Array.from({ length: options.zones }, (_, zone) => ({
      zone,
      thread: nowhere,
      epoch: 0,
      checkpoint: undefined,
      startedMs: 0,
      restoredMs: Number.NEGATIVE_INFINITY,
      turn: Promise.resolve(),
    }));
  }

  /** Thread of each zone's worker; −1 for a zone that has none now. */
  get places(): readonly number[] {
    return this.#zones.map(({ thread }) => thread);
  }

  /** Begins every zone, in runs of neighbours that share a worker. */
  async begin(threads: readonly number[]): Promise<void> {
    const count = this.#zones.length;
    await Promise.all(
      this.#zones.map((zone, index) => {
        const thread = threads[Math.floor((index * threads.length) / count)]!;
        return this.#inTurn(zone, () => this.#host(zone, thread, undefined));
      }),
    );
  }

  /** Keeps a zone's checkpoint, unless the zone has another owner by now. */
  keep(checkpoint: Checkpoint): void {
    const zone = this.#zones[checkpoint.zone];
    if (zone === undefined || zone.epoch !== checkpoint.epoch) return;
    zone.checkpoint = { ...checkpoint, takenMs: this.#options.clock.nowMs() };
  }

  /**
   * Moves a zone to another worker while it runs: no tick is lost and nobody is told.
   * @returns Whether it is there now. It stays where it is when its worker waits for the store, or dies meanwhile.
   */
  move(zoneNumber: number, to: number): Promise<boolean> {
    const zone = this.#zones[zoneNumber]!;
    return this.#inTurn(zone, async () => {
      const from = zone.thread;
      if (from === to) return true;
      const [source, target] = [this.#options.workerOf(from), this.#options.workerOf(to)];
      if (source === undefined || target === undefined) return false;
      const { plan } = this.#options;
      await target.rpc.call("await", zoneNumber);
      routeZone(plan, zoneNumber, to);
      const given = await source.rpc.call("release", zoneNumber).catch(() => undefined);
      if (given === undefined) {
        routeZone(plan, zoneNumber, zone.thread);
        await target.rpc.call("notComing", zoneNumber);
        return false;
      }
      zone.thread = to;
      zone.epoch += 1;
      const { epoch } = zone;
      // In case that the new worker dies before it saved: this is a checkpoint, too.
      this.keep({ zone: zoneNumber, epoch, tick: given.tick, state: given.state });
      try {
        await target.rpc.call("host", { zone: zoneNumber, epoch, ...given, isRolledBack: false });
      } catch (error) {
        if (zone.thread === to && zone.epoch === epoch) this.#takeDown(zone);
        this.#options.onLost(zoneNumber);
        throw error;
      }
      this.moves += 1;
      return true;
    });
  }

  /** A worker died: its zones are nowhere until `restore`. @returns Which they were. */
  lose(thread: number): number[] {
    const lost = this.#zones.filter((zone) => zone.thread === thread);
    for (const zone of lost) this.#takeDown(zone);
    return lost.map(({ zone }) => zone);
  }

  /** A zone ended while its worker goes on. False when another owner has it by now. */
  loseZone(zoneNumber: number, epoch: number): boolean {
    const zone = this.#zones[zoneNumber];
    if (zone === undefined || zone.epoch !== epoch || zone.thread === nowhere) return false;
    this.#takeDown(zone);
    return true;
  }

  /** When a zone was brought back last, by this clock; −∞ when it never was. */
  restoredMs(zone: number): number {
    return this.#zones[zone]!.restoredMs;
  }

  /** Brings a zone that is nowhere back on a worker, from its last checkpoint. */
  restore(zoneNumber: number, thread: number): Promise<void> {
    const zone = this.#zones[zoneNumber]!;
    return this.#inTurn(zone, async () => {
      if (zone.thread !== nowhere) return;
      const { clock, gateways, shared, say } = this.#options;
      // What is on its way to the zone may be what ended it: gateways do not repeat it.
      await Promise.allSettled(gateways().map(({ rpc }) => rpc.call("zoneDown", zoneNumber)));
      const { checkpoint } = zone;
      try {
        await this.#host(zone, thread, checkpoint?.state);
      } catch (error) {
        this.#takeDown(zone);
        throw error;
      }
      shared.setDown(zoneNumber, false);
      this.restores += 1;
      zone.restoredMs = clock.nowMs();
      const lostMs = clock.nowMs() - (checkpoint?.takenMs ?? zone.startedMs);
      for (const { rpc } of gateways()) rpc.tell("zoneRestored", { zone: zoneNumber, lostMs });
      const from = checkpoint === undefined ? "its beginning" : `tick ${checkpoint.tick}`;
      say(
        `zone ${zoneNumber} is back from ${from}, ${Math.ceil(lostMs / 1000)} s before; players join it again`,
      );
    });
  }

  #takeDown(zone: Zone): void {
    zone.thread = nowhere;
    routeZone(this.#options.plan, zone.zone, nowhere);
    this.#options.shared.setDown(zone.zone, true);
  }

  async #host(zone: Zone, thread: number, state: Uint8Array | undefined): Promise<void> {
    const { plan, workerOf, clock } = this.#options;
    const worker = workerOf(thread);
    if (worker === undefined) throw new Error(`worker ${thread} is not there`);
    zone.epoch += 1;
    zone.startedMs = clock.nowMs();
    await worker.rpc.call("await", zone.zone);
    routeZone(plan, zone.zone, thread);
    zone.thread = thread;
    await worker.rpc.call("host", {
      zone: zone.zone,
      epoch: zone.epoch,
      state,
      inputs: undefined,
      isRolledBack: zone.epoch > 1,
      sinceTickMs: 0,
    });
    if (zone.checkpoint !== undefined) zone.checkpoint = { ...zone.checkpoint, epoch: zone.epoch };
  }

  #inTurn<T>(zone: Zone, work: () => Promise<T>): Promise<T> {
    const turn = zone.turn.then(work, work);
    zone.turn = turn;
    return turn;
  }
}
