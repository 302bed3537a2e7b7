/**
 * What every store adapter must do with events, as tests that take the adapter as a parameter.
 *
 * Invariant: nothing here knows a database; an adapter's own tests cover what only it can do.
 */
import { deepEqual, equal } from "node:assert/strict";
import { bytes, type StoreTest } from "./characters-contract.ts";
import { deliveryAttemptsMax, errorUnitsMax } from "./limits.ts";
import type { ClaimedEvent } from "./outbox-port.ts";
import type { Store } from "./port.ts";
import { commitOf, eventOf } from "./zones-contract.ts";

/** Registers the tests. */
export function outboxContract(storeTest: StoreTest): void {
  storeTest(
    "an event is claimed by one, and comes again when nobody says what became of it",
    async (store) => {
      await write(store, "e1", "e2", "e3");
      const first = await store.outbox.claim({ limit: 2, nowMs: 1000, untilMs: 5000 });
      deepEqual(first, [
        { ...eventOf("e1"), sequence: first[0]?.sequence, attempts: 1 },
        { ...eventOf("e2"), sequence: first[1]?.sequence, attempts: 1 },
      ]);
      const second = await store.outbox.claim({ limit: 2, nowMs: 1000, untilMs: 5000 });
      deepEqual(idsOf(second), ["e3"]);
      deepEqual(await store.outbox.claim({ limit: 2, nowMs: 4999, untilMs: 9000 }), []);
      await store.outbox.settle([{ sequence: first[0]!.sequence, delivered: true }]);
      const again = await store.outbox.claim({ limit: 9, nowMs: 5000, untilMs: 9000 });
      deepEqual(idsOf(again), ["e2", "e3"]);
      deepEqual(
        again.map(({ attempts }) => attempts),
        [2, 2],
      );
    },
  );

  storeTest("an event that failed is tried again when it is due", async (store) => {
    await write(store, "e1");
    const [claimed] = await store.outbox.claim({ limit: 1, nowMs: 0, untilMs: 100 });
    const { sequence } = claimed!;
    await store.outbox.settle([{ sequence, delivered: false, error: "refused", retryAtMs: 7000 }]);
    deepEqual(await store.outbox.claim({ limit: 1, nowMs: 6999, untilMs: 9000 }), []);
    equal((await store.outbox.claim({ limit: 1, nowMs: 7000, untilMs: 9000 }))[0]?.attempts, 2);
  });

  storeTest("an event that failed too often is a dead letter until it is asked for again", async (store) => {
    await write(store, "e1", "e2");
    for (let attempt = 1; attempt <= deliveryAttemptsMax; attempt += 1) {
      const claimed = await store.outbox.claim({ limit: 9, nowMs: attempt, untilMs: attempt });
      equal(claimed.length, 2);
      const error = "x".repeat(errorUnitsMax + 1);
      await store.outbox.settle(
        claimed.map(({ sequence }) => ({ sequence, delivered: false, error, retryAtMs: attempt })),
      );
    }
    deepEqual(await store.outbox.claim({ limit: 9, nowMs: 1e6, untilMs: 2e6 }), []);
    deepEqual(await store.outbox.depth(), { waiting: 0, dead: 2 });
    const dead = await store.outbox.deadLetters({ limit: 1 });
    deepEqual(dead, [
      {
        ...eventOf("e1"),
        sequence: dead[0]?.sequence,
        attempts: deliveryAttemptsMax,
        error: "x".repeat(errorUnitsMax),
      },
    ]);
    const [next] = await store.outbox.deadLetters({ after: dead[0]!.sequence, limit: 9 });
    equal(next?.eventId, "e2");
    equal(await store.outbox.replay([next!.sequence, next!.sequence + 100]), 1);
    equal(await store.outbox.replay([next!.sequence]), 0);
    const [replayed] = await store.outbox.claim({ limit: 9, nowMs: 1, untilMs: 2 });
    deepEqual([replayed?.eventId, replayed?.attempts], ["e2", 1]);
    deepEqual(await store.outbox.depth(), { waiting: 1, dead: 1 });
  });

  storeTest("an event whose receiver dies every time becomes a dead letter, too", async (store) => {
    await write(store, "e1");
    for (let attempt = 1; attempt <= deliveryAttemptsMax; attempt += 1)
      equal((await store.outbox.claim({ limit: 1, nowMs: attempt, untilMs: attempt + 1 })).length, 1);
    deepEqual(await store.outbox.claim({ limit: 1, nowMs: 1e6, untilMs: 2e6 }), []);
    equal((await store.outbox.deadLetters({ limit: 1 }))[0]?.eventId, "e1");
  });

  storeTest("an event is written once, however often its id comes", async (store) => {
    await write(store, "e1", "e1");
    await write(store, "e1");
    deepEqual(await store.outbox.depth(), { waiting: 1, dead: 0 });
  });

  storeTest("what is settled late or twice changes nothing", async (store) => {
    await write(store, "e1");
    const [claimed] = await store.outbox.claim({ limit: 1, nowMs: 0, untilMs: 1 });
    const { sequence } = claimed!;
    await store.outbox.settle([{ sequence, delivered: true }]);
    await store.outbox.settle([
      { sequence, delivered: false, error: "late", retryAtMs: 0 },
      { sequence, delivered: true },
    ]);
    deepEqual(await store.outbox.depth(), { waiting: 0, dead: 0 });
    await store.outbox.settle([]);
    equal(await store.outbox.replay([]), 0);
  });

  storeTest("an event may be empty", async (store) => {
    const fence = await store.zones.takeOver({ zone: 3, owner: "server" });
    const event = { ...eventOf("e1"), payload: bytes() };
    await store.zones.commitTick(commitOf(fence, { events: [event] }));
    const [claimed] = await store.outbox.claim({ limit: 1, nowMs: 0, untilMs: 1 });
    deepEqual(claimed?.payload, bytes());
  });
}

async function write(store: Store, ...eventIds: string[]): Promise<void> {
  const fence = await store.zones.takeOver({ zone: 3, owner: "server" });
  await store.zones.commitTick(commitOf(fence, { events: eventIds.map((eventId) => eventOf(eventId)) }));
}

function idsOf(events: readonly ClaimedEvent[]): string[] {
  return events.map(({ eventId }) => eventId);
}
