/**
 * A zone: a pure function of its inputs. One tick is take in → run → commit → replicate; the host accounts the time.
 *
 * Owns: the order of a tick, the sessions at home here, requests on their way. The world is in world/, dealings with
 * other zones in borders.ts, what game code may call in game-api.ts.
 * Invariant: no clock, no chance but the zone's own, no I/O. The same state and inputs give the same state and bytes.
 * Invariant: nothing waits. What needs the store is handed out by `commit` and comes back as an input.
 * Absent on purpose: sockets and gateway batches as bytes (zone-host.ts), anything about who views what.
 */
import {
  ByteReader,
  ByteWriter,
  decodeRecord,
  type EntityRef,
  type Level,
  noEntity,
  type RecordFields,
  RegionGrid,
} from "@myriad/protocol";
import { leaveReason, readInput, type SessionInput, writeInput } from "../bus/intent-batch.ts";
import { coreEvents } from "../events/core-events.ts";
import { EventHub } from "../events/hub.ts";
import { AssertionFailed, assert } from "../kernel/assert.ts";
import { hash64 } from "../kernel/hash.ts";
import { watchedChannels } from "../replication/quantised.ts";
import { type CrowdOptions, Replicator } from "../replication/replicator.ts";
import type { Outcome } from "../ledger/port.ts";
import { readLossless } from "../world/lossless.ts";
import { World } from "../world/world.ts";
import { Areas } from "./areas.ts";
import { Borders } from "./borders.ts";
import { Crossing } from "./crossing.ts";
import type { ZoneApi } from "./api.ts";
import type { ZoneDefinition } from "./definitions.ts";
import { GameApi } from "./game-api.ts";
import type { StoreReply, TickInputs } from "./inputs.ts";
import type { Metrics } from "./metrics-port.ts";
import { Names } from "./names.ts";
import { type Effects, Outbox } from "./outbox.ts";
import { Players } from "./players.ts";
import { messageOf, type Program } from "./program.ts";
import { Requests, type UnnumberedRequest } from "./requests.ts";
import { type PlayerSession, Sessions } from "./sessions.ts";
import { readZoneBatch, zoneMessage } from "./zone-batch.ts";

export interface ZoneOptions {
  readonly zone: number;
  readonly zones: readonly ZoneDefinition[];
  readonly program: Program;
  readonly realmTag: number;
  readonly epoch: number;
  readonly tickRateHz: number;
  readonly levels: readonly Level[];
  readonly regionSizeM: number;
  /** Metres an entity may stand outside its region before it belongs to another. */
  readonly regionHysteresisM: number;
  /** When regions split and merge. @default they never do */
  readonly crowds?: CrowdOptions;
  readonly borderDepthM: number;
  /** Milliseconds between two saves of a character. */
  readonly saveEveryMs: number;
  readonly seed: number;
  readonly metrics: Metrics;
  /** Told of handlers that threw; the zone goes on. */
  readonly report: (problem: { module: string; what: string; error: unknown }) => void;
  readonly rowsMax?: Readonly<Record<string, number>>;
}

/** Ticks for which intents of a session wait that another zone hands over. */
const heldTicks = 40;
/** Intents that wait for a handover, of all sessions together. */
const heldMax = 4096;

interface HeldInput {
  readonly tick: number;
  readonly gateway: number;
  readonly input: SessionInput;
}

export class ZoneCore {
  readonly options: ZoneOptions;
  readonly definition: ZoneDefinition;
  readonly world: World;
  readonly grid: RegionGrid;
  readonly sessions = new Sessions();
  readonly players: Players;
  readonly requests: Requests;
  readonly outbox: Outbox;
  readonly borders: Borders;
  readonly areas: Areas;
  readonly replicator: Replicator;
  readonly hub: EventHub<ZoneApi>;
  readonly api: ZoneApi;
  /** References that left for another zone during this tick, with their new names. */
  readonly moved = new Map<EntityRef, EntityRef>();
  /** True while the last tick ran its systems. */
  isAwake = true;
  readonly #crossing: Crossing;
  readonly #held: HeldInput[] = [];
  readonly #names: Names;
  #restored = false;
  #started = false;
  /** Until the first tick after a roll-back. */
  #isRolledBack = false;
  #hadInputs = false;

