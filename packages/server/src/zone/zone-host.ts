/**
 * The shell around a zone: bytes in, bytes out. Gathers inputs from the bus and the store, runs ticks, sends what they say.
 *
 * Owns: intake queues between two ticks, what gateways asked for, sending, the time of each phase.
 * Invariant: the zone inside never sees a promise or a clock; every input passes through `TickInputs`.
 * Invariant: intake is bounded; what is over the limit is dropped and counted.
 */
import { ByteReader, finePositionStepsPerM, idOf, type Level } from "@myriad/protocol";
import { readHeader } from "../bus/header.ts";
import { readIntentBatch, type SessionInput } from "../bus/intent-batch.ts";
import type { Bus } from "../bus/port.ts";
import type { Letter } from "../bus/tick-frame.ts";
import type { QuantisedKind } from "../replication/quantised.ts";
import { AssertionFailed } from "../kernel/assert.ts";
import { operationsPerApplyMax } from "../ledger/limits.ts";
import type { Operation } from "../ledger/port.ts";
import type { CharacterId } from "../store/ids.ts";
import { savesPerCallMax } from "../store/limits.ts";
import type { Store } from "../store/port.ts";
import type { VectorColumn } from "../world/columns.ts";
import { encodeMember, encodeSelf, FrameWriter, type GatewayPart, type SessionRecord } from "./frames.ts";
import type { StoreReply, TickInputs } from "./inputs.ts";
import type { Effects } from "./outbox.ts";
import type { PlayerSession } from "./sessions.ts";
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
  readonly store: Store;
  readonly gateways: readonly number[];
  /** Monotonic milliseconds, for accounting only. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970, stamped on tick frames. */
  readonly wallMs: () => number;
  /** Waits in real time; used only before a failed store call is made again. */
  readonly delay: (ms: number) => Promise<void>;
  /** Called with the inputs of every tick before they are applied: where a journal goes. */
  readonly journal?: (tick: number, inputs: TickInputs) => void;
}

