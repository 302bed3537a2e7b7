/**
 * What game code may do, over a zone's parts: the implementation of ZoneApi.
 *
 * Invariant: every call takes effect in this tick's state or in what this tick says; none reads back what was said.
 */
import {
  ByteWriter,
  type EntityFields,
  type EntityKind,
  type EntityRef,
  type FactType,
  kindOf,
  noEntity,
  type RecordFields,
  type RecordValue,
  type Vector,
  type ZoneBounds,
  zoneOf,
} from "@myriad/protocol";
import type { EventType } from "../events/event-type.ts";
import { AssertionFailed, assert } from "../kernel/assert.ts";
import type { SeededRandom } from "../kernel/random.ts";
import { operationId } from "../ledger/operation.ts";
import type { ItemId, Operation } from "../ledger/port.ts";
import type { Columns, VectorColumn } from "../world/columns.ts";
import { writeLossless } from "../world/lossless.ts";
import { allKinds, kindMaskOf, kindsInMask } from "../world/spatial-mask.ts";
import type { Table } from "../world/table.ts";
import type { TimerType } from "../world/timers.ts";
import type { SpawnValues, StateType } from "../world/world.ts";
import type { ItemPlace, Near, ZoneApi } from "./api.ts";
import type { MessageType, ReplyType } from "./definitions.ts";
import type { Metrics } from "./metrics-port.ts";
import { zoneMessage } from "./zone-batch.ts";
import type { ZoneCore } from "./zone-core.ts";
import { coreEvents } from "../events/core-events.ts";

/** Ids that one zone may give: the rest of a safe integer's bits name the zone. */
const idsPerZone = 2 ** 40;

export class GameApi implements ZoneApi {
  readonly #core: ZoneCore;
  /** Masks of the lists of kinds that queries named; a list is not changed after its first use. */
  readonly #masks = new WeakMap<object, number>();

  constructor(core: ZoneCore) {
    this.#core = core;
  }

  get zone(): number {
    return this.#core.options.zone;
  }
  get name(): string {
    return this.#core.definition.name;
  }
  get bounds(): ZoneBounds {
    return this.#core.definition.bounds;
  }
  get tick(): number {
    return this.#core.world.tick;
  }
  get tickRateHz(): number {
    return this.#core.options.tickRateHz;
  }
  get secondsPerTick(): number {
    return 1 / this.#core.options.tickRateHz;
  }
  get random(): SeededRandom {
    return this.#core.world.random;
  }
  get metrics(): Metrics {
    return this.#core.options.metrics;
  }

  ticks(ms: number): number {
    return this.#core.ticks(ms);
  }

  table<F extends EntityFields>(kind: EntityKind<string, F>): Table<F> {
    return this.#core.world.table(kind);
  }

  state<F extends EntityFields>(type: StateType<F>): Columns<F> {
    return this.#core.world.state(type);
  }

  spawn<F extends EntityFields>(kind: EntityKind<string, F>, values: SpawnValues<F>): EntityRef {
    const ref = this.#core.world.spawn(kind, values);
    const event = coreEvents["entity.spawned"];
    if (ref !== noEntity && this.#core.hub.has(event))
      this.#core.hub.emit(event, this, { entity: ref, kind: kind.name });
    return ref;
  }

  despawn(ref: EntityRef): boolean {
    const { world, hub, sessions } = this.#core;
    assert(sessions.ofPlayer(ref) === undefined, "a player's entity ends when the player leaves");
    if (!world.owns(ref)) return false;
    const event = coreEvents["entity.despawned"];
    if (hub.has(event)) hub.emit(event, this, { entity: ref, kind: world.tables[kindOf(ref)]!.kind.name });
    return world.despawn(ref);
  }

  owns(ref: EntityRef): boolean {
    return this.#core.world.owns(ref);
  }

  positionOf(ref: EntityRef): Vector | undefined {
    const table = this.#core.world.tables[kindOf(ref)];
    const row = table?.row(ref) ?? -1;
    const position = (table?.columns as Record<string, unknown> | undefined)?.["position"] as
      | VectorColumn
      | undefined;
    return row < 0 || position === undefined ? undefined : { x: position.x[row]!, y: position.y[row]! };
  }

  radius(x: number, y: number, radiusM: number, out: Float64Array, near: Near = {}): number {
    return this.#core.world.spatial.radius(x, y, radiusM, out, near.limit ?? out.length, this.#mask(near));
  }

  box(minX: number, minY: number, maxX: number, maxY: number, out: Float64Array, near: Near = {}): number {
    return this.#core.world.spatial.box(
      minX,
      minY,
      maxX,
      maxY,
      out,
      near.limit ?? out.length,
      this.#mask(near),
    );
  }

