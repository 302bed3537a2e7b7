/**
 * What every store adapter must do for zones, as tests that take the adapter as a parameter.
 *
 * Invariant: nothing here knows a database; an adapter's own tests cover what only it can do.
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Fence } from "../ledger/fence.ts";
import { operationId } from "../ledger/operation.ts";
import type { Operation } from "../ledger/port.ts";
import { bytes, initial, newCharacter, type StoreTest } from "./characters-contract.ts";
import { checkpointBytesMax, journalBatchBytesMax } from "./limits.ts";
import type { Store } from "./port.ts";
import { recoverZone } from "./recovery.ts";
import type { JournalBatch, TickCommit, TickEvent } from "./zones-port.ts";

/** Registers the tests. */
export function zonesContract(storeTest: StoreTest): void {
  storeTest("each owner of a zone has an epoch above the one before", async (store) => {
    deepEqual(await store.zones.owner(7), { epoch: 0, owner: "" });
    deepEqual(await takeOver(store, 7, "a"), { zone: 7, epoch: 1 });
    deepEqual(await takeOver(store, 7, "b"), { zone: 7, epoch: 2 });
    deepEqual(await takeOver(store, 8, "a"), { zone: 8, epoch: 1 });
    deepEqual(await store.zones.owner(7), { epoch: 2, owner: "b" });
    const fences = await Promise.all(Array.from({ length: 20 }, () => takeOver(store, 9, "c")));
    equal(new Set(fences.map(({ epoch }) => epoch)).size, 20);
  });

  storeTest("who was fenced off writes nothing of any kind", async (store) => {
    const wren = await newCharacter(store);
    const fence = await takeOver(store);
    await store.zones.commitTick(commitOf(fence, { journal: batch(1, 2) }));
    await takeOver(store);
    const save = { characterId: wren.characterId, expectedVersion: 1, ...initial };
    const full = { journal: batch(3, 4), operations: [mint(0)], saves: [save], events: [eventOf("e")] };
    const fenced = { name: "MyriadError", code: "zone_fenced" };
    await rejects(store.zones.commitTick(commitOf(fence, full)), fenced);
    await rejects(store.ledger.apply([mint(0)], fence), fenced);
    await rejects(store.zones.writeCheckpoint({ fence, tick: 2, build: "b", bytes: bytes(1) }), fenced);
    await rejects(store.zones.cutJournal({ fence, beforeTick: 9 }), fenced);
    await rejects(store.zones.dropJournalFrom({ fence, fromTick: 0 }), fenced);
    await rejects(store.zones.commitTick(commitOf({ zone: 5, epoch: 1 }, {})), fenced);
    deepEqual(await store.ledger.items({ kind: "ground", id: 3 }), []);
    deepEqual((await store.zones.readCheckpoints(3)).checkpoints, []);
    deepEqual(await ticksOf(store), [[1, 2]]);
    equal((await store.findCharacter("Wren"))?.version, 1);
    deepEqual(await store.outbox.depth(), { waiting: 0, dead: 0 });
    // What was refused is not remembered as done.
    const [outcome] = await store.ledger.apply([mint(0)]);
    equal(outcome?.status, "done");
  });

  storeTest("a tick's journal, operations, saves and events are written at once", async (store) => {
    const wren = await newCharacter(store);
    const fence = await takeOver(store);
    const save = { characterId: wren.characterId, expectedVersion: 1, version: 20, ...initial };
    const commit = commitOf(fence, {
      journal: batch(18, 20),
      operations: [mint(0), mint(1, 0), mint(2)],
      saves: [save, { ...save, expectedVersion: 7, version: 21 }],
      events: [eventOf("always"), eventOf("done", 0), eventOf("refused", 1)],
    });
    const done = await store.zones.commitTick(commit);
    deepEqual(
      done.outcomes.map((outcome) => (outcome.status === "refused" ? outcome.code : outcome.status)),
      ["done", "slot_taken", "done"],
    );
    deepEqual(done.saves, [
      { ok: true, version: 20 },
      { ok: false, code: "version_conflict" },
    ]);
    const events = await store.outbox.claim({ limit: 10, nowMs: 1000, untilMs: 2000 });
    deepEqual(
      events.map(({ eventId }) => eventId),
      ["always", "done"],
    );
    deepEqual(await ticksOf(store), [[18, 20]]);
    equal((await store.findCharacter("Wren"))?.version, 20);
  });

  storeTest("a commit whose outcome is unknown may be repeated: once done, same answer", async (store) => {
    const wren = await newCharacter(store);
    const fence = await takeOver(store);
    const save = { characterId: wren.characterId, expectedVersion: 1, version: 20, ...initial };
    const commit = commitOf(fence, {
      journal: batch(18, 20),
      operations: [mint(0), mint(1, 0)],
      saves: [save],
      events: [eventOf("e")],
    });
    const first = await store.zones.commitTick(commit);
    const [event] = await store.outbox.claim({ limit: 1, nowMs: 0, untilMs: 1 });
    await store.outbox.settle([{ sequence: event!.sequence, delivered: true }]);
    await store.zones.commitTick(commitOf(fence, { journal: batch(21, 21) }));
    deepEqual(await store.zones.commitTick(commit), first);
    deepEqual(await ticksOf(store), [
      [18, 20],
      [21, 21],
    ]);
    deepEqual(await store.outbox.depth(), { waiting: 0, dead: 0 });
  });

  storeTest("a tick without journal commits what it has", async (store) => {
    const fence = await takeOver(store);
    const done = await store.zones.commitTick(commitOf(fence, { operations: [mint(0)] }));
    equal(done.outcomes[0]?.status, "done");
    deepEqual(await store.zones.commitTick(commitOf(fence, {})), { outcomes: [], saves: [] });
  });

  storeTest("a journal without a gap, whoever writes it", async (store) => {
    const first = await takeOver(store);
    const gap = { name: "MyriadError", code: "journal_gap" };
    await append(store, first, batch(5, 9));
    await rejects(append(store, first, batch(11, 12)), gap);
    await rejects(append(store, first, batch(9, 12)), gap);
    await rejects(append(store, first, { ...batch(5, 9), bytes: bytes(99) }), gap);
    const second = await takeOver(store);
    await append(store, second, batch(10, 12));
    await store.zones.writeCheckpoint({ fence: second, tick: 20, build: "b", bytes: bytes(1) });
    await rejects(append(store, second, batch(22, 23)), gap);
    await append(store, second, batch(21, 23));
    const page = await store.zones.readJournal({ zone: 3, fromTick: 7 });
    deepEqual(page.batches, [
      { ...batch(5, 9), epoch: 1 },
      { ...batch(10, 12), epoch: 2 },
    ]);
    equal(page.damagedAtTick, 13);
  });

  storeTest("an append that is refused takes its operations with it", async (store) => {
    const fence = await takeOver(store);
    await append(store, fence, batch(1, 1));
    const commit = commitOf(fence, { journal: batch(3, 3), operations: [mint(0)] });
    await rejects(store.zones.commitTick(commit), { code: "journal_gap" });
    deepEqual(await store.ledger.items({ kind: "ground", id: 3 }), []);
  });

  storeTest("a journal is read from any tick on, page by page", async (store) => {
    const fence = await takeOver(store);
    for (let tick = 0; tick < 100; tick += 2)
      await append(store, fence, { ...batch(tick, tick + 1), bytes: new Uint8Array(100).fill(tick) });
    deepEqual(await store.zones.readJournal({ zone: 3, fromTick: 100 }), { batches: [], hasMore: false });
    deepEqual(await store.zones.readJournal({ zone: 4, fromTick: 0 }), { batches: [], hasMore: false });
    for (const bytesMax of [1, 250, 1e6]) {
      const read: number[] = [];
      for (let fromTick = 31; ; ) {
        const page = await store.zones.readJournal({ zone: 3, fromTick, bytesMax });
        equal(page.batches[0]?.fromTick, fromTick === 31 ? 30 : fromTick);
        equal(page.damagedAtTick, undefined);
        read.push(...page.batches.map((one) => one.bytes[0]!));
        fromTick = page.batches.at(-1)!.toTick + 1;
        if (!page.hasMore) break;
      }
      deepEqual(
        read,
        Array.from({ length: 35 }, (_, index) => 30 + 2 * index),
      );
    }
  });

  storeTest("a journal that begins later than asked for says where it is missing", async (store) => {
    const fence = await takeOver(store);
    await append(store, fence, batch(5, 9));
    deepEqual(await store.zones.readJournal({ zone: 3, fromTick: 4 }), {
      batches: [],
      hasMore: false,
      damagedAtTick: 4,
    });
  });

  storeTest(
    "the newest two checkpoints are kept, and the journal that the older one needs",
    async (store) => {
      const fence = await takeOver(store);
      for (const tick of [10, 20, 30, 40]) {
        await append(store, fence, batch(tick - 9, tick));
        await store.zones.writeCheckpoint({ fence, tick, build: `b${tick}`, bytes: bytes(tick) });
      }
      const { checkpoints, damagedTicks } = await store.zones.readCheckpoints(3);
      deepEqual(checkpoints, [
        { zone: 3, epoch: 1, tick: 40, build: "b40", bytes: bytes(40) },
        { zone: 3, epoch: 1, tick: 30, build: "b30", bytes: bytes(30) },
      ]);
      deepEqual(damagedTicks, []);
      equal(await store.zones.cutJournal({ fence, beforeTick: 15 }), 1);
      equal(await store.zones.cutJournal({ fence, beforeTick: 41 }), 2);
      deepEqual(await ticksOf(store, 31), [[31, 40]]);
      const again = { fence, tick: 40, build: "again", bytes: bytes(41) };
      await store.zones.writeCheckpoint(again);
      deepEqual(
        (await store.zones.readCheckpoints(3)).checkpoints.map(({ build }) => build),
        ["again", "b30"],
      );
    },
  );

  storeTest("without a checkpoint no journal is cut", async (store) => {
    const fence = await takeOver(store);
    await append(store, fence, batch(1, 5));
    equal(await store.zones.cutJournal({ fence, beforeTick: 100 }), 0);
    deepEqual(await ticksOf(store, 1), [[1, 5]]);
  });

  storeTest("a new owner gets checkpoint, journal and fence, and goes on", async (store) => {
    const first = await takeOver(store);
    await append(store, first, batch(1, 10));
    await store.zones.writeCheckpoint({ fence: first, tick: 8, build: "b1", bytes: bytes(8) });
    await append(store, first, batch(11, 12));
    const recovered = await recoverZone(store.zones, { zone: 3, owner: "next" });
    deepEqual(recovered.fence, { zone: 3, epoch: 2 });
    equal(recovered.checkpoint?.tick, 8);
    deepEqual([recovered.damagedCheckpoints, recovered.batchesCut], [0, 0]);
    deepEqual(
      recovered.batches.map(({ fromTick, epoch }) => [fromTick, epoch]),
      [
        [1, 1],
        [11, 1],
      ],
    );
    equal(recovered.nextTick, 13);
    await append(store, recovered.fence, batch(recovered.nextTick, 13));
  });

  storeTest("a zone that never was begins with nothing", async (store) => {
    const recovered = await recoverZone(store.zones, { zone: 3, owner: "first" });
    deepEqual(recovered, {
      fence: { zone: 3, epoch: 1 },
      checkpoint: undefined,
      batches: [],
      nextTick: 1,
      damagedCheckpoints: 0,
      batchesCut: 0,
    });
  });

  storeTest("large journals and checkpoints come back as they were", async (store) => {
    const fence = await takeOver(store);
    const large = new Uint8Array(journalBatchBytesMax);
    for (let at = 0; at < large.length; at += 997) large[at] = at;
    await append(store, fence, { ...batch(1, 1), bytes: large });
    await store.zones.writeCheckpoint({ fence, tick: 1, build: "b", bytes: large });
    deepEqual((await store.zones.readJournal({ zone: 3, fromTick: 1 })).batches[0]?.bytes, large);
    deepEqual((await store.zones.readCheckpoints(3)).checkpoints[0]?.bytes, large);
  });

  storeTest("what a zone may not ask is a bug of the zone", async (store) => {
    const fence = await takeOver(store);
    const { zones, outbox } = store;
    const tooLarge = Object.defineProperty(new Uint8Array(0), "length", { value: checkpointBytesMax + 1 });
    const calls: (() => Promise<unknown>)[] = [
      () => zones.takeOver({ zone: 4096, owner: "a" }),
      () => zones.takeOver({ zone: 1, owner: "" }),
      () => zones.owner(-1),
      () => zones.commitTick(commitOf({ zone: 3, epoch: 0 }, {})),
      () => append(store, fence, batch(5, 4)),
      () => append(store, fence, batch(-1, 4)),
      () => append(store, fence, { ...batch(1, 1), build: "" }),
      () => append(store, fence, { ...batch(1, 1), bytes: new Uint8Array(journalBatchBytesMax + 1) }),
      () => zones.commitTick(commitOf(fence, { events: [eventOf("e", 0)] })),
      () =>
        zones.commitTick(commitOf(fence, { events: [{ ...eventOf("e"), payload: new Uint8Array(16_385) }] })),
      () => zones.readJournal({ zone: 3, fromTick: 0, bytesMax: 0 }),
      () => zones.writeCheckpoint({ fence, tick: 0.5, build: "b", bytes: bytes() }),
      () => zones.writeCheckpoint({ fence, tick: 1, build: "b", bytes: tooLarge }),
      () => zones.dropJournalFrom({ fence, fromTick: -1 }),
      () => zones.cutJournal({ fence, beforeTick: Number.NaN }),
      () => outbox.claim({ limit: 0, nowMs: 0, untilMs: 0 }),
      () => outbox.claim({ limit: 1, nowMs: 0.5, untilMs: 0 }),
      () => outbox.settle([{ sequence: 0, delivered: true }]),
      () => outbox.deadLetters({ after: -1, limit: 1 }),
      () => outbox.replay([0.5]),
    ];
    for (const call of calls) await rejects(call(), { name: "AssertionFailed" });
  });
}