/** Inputs that wait for one tick, of all gateways together. */
const pendingInputsMax = 65_536;
/** Batches of other zones that wait for one tick: eight neighbours' for half a minute. What is lost is repeated. */
const zoneBatchesMax = 4096;
/** Ticks between two group states: 5 Hz at 20. */
const groupStrideTicks = 4;
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
  /** What each session was last told of its own entity. */
  readonly #told = new Map<number, { x: number; y: number; own: number }>();
  readonly #lastGroups = new Map<number, number>();
  readonly #detach: (() => void)[] = [];
  readonly #waiting = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: ZoneHostOptions) {
    this.#options = options;
    this.core = new ZoneCore(options);
    this.levels = options.levels;
    this.#frames = new FrameWriter({ realm: options.realmTag, zone: options.zone, epoch: options.epoch });
    this.#detach.push(options.bus.onIntents(options.zone, (batch) => this.#takeIntents(batch)));
    this.#detach.push(options.bus.onZoneBatches(options.zone, (batch) => this.#takeZoneBatch(batch)));
  }

  /** Runs one tick and sends what it says. `dilation` is the percentage of real time at which zones run now. */
  tick(dilation: number): void {
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

  /** Ends every player with a reason; their saves run. Call ticks until `isQuiet`. */
  drain(reason: string): void {
    for (const session of [...this.core.sessions.bySession.values()]) {
      if (session.leaving === undefined) this.core.endPlayer(session, reason);
    }
  }

  /** True when nobody is left, no save and no ledger request is on its way. */
  get isQuiet(): boolean {
    return this.core.sessions.bySession.size === 0 && this.#waiting.size === 0;
  }

  /** Takes the zone off the bus. */
  close(): void {
    this.#isClosed = true;
    for (const detach of this.#detach) detach();
  }

  #gather(): TickInputs {
    const gateways = [...this.#inputs].map(([gateway, inputs]) => ({ gateway, inputs }));
    const inputs = { zones: this.#zoneBatches, replies: this.#replies, gateways };
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
    for (const region of keyframes) if (region < this.core.grid.count) this.#keyframes.add(region);
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
      regions: core.grid.count,
      planes,
      wantsDigests: this.#digestsFor.size > 0,
      keyframes: [...this.#keyframes].map((region) => ({
        region,
        bytes: core.replicator.keyframe(region).slice(),
      })),
      news: core.outbox.news,
      groups: this.#groupStates(),
    });
    for (const gateway of gateways) {
      bus.sendTickFrame(gateway, this.#frames.forGateway(common, this.#partFor(gateway)));
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
          messages,
          plane: nearest,
          replicator: core.replicator,
        }),
      );
    }
  }

  #partFor(gateway: number): GatewayPart {
    const { core } = this;
    const { outbox } = core;
    const kind = core.replicator.kinds[core.world.table(core.options.program.realm.player).index]!;
    const sessions: SessionRecord[] = [];
    for (const session of core.sessions.bySession.values()) {
      if (session.gateway !== gateway || session.leaving !== undefined) continue;
      sessions.push(
        this.#recordOf(
          session.session,
          session.player,
          kind,
          session,
          outbox.facts.get(session.session) ?? [],
        ),
      );
    }
    for (const session of outbox.departed) {
      if (session.gateway === gateway) sessions.push(this.#lastWords(session));
    }
    const isOurs = (session: number) => session >>> 24 === gateway;
    const ended = outbox.ended.filter((end) => isOurs(end.session));
    for (const end of ended) this.#forget(end.session);
    const letters: Letter[] = outbox.letters.filter((letter) => isOurs(letter.fromSession));
    return { gateway, sessions, ended, letters };
  }

  #recordOf(
    session: number,
    player: number,
    kind: QuantisedKind,
    state: { readonly group: number; readonly lastIntent: number; readonly intentTick: number },
    facts: SessionRecord["facts"],
  ): SessionRecord {
    const row = kind.table.row(player);
    const { x, y } = (kind.table.columns as Record<string, unknown>)["position"] as VectorColumn;
    const fineX = Math.round(x[row]! * finePositionStepsPerM);
    const fineY = Math.round(y[row]! * finePositionStepsPerM);
    const own = idOf(player);
    const told = this.#toldOf(session);
    const isFull = told.own !== own || this.#selves.has(session);
    const hasMoved = isFull || told.x !== fineX || told.y !== fineY;
    told.x = fineX;
    told.y = fineY;
    told.own = own;
    const self = encodeSelf(kind, row, this.core.tick, isFull);
    return {
      session,
      own: isFull ? own : undefined,
      position: hasMoved ? { x: fineX, y: fineY } : undefined,
      self,
      selfFull: isFull && self !== undefined,
      group: state.group,
      lastIntent: state.lastIntent,
      ticksSince: Math.min(255, this.core.tick - state.intentTick + 1),
      facts,
    };
  }

  /** What a session is told in the tick in which it left: facts and acknowledgement, nothing of an entity. */
  #lastWords({ session, group, lastIntent, intentTick }: PlayerSession): SessionRecord {
    return {
      session,
      own: undefined,
      position: undefined,
      self: undefined,
      selfFull: false,
      group,
      lastIntent,
      ticksSince: Math.min(255, this.core.tick - intentTick + 1),
      facts: this.core.outbox.facts.get(session) ?? [],
    };
  }

  #toldOf(session: number): { x: number; y: number; own: number } {
    let told = this.#told.get(session);
    if (told === undefined) {
      told = { x: 0, y: 0, own: -1 };
      this.#told.set(session, told);
    }
    return told;
  }

  #forget(session: number): void {
    this.#told.delete(session);
  }

  /** What members of groups share, at the group's stride or when a group's membership changed. */
  #groupStates(): { group: number; bytes: Uint8Array }[] {
    const { core } = this;
    const members = new Map<number, Uint8Array[]>();
    const counts = new Map<number, number>();
    for (const session of core.sessions.bySession.values()) {
      if (session.group === 0 || session.leaving !== undefined) continue;
      counts.set(session.group, (counts.get(session.group) ?? 0) + 1);
    }
    const isDue = core.tick % groupStrideTicks === 0;
    const kind = core.replicator.kinds[core.world.table(core.options.program.realm.player).index]!;
    for (const session of core.sessions.bySession.values()) {
      const { group } = session;
      if (group === 0 || session.leaving !== undefined) continue;
      if (!isDue && this.#lastGroups.get(group) === counts.get(group)) continue;
      const bytes = encodeMember(
        kind,
        kind.table.row(session.player),
        core.options.zone,
        idOf(session.player),
      );
      const list = members.get(group);
      if (list === undefined) members.set(group, [bytes]);
      else list.push(bytes);
    }
    this.#lastGroups.clear();
    for (const [group, count] of counts) this.#lastGroups.set(group, count);
    return [...members].map(([group, parts]) => ({ group, bytes: concat(parts) }));
  }

  #carryOut(effects: Effects): void {
    for (const saves of lots(effects.saves, savesPerCallMax)) this.#track(this.#save(saves));
    for (const operations of lots(effects.operations, operationsPerApplyMax))
      this.#track(this.#apply(operations));
  }

  #track(work: Promise<void>): void {
    this.#waiting.add(work);
    void work.finally(() => this.#waiting.delete(work));
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

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