  cone(
    x: number,
    y: number,
    direction: Vector,
    halfAngleCos: number,
    radiusM: number,
    out: Float64Array,
    near: Near = {},
  ): number {
    const limit = near.limit ?? out.length;
    return this.#core.world.spatial.cone(
      x,
      y,
      direction.x,
      direction.y,
      halfAngleCos,
      radiusM,
      out,
      limit,
      this.#mask(near),
    );
  }

  nearest(x: number, y: number, radiusM: number, out: Float64Array, near: Near = {}): number {
    return this.#core.world.spatial.nearest(x, y, near.limit ?? out.length, radiusM, out, this.#mask(near));
  }

  isInArea(name: string, x: number, y: number): boolean {
    return this.#core.areas.isIn(name, x, y);
  }

  after<F extends RecordFields>(
    ticks: number,
    timer: TimerType<F>,
    args: RecordValue<F>,
    owner: EntityRef = noEntity,
  ): void {
    assert(Number.isInteger(ticks) && ticks >= 1, `a timer is due after 1 or more whole ticks, not ${ticks}`);
    assert(owner === noEntity || this.owns(owner), "a timer's owner is owned by this zone");
    this.#core.world.timers.set(this.tick + ticks, timer, args, owner);
  }

  cancel(timer: TimerType<never>, owner: EntityRef): void {
    this.#core.world.timers.removeOwned(owner, timer as unknown as TimerType);
  }

  send<F extends RecordFields>(to: EntityRef, message: MessageType<F>, args: RecordValue<F>): void {
    const binding = this.#core.options.program.messages.get(message.name);
    assert(binding !== undefined, `the message ${message.name} is declared by a module`);
    const target = this.#core.meant(to);
    if (this.owns(target)) {
      try {
        binding.handler(this, target, args as RecordValue<RecordFields>);
      } catch (error) {
        if (error instanceof AssertionFailed) throw error;
        this.#core.options.report({ module: "messages", what: `message ${message.name}`, error });
      }
      return;
    }
    const known = target === noEntity ? to : target;
    // Gone, or a name that this zone never heard: nobody to tell.
    if (known === noEntity || zoneOf(known) === this.zone || !this.#core.borders.links.has(zoneOf(known)))
      return;
    const writer = new ByteWriter(256);
    writer.f64(known);
    writer.text(message.name);
    writeLossless(writer, message.fields, args);
    this.#core.borders.send(zoneOf(known), zoneMessage.game, writer.copy());
  }

  emit<P extends object>(event: EventType<P>, payload: P): boolean {
    return this.#core.hub.emit(event, this, payload);
  }

  tell<F extends RecordFields>(player: EntityRef, fact: FactType<string, F>, value: RecordValue<F>): void {
    const { sessions, outbox } = this.#core;
    const session = sessions.ofPlayer(player);
    if (session !== undefined) outbox.tell(session.session, outbox.encode(fact, value));
  }

  announce<F extends RecordFields>(
    at: Vector,
    fact: FactType<string, F>,
    value: RecordValue<F>,
    level = 0,
  ): void {
    const { outbox, grid } = this.#core;
    outbox.announce({ to: "region", region: grid.at(at.x, at.y), level, ...outbox.encode(fact, value) });
  }

  announceZone<F extends RecordFields>(fact: FactType<string, F>, value: RecordValue<F>): void {
    const { outbox } = this.#core;
    outbox.announce({ to: "zone", ...outbox.encode(fact, value) });
  }

  announceGroup<F extends RecordFields>(
    group: number,
    fact: FactType<string, F>,
    value: RecordValue<F>,
  ): void {
    const { outbox } = this.#core;
    if (group > 0) outbox.announce({ to: "group", group, ...outbox.encode(fact, value) });
  }

  tellByName<F extends RecordFields, G extends RecordFields>(
    from: EntityRef,
    toName: string,
    message: { fact: FactType<string, F>; value: RecordValue<F> },
    otherwise: { fact: FactType<string, G>; value: RecordValue<G> },
  ): void {
    const { sessions, outbox } = this.#core;
    const session = sessions.ofPlayer(from);
    if (session === undefined) return;
    outbox.letters.push({
      fromSession: session.session,
      toName,
      fact: outbox.encode(message.fact, message.value),
      otherwise: outbox.encode(otherwise.fact, otherwise.value),
    });
  }

  setGroup(player: EntityRef, group: number): void {
    assert(Number.isSafeInteger(group) && group >= 0, "a group is a safe integer of 0 or more");
    const session = this.#core.sessions.ofPlayer(player);
    if (session !== undefined) this.#core.sessions.setGroup(session, group);
  }

  groupOf(player: EntityRef): number {
    return this.#core.sessions.ofPlayer(player)?.group ?? 0;
  }

  newId(): number {
    return this.zone * idsPerZone + this.#core.requests.takeNumber();
  }

  characterOf(player: EntityRef): number {
    return this.#core.sessions.ofPlayer(player)?.characterId ?? 0;
  }

  nameOf(player: EntityRef): string {
    return this.#core.sessions.ofPlayer(player)?.name ?? "";
  }

  itemsOf(player: EntityRef): readonly { itemId: number; itemType: number; slot: number }[] {
    return this.#core.sessions.ofPlayer(player) === undefined ? [] : this.#core.players.connectingItems;
  }

  mint<F extends RecordFields>(
    itemType: number,
    to: ItemPlace,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void {
    this.#request((id) => ({ kind: "mint", operationId: id, itemType, to }), reply, args, owner);
  }

  moveItem<F extends RecordFields>(
    itemId: number,
    from: ItemPlace,
    to: ItemPlace,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void {
    this.#request(
      (id) => ({ kind: "move", operationId: id, itemId: itemId as ItemId, from, to }),
      reply,
      args,
      owner,
    );
  }

  destroyItem<F extends RecordFields>(
    itemId: number,
    from: ItemPlace,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void {
    this.#request(
      (id) => ({ kind: "destroy", operationId: id, itemId: itemId as ItemId, from }),
      reply,
      args,
      owner,
    );
  }

  #request<F extends RecordFields>(
    make: (id: Operation["operationId"]) => Operation,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner: EntityRef = noEntity,
  ): void {
    const { requests, outbox, options, sessions } = this.#core;
    const session = sessions.ofPlayer(owner);
    if (requests.isFull) {
      // The store is away or slow. The game hears no with the next tick; nothing piles up.
      requests.refuse({
        reply: reply as unknown as ReplyType,
        args: args as RecordValue<RecordFields>,
        owner,
      });
      if (session !== undefined) session.pendingRequests++;
      return;
    }
    const id = operationId({
      realm: options.program.realm.name,
      zone: this.zone,
      epoch: options.epoch,
      tick: this.tick,
      ordinal: outbox.operations.length,
    });
    const operation = make(id);
    const { number } = requests.add({
      operation,
      reply: reply as unknown as ReplyType,
      args: args as RecordValue<RecordFields>,
      owner,
    });
    outbox.operations.push({ request: number, operation });
    if (session !== undefined) session.pendingRequests++;
  }

  #mask(near: Near): number {
    if (near.kinds === undefined) return allKinds;
    // Modules ask with the same few lists for ever.
    const known = this.#masks.get(near.kinds);
    if (known !== undefined) return known;
    const indices = near.kinds.map((kind) => this.#core.world.table(kind).index);
    assert(
      indices.every((index) => index < kindsInMask),
      "a query names kinds among the schema's first 32",
    );
    const mask = kindMaskOf(...indices);
    this.#masks.set(near.kinds, mask);
    return mask;
  }
}
