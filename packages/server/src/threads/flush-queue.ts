/**
 * Writes to the clients of zones whose tick frames came, one zone in each turn of the event loop.
 *
 * Invariant: between two zones the loop turns, so sockets are read however many frames came at once. A zone of which
 * several frames came before its turn is written to once: a gateway that is late catches up instead of queueing.
 */
import { ByteReader } from "@myriad/protocol";
import { readHeader } from "../bus/header.ts";
import type { Bus } from "../bus/port.ts";
import type { Timers } from "../kernel/time.ts";

export class FlushQueue {
  readonly #timers: Timers;
  readonly #flush: (zone: number) => void;
  /** Zones that wait, in the order of their frames. */
  readonly #zones = new Set<number>();
  readonly #epochs = new Map<number, number>();
  #isScheduled = false;

  constructor(options: { timers: Timers; flush: (zone: number) => void }) {
    this.#timers = options.timers;
    this.#flush = options.flush;
  }

  /** A bus that notes each tick frame once its receiver has it. */
  over(bus: Bus): Bus {
    return {
      sendTickFrame: (gateway, batch) => bus.sendTickFrame(gateway, batch),
      sendIntents: (zone, batch) => bus.sendIntents(zone, batch),
      sendZoneBatch: (toZone, batch) => bus.sendZoneBatch(toZone, batch),
      onIntents: (zone, receiver) => bus.onIntents(zone, receiver),
      onZoneBatches: (zone, receiver) => bus.onZoneBatches(zone, receiver),
      onTickFrames: (gateway, receiver) =>
        bus.onTickFrames(gateway, (batch) => {
          const head = readHeader(new ByteReader(batch));
          if (head.ok) this.#meet(head.value.zone, head.value.epoch);
          receiver(batch);
          if (head.ok) this.#note(head.value.zone);
        }),
    };
  }

  /** A new owner's first frame replaces what the old one said: that is written first. */
  #meet(zone: number, epoch: number): void {
    if (this.#epochs.get(zone) !== epoch && this.#zones.delete(zone)) this.#flush(zone);
    this.#epochs.set(zone, epoch);
  }

  #note(zone: number): void {
    this.#zones.add(zone);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timers.soon(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    const [zone] = this.#zones;
    if (zone === undefined) return;
    this.#zones.delete(zone);
    if (this.#zones.size > 0) {
      this.#isScheduled = true;
      this.#timers.soon(this.#run);
    }
    this.#flush(zone);
  };
}
