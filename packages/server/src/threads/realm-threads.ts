/**
 * A realm on several threads: gateways and zone workers around this one, which starts, watches and connects them.
 *
 * Owns: the threads, the session directory, the store's thread. Refuses: batches; they go over the bus past it.
 * Invariant: a worker that hangs or dies is replaced within seconds and its zones come back; a gateway that dies is
 * replaced, and its players log in again. Nobody else notices.
 */
import type { BusPlan } from "../bus/worker-bus.ts";
import { droppedBatches, planBus } from "../bus/worker-bus.ts";
import type { DevelopmentKeys } from "../gateway/tickets.ts";
import type { Clock, Timers } from "../kernel/time.ts";
import { Metrics } from "../observe/metrics.ts";
import type { SqliteStore } from "../store/sqlite/sqlite-store.ts";
import { Balancer, type WorkerLoad } from "./balancer.ts";
import { Directory } from "./directory.ts";
import { directoryOffer } from "./directory-offer.ts";
import { mergedMetrics, mergedStatus } from "./merge.ts";
import type {
  GatewayOffer,
  GatewayStart,
  Measured,
  SupervisorOffer,
  ThreadStart,
  ZoneOffer,
} from "./offers.ts";
import type { Offer } from "./rpc.ts";
import type { RealmSettings } from "./settings.ts";
import { makeSharedMemory, type SharedMemory, SharedState } from "./shared-state.ts";
import type { ThreadCounts } from "./thread-counts.ts";
import { Watchdog } from "./watchdog.ts";
import { WorkerThread } from "./worker-thread.ts";
import { ZoneKeeper } from "./zone-keeper.ts";

/** Milliseconds between two tries to replace a thread that dies at once: the first comes immediately. */
const retryMsMin = 100;
const retryMsMax = 5000;
/** Milliseconds after which a thread that died is one that had run: its successor is not a repetition. */
const steadyMs = 10_000;
/** Milliseconds after it was brought back in which a zone that is lost again is taken for the reason. */
const suspectMs = 10_000;
/** Milliseconds between two decisions about balance. */
const balanceMs = 1000;
/** Milliseconds that a thread may take to tell what it measured. */
const measureMsMax = 500;
/** Numbers of sessions that lie between two runs of one gateway. */
const sessionsPerRun = 1 << 20;

export interface RealmThreadsOptions {
  readonly counts: ThreadCounts;
  readonly settings: RealmSettings;
  readonly realmUrl: string;
  readonly store: SqliteStore;
  readonly version: string;
  readonly pageDir: string | undefined;
  readonly ticketKeys: DevelopmentKeys | undefined;
  readonly zones: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** For the log. */
  readonly say: (line: string) => void;
}

interface Slot<Theirs extends Offer> {
  /** Undefined while it is being replaced. */
  worker: WorkerThread<Theirs> | undefined;
  /** Whether it was ready: one that ends before fails its start. */
  serves: boolean;
  startedMs: number;
  failures: number;
}

export class RealmThreads {
  readonly keeper: ZoneKeeper;
  readonly #options: RealmThreadsOptions;
  readonly #plan: BusPlan;
  readonly #memory: SharedMemory;
  readonly #shared: SharedState;
  readonly #gateways: Slot<GatewayOffer>[];
  readonly #workers: Slot<ZoneOffer>[];
  readonly #directory: Directory;
  readonly #watchdog: Watchdog;
  readonly #balancer = new Balancer();
  readonly #loads = new Map<number, WorkerLoad>();
  readonly #metrics = new Metrics();
  #address: { host: string; port: number } | undefined;
  #gatewayRuns = 0;
  #isClosing = false;
  #stopBalance = () => {};
  /** Threads that hung or died, since the start. */
  lostThreads = 0;