  constructor(options: ZoneOptions) {
    const { program } = options;
    const { realm } = program;
    this.options = options;
    this.definition = options.zones[options.zone]!;
    this.world = new World({
      zone: options.zone,
      bounds: this.definition.bounds,
      tickRateHz: options.tickRateHz,
      schema: realm.schema,
      seed: options.seed,
      timers: [...program.timers.keys()],
      states: program.states,
      ...(options.rowsMax === undefined ? {} : { rowsMax: options.rowsMax }),
    });
    this.#names = new Names(this.world);
    this.grid = new RegionGrid(options.zone, this.definition.bounds, options.regionSizeM);
    this.requests = new Requests([...program.replies.keys()]);
    this.outbox = new Outbox(program.facts);
    this.areas = new Areas(this.definition.areas ?? []);
    this.borders = new Borders({
      world: this.world,
      schema: realm.schema,
      grid: this.grid,
      levels: options.levels,
      zones: options.zones.map((zone) => zone.bounds),
      borderDepthM: options.borderDepthM,
      hooks: { renamed: (from, to) => this.rename(from, to) },
    });
    this.replicator = new Replicator({
      grid: this.grid,
      levels: options.levels,
      schema: realm.schema,
      tables: this.world.tables,
      regionHysteresisM: options.regionHysteresisM,
      crowds: options.crowds,
    });
    this.api = new GameApi(this);
    this.#crossing = new Crossing(this);
    this.hub = new EventHub<ZoneApi>({
      modules: program.listeners,
      intents: realm.modules.map((module) => ({
        module: module.name,
        intents: (module.intents ?? []).map((binding) => binding.intent.name),
      })),
      kinds: realm.schema.entities.map((kind) => kind.name),
      report: (problem) =>
        options.report({ module: problem.module, what: problem.event, error: problem.error }),
    });
    this.players = new Players(this);
  }

  get tick(): number {
    return this.world.tick;
  }

  /** Simulates one tick: everything but sending. */
  step(inputs: TickInputs): void {
    this.takeIn(inputs);
    this.run();
    this.commit();
    this.replicate();
  }

