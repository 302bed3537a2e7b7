/**
 * How game code says what it listens to: `listen("core", "player.connected", (zone, { player }) => …)`.
 *
 * Invariant: a listener is plain data until a hub is built from it; that is when its event's name is looked up.
 * Invariant: higher priority first; equal priorities in order of registration: modules in the realm's order, listeners in the
 * module's.
 */

import type { CoreEventName, CorePayload } from "./core-events.ts";
import type {
  CancellableHandler,
  EventControl,
  EventFamily,
  EventType,
  ObservedHandler,
} from "./event-type.ts";

export interface ListenOptions {
  /**
   * An integer; handlers with a higher one run earlier.
   * @default 0
   */
  readonly priority?: number;
}

/** An intent before its handler runs. Cancel it, or change the fields of `intent`: they are not checked again. */
export interface ClientEvent<Intent = Record<string, unknown>> {
  /** The entity whose player asks. */
  readonly actor: number;
  readonly intent: Intent;
}

/** The channels of an entity that changes are told of. */
export type ObjectChannel = "critical" | "detailed" | "cosmetic" | "metadata";

/** A channel of an entity changed since the last tick. One object for all such events: read it now, never keep it. */
export interface ObjectEvent {
  readonly kind: string;
  readonly channel: ObjectChannel;
  readonly entity: number;
}

/** A handler of an event known by name alone: there is a control when the event is cancellable. */
export type NamedHandler<Context, Payload> = (
  context: Context,
  payload: Payload,
  control: EventControl | undefined,
) => void;

/** A handler without the type of what its event carries: the hub calls it with what the event's type says. */
export type ErasedHandler<Context> = (
  context: Context,
  payload: never,
  control: EventControl | undefined,
) => void;

/** A handler with what it listens to. Made by `listen`, given to a module. */
export interface Listener<Context> {
  readonly family: EventFamily;
  readonly name: string;
  /** Set when the event was named by its type: the hub then checks that it is this very one. */
  readonly type: EventType<unknown> | undefined;
  readonly priority: number;
  readonly handler: ErasedHandler<Context>;
}

/** Listens to the engine. */
export function listen<Context, Name extends CoreEventName>(
  family: "core",
  name: Name,
  handler: ObservedHandler<Context, CorePayload<Name>>,
  options?: ListenOptions,
): Listener<Context>;
/** Listens to a module's intent, before the intent's own handler. Annotate the event to type its intent. */
export function listen<Context, Intent = Record<string, unknown>>(
  family: "client",
  module: string,
  intent: string,
  handler: CancellableHandler<Context, ClientEvent<Intent>>,
  options?: ListenOptions,
): Listener<Context>;
/** Listens to changes in a channel of every entity of a kind. */
export function listen<Context>(
  family: "object",
  kind: string,
  channel: ObjectChannel,
  handler: ObservedHandler<Context, ObjectEvent>,
  options?: ListenOptions,
): Listener<Context>;
/** Listens to a module's event that has happened, by its type. */
export function listen<Context, Payload>(
  family: "module",
  type: EventType<Payload, "observed">,
  handler: ObservedHandler<Context, Payload>,
  options?: ListenOptions,
): Listener<Context>;
/** Listens to a module's event that may be cancelled, by its type. */
export function listen<Context, Payload>(
  family: "module",
  type: EventType<Payload, "cancellable">,
  handler: CancellableHandler<Context, Payload>,
  options?: ListenOptions,
): Listener<Context>;
/** Listens to a module's event by name, where its type cannot be imported. */
export function listen<Context, Payload = Record<string, unknown>>(
  family: "module",
  name: string,
  handler: NamedHandler<Context, Payload>,
  options?: ListenOptions,
): Listener<Context>;
export function listen<Context>(family: EventFamily, ...rest: unknown[]): Listener<Context> {
  // Two of the families name an event by two words.
  const words = family === "client" || family === "object" ? 2 : 1;
  const named =
    words === 2 ? `${rest[0] as string}.${rest[1] as string}` : (rest[0] as string | EventType<unknown>);
  const handler = rest[words] as ErasedHandler<Context>;
  const options = rest[words + 1] as ListenOptions | undefined;
  const type = typeof named === "string" ? undefined : named;
  const name = typeof named === "string" ? named : named.name;
  return { family, name, type, priority: options?.priority ?? 0, handler };
}
