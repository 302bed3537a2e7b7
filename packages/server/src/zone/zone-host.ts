/**
 * The shell around a zone: bytes in, bytes out. Gathers inputs from the bus and the store, runs ticks, sends what they say.
 *
 * Owns: intake queues between two ticks, what gateways asked for, sending, the time of each phase.
 * Invariant: the zone inside never sees a promise or a clock; every input passes through `TickInputs`.
 * Invariant: intake is bounded; what is over the limit is dropped and counted.
 */
import { ByteReader, type Level } from "@myriad/protocol";
import { readHeader } from "../bus/header.ts";
import { readIntentBatch, type SessionInput } from "../bus/intent-batch.ts";
import type { Bus } from "../bus/port.ts";
import { AssertionFailed, assert } from "../kernel/assert.ts";
import { MyriadError } from "../kernel/errors.ts";
import { operationsPerApplyMax } from "../ledger/limits.ts";
import type { Operation } from "../ledger/port.ts";
import type { CharacterId } from "../store/ids.ts";
import { savesPerCallMax } from "../store/limits.ts";
import { FrameWriter } from "./frames.ts";
import type { ZoneStore } from "./gathered-saves.ts";
import { GroupStates } from "./group-states.ts";
import { decodeInputs, type StoreReply, type TickInputs } from "./inputs.ts";
import type { Effects } from "./outbox.ts";
import { type Deflate, KeyframePacker } from "./packing.ts";
import { SessionRecords } from "./session-records.ts";
import { ZoneCore, type ZoneOptions } from "./zone-core.ts";

/** Milliseconds that each phase of a tick took. */
export interface PhaseTimes {
  takeInMs: number;
  runMs: number;
  commitMs: number;
  replicateMs: number;
  sendMs: number;
}

export interface ZoneHostOptions extends ZoneOptions {
  readonly bus: Bus;
  readonly store: ZoneStore;
  readonly gateways: readonly number[];
  /** Monotonic milliseconds, for accounting only. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970, stamped on tick frames. */
  readonly wallMs: () => number;
  /** Waits in real time; used only before a failed store call is made again. */
  readonly delay: (ms: number) => Promise<void>;
  /** Called with the inputs of every tick before they are applied: where a journal goes. */
  readonly journal?: (tick: number, inputs: TickInputs) => void;
  /** Packs keyframes. @default none is packed */
  readonly deflate?: Deflate;
}

/** Inputs that wait for one tick, of all gateways together. */
const pendingInputsMax = 65_536;
/** Batches of other zones that wait for one tick: eight neighbours' for half a minute. What is lost is repeated. */
const zoneBatchesMax = 4096;
/** Milliseconds before a failed store call is made again. */
const retryMs = 1000;

export class ZoneHost {
  readonly core: ZoneCore;
  readonly levels: readonly Level[];
  /** Times of the last tick. */
  readonly phases: PhaseTimes = { takeInMs: 0, runMs: 0, commitMs: 0, replicateMs: 0, sendMs: 0 };
  /** Batches and inputs that were dropped, malformed or over a limit. */
  dropped = 0;
  /** Store calls that failed and will be made again. */
  storeFailures = 0;
  readonly #options: ZoneHostOptions;
  readonly #frames: FrameWriter;
  readonly #inputs = new Map<number, SessionInput[]>();
  #pendingInputs = 0;
  #zoneBatches: Uint8Array[] = [];
  #replies: StoreReply[] = [];
  readonly #keyframes = new Set<number>();
  readonly #selves = new Set<number>();
  /** Gateways with a session that wants digests. */
  readonly #digestsFor = new Set<number>();
  readonly #packer: KeyframePacker;
  readonly #records: SessionRecords;
  readonly #groups: GroupStates;
  readonly #detach: (() => void)[] = [];
  readonly #waiting = new Set<Promise<void>>();
  #isClosed = false;
  #drain: string | undefined;
  /** What a store call failed of that no store may ever accept: ends the zone at its next tick. */
  #broken: unknown;

  constructor(options: ZoneHostOptions) {
    this.#options = options;
    this.core = new ZoneCore(options);
    this.levels = options.levels;
    this.#frames = new FrameWriter({ realm: options.realmTag, zone: options.zone, epoch: options.epoch });
    this.#packer = new KeyframePacker(options.deflate);
    this.#records = new SessionRecords(this.core);
    this.#groups = new GroupStates(this.core);
    this.#detach.push(options.bus.onIntents(options.zone, (batch) => this.#takeIntents(batch)));
    this.#detach.push(options.bus.onZoneBatches(options.zone, (batch) => this.#takeZoneBatch(batch)));
  }

