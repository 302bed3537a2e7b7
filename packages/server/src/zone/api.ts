/**
 * What game code sees of its zone. Everything a module may do goes through here.
 *
 * Invariant: nothing here reads a clock, waits, or reaches another thread; what must leave the zone is handed to the
 * commit phase and answered by an input some ticks later.
 */
import type {
  EntityFields,
  EntityKind,
  EntityRef,
  FactType,
  RecordFields,
  RecordValue,
  Vector,
  ZoneBounds,
} from "@myriad/protocol";
import type { SeededRandom } from "../kernel/random.ts";
import type { EventType } from "../events/event-type.ts";
import type { HolderKind } from "../ledger/port.ts";
import type { Columns } from "../world/columns.ts";
import type { Table } from "../world/table.ts";
import type { TimerType } from "../world/timers.ts";
import type { SpawnValues, StateType } from "../world/world.ts";
import type { MessageType, ReplyType } from "./definitions.ts";
import type { Metrics } from "./metrics-port.ts";

/** A place that can hold an item. */
export interface ItemPlace {
  readonly kind: HolderKind;
  /** Character id, or a number of the game's own for places on the ground. */
  readonly id: number;
  readonly slot: number;
}

/** Queries over entities near a point; answers are references in id order in the caller's buffer. */
export interface Near {
  /** Kinds to look for; all when left out. A list that is kept (and never changed) costs nothing to look at again. */
  readonly kinds?: readonly EntityKind[];
  /** Most answers wanted; the buffer's length when left out. */
  readonly limit?: number;
}

export interface ZoneApi {
  /** Number of the zone in the realm. */
  readonly zone: number;
  readonly name: string;
  readonly bounds: ZoneBounds;
  readonly tick: number;
  readonly tickRateHz: number;
  /** Seconds one tick simulates. */
  readonly secondsPerTick: number;
  readonly random: SeededRandom;
  readonly metrics: Metrics;

  /** Ticks that last `ms` milliseconds, at least 1. */
  ticks(ms: number): number;
  table<F extends EntityFields>(kind: EntityKind<string, F>): Table<F>;
  /** Zone-wide state of a module: values stand in row 0. */
  state<F extends EntityFields>(type: StateType<F>): Columns<F>;
  /** Makes an entity, or noEntity when its table is full. */
  spawn<F extends EntityFields>(kind: EntityKind<string, F>, values: SpawnValues<F>): EntityRef;
  /** Ends an owned entity; players end by leaving instead. False when it is not owned here. */
  despawn(ref: EntityRef): boolean;
  /** True when the entity lives and this zone decides about it. */
  owns(ref: EntityRef): boolean;
  /** Position of a live entity or ghost; undefined when it is not here. */
  positionOf(ref: EntityRef): Vector | undefined;

  /** Entities within a circle; returns how many were written to `out`. */
  radius(x: number, y: number, radiusM: number, out: Float64Array, near?: Near): number;
  box(minX: number, minY: number, maxX: number, maxY: number, out: Float64Array, near?: Near): number;
  /** Entities within a sector: direction as a unit vector, half its angle as a cosine. */
  cone(
    x: number,
    y: number,
    direction: Vector,
    halfAngleCos: number,
    radiusM: number,
    out: Float64Array,
    near?: Near,
  ): number;
  /** The nearest entities, nearest first. */
  nearest(x: number, y: number, radiusM: number, out: Float64Array, near?: Near): number;
  /** True when a point lies in the named area of this zone; false for names it does not have. */
  isInArea(name: string, x: number, y: number): boolean;

  /** Sets a timer; with an owner it ends with the owner and crosses borders with it. */
  after<F extends RecordFields>(
    ticks: number,
    timer: TimerType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void;
  /** Takes back an owner's timers of one type. */
  cancel(timer: TimerType<never>, owner: EntityRef): void;
  /** Tells the owner of an entity something: at once when it is this zone, else two ticks later. */
  send<F extends RecordFields>(to: EntityRef, message: MessageType<F>, args: RecordValue<F>): void;
  /** Dispatches a module's event; false when it was cancelled. */
  emit<P extends object>(event: EventType<P>, payload: P): boolean;

  /** A fact for one player; nothing when the entity is not a player at home here. */
  tell<F extends RecordFields>(player: EntityRef, fact: FactType<string, F>, value: RecordValue<F>): void;
  /** A fact for everyone who views the region of a point within the ring of `level`. @default level 0 */
  announce<F extends RecordFields>(
    at: Vector,
    fact: FactType<string, F>,
    value: RecordValue<F>,
    level?: number,
  ): void;
  /** A fact for every player at home in this zone. */
  announceZone<F extends RecordFields>(fact: FactType<string, F>, value: RecordValue<F>): void;
  /** A fact for every member of a group, wherever it plays. */
  announceGroup<F extends RecordFields>(
    group: number,
    fact: FactType<string, F>,
    value: RecordValue<F>,
  ): void;
  /** A fact for a character by name, wherever it plays; `otherwise` comes back when nobody of that name is here. */
  tellByName<F extends RecordFields, G extends RecordFields>(
    from: EntityRef,
    toName: string,
    message: { fact: FactType<string, F>; value: RecordValue<F> },
    otherwise: { fact: FactType<string, G>; value: RecordValue<G> },
  ): void;

  /** Puts a player into a group (a realm-wide number above 0) or out of it (0). */
  setGroup(player: EntityRef, group: number): void;
  groupOf(player: EntityRef): number;
  /** A number that no zone of the realm gave before: for groups and places on the ground. */
  newId(): number;
  /** Character id of a player at home here; 0 for everything else. */
  characterOf(player: EntityRef): number;
  /** What the ledger held for the player when it logged in; to be read during `player.connected` only. */
  itemsOf(
    player: EntityRef,
  ): readonly { readonly itemId: number; readonly itemType: number; readonly slot: number }[];
  /** Name of a player's character; "" for everything else. */
  nameOf(player: EntityRef): string;

  /** Asks the ledger for a new item; the reply comes as an input some ticks later. */
  mint<F extends RecordFields>(
    itemType: number,
    to: ItemPlace,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void;
  /** Asks the ledger to move an item. */
  moveItem<F extends RecordFields>(
    itemId: number,
    from: ItemPlace,
    to: ItemPlace,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void;
  /** Asks the ledger to end an item. */
  destroyItem<F extends RecordFields>(
    itemId: number,
    from: ItemPlace,
    reply: ReplyType<F>,
    args: RecordValue<F>,
    owner?: EntityRef,
  ): void;
}
