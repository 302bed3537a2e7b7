import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchReceiver } from "./port.ts";
import { SameThreadBus } from "./same-thread.ts";

const ways = [
  {
    what: "tick frames",
    send: (bus: SameThreadBus, to: number, batch: Uint8Array) => bus.sendTickFrame(to, batch),
    on: (bus: SameThreadBus, to: number, receiver: BatchReceiver) => bus.onTickFrames(to, receiver),
  },
  {
    what: "intents",
    send: (bus: SameThreadBus, to: number, batch: Uint8Array) => bus.sendIntents(to, batch),
    on: (bus: SameThreadBus, to: number, receiver: BatchReceiver) => bus.onIntents(to, receiver),
  },
  {
    what: "zone batches",
    send: (bus: SameThreadBus, to: number, batch: Uint8Array) => bus.sendZoneBatch(to, batch),
    on: (bus: SameThreadBus, to: number, receiver: BatchReceiver) => bus.onZoneBatches(to, receiver),
  },
];

for (const { what, send, on } of ways) {
  test(`${what} reach the one who registered, at once and in order, until it goes`, () => {
    const bus = new SameThreadBus();
    const heard: string[] = [];
    const offFirst = on(bus, 1, (batch) => heard.push(`1:${batch[0]}`));
    on(bus, 2, (batch) => heard.push(`2:${batch[0]}`));
    send(bus, 1, Uint8Array.of(10));
    send(bus, 2, Uint8Array.of(20));
    send(bus, 3, Uint8Array.of(30));
    for (const other of ways) if (other.what !== what) other.send(bus, 1, Uint8Array.of(99));
    assert.deepEqual(heard, ["1:10", "2:20"]);
    // Whoever comes later takes over; the old one's going does not take it off.
    const offSecond = on(bus, 1, (batch) => heard.push(`new:${batch[0]}`));
    offFirst();
    send(bus, 1, Uint8Array.of(11));
    offSecond();
    offSecond();
    send(bus, 1, Uint8Array.of(12));
    assert.deepEqual(heard.slice(2), ["new:11"]);
  });
}
