/**
 * How a game is written: modules of intents, systems, timers, messages and event handlers; a realm of modules.
 *
 * Everything here is plain data with functions in it; nothing registers itself. Types flow from the schema to handlers.
 * Invariant: modules keep nothing between calls. What must last is a field, a zone-wide state or a timer.
 */
import type {
  EntityFields,
  EntityKind,
  EntityRef,
  FieldSpec,
  IntentType,
  RecordFields,
  RecordValue,
  Schema,
  ServerType,
  ZoneBounds,
} from "@myriad/protocol";
import type { EventType } from "../events/event-type.ts";
import type { Listener } from "../events/listen.ts";
import type { Outcome } from "../ledger/port.ts";
import type { TimerType } from "../world/timers.ts";
import type { StateType } from "../world/world.ts";
import type { ZoneApi } from "./api.ts";

type Args = RecordValue<RecordFields>;

/** A handler with its types forgotten: what the engine keeps. */
type Handler = (zone: ZoneApi, subject: EntityRef, args: Args) => void;

export interface IntentBinding {
  readonly what: "intent";
  readonly intent: IntentType;
  readonly handler: Handler;
}

/** Binds the handler of an intent: `actor` is the player's entity, owned by this zone; references are resolved. */
export function on<F extends RecordFields>(
  intent: IntentType<string, F>,
  handler: (zone: ZoneApi, actor: EntityRef, intent: RecordValue<F>) => void,
): IntentBinding {
  return { what: "intent", intent: intent as unknown as IntentType, handler: handler as unknown as Handler };
}

export interface System {
  readonly what: "system";
  readonly name: string;
  /** Milliseconds of simulated time between two runs; 0 is every tick. */
  readonly everyMs: number;
  readonly run: (zone: ZoneApi) => void;
  /** The system writes positions: the index is refreshed after it. */
  readonly moves: boolean;
}

/** A system that runs every `everyMs` milliseconds of simulated time (rounded to ticks, at least one); 0 is every tick. */
export function every(
  everyMs: number,
  run: (zone: ZoneApi) => void,
  options: { name?: string; moves?: boolean } = {},
): System {
  return { what: "system", name: options.name ?? run.name, everyMs, run, moves: options.moves ?? false };
}

export interface TimerBinding {
  readonly what: "timer";
  readonly timer: TimerType;
  readonly handler: Handler;
}

/** A kind of timer: a name for checkpoints and the fields of its arguments. */
export function timer<F extends RecordFields>(name: string, fields: F): TimerType<F> {
  return { name, fields };
}

/** Binds what happens when a timer is due; `owner` is noEntity for timers of the zone. */
export function onTimer<F extends RecordFields>(
  type: TimerType<F>,
  handler: (zone: ZoneApi, owner: EntityRef, args: RecordValue<F>) => void,
): TimerBinding {
  return { what: "timer", timer: type as unknown as TimerType, handler: handler as unknown as Handler };
}

/** Something one zone tells the owner of an entity. */
export interface MessageType<F extends RecordFields = RecordFields> {
  readonly name: string;
  readonly fields: F;
}

export function message<F extends RecordFields>(name: string, fields: F): MessageType<F> {
  return { name, fields };
}

export interface MessageBinding {
  readonly what: "message";
  readonly message: MessageType;
  readonly handler: Handler;
}

/** Binds what the owner does with a message: `target` is owned by the zone that runs the handler. */
export function onMessage<F extends RecordFields>(
  type: MessageType<F>,
  handler: (zone: ZoneApi, target: EntityRef, args: RecordValue<F>) => void,
): MessageBinding {
  return { what: "message", message: type as unknown as MessageType, handler: handler as unknown as Handler };
}

/** What a ledger request carries until its reply. */
export interface ReplyType<F extends RecordFields = RecordFields> {
  readonly name: string;
  readonly fields: F;
}

export function reply<F extends RecordFields>(name: string, fields: F): ReplyType<F> {
  return { name, fields };
}

