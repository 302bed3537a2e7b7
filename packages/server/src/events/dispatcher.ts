/**
 * Runs the handlers of an event, one after the other, and keeps their mistakes apart.
 *
 * Invariant: a handler that throws is reported with its module, and the others still run. A failed assertion is not caught: it
 * ends the zone.
 * Invariant: allocates nothing. Controls are kept, one per depth, because a handler may raise further events.
 * Invariant: bounded depth: handlers that raise each other's events end in a failed assertion, never in a full stack, whose
 * depth differs between machines.
 * hot path
 */

import { AssertionFailed, assert } from "../kernel/assert.ts";
import type { EventSlot } from "./event-slot.ts";
import type { EventControl } from "./event-type.ts";

/** Events inside events. A reaction to a reaction is three deep. */
const depthMax = 16;

/** A handler that threw. */
export interface HandlerProblem {
  readonly module: string;
  /** Family and name: "core:player.connected". */
  readonly event: string;
  readonly error: unknown;
}

class Control implements EventControl {
  isOpen = false;
  isCancelled = false;

  cancel(): void {
    assert(this.isOpen, "an event is cancelled while its handlers run");
    this.isCancelled = true;
  }
}

/** Dispatches for one zone. `report` is told of handlers that throw; it must not throw and may be called for every event. */
export class Dispatcher<Context> {
  readonly #report: (problem: HandlerProblem) => void;
  readonly #controls = Array.from({ length: depthMax }, () => new Control());
  #depth = 0;

  constructor(report: (problem: HandlerProblem) => void) {
    this.#report = report;
  }

  /** Runs the slot's handlers. False when one of them cancelled the event: those behind it were not asked. */
  dispatch(slot: EventSlot<Context>, context: Context, payload: object): boolean {
    const depth = this.#depth;
    assert(depth < depthMax, "events raise each other in a circle, or more than 16 deep");
    this.#depth = depth + 1;
    const stands = slot.isCancellable
      ? this.#ask(slot, context, payload, this.#controls[depth]!)
      : this.#tell(slot, context, payload);
    this.#depth = depth;
    return stands;
  }

  #tell(slot: EventSlot<Context>, context: Context, payload: object): true {
    const { handlers } = slot;
    for (let at = 0; at < handlers.length; at += 1) {
      try {
        handlers[at]!(context, payload as never, undefined);
      } catch (error) {
        this.#caught(slot, at, error);
      }
    }
    return true;
  }

  #ask(slot: EventSlot<Context>, context: Context, payload: object, control: Control): boolean {
    const { handlers } = slot;
    control.isOpen = true;
    control.isCancelled = false;
    for (let at = 0; at < handlers.length && !control.isCancelled; at += 1) {
      try {
        handlers[at]!(context, payload as never, control);
      } catch (error) {
        this.#caught(slot, at, error);
      }
    }
    control.isOpen = false;
    return !control.isCancelled;
  }

  #caught(slot: EventSlot<Context>, at: number, error: unknown): void {
    if (error instanceof AssertionFailed) throw error;
    const { family, name } = slot.type;
    this.#report({ module: slot.modules[at]!, event: `${family}:${name}`, error });
  }
}
