/**
 * One event of one hub: its handlers in the order in which they run.
 *
 * Invariant: complete when the hub is built; dispatching only reads it.
 */

import type { EventType } from "./event-type.ts";
import type { ErasedHandler, Listener } from "./listen.ts";

/** An event that somebody listens to. Exists for those alone: who looks and finds none has paid for everything. */
export class EventSlot<Context> {
  readonly type: EventType<unknown>;
  readonly isBatched: boolean;
  readonly isCancellable: boolean;
  readonly isDroppable: boolean;
  /** Handlers in order, and the module of each at the same place. Two arrays, because a dispatch needs the first alone. */
  readonly handlers: ErasedHandler<Context>[] = [];
  readonly modules: string[] = [];
  readonly #priorities: number[] = [];
  /** Events that found the queue full. */
  dropped = 0;

  constructor(type: EventType<unknown>) {
    const { answer, delivery, overflow } = type.contract;
    this.type = type;
    this.isBatched = delivery === "batched";
    this.isCancellable = answer === "cancellable";
    this.isDroppable = overflow === "droppable";
  }

  /** Adds a handler behind all of its own or a higher priority. */
  add(module: string, { handler, priority }: Listener<Context>): void {
    let place = this.handlers.length;
    while (place > 0 && this.#priorities[place - 1]! < priority) place -= 1;
    this.handlers.splice(place, 0, handler);
    this.modules.splice(place, 0, module);
    this.#priorities.splice(place, 0, priority);
  }
}