  constructor(options: RealmThreadsOptions) {
    const { counts, settings, zones, clock, timers } = options;
    const { gateways, workers } = counts;
    this.#options = options;
    this.#plan = planBus({ gateways, workers, zones });
    this.#memory = makeSharedMemory({ threads: gateways + workers, zones });
    this.#shared = new SharedState(this.#memory);
    this.#gateways = Array.from({ length: gateways }, emptySlot<GatewayOffer>);
    this.#workers = Array.from({ length: workers }, emptySlot<ZoneOffer>);
    this.#directory = new Directory({
      capacity: settings.capacity,
      connectionsPerAddress: settings.limits.connectionsPerAddress,
      isLoopbackFree: settings.mode === "development",
      timers,
      evict: (gateway, nameKey) => this.#gateways[gateway]?.worker?.rpc.tell("evict", nameKey),
    });
    this.keeper = new ZoneKeeper({
      plan: this.#plan,
      zones,
      shared: this.#shared,
      clock,
      workerOf: (thread) => this.#workers[thread - gateways]?.worker,
      gateways: () => this.#gateways.flatMap(({ worker }) => worker ?? []),
      onLost: (zone) => void this.#restore(zone, gateways),
      say: options.say,
    });
    this.#watchdog = new Watchdog({
      clock,
      timers,
      pulseOf: (thread) => this.#shared.pulseOf(thread),
      onHung: (thread, silentMs) => this.#kill(thread, `no sign of life for ${Math.round(silentMs)} ms`),
    });
    this.#metrics.watchThreads({
      lost: () => this.lostThreads,
      moves: () => this.keeper.moves,
      restores: () => this.keeper.restores,
      dropped: () => droppedBatches(this.#plan),
    });
  }

  /** Starts everything and listens; answers the port. Rejects with MyriadError when a thread cannot. */
  async start(address: { host: string; port: number }): Promise<number> {
    const { timers, counts } = this.#options;
    const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);
    await Promise.all([
      ...indexes(counts.gateways).map((index) => this.#startGateway(index)),
      ...indexes(counts.workers).map((index) => this.#startWorker(index)),
    ]);
    await this.keeper.begin(indexes(counts.workers).map((index) => counts.gateways + index));
    // The first one takes the port, which may be any; the others share it.
    const first = await this.#gateways[0]!.worker!.rpc.call("listen", address);
    this.#address = { ...address, port: first };
    await Promise.all(
      this.#gateways.slice(1).map(({ worker }) => worker!.rpc.call("listen", this.#address!)),
    );
    this.#stopBalance = timers.every(balanceMs, () => this.#balance());
    return first;
  }

  /** Lets everybody go: sessions are ended and saved, within the time. */
  async drain(timeoutMs: number): Promise<void> {
    await Promise.allSettled(this.#gateways.map(({ worker }) => worker?.rpc.call("drain", timeoutMs)));
  }

  /** Ends all threads; the store is the caller's. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopBalance();
    this.#watchdog.close();
    const gateways = this.#gateways.map(({ worker }) => worker?.rpc.call("close", null));
    await Promise.allSettled(gateways);
    await Promise.allSettled(this.#workers.map(({ worker }) => worker?.rpc.call("close", null)));
    for (const { worker } of [...this.#gateways, ...this.#workers])
      if (worker?.isOver === false) worker.kill("the end");
    this.#metrics.close();
  }

  /** Moves a zone to a worker, 0 to the number of workers − 1. @returns Whether it is there now. */
  moveZone(zone: number, worker: number): Promise<boolean> {
    this.#balancer.noteMove();
    return this.keeper.move(zone, this.#options.counts.gateways + worker);
  }

  /** Worker of each zone; −1 for a zone that is being brought back. */
  get places(): readonly number[] {
    return this.keeper.places.map((thread) => (thread < 0 ? -1 : thread - this.#options.counts.gateways));
  }

  async #startGateway(index: number): Promise<void> {
    const { version, pageDir, ticketKeys } = this.#options;
    const firstSession = sessionsPerRun * this.#gatewayRuns++;
    const start: GatewayStart = { ...this.#startOf(index), version, pageDir, ticketKeys, firstSession };
    const slot = this.#gateways[index]!;
    await this.#begin(slot, index, {
      name: `gateway ${index}`,
      url: new URL("./gateway-worker.ts", import.meta.url),
      start,
      offer: directoryOffer({
        gateway: index,
        directory: this.#directory,
        gatewayOf: (other) => this.#gateways[other]?.worker?.rpc,
        failed: (what) => this.#options.say(what),
        metrics: () => this.#mergedMetrics(),
        status: async () => mergedStatus((await this.#measure()).map(({ status }) => status)),
      }) as unknown as Offer,
    });
    if (this.#address !== undefined) await slot.worker!.rpc.call("listen", this.#address);
  }

  async #startWorker(index: number): Promise<void> {
    const thread = this.#options.counts.gateways + index;
    const offer: SupervisorOffer = {
      failed: (what) => this.#options.say(what),
      checkpoint: (checkpoint) => this.keeper.keep(checkpoint),
      load: (load) => void this.#loads.set(thread, { worker: thread, ...load }),
      zoneEnded: ({ zone, epoch, what }) => {
        if (!this.keeper.loseZone(zone, epoch)) return;
        this.#options.say(`zone ${zone} ended: ${what}`);
        void this.#restore(zone, thread);
      },
    };
    await this.#begin(this.#workers[index]!, thread, {
      name: `zones ${index}`,
      url: new URL("./zone-worker.ts", import.meta.url),
      start: this.#startOf(thread),
      offer: offer as unknown as Offer,
    });
  }

  #startOf(thread: number): ThreadStart {
    const { settings, realmUrl, store } = this.#options;
    return { settings, realmUrl, thread, bus: this.#plan, shared: this.#memory, store: store.connect() };
  }

  async #begin<T extends Offer>(
    slot: Slot<T>,
    thread: number,
    given: { name: string; url: URL; start: ThreadStart; offer: Offer },
  ): Promise<void> {
    const worker = new WorkerThread<T>({
      ...given,
      onFailure: (error) => this.#options.say(String(error)),
      onEnded: (why) => this.#onEnded(slot, thread, why),
    });
    slot.worker = worker;
    slot.serves = false;
    slot.startedMs = this.#options.clock.nowMs();
    await worker.ready;
    slot.serves = true;
    this.#watchdog.watch(thread);
  }

  #kill(thread: number, why: string): void {
    const { gateways } = this.#options.counts;
    const slot = thread < gateways ? this.#gateways[thread] : this.#workers[thread - gateways];
    slot?.worker?.kill(why);
  }

  /** A thread does not run any more: another one takes its place. */
  #onEnded<T extends Offer>(slot: Slot<T>, thread: number, why: string): void {
    const { clock, counts, say } = this.#options;
    const { serves } = slot;
    slot.worker = undefined;
    slot.serves = false;
    this.#watchdog.unwatch(thread);
    this.#loads.delete(thread);
    if (this.#isClosing || this.#address === undefined || !serves) return;
    this.lostThreads += 1;
    const isGateway = thread < counts.gateways;
    const name = isGateway ? `gateway ${thread}` : `zone worker ${thread - counts.gateways}`;
    say(`${name} is lost: ${why}`);
    slot.failures = clock.nowMs() - slot.startedMs < steadyMs ? slot.failures + 1 : 0;
    if (isGateway) {
      this.#directory.forget(thread);
      void this.#replace(slot, () => this.#startGateway(thread));
    } else {
      const lost = this.keeper.lose(thread);
      const refuge = this.#refugeFor(lost);
      const replaced = this.#replace(slot, () => this.#startWorker(thread - counts.gateways));
      void this.#bringBack(lost, { thread, refuge, replaced });
    }
  }

  /**
   * Brings zones back at once on a worker that runs, and home when their own is replaced; or, without a refuge, once it is.
   */
  async #bringBack(
    zones: readonly number[],
    given: { thread: number; refuge: number | undefined; replaced: Promise<void> },
  ): Promise<void> {
    const { thread, refuge, replaced } = given;
    if (refuge !== undefined) await Promise.all(zones.map((zone) => this.#restore(zone, refuge)));
    await replaced;
    await Promise.all(zones.map((zone) => this.#restore(zone, thread)));
    if (refuge === undefined) return;
    this.#balancer.noteMove();
    for (const zone of zones) {
      // What was moved meanwhile stays where it was moved to.
      if (this.keeper.places[zone] !== refuge) continue;
      await this.keeper.move(zone, thread).catch((error: unknown) => this.#options.say(String(error)));
    }
  }

  /** A worker that runs and can take zones in; none for zones that were brought back a moment ago: they may end it, too. */
  #refugeFor(zones: readonly number[]): number | undefined {
    const { clock, counts } = this.#options;
    const nowMs = clock.nowMs();
    if (zones.some((zone) => nowMs - this.keeper.restoredMs(zone) < suspectMs)) return undefined;
    const running = this.#workers.findIndex(({ serves }) => serves);
    return running < 0 ? undefined : counts.gateways + running;
  }

  async #replace(slot: { failures: number }, start: () => Promise<void>): Promise<void> {
    for (;;) {
      if (slot.failures > 0) await this.#sleep(Math.min(retryMsMax, retryMsMin * 2 ** slot.failures));
      if (this.#isClosing) return;
      try {
        await start();
        return;
      } catch (error) {
        slot.failures += 1;
        this.#options.say(`a thread cannot be replaced: ${String(error)}`);
      }
    }
  }

  /** Brings a zone back: on its old worker, or on any that runs. */
  async #restore(zone: number, preferred: number): Promise<void> {
    const { counts, say } = this.#options;
    for (let failures = 0; !this.#isClosing; failures++) {
      const running = this.#workers.findIndex(({ serves }) => serves);
      const own = this.#workers[preferred - counts.gateways];
      try {
        if (own?.serves !== true && running < 0) throw new Error("no worker runs");
        await this.keeper.restore(zone, own?.serves === true ? preferred : counts.gateways + running);
        return;
      } catch (error) {
        say(`zone ${zone} is not back yet: ${error instanceof Error ? error.message : String(error)}`);
        await this.#sleep(Math.min(retryMsMax, retryMsMin * 2 ** failures));
      }
    }
  }

  #balance(): void {
    const move = this.#balancer.decide([...this.#loads.values()]);
    if (move === undefined) return;
    const { say, counts } = this.#options;
    const [from, to] = [move.from - counts.gateways, move.to - counts.gateways];
    say(`zone ${move.zone} moves from worker ${from}, which is too busy, to worker ${to}`);
    void this.keeper.move(move.zone, move.to).catch((error: unknown) => say(String(error)));
  }

  async #mergedMetrics(): Promise<string> {
    const measured = await this.#measure();
    const own = await this.#metrics.registry.getMetricsAsJSON();
    return mergedMetrics([own, ...measured.map(({ metrics }) => metrics)]);
  }

  async #measure(): Promise<Measured[]> {
    const asks: Promise<Measured>[] = [];
    for (const { worker } of this.#gateways)
      if (worker !== undefined) asks.push(worker.rpc.call("measure", null));
    for (const { worker } of this.#workers)
      if (worker !== undefined) asks.push(worker.rpc.call("measure", null));
    // A thread that hangs is missing until it is replaced; the others are told without it.
    const within = asks.map((ask) => Promise.race([ask, this.#sleep(measureMsMax)]));
    const answers = await Promise.allSettled(within);
    return answers.flatMap((answer) => (answer.status === "fulfilled" && answer.value ? [answer.value] : []));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.timers.after(ms, () => resolve()));
  }
}

function emptySlot<T extends Offer>(): Slot<T> {
  return { worker: undefined, serves: false, startedMs: 0, failures: 0 };
}
