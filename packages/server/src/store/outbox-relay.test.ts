import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { MyriadError } from "../kernel/errors.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import { deliveryAttemptsMax } from "./limits.ts";
import type { ClaimedEvent } from "./outbox-port.ts";
import { OutboxRelay, type RelayOptions } from "./outbox-relay.ts";
import type { Store } from "./port.ts";
import { createMemoryStore } from "./sqlite/memory-store.ts";
import { commitOf, eventOf } from "./zones-contract.ts";

interface Lab {
  readonly store: Store;
  readonly time: VirtualTime;
  readonly relay: OutboxRelay;
  readonly failures: unknown[];
  deliver: (event: ClaimedEvent) => Promise<void>;
}

function lab(options: Partial<RelayOptions> = {}): Lab {
  const store = createMemoryStore();
  const time = new VirtualTime();
  const failures: unknown[] = [];
  const made: Lab = {
    store,
    time,
    failures,
    deliver: async () => {},
    relay: new OutboxRelay({
      outbox: store.outbox,
      deliver: (event) => made.deliver(event),
      timers: time,
      wallMs: () => time.wallMs(),
      onFailure: (error) => failures.push(error),
      ...options,
    }),
  };
  return made;
}

async function write(store: Store, count: number): Promise<void> {
  const fence = await store.zones.takeOver({ zone: 3, owner: "server" });
  const events = Array.from({ length: count }, (_, n) => eventOf(`e${n}`));
  await store.zones.commitTick(commitOf(fence, { events }));
}

/** Lets time pass in small steps, and promises run in between. */
async function pass({ time }: Lab, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    time.advance(50);
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

test("every event is delivered once when its receiver takes it", async () => {
  const one = lab({ batchMax: 4 });
  await write(one.store, 10);
  const got: string[] = [];
  one.deliver = async ({ eventId }) => void got.push(eventId);
  one.relay.start();
  one.relay.start();
  await pass(one, 1000);
  deepEqual(
    got,
    Array.from({ length: 10 }, (_, n) => `e${n}`),
  );
  deepEqual(await one.store.outbox.depth(), { waiting: 0, dead: 0 });
  await one.relay.stop();
  await write(one.store, 1);
  await pass(one, 1000);
  equal(got.length, 10);
});

test("a receiver that fails is asked again after pauses that double, and in the end no more", async () => {
  const one = lab();
  await write(one.store, 1);
  const atMs: number[] = [];
  one.deliver = async () => {
    atMs.push(one.time.nowMs());
    throw new Error("no route");
  };
  for (let n = 0; n < 10_000 && atMs.length < deliveryAttemptsMax; n += 1) {
    await one.relay.deliverOnce();
    one.time.advance(1000);
  }
  deepEqual(
    atMs.slice(1).map((ms, n) => (ms - atMs[n]!) / 1000),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600],
  );
  one.time.advance(1e9);
  equal(await one.relay.deliverOnce(), 0);
  const [dead] = await one.store.outbox.deadLetters({ limit: 1 });
  deepEqual([dead?.eventId, dead?.attempts, dead?.error], ["e0", deliveryAttemptsMax, "no route"]);
  await one.store.outbox.replay([dead!.sequence]);
  one.deliver = async () => {};
  equal(await one.relay.deliverOnce(), 1);
  deepEqual(await one.store.outbox.depth(), { waiting: 0, dead: 0 });
});

test("one slow receiver holds up no event of another round", async () => {
  const one = lab({ deliveryMsMax: 500 });
  await write(one.store, 2);
  const slow = Promise.withResolvers<void>();
  const got: string[] = [];
  one.deliver = async ({ eventId, attempts }) => {
    got.push(`${eventId} ${attempts}`);
    if (eventId === "e0" && attempts === 1) await slow.promise;
  };
  const first = one.relay.deliverOnce();
  await pass(one, 500);
  equal(await one.relay.deliverOnce(), 2);
  deepEqual(got, ["e0 1", "e1 1", "e0 2", "e1 2"]);
  slow.resolve();
  await first;
  deepEqual(await one.store.outbox.depth(), { waiting: 0, dead: 0 });
});

test("a store that fails is told, and the relay goes on when it is back", async () => {
  const one = lab();
  await write(one.store, 1);
  let isAway = true;
  const outbox = {
    ...one.store.outbox,
    claim: (request: Parameters<Store["outbox"]["claim"]>[0]) =>
      isAway ? Promise.reject(new MyriadError("store_away", "not now")) : one.store.outbox.claim(request),
  };
  const got: string[] = [];
  const failures: unknown[] = [];
  const relay = new OutboxRelay({
    outbox,
    deliver: async ({ eventId }) => void got.push(eventId),
    timers: one.time,
    wallMs: () => one.time.wallMs(),
    onFailure: (error) => failures.push(error),
  });
  await rejects(relay.deliverOnce(), { code: "store_away" });
  relay.start();
  await pass(one, 1000);
  ok(failures.length >= 3);
  isAway = false;
  await pass(one, 500);
  deepEqual(got, ["e0"]);
  await relay.stop();
});