/** A commit of nothing but the given parts. */
export function commitOf(fence: Fence, parts: Partial<Omit<TickCommit, "fence">>): TickCommit {
  return { fence, operations: [], saves: [], events: [], ...parts };
}

/** A batch of recognisable bytes. */
export function batch(fromTick: number, toTick: number): JournalBatch {
  return { fromTick, toTick, build: "b1", bytes: bytes(fromTick, toTick) };
}

/** An event, on condition of an operation if one is given. */
export function eventOf(eventId: string, operation?: number): TickEvent {
  const event = { eventId, type: "trade.done", key: "character:7", payload: bytes(1, 2) };
  return operation === undefined ? event : { ...event, operation };
}

/** Adds one batch and nothing else. */
export async function append(store: Store, fence: Fence, journal: JournalBatch): Promise<void> {
  await store.zones.commitTick(commitOf(fence, { journal }));
}

function takeOver(store: Store, zone = 3, owner = "server"): Promise<Fence> {
  return store.zones.takeOver({ zone, owner });
}

function mint(ordinal: number, slot = ordinal): Operation {
  const id = operationId({ realm: "vale", zone: 3, epoch: 1, tick: 1, ordinal });
  return { kind: "mint", operationId: id, itemType: 1, to: { kind: "ground", id: 3, slot } };
}

async function ticksOf(store: Store, fromTick?: number): Promise<[number, number][]> {
  const first = fromTick ?? (await firstTick(store));
  const { batches } = await store.zones.readJournal({ zone: 3, fromTick: first });
  return batches.map((one) => [one.fromTick, one.toTick]);
}

/** The first tick that there is: asking before it says that it is missing. */
async function firstTick(store: Store): Promise<number> {
  for (let tick = 0; tick < 100; tick += 1) {
    const { batches } = await store.zones.readJournal({ zone: 3, fromTick: tick });
    if (batches.length > 0) return tick;
  }
  return 0;
}