  /** First phase: begins the next tick and applies the inputs in their order. */
  takeIn(inputs: TickInputs): void {
    this.outbox.clear();
    this.moved.clear();
    if (!this.#started) this.#start();
    this.world.tick++;
    if (this.#isRolledBack) {
      this.#isRolledBack = false;
      this.players.forgetAll("zone_restored");
    }
    this.borders.grant();
    this.#hadInputs =
      inputs.replies.length > 0 || inputs.gateways.some(({ inputs: given }) => given.length > 0);
    for (const batch of [...inputs.zones]
      .map(readZoneBatch)
      .filter((read) => read.ok)
      .sort((a, b) => a.value.header.zone - b.value.header.zone)) {
      const { header, life, peerLife } = batch.value;
      const isBetweenUs = this.borders.meet(header.zone, life, peerLife);
      for (const { number, kind, bytes } of batch.value.messages) {
        if (isBetweenUs && this.borders.isNew(batch.value.header.zone, number))
          this.#applyMessage(batch.value.header.zone, kind, bytes);
      }
      this.borders.receive(batch.value);
    }
    this.borders.expire();
    this.#answerRefused();
    for (const reply of inputs.replies) this.#applyReply(reply);
    this.#applyHeld();
    // The game may say something before anybody leaves; who joins in the same tick is let go with the others.
    if (inputs.drain !== undefined)
      this.hub.emit(coreEvents["zone.stopping"], this.api, { zone: this.options.zone });
    for (const { gateway, inputs: given } of [...inputs.gateways].sort((a, b) => a.gateway - b.gateway)) {
      for (const input of given) this.#applyInput(gateway, input);
    }
    if (inputs.drain !== undefined) this.players.endAll(inputs.drain);
    this.world.refreshIndex();
  }

  /** Second phase: timers, systems, areas, borders. Skipped but for timers when nobody is here and nothing is to do. */
  run(): void {
    const { world, hub, api } = this;
    this.#runTimers();
    this.isAwake = this.#hadInputs || this.sessions.playing > 0 || this.#seesWakers();
    if (!this.isAwake) {
      // Timers may have raised events; none outlives its tick.
      hub.flush(api);
      return;
    }
    hub.emit(coreEvents["zone.tick"], api, { tick: world.tick });
    for (const system of this.options.program.systems) {
      const period = system.everyMs === 0 ? 1 : this.ticks(system.everyMs);
      if (world.tick % period !== 0) continue;
      try {
        system.run(api);
      } catch (error) {
        this.#problem(system.module, `system ${system.name}`, error);
      }
      if (system.moves) world.refreshIndex();
    }
    this.players.updateAreas();
    hub.flush(api);
    this.#crossing.handOver();
    // Who crossed left the areas it stood in.
    hub.flush(api);
  }

  /** Third phase: what the store must do. The host sends it; answers are inputs. */
  commit(): Effects {
    this.players.requestSaves();
    return { saves: this.outbox.saves, operations: this.outbox.operations };
  }

  /** Fourth phase: finds what changed. Encoding is the host's next call, for it depends on what gateways ask. */
  replicate(): void {
    this.replicator.observe(this.tick, this.moved);
    if (!this.hub.listensToObjects) return;
    this.#tellOfChanges();
    this.hub.flush(this.api);
  }

  /** The whole state as bytes; valid between two ticks. */
  save(): Uint8Array {
    assert(this.hub.waiting === 0, "no event waits between two ticks");
    const writer = new ByteWriter(256 * 1024);
    writer.text(checkpointFormat);
    this.world.save(writer);
    this.sessions.save(writer);
    this.requests.save(writer);
    this.borders.save(writer);
    writer.v(this.#held.length);
    for (const { tick, gateway, input } of this.#held) {
      writer.f64(tick);
      writer.u16(gateway);
      writeInput(writer, input);
    }
    this.#names.save(writer);
    writer.u8(this.#started ? 1 : 0);
    return writer.copy();
  }

  /** Takes over a saved state; only on a zone that never ticked. False when the bytes are broken: throw the zone away. */
  restore(bytes: Uint8Array): boolean {
    assert(this.tick === 0 && !this.#started, "a zone is restored before its first tick");
    // A copy, for what is held keeps views of it.
    const reader = new ByteReader(new Uint8Array(bytes));
    if (reader.text(64) !== checkpointFormat) return false;
    if (!this.world.restore(reader) || !this.sessions.restore(reader)) return false;
    for (const { player, leaving } of this.sessions.all)
      if (leaving === undefined && !this.players.table.isOwned(this.players.table.row(player))) return false;
    if (!this.requests.restore(reader) || !this.borders.restore(reader)) return false;
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const tick = reader.f64();
      const gateway = reader.u16();
      const input = readInput(reader);
      if (input === undefined) return false;
      this.#held.push({ tick, gateway, input });
    }
    if (!this.#names.restore(reader)) return false;
    this.#started = reader.u8() === 1;
    // Saved before its first tick, it still has to be populated.
    this.#restored = this.#started;
    return !reader.failed && reader.remaining === 0;
  }

  /**
   * The restored state is an old one: what happened after it did not happen here, but it did elsewhere. Players come back
   * by joining again, from their last saves; dealings with other zones begin anew. Call before the first tick.
   */
  rollBack(): void {
    this.#isRolledBack = true;
    this.#held.length = 0;
    this.borders.beginAnew(this.options.epoch);
  }

  /** Hash of the whole state: equal hashes, equal zones. */
  hash(): string {
    return hash64(this.save());
  }

  /** Ticks that last `ms` milliseconds, at least 1. */
  ticks(ms: number): number {
    return Math.max(1, Math.round((ms * this.options.tickRateHz) / 1000));
  }

  /** An entity has another name now: everywhere it is held, and for late comers. */
  rename(from: EntityRef, to: EntityRef): void {
    this.#names.rename(from, to);
  }

  /** The reference a player means: the live entity, where a renamed one is now, or noEntity. */
  meant(ref: EntityRef): EntityRef {
    return this.#names.meant(ref);
  }

  #start(): void {
    this.#started = true;
    for (const module of this.options.program.realm.modules) {
      if (!this.#restored && module.populate !== undefined) {
        this.#guard(module.name, "populate", () => module.populate!(this.api));
      }
    }
    this.hub.emit(coreEvents["zone.started"], this.api, {
      zone: this.options.zone,
      restored: this.#restored,
    });
    this.world.refreshIndex();
  }

  #applyInput(gateway: number, input: SessionInput): void {
    const session = this.sessions.bySession.get(input.session);
    if (input.kind === "join") {
      if (session === undefined) this.players.join(gateway, input);
      return;
    }
    if (session === undefined) {
      // The session may be on its way here from another zone.
      if (this.#held.length < heldMax) this.#held.push({ tick: this.tick, gateway, input });
      return;
    }
    if (input.kind === "here") {
      this.sessions.moveTo(session, gateway);
      return;
    }
    if (session.leaving !== undefined) return;
    switch (input.kind) {
      case "leave":
        return this.players.end(
          session,
          input.reason === leaveReason.takenOver ? "logged_in_elsewhere" : "left",
        );
      case "absent":
        session.absent = input.absent;
        this.hub.emit(coreEvents["player.absent"], this.api, {
          player: session.player,
          absent: input.absent,
        });
        return;
      case "intent":
        return this.#applyIntent(session, input);
    }
  }

  #applyHeld(): void {
    const held = this.#held.splice(0);
    for (const item of held) {
      if (this.sessions.bySession.has(item.input.session)) this.#applyInput(item.gateway, item.input);
      else if (this.tick - item.tick < heldTicks) this.#held.push(item);
    }
  }

  #applyIntent(session: PlayerSession, input: SessionInput & { kind: "intent" }): void {
    if (input.seq <= session.lastIntent) return;
    const binding = this.options.program.intents[input.type];
    const decoded = binding && decodeRecord(binding.intent.fields, input.record);
    session.lastIntent = input.seq;
    session.intentTick = this.tick;
    if (binding === undefined || decoded === undefined || !decoded.ok) return;
    const intent = decoded.value as Record<string, unknown>;
    for (const name in binding.intent.fields) {
      if (binding.intent.fields[name]!.type === "entityRef")
        intent[name] = this.meant(intent[name] as EntityRef);
    }
    const event = { actor: session.player, intent };
    const type = this.hub.client(binding.module, binding.intent.name);
    if (type !== undefined && !this.hub.emit(type, this.api, event)) return;
    // Not through #guard, whose closure would be one for each intent.
    try {
      binding.handler(this.api, session.player, event.intent as never);
    } catch (error) {
      this.#problem(binding.module, `intent ${binding.intent.name}`, error);
    }
  }

  /** Requests for which there was no room when they were made hear so now: a handler may ask again, and does not go round in circles. */
  #answerRefused(): void {
    for (const refused of this.requests.takeRefused())
      this.#answer(refused, { status: "refused", code: "ledger_busy" });
  }

