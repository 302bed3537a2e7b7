/**
 * Batched events on their way to the tick's flush, in the order in which they were raised.
 *
 * Invariant: a flush empties the queue, also of what its handlers raise meanwhile. So between two ticks nothing waits here,
 * and nothing of it needs a place in a checkpoint.
 * Invariant: bounded from one flush's end to the next one's: handlers that raise events in a circle meet the limit, not forever.
 * Invariant: droppable events leave a quarter of the room to critical ones: a flood of news never ends a zone.
 * hot path
 */

import { assert } from "../kernel/assert.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { EventSlot } from "./event-slot.ts";

/** What droppable events may fill of the queue. */
const droppableShare = 3 / 4;

/** A queue for one zone. Slots and payloads stand in two arrays, so that an event costs no object of its own. */
export class EventQueue<Context> {
  readonly #slots: EventSlot<Context>[] = [];
  readonly #payloads: (object | undefined)[] = [];
  readonly #eventsMax: number;
  readonly #droppableMax: number;
  #count = 0;
  #next = 0;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
    this.#droppableMax = Math.floor(eventsMax * droppableShare);
  }

  /** Events that wait. */
  get waiting(): number {
    return this.#count - this.#next;
  }

  /** Takes an event in. A droppable one that finds no room is counted in its slot; a critical one fails an assertion. */
  push(slot: EventSlot<Context>, payload: object): void {
    if (slot.isDroppable) {
      if (this.#count >= this.#droppableMax) {
        slot.dropped += 1;
        return;
      }
    } else {
      assert(this.#count < this.#eventsMax, "critical events fit into the queue of a tick");
    }
    this.#slots[this.#count] = slot;
    this.#payloads[this.#count] = payload;
    this.#count += 1;
  }

  /** Dispatches everything in order, then what was raised meanwhile, until nothing waits. Inside a flush: does nothing. */
  flush(dispatcher: Dispatcher<Context>, context: Context): void {
    if (this.#next > 0) return;
    while (this.#next < this.#count) {
      const at = this.#next;
      this.#next += 1;
      const payload = this.#payloads[at] as object;
      // The arrays stay; a payload that is kept here could not be collected.
      this.#payloads[at] = undefined;
      dispatcher.dispatch(this.#slots[at]!, context, payload);
    }
    this.#count = 0;
    this.#next = 0;
  }
}
