/**
 * The hub of one zone: which handlers each event has, in which order they run, what happens when one throws.
 *
 * Owns: the order (priority, then registration), the queue of batched events, isolation of handlers.
 * Invariant: built from the realm's listeners once; a name that nothing raises is an error then, with the nearest right one.
 * Invariant: an event nobody listens to costs one look-up; dispatching allocates nothing.
 * Invariant: a handler that throws is reported and the others still run; a failed assertion ends the zone.
 * hot path
 */
import { assert, AssertionFailed } from "../kernel/assert.ts";
import { MyriadError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { coreEvents } from "./core-events.ts";
import { type EventControl, type EventFamily, type EventType, eventType } from "./event-type.ts";
import type { ErasedHandler, Listener, ObjectChannel, ObjectEvent } from "./listen.ts";

/** A handler that threw. */
export interface HandlerProblem {
  readonly module: string;
  readonly event: string;
  readonly error: unknown;
}

export interface HubOptions<Context> {
  /** Modules in the realm's order, with what they listen to and the events of their own. */
  readonly modules: readonly {
    readonly module: string;
    readonly listeners: readonly Listener<Context>[];
    readonly emits?: readonly EventType<unknown>[];
  }[];
  readonly intents: readonly { readonly module: string; readonly intents: readonly string[] }[];
  /** Names of entity kinds, in the schema's order. */
  readonly kinds: readonly string[];
  readonly report: (problem: HandlerProblem) => void;
  /** Batched events that wait for one flush. @default 65536: a crowd's worth of one tick */
  readonly queueMax?: number;
}

interface Bound<Context> {
  readonly module: string;
  readonly priority: number;
  readonly handler: ErasedHandler<Context>;
}

interface Slot<Context> {
  readonly type: EventType<unknown>;
  readonly handlers: Bound<Context>[];
}

const channels: readonly ObjectChannel[] = ["critical", "detailed", "cosmetic", "metadata"];
const queueDefault = 65_536;

/** Told to handlers of cancellable events; one object for all dispatches. */
class Control implements EventControl {
  isOpen = false;
  isCancelled = false;

  cancel(): void {
    assert(this.isOpen, "an event is cancelled while its handler runs");
    this.isCancelled = true;
  }
}

export class EventHub<Context> {
  /** Droppable events that found the queue full. */
  dropped = 0;
  /** True when some module listens to changes of entities. */
  readonly listensToObjects: boolean;
  readonly #slots = new Map<EventType<unknown>, Slot<Context>>();
  readonly #client = new Map<string, EventType<{ actor: number; intent: Record<string, unknown> }>>();
  readonly #objects: (EventType<ObjectEvent> | undefined)[];
  readonly #objectEvent: { kind: string; channel: ObjectChannel; entity: number } = {
    kind: "",
    channel: "critical",
    entity: 0,
  };
  readonly #queue: { slot: Slot<Context>; payload: object }[] = [];
  readonly #queueMax: number;
  readonly #kinds: readonly string[];
  readonly #report: (problem: HandlerProblem) => void;
  readonly #control = new Control();

  /** Throws MyriadError `event_unknown` for a listener of something that nothing raises, `module_invalid` for a double event. */
  constructor(options: HubOptions<Context>) {
    this.#report = options.report;
    this.#kinds = options.kinds;
    this.#queueMax = options.queueMax ?? queueDefault;
    const known = eventsOf(options);
    for (const { module, listeners } of options.modules) {
      for (const { family, name, type, priority, handler } of listeners) {
        const found = known[family].get(name);
        if (found === undefined || (type !== undefined && type !== found))
          throw unknownEvent(module, family, name, known[family]);
        const slot = this.#slots.get(found) ?? { type: found, handlers: [] };
        this.#slots.set(found, slot);
        slot.handlers.push({ module, priority, handler });
      }
    }
    // Sorting is stable, so equal priorities keep the order of registration.
    for (const slot of this.#slots.values()) slot.handlers.sort((a, b) => b.priority - a.priority);
    for (const [name, type] of known.client) if (this.#slots.has(type)) this.#client.set(name, type as never);
    this.#objects = options.kinds.flatMap((kind) =>
      channels.map((channel) => {
        const type = known.object.get(`${kind}.${channel}`)!;
        return this.#slots.has(type) ? (type as unknown as EventType<ObjectEvent>) : undefined;
      }),
    );
    this.listensToObjects = this.#objects.some((type) => type !== undefined);
  }

  /** True when somebody listens. */
  has<Payload>(type: EventType<Payload>): boolean {
    return this.#slots.has(type);
  }

  /** The event before an intent of a module; undefined when nobody listens to it. */
  client(
    module: string,
    intent: string,
  ): EventType<{ actor: number; intent: Record<string, unknown> }> | undefined {
    return this.#client.size === 0 ? undefined : this.#client.get(`${module}.${intent}`);
  }

  /** The event of a change in a kind's channel (places in schema and channel order); undefined when nobody listens. */
  object(kind: number, channel: number): EventType<ObjectEvent> | undefined {
    return this.#objects[kind * channels.length + channel];
  }

  /** Tells of one changed entity. */
  emitObject(kind: number, channel: number, context: Context, entity: number): void {
    const type = this.object(kind, channel);
    if (type === undefined) return;
    const event = this.#objectEvent;
    event.kind = this.#kinds[kind]!;
    event.channel = channels[channel]!;
    event.entity = entity;
    this.#dispatch(this.#slots.get(type)!, context, event);
  }

  /** Raises an event: immediate ones are dispatched now, batched ones at the next `flush`. False when it was cancelled. */
  emit<Payload>(type: EventType<Payload>, context: Context, payload: Payload): boolean {
    const slot = this.#slots.get(type);
    if (slot === undefined) return true;
    if (type.contract.delivery === "batched") {
      this.#enqueue(slot, payload as object);
      return true;
    }
    return this.#dispatch(slot, context, payload as object);
  }

  /** Dispatches what is queued, in order of emission; what handlers queue meanwhile waits for the next flush. */
  flush(context: Context): void {
    if (this.#queue.length === 0) return;
    for (const { slot, payload } of this.#queue.splice(0)) this.#dispatch(slot, context, payload);
  }

  #enqueue(slot: Slot<Context>, payload: object): void {
    if (this.#queue.length < this.#queueMax) {
      this.#queue.push({ slot, payload });
      return;
    }
    assert(slot.type.contract.overflow === "droppable", `at most ${this.#queueMax} events wait for a flush`);
    this.dropped++;
  }

  #dispatch(slot: Slot<Context>, context: Context, payload: object): boolean {
    const { handlers } = slot;
    const control = slot.type.contract.answer === "cancellable" ? this.#control : undefined;
    // A handler may raise another cancellable event: what was said about this one must come back.
    const outerOpen = this.#control.isOpen;
    const outerCancelled = this.#control.isCancelled;
    let stands = true;
    for (let i = 0; i < handlers.length && stands; i++) {
      const { handler, module } = handlers[i]!;
      if (control !== undefined) {
        control.isOpen = true;
        control.isCancelled = false;
      }
      try {
        handler(context, payload as never, control);
      } catch (error) {
        if (error instanceof AssertionFailed) throw error;
        this.#report({ module, event: `${slot.type.family}:${slot.type.name}`, error });
      }
      stands = control === undefined || !control.isCancelled;
    }
    this.#control.isOpen = outerOpen;
    this.#control.isCancelled = outerCancelled;
    return stands;
  }
}

type Known = Readonly<Record<EventFamily, Map<string, EventType<unknown>>>>;

/** Everything that can be listened to, by family and name. */
function eventsOf<Context>(options: HubOptions<Context>): Known {
  const known: Known = { core: new Map(), client: new Map(), object: new Map(), module: new Map() };
  for (const type of Object.values(coreEvents)) known.core.set(type.name, type);
  for (const { module, intents } of options.intents) {
    for (const intent of intents) {
      const contract = { answer: "cancellable", delivery: "immediate", overflow: "critical" } as const;
      known.client.set(`${module}.${intent}`, eventType("client", `${module}.${intent}`, contract));
    }
  }
  for (const kind of options.kinds) {
    for (const channel of channels) {
      const contract = { answer: "observed", delivery: "immediate", overflow: "critical" } as const;
      known.object.set(`${kind}.${channel}`, eventType("object", `${kind}.${channel}`, contract));
    }
  }
  for (const { module, emits } of options.modules) {
    for (const type of emits ?? []) {
      if (!type.name.startsWith(`${module}.`)) {
        throw new MyriadError(
          "module_invalid",
          `${module}: the event ${type.name} does not begin with the module's name`,
        );
      }
      if (known.module.has(type.name))
        throw new MyriadError("module_invalid", `the event ${type.name} stands twice`);
      known.module.set(type.name, type);
    }
  }
  return known;
}

function unknownEvent(
  module: string,
  family: EventFamily,
  name: string,
  known: ReadonlyMap<string, unknown>,
): MyriadError {
  const close = nearest(name, [...known.keys()]);
  const hint = close === undefined ? "" : `; did you mean ${close}?`;
  return new MyriadError(
    "event_unknown",
    `${module} listens to ${family} ${name}, which nothing raises${hint}`,
  );
}