  /** Runs one tick and sends what it says. `dilation` is the percentage of real time at which zones run now. */
  tick(dilation: number): void {
    if (this.#broken !== undefined) throw this.#broken;
    const { nowMs } = this.#options;
    const inputs = this.#gather();
    this.#options.journal?.(this.core.tick + 1, inputs);
    const start = nowMs();
    this.core.takeIn(inputs);
    const taken = nowMs();
    this.core.run();
    const ran = nowMs();
    this.#carryOut(this.core.commit());
    const committed = nowMs();
    this.core.replicate();
    const planes = this.core.replicator.encode(this.#digestsFor.size > 0);
    const replicated = nowMs();
    this.#send(planes, dilation);
    const sent = nowMs();
    this.phases.takeInMs = taken - start;
    this.phases.runMs = ran - taken;
    this.phases.commitMs = committed - ran;
    this.phases.replicateMs = replicated - committed;
    this.phases.sendMs = sent - replicated;
  }

  /** Players in the world. */
  get players(): number {
    return this.core.sessions.playing;
  }

  /** Ends every player with a reason at the next tick; their saves run. Call ticks until `isQuiet`. */
  drain(reason: string): void {
    this.#drain = reason;
  }

  /** True when nobody is left, no save and no ledger request is on its way. */
  get isQuiet(): boolean {
    return this.core.sessions.bySession.size === 0 && this.#waiting.size === 0;
  }

  /** True when no call of the store is on its way: all answers are inputs of the next tick, or of whoever goes on. */
  get isSettled(): boolean {
    return this.#waiting.size === 0;
  }

  /** Everything that another host needs to go on as if nothing had happened. Ticks no more afterwards. */
  give(): { state: Uint8Array; inputs: TickInputs } {
    assert(this.isSettled, "a zone is given away when the store owes it nothing");
    return { state: this.core.save(), inputs: this.#gather() };
  }

  /**
   * Goes on where another host stopped, before the first tick. Throws MyriadError `checkpoint_invalid`.
   * @param inputs What had come for the zone's next tick; undefined for none.
   * @param isRolledBack The state is an old one: who was in it since is not. Nobody is let in but by joining again.
   */
  restore(state: Uint8Array, inputs: Uint8Array | undefined, isRolledBack: boolean): void {
    const given = inputs === undefined ? undefined : decodeInputs(new Uint8Array(inputs));
    if (!this.core.restore(state) || given?.ok === false)
      throw new MyriadError("checkpoint_invalid", `zone ${this.#options.zone}`);
    if (isRolledBack) {
      this.core.rollBack();
      // The store knows which of them it carried out, and answers the same again.
      const pending = [...this.core.requests.pending()].map(({ number, operation }) => ({
        request: number,
        operation,
      }));
      for (const operations of lots(pending, operationsPerApplyMax)) this.#track(this.#apply(operations));
    }
    if (given === undefined) return;
    this.#zoneBatches.push(...given.value.zones);
    this.#replies.push(...given.value.replies);
    this.#drain = given.value.drain;
    for (const { gateway, inputs: list } of given.value.gateways) {
      this.#inputs.set(gateway, [...list]);
      this.#pendingInputs += list.length;
    }
  }

  /** Takes the zone off the bus. */
  close(): void {
    this.#isClosed = true;
    for (const detach of this.#detach) detach();
  }

  #gather(): TickInputs {
    const gateways = [...this.#inputs].map(([gateway, inputs]) => ({ gateway, inputs }));
    const inputs: TickInputs = {
      zones: this.#zoneBatches,
      replies: this.#replies,
      gateways,
      ...(this.#drain === undefined ? {} : { drain: this.#drain }),
    };
    this.#drain = undefined;
    this.#inputs.clear();
    this.#pendingInputs = 0;
    this.#zoneBatches = [];
    this.#replies = [];
    return inputs;
  }

  #takeIntents(bytes: Uint8Array): void {
    // Inputs are kept until the next tick, so the batch is copied once.
    const batch = readIntentBatch(new Uint8Array(bytes));
    const { realmTag, zone, epoch } = this.#options;
    if (
      !batch.ok ||
      batch.value.header.realm !== realmTag ||
      batch.value.header.zone !== zone ||
      batch.value.header.epoch > epoch
    ) {
      this.dropped++;
      return;
    }
    const { header, inputs, keyframes, selves } = batch.value;
    if (batch.value.wantsDigests) this.#digestsFor.add(header.peer);
    else this.#digestsFor.delete(header.peer);
    for (const region of keyframes) if (region < this.core.grid.capacity) this.#keyframes.add(region);
    for (const session of selves) this.#selves.add(session);
    if (this.#pendingInputs + inputs.length > pendingInputsMax) {
      this.dropped += inputs.length;
      return;
    }
    this.#pendingInputs += inputs.length;
    const pending = this.#inputs.get(header.peer);
    if (pending === undefined) this.#inputs.set(header.peer, [...inputs]);
    else pending.push(...inputs);
  }

  #takeZoneBatch(bytes: Uint8Array): void {
    const head = readHeader(new ByteReader(bytes));
    const { realmTag, zone } = this.#options;
    const isOurs = head.ok && head.value.realm === realmTag && head.value.peer === zone;
    if (!isOurs || this.#zoneBatches.length >= zoneBatchesMax) {
      this.dropped++;
      return;
    }
    this.#zoneBatches.push(new Uint8Array(bytes));
  }

  #send(planes: ReturnType<ZoneCore["replicator"]["encode"]>, dilation: number): void {
    const { core } = this;
    const { bus, gateways } = this.#options;
    const common = this.#frames.common({
      tick: core.tick,
      timeMs: this.#options.wallMs(),
      dilation,
      replicator: core.replicator,
      planes,
      wantsDigests: this.#digestsFor.size > 0,
      // A region may have been split or merged since it was asked for: whoever watches asks again.
      keyframes: [...this.#keyframes]
        .filter((region) => core.replicator.tree.isLeaf(region))
        .map((region) => {
          const bytes = core.replicator.keyframe(region).slice();
          return { region, bytes, packed: this.#packer.pack(bytes) };
        }),
      news: core.outbox.news,
      groups: this.#groups.gather(),
    });
    for (const gateway of gateways) {
      bus.sendTickFrame(gateway, this.#frameFor(gateway, common));
    }
    this.#keyframes.clear();
    this.#selves.clear();
    const nearest = planes.find((plane) => plane.level === 0);
    for (const link of core.borders.links.values()) {
      const messages = core.borders.dueMessages(link, core.tick);
      if (!link.isNeighbour && messages.length === 0 && link.outgoing.length === 0 && link.lastApplied === 0)
        continue;
      bus.sendZoneBatch(
        link.zone,
        this.#frames.forZone(link, {
          tick: core.tick,
          life: core.borders.life,
          messages,
          plane: nearest,
          replicator: core.replicator,
        }),
      );
    }
  }

  /** Where a session is now; one that has just left is answered where it began. */
  #gatewayOf(session: number): number {
    return this.core.sessions.bySession.get(session)?.gateway ?? session >>> 24;
  }

