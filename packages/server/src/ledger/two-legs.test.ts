import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MyriadError } from "../kernel/errors.ts";
import type { Store } from "../store/port.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { operationId } from "./operation.ts";
import type { Holder, ItemId, Ledger, MintOperation, Place, SendOperation } from "./port.ts";
import { finishTransfers, transfer } from "./two-legs.ts";

const idOf = (ordinal: number) => operationId({ realm: "vale", zone: 1, epoch: 1, tick: 1, ordinal });
const ada: Holder = { kind: "character", id: 1 };
const ben: Holder = { kind: "character", id: 2 };
const gold = 1;

interface Shards {
  readonly stores: readonly [Store, Store];
  readonly giver: Ledger;
  readonly taker: Ledger;
  readonly send: SendOperation;
}

/** Ada has an item and 50 gold on one shard, Ben lives on the other. */
async function withShards(use: (shards: Shards) => Promise<void>): Promise<void> {
  const stores = [createMemoryStore({ idShard: 0 }), createMemoryStore({ idShard: 1 })] as const;
  try {
    const [giver, taker] = [stores[0].ledger, stores[1].ledger];
    const [minted] = await giver.apply([
      { kind: "mint", operationId: idOf(0), itemType: 12, to: { ...ada, slot: 3 } },
      { kind: "issue", operationId: idOf(1), currency: gold, amount: 50, mint: "loot", to: ada },
    ]);
    const { itemId } = minted as { readonly itemId: ItemId };
    const send: SendOperation = {
      kind: "send",
      operationId: idOf(2),
      items: [{ itemId, from: { ...ada, slot: 3 } }],
      payments: [{ currency: gold, amount: 20, from: ada }],
      to: ben,
    };
    await use({ stores, giver, taker, send });
  } finally {
    for (const store of stores) await store.close();
  }
}

/** What there is in all: items held, gold held. */
async function total(shards: Shards): Promise<{ items: number; gold: number; open: number }> {
  const holders: Holder[] = [ada, ben, { kind: "mail", id: 1 }];
  const sum = { items: 0, gold: 0, open: 0 };
  for (const { ledger } of shards.stores) {
    sum.open += (await ledger.openTransfers(10)).length;
    for (const holder of holders) {
      const { items, balances } = await ledger.holdings(holder);
      sum.items += items.length;
      for (const { amount } of balances) sum.gold += amount;
    }
  }
  return sum;
}

async function fill(ledger: Ledger, holder: Holder, slots: number): Promise<void> {
  await ledger.apply(
    Array.from({ length: slots }, (_, slot) => ({
      kind: "mint" as const,
      operationId: idOf(100 + slot + holder.id * 1000),
      itemType: 1,
      to: { ...holder, slot } as Place,
    })),
  );
}

test("a transfer takes items and currency to another shard", () =>
  withShards(async (shards) => {
    const { giver, taker, send } = shards;
    const end = await transfer(send, giver, () => taker);
    equal(end.status, "arrived");
    deepEqual((await giver.holdings(ada)).items, []);
    deepEqual((await giver.holdings(ada)).balances, [{ currency: gold, amount: 30 }]);
    const [item] = (await taker.holdings(ben)).items;
    deepEqual(item, { itemId: send.items[0]?.itemId, itemType: 12, slot: 0 });
    deepEqual(await total(shards), { items: 1, gold: 50, open: 0 });
  }));

test("shards never give the same item id", () =>
  withShards(async ({ giver, taker, send }) => {
    const [minted] = await taker.apply([
      { kind: "mint", operationId: idOf(9), itemType: 1, to: { ...ben, slot: 0 } },
    ]);
    ok((minted as { readonly itemId: ItemId }).itemId > 2 ** 43);
    equal((await transfer(send, giver, () => taker)).status, "arrived");
  }));