  #answer(request: UnnumberedRequest, outcome: Outcome): void {
    const session = this.sessions.ofPlayer(request.owner);
    if (session !== undefined) session.pendingRequests--;
    const owner = this.world.owns(request.owner) ? request.owner : noEntity;
    const binding = this.options.program.replies.get(request.reply)!;
    this.#guard("ledger", `reply ${request.reply.name}`, () =>
      binding.handler(this.api, owner, request.args, outcome),
    );
  }

  #applyReply(reply: StoreReply): void {
    if (reply.kind === "ledger") {
      const request = this.requests.take(reply.request);
      if (request !== undefined) this.#answer(request, reply.outcome);
      return;
    }
    this.players.hearSave(reply);
  }

  #applyMessage(zone: number, kind: number, bytes: Uint8Array): void {
    switch (kind) {
      case zoneMessage.grant:
        return this.borders.acceptGrant(zone, bytes);
      case zoneMessage.handover:
        return this.#crossing.receive(zone, bytes);
      case zoneMessage.game: {
        const reader = new ByteReader(bytes);
        const target = this.meant(reader.f64());
        const message = messageOf(this.options.program, reader.text(128));
        if (message === undefined) return;
        const args = readLossless(reader, message.fields);
        if (reader.failed) return;
        this.localise(message.fields, args);
        // The target may have gone on to yet another zone meanwhile; the message follows it.
        if (target !== noEntity) this.api.send(target, message, args);
      }
    }
  }

  /** Renames the references of a record that another zone wrote to this zone's names. */
  localise(fields: RecordFields, args: Record<string, unknown>): void {
    for (const name in fields) {
      if (fields[name]!.type === "entityRef") args[name] = this.world.localName(args[name] as EntityRef);
    }
  }

  #runTimers(): void {
    for (
      let timer = this.world.timers.take(this.tick);
      timer !== undefined;
      timer = this.world.timers.take(this.tick)
    ) {
      const due = timer;
      const binding = this.options.program.timers.get(due.type);
      if (binding === undefined) continue;
      this.#hadInputs = true;
      this.#guard("timers", `timer ${due.type.name}`, () => binding.handler(this.api, due.owner, due.args));
    }
  }

  #seesWakers(): boolean {
    return this.world.tables.some((table) => table.kind.wakes && table.ghostCount > 0);
  }

  #tellOfChanges(): void {
    for (const kind of this.replicator.kinds) {
      if (kind === undefined) continue;
      for (let channel = 0; channel < watchedChannels; channel++) {
        if (this.hub.object(kind.layout.index, channel) === undefined) continue;
        const ticks = kind.channelTicks[channel]!;
        for (let i = 0; i < kind.rowCount; i++) {
          const row = kind.rows[i]!;
          if (ticks[row] === this.tick)
            this.hub.emitObject(kind.layout.index, channel, this.api, kind.table.refs[row]!);
        }
      }
    }
  }

  /** Runs game code: what it throws is reported and the zone goes on; a failed assertion ends the zone. */
  #guard(module: string, what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#problem(module, what, error);
    }
  }

  #problem(module: string, what: string, error: unknown): void {
    if (error instanceof AssertionFailed) throw error;
    this.options.report({ module, what, error });
  }
}

/** First text of a checkpoint; another format is refused. */
const checkpointFormat = "myriad zone 1";