  /** The gateway's own part: letters, sessions, ends. */
  #frameFor(gateway: number, commonBytes: number): Uint8Array {
    const { outbox } = this.core;
    const letters =
      outbox.letters.length === 0
        ? outbox.letters
        : outbox.letters.filter(({ fromSession }) => this.#gatewayOf(fromSession) === gateway);
    const ended =
      outbox.ended.length === 0 ? outbox.ended : outbox.ended.filter((end) => end.gateway === gateway);
    this.#frames.beginGateway(commonBytes, gateway, letters);
    this.#records.write(this.#frames, gateway, this.#selves);
    return this.#frames.endGateway(ended);
  }

  #carryOut(effects: Effects): void {
    for (const saves of lots(effects.saves, savesPerCallMax)) this.#track(this.#save(saves));
    for (const operations of lots(effects.operations, operationsPerApplyMax))
      this.#track(this.#apply(operations));
  }

  #track(work: Promise<void>): void {
    this.#waiting.add(work);
    work
      .catch((error: unknown) => {
        const what = error instanceof Error ? error.message : String(error);
        this.#broken ??= new AssertionFailed(
          `zone ${this.#options.zone}: a call of the store failed: ${what}`,
          {
            cause: error,
          },
        );
      })
      .finally(() => this.#waiting.delete(work));
  }

  async #save(saves: Effects["saves"]): Promise<void> {
    const { program } = this.#options;
    const outcomes = await this.#untilDone(() =>
      this.#options.store.saveCharacters(
        saves.map((save) => ({
          characterId: save.characterId as CharacterId,
          expectedVersion: save.expectedVersion,
          sessionEpoch: save.sessionEpoch,
          zone: save.zone,
          schemaVersion: program.realm.characterSchemaVersion,
          state: save.state,
        })),
      ),
    );
    outcomes?.forEach((outcome, index) => {
      const { session } = saves[index]!;
      this.#replies.push(
        outcome.ok
          ? { kind: "saved", session, version: outcome.version }
          : { kind: "saveRefused", session, code: outcome.code },
      );
    });
  }

  async #apply(requests: readonly { request: number; operation: Operation }[]): Promise<void> {
    const outcomes = await this.#untilDone(() =>
      this.#options.store.ledger.apply(requests.map(({ operation }) => operation)),
    );
    outcomes?.forEach((outcome, index) => {
      this.#replies.push({ kind: "ledger", request: requests[index]!.request, outcome });
    });
  }

  /** Repeats a call that the store may or may not have carried out: both calls are safe to repeat. Undefined once closed. */
  async #untilDone<T>(call: () => Promise<T>): Promise<T | undefined> {
    while (!this.#isClosed) {
      try {
        return await call();
      } catch (error) {
        // A call that no store may ever accept is a bug; asking again would be asking for ever.
        if (error instanceof AssertionFailed) throw error;
        this.storeFailures++;
        await this.#options.delay(retryMs);
      }
    }
    return undefined;
  }
}

/** Cuts a list into lots of at most `size`, in order; copies, since effects are emptied at the next tick. */
function lots<T>(items: readonly T[], size: number): T[][] {
  const cut: T[][] = [];
  for (let at = 0; at < items.length; at += size) cut.push(items.slice(at, at + size));
  return cut;
}