export interface ReplyBinding {
  readonly what: "reply";
  readonly reply: ReplyType;
  readonly handler: (zone: ZoneApi, owner: EntityRef, args: Args, outcome: Outcome) => void;
}

/** Binds what happens when the ledger answered; `owner` may be gone by then (noEntity). */
export function onReply<F extends RecordFields>(
  type: ReplyType<F>,
  handler: (zone: ZoneApi, owner: EntityRef, args: RecordValue<F>, outcome: Outcome) => void,
): ReplyBinding {
  return {
    what: "reply",
    reply: type as unknown as ReplyType,
    handler: handler as unknown as ReplyBinding["handler"],
  };
}

/** Zone-wide state: fields that belong to no entity. Never on the wire, always in the checkpoint. */
export function state<const F extends { readonly [name: string]: ServerType }>(
  name: string,
  fields: F,
): StateType<{ [K in keyof F]: FieldSpec<F[K], "server"> }> {
  const specs: Record<string, FieldSpec> = {};
  for (const [field, type] of Object.entries(fields))
    specs[field] = { type, audience: "server", saved: false };
  return { name, fields: specs as { [K in keyof F]: FieldSpec<F[K], "server"> } };
}

/** One part of a game. */
export interface Module {
  readonly name: string;
  /** Kinds this module speaks of; all must be in the realm's schema. */
  readonly entities?: readonly EntityKind[];
  readonly intents?: readonly IntentBinding[];
  /** In the order in which they run, after the systems of modules named earlier in the realm. */
  readonly systems?: readonly System[];
  readonly timers?: readonly TimerBinding[];
  readonly messages?: readonly MessageBinding[];
  readonly replies?: readonly ReplyBinding[];
  readonly events?: readonly Listener<ZoneApi>[];
  /** Events of its own that this module raises; others may listen to them. */
  readonly emits?: readonly EventType<unknown>[];
  readonly states?: readonly StateType[];
  /** Fills a zone that starts for the first time: creatures, camps. Not called after a restore. */
  readonly populate?: (zone: ZoneApi) => void;
}

export function defineModule(module: {
  name: string;
  entities?: readonly { readonly what: "entity"; readonly name: string }[];
  intents?: readonly IntentBinding[];
  systems?: readonly System[];
  timers?: readonly TimerBinding[];
  messages?: readonly MessageBinding[];
  replies?: readonly ReplyBinding[];
  events?: readonly Listener<ZoneApi>[];
  emits?: readonly EventType<unknown>[];
  states?: readonly { readonly name: string; readonly fields: object }[];
  populate?: (zone: ZoneApi) => void;
}): Module {
  return module as Module;
}

/** A named part of a zone: a circle or a rectangle in world metres. */
export interface Area {
  readonly name: string;
  readonly shape:
    | { readonly kind: "circle"; readonly x: number; readonly y: number; readonly radiusM: number }
    | ({ readonly kind: "rectangle" } & ZoneBounds);
}

/** One zone of the map. */
export interface ZoneDefinition {
  readonly name: string;
  readonly bounds: ZoneBounds;
  /** At most 32 areas; they may overlap. */
  readonly areas?: readonly Area[];
}

/** A whole game. */
export interface Realm {
  readonly name: string;
  readonly schema: Schema;
  readonly modules: readonly Module[];
  /** The kind that players control. */
  readonly player: EntityKind;
  /** The map for a number of zones. */
  readonly zones: (count: number) => readonly ZoneDefinition[];
  /** Where a new character begins: zone and position. `chance` is 0 to below 1, for spreading newcomers. */
  readonly spawnPoint: (
    zones: readonly ZoneDefinition[],
    chance: number,
  ) => { zone: number; x: number; y: number };
  /** Number of the layout of saved fields; raised when a field is renamed. */
  readonly characterSchemaVersion: number;
}

export function defineRealm<P extends EntityFields>(
  realm: Omit<Realm, "player"> & { player: EntityKind<string, P> },
): Realm {
  return { ...realm, player: realm.player as unknown as EntityKind };
}
