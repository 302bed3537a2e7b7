/**
 * What an event is: its name, its contract, and by inference what it carries.
 *
 * Invariant: a contract has three words and all are said: who may answer, when it is delivered, what happens when too many come.
 * Invariant: an event type is plain frozen data. It knows no handlers, so any number of zones in a process share it.
 * Absent on purpose: asynchronous handlers. A zone is a pure function of its inputs; what takes time answers as an input.
 */

import { MyriadError } from "../kernel/errors.ts";

/**
 * The four families, by who raises the event: the engine (`core`), a player's intent before its handler (`client`), a change of
 * an entity's channel (`object`), game code (`module`).
 */
export type EventFamily = "core" | "client" | "object" | "module";

/** `cancellable`: handlers may cancel the event or change its payload before it takes effect. `observed`: it has happened. */
export type Answer = "cancellable" | "observed";

/** Handlers run inside `emit`, and `emit` says whether the event stands. Never queued, so it cannot be dropped. */
export interface CancellableContract {
  readonly answer: "cancellable";
  readonly delivery: "immediate";
  readonly overflow: "critical";
}

/** Handlers only learn of it: inside `emit` (`immediate`) or at the tick's `flush`, in order of emission (`batched`). */
export interface ObservedContract {
  readonly answer: "observed";
  readonly delivery: "immediate" | "batched";
  /** When the queue is full: `droppable` events are dropped and counted, a `critical` one ends the zone. */
  readonly overflow: "critical" | "droppable";
}

export type EventContract = CancellableContract | ObservedContract;

declare const carried: unique symbol;

/** An event type. `Payload` and `Answers` exist for the compiler only. */
export interface EventType<Payload, Answers extends Answer = Answer> {
  readonly family: EventFamily;
  /** Unique in its family: `module.event`, `area.entered`. */
  readonly name: string;
  readonly contract: EventContract;
  readonly [carried]?: { readonly payload: Payload; readonly answers: Answers };
}

/** What an event type carries. */
export type PayloadOf<Type> = Type extends EventType<infer Payload, infer _> ? Payload : never;

/** Given to the handlers of a cancellable event; valid until the handler returns. */
export interface EventControl {
  /** The event will not take effect; handlers behind this one are not asked. Outside its handler's call: AssertionFailed. */
  cancel(): void;
}

/** Learns that something happened. The payload belongs to the emitter: read it now, keep a copy. */
export type ObservedHandler<Context, Payload> = (context: Context, payload: Readonly<Payload>) => void;

/** Decides whether something will happen; may change the payload's fields, which then hold for everyone after it. */
export type CancellableHandler<Context, Payload> = (
  context: Context,
  payload: Payload,
  control: EventControl,
) => void;

/** Characters of an event's name. */
const eventNameCharactersMax = 64;
/** At least two words with a dot between: the module's name and the event's own. */
const eventNamePattern = /^[a-zA-Z][\w-]*(\.[a-zA-Z][\w-]*)+$/;

/**
 * Declares a module's event: `const Died = defineEvent<{ victim: number }>("combat.died", { answer: "observed", … })`.
 * The name begins with the name of the module that lists it. A name or contract that is not allowed: module_invalid.
 */
export function defineEvent<Payload extends object>(
  name: string,
  contract: CancellableContract,
): EventType<Payload, "cancellable">;
export function defineEvent<Payload extends object>(
  name: string,
  contract: ObservedContract,
): EventType<Payload, "observed">;
export function defineEvent<Payload extends object>(
  name: string,
  contract: EventContract,
): EventType<Payload> {
  return eventType("module", name, contract);
}

/** An event type of any family; the engine's own way to declare one. Same errors as `defineEvent`. */
export function eventType<Payload, Answers extends Answer>(
  family: EventFamily,
  name: string,
  contract: EventContract,
): EventType<Payload, Answers> {
  if (!eventNamePattern.test(name) || name.length > eventNameCharactersMax) {
    throw new MyriadError("module_invalid", `the event name "${name}" is not of the form module.event`);
  }
  const { answer, delivery, overflow } = contract;
  // Types exclude it; a module in plain JavaScript does not know them.
  if (answer === "cancellable" && (delivery !== "immediate" || overflow !== "critical")) {
    throw new MyriadError(
      "module_invalid",
      `the event "${name}" is cancellable, so it is immediate and critical`,
    );
  }
  return Object.freeze({
    family,
    name,
    contract: Object.freeze({ answer, delivery, overflow } as EventContract),
  });
}