test("what came from a higher shard does not move where the lower one counts", () =>
  withShards(async ({ giver, taker, send }) => {
    const mint = (ordinal: number, to: Place): MintOperation => ({
      kind: "mint",
      operationId: idOf(ordinal),
      itemType: 1,
      to,
    });
    const [far] = await taker.apply([mint(9, { ...ben, slot: 0 })]);
    const { itemId } = far as { readonly itemId: ItemId };
    const home = { ...send, items: [{ itemId, from: { ...ben, slot: 0 } }], payments: [], to: ada };
    equal((await transfer(home, taker, () => giver)).status, "arrived");
    const [near] = await giver.apply([mint(10, { ...ada, slot: 20 })]);
    equal((near as { readonly itemId: ItemId }).itemId, 2);
  }));

test("what cannot be sent stays where it is", () =>
  withShards(async (shards) => {
    const { giver, taker, send } = shards;
    const poor = { ...send, payments: [{ currency: gold, amount: 51, from: ada }] };
    const end = await transfer(poor, giver, () => taker);
    deepEqual(end, { status: "refused", outcome: { status: "refused", code: "funds_short" } });
    deepEqual(await total(shards), { items: 1, gold: 50, open: 0 });
  }));

test("what does not fit in comes back to its place", () =>
  withShards(async (shards) => {
    const { giver, taker, send } = shards;
    await fill(taker, ben, 24);
    const end = await transfer(send, giver, () => taker);
    deepEqual(end, { status: "returned", outcome: { status: "refused", code: "holder_full" } });
    deepEqual((await giver.holdings(ada)).items, [{ itemId: send.items[0]?.itemId, itemType: 12, slot: 3 }]);
    deepEqual(await total(shards), { items: 25, gold: 50, open: 0 });
  }));

test("what comes back to a place that was taken meanwhile goes to the mailbox", () =>
  withShards(async (shards) => {
    const { giver, taker, send } = shards;
    await fill(taker, ben, 24);
    await giver.apply([send]);
    await fill(giver, ada, 24);
    equal(await finishTransfers(giver, () => taker), 1);
    const mailbox = await giver.holdings({ kind: "mail", id: ada.id });
    deepEqual(mailbox.items, [{ itemId: send.items[0]?.itemId, itemType: 12, slot: 0 }]);
    equal(mailbox.version, 1);
  }));

test("the same transfer asked for twice happens once", () =>
  withShards(async (shards) => {
    const { giver, taker, send } = shards;
    const first = await transfer(send, giver, () => taker);
    deepEqual(await transfer(send, giver, () => taker), first);
    deepEqual(await total(shards), { items: 1, gold: 50, open: 0 });
  }));

/** A ledger that fails at its `at`-th call, before or after it took effect, and never again. */
function failingOnce(ledger: Ledger, at: { left: number }, isDone: boolean): Ledger {
  return {
    ...ledger,
    async apply(operations) {
      at.left -= 1;
      if (at.left !== 0) return ledger.apply(operations);
      if (isDone) await ledger.apply(operations);
      throw new MyriadError("store_failed", "the line broke");
    },
  };
}

test("a crash between any two legs loses nothing and doubles nothing", () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.boolean(), (leg, isDone, isFull) =>
      withShards(async (shards) => {
        const { giver, taker, send } = shards;
        if (isFull) await fill(taker, ben, 24);
        const items = isFull ? 25 : 1;
        const at = { left: leg };
        const [badGiver, badTaker] = [failingOnce(giver, at, isDone), failingOnce(taker, at, isDone)];
        await rejects(
          transfer(send, badGiver, () => badTaker),
          { code: "store_failed" },
        );
        await finishTransfers(giver, () => taker);
        await finishTransfers(giver, () => taker);
        const isSent = leg > 1 || isDone;
        deepEqual(await total(shards), { items, gold: 50, open: 0 });
        equal((await taker.holdings(ben)).balances.length, isSent && !isFull ? 1 : 0);
        // Whoever asked asks again, and hears how it ended.
        equal((await transfer(send, giver, () => taker)).status, isFull ? "returned" : "arrived");
        deepEqual(await total(shards), { items, gold: 50, open: 0 });
      }),
    ),
    { numRuns: 40 },
  ));
