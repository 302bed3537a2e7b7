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
/** Listens to a module's event, by its type: a cancellable one hands its handlers a control. */
export function listen<Context, Payload>(
  family: "module",
  type: EventType<Payload>,
  handler: CancellableHandler<Context, Payload>,
  options?: ListenOptions,
): Listener<Context>;
/** Listens to a module's event by name, where its type cannot be imported. */
export function listen<Context, Payload = Record<string, unknown>>(
  family: "module",
  name: string,
  handler: CancellableHandler<Context, Payload>,
  options?: ListenOptions,
): Listener<Context>;
export function listen<Context>(family: EventFamily, ...rest: unknown[]): Listener<Context> {
  const isPair = family === "client" || family === "object";
  const named = isPair ? `${rest[0] as string}.${rest[1] as string}` : rest[0];
  const [handler, options] = rest.slice(isPair ? 2 : 1) as [
    ErasedHandler<Context>,
    ListenOptions | undefined,
  ];
  const type = typeof named === "object" ? (named as EventType<unknown>) : undefined;
  return { family, name: type?.name ?? (named as string), type, priority: options?.priority ?? 0, handler };
}
