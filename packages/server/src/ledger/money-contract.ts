/**
 * What every ledger adapter must do with currency and with operations of several parts, as tests that take the adapter as
 * a parameter.
 *
 * Invariant: nothing here knows a database; an adapter's own tests cover what only it can do.
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { applyOne, bag, ground, idOf, mintAt, refused, type WithStore } from "./contract.ts";
import { amountMax, mailboxItemsMax } from "./limits.ts";
import type { Holder, ItemId, Ledger, Operation, Outcome } from "./port.ts";

const ada: Holder = { kind: "character", id: 1 };
const ben: Holder = { kind: "character", id: 2 };
const cat: Holder = { kind: "character", id: 3 };
const gold = 1;
const gems = 2;

/** Registers the tests. */
export function moneyContract(adapter: string, withStore: WithStore): void {
  function ledgerTest(behaviour: string, use: (ledger: Ledger) => Promise<void>): void {
    test(`${adapter}: ${behaviour}`, () => withStore(({ ledger }) => use(ledger)));
  }

  ledgerTest("currency comes from a mint and goes to a sink", async (ledger) => {
    deepEqual(await issue(ledger, 0, ada, 100), { status: "settled", items: [], versions: [1] });
    deepEqual(await retire(ledger, 1, ada, 30), { status: "settled", items: [], versions: [2] });
    deepEqual(await ledger.holdings(ada), {
      version: 2,
      items: [],
      balances: [{ currency: gold, amount: 70 }],
    });
  });

  ledgerTest("nobody pays what he has not", async (ledger) => {
    await issue(ledger, 0, ada, 100);
    deepEqual(await retire(ledger, 1, ada, 101), refused("funds_short"));
    deepEqual(await retire(ledger, 2, ben, 1), refused("funds_short"));
    deepEqual((await ledger.holdings(ada)).balances, [{ currency: gold, amount: 100 }]);
    await retire(ledger, 3, ada, 100);
    deepEqual((await ledger.holdings(ada)).balances, []);
  });

  ledgerTest("a balance holds what a number holds exactly, and no more", async (ledger) => {
    await issue(ledger, 0, ada, amountMax);
    deepEqual(await issue(ledger, 1, ada, 1), refused("balance_limit"));
    deepEqual((await ledger.holdings(ada)).balances, [{ currency: gold, amount: amountMax }]);
    deepEqual(await issue(ledger, 2, ben, 1), refused("balance_limit"));
  });

  ledgerTest("a trade among three moves everything at once", async (ledger) => {
    const [sword, ring] = [await mintAt(ledger, 0, bag(0, 1)), await mintAt(ledger, 1, bag(0, 2))];
    await issue(ledger, 2, cat, 50);
    const traded = await applyOne(ledger, {
      kind: "trade",
      operationId: idOf(3),
      items: [
        { itemId: sword.itemId, from: bag(0, 1), to: bag(5, 3) },
        { itemId: ring.itemId, from: bag(0, 2), to: bag(0, 1) },
      ],
      payments: [
        { currency: gold, amount: 30, from: cat, to: ada },
        { currency: gold, amount: 20, from: cat, to: ben },
      ],
    });
    deepEqual(traded, {
      status: "settled",
      items: [
        { itemId: sword.itemId, itemType: 40, to: bag(5, 3) },
        { itemId: ring.itemId, itemType: 40, to: bag(0, 1) },
      ],
      versions: [2, 2, 2],
    });
    deepEqual(await ledger.holdings(ada), {
      version: 2,
      items: [{ itemId: ring.itemId, itemType: 40, slot: 0 }],
      balances: [{ currency: gold, amount: 30 }],
    });
    deepEqual((await ledger.holdings(ben)).balances, [{ currency: gold, amount: 20 }]);
    deepEqual(await ledger.items(cat), [{ itemId: sword.itemId, itemType: 40, slot: 5 }]);
  });

  ledgerTest("two items of one trade may change places", async (ledger) => {
    const [sword, ring] = [await mintAt(ledger, 0, bag(0, 1)), await mintAt(ledger, 1, bag(0, 2), 41)];
    const traded = await applyOne(ledger, {
      kind: "trade",
      operationId: idOf(2),
      items: [
        { itemId: sword.itemId, from: bag(0, 1), to: bag(0, 2) },
        { itemId: ring.itemId, from: bag(0, 2), to: bag(0, 1) },
      ],
      payments: [],
    });
    equal(traded.status, "settled");
    deepEqual(await ledger.items(ada), [{ itemId: ring.itemId, itemType: 41, slot: 0 }]);
    deepEqual(await ledger.items(ben), [{ itemId: sword.itemId, itemType: 40, slot: 0 }]);
  });

  ledgerTest("a trade of which one part cannot be does nothing", async (ledger) => {
    const sword = await mintAt(ledger, 0, bag(0, 1));
    await mintAt(ledger, 1, bag(1, 2));
    await issue(ledger, 2, ben, 10);
    const give = { itemId: sword.itemId, from: bag(0, 1), to: bag(0, 2) };
    const pay = { currency: gold, amount: 10, from: ben, to: ada };
    const trade = { kind: "trade", items: [give], payments: [pay] } as const;
    const nowhere = { ...give, itemId: (sword.itemId + 100) as ItemId, to: bag(3, 2) };
    deepEqual(
      await ledger.apply([
        { ...trade, operationId: idOf(3), payments: [pay, pay] },
        { ...trade, operationId: idOf(4), payments: [{ ...pay, currency: gems }] },
        { ...trade, operationId: idOf(5), items: [{ ...give, to: bag(1, 2) }] },
        { ...trade, operationId: idOf(6), items: [{ ...give, from: bag(1, 1) }] },
        { ...trade, operationId: idOf(7), items: [give, nowhere] },
      ]),
      [
        refused("funds_short"),
        refused("funds_short"),
        refused("slot_taken"),
        refused("item_not_held"),
        refused("item_unknown"),
      ],
    );
    deepEqual(await ledger.items(ada), [{ itemId: sword.itemId, itemType: 40, slot: 0 }]);
    deepEqual((await ledger.holdings(ben)).balances, [{ currency: gold, amount: 10 }]);
    equal((await applyOne(ledger, { ...trade, operationId: idOf(8) })).status, "settled");
  });

  ledgerTest("who is paid in a trade may pay with it", async (ledger) => {
    await issue(ledger, 0, ada, 10);
    const payment = { currency: gold, amount: 10 };
    const traded = await applyOne(ledger, {
      kind: "trade",
      operationId: idOf(1),
      items: [],
      payments: [
        { ...payment, from: ada, to: ben },
        { ...payment, from: ben, to: cat },
      ],
    });
    equal(traded.status, "settled");
    deepEqual((await ledger.holdings(cat)).balances, [payment]);
    deepEqual((await ledger.holdings(ben)).balances, []);
  });

  ledgerTest("mail lands in the lowest free places of the mailbox, until it is full", async (ledger) => {
    const box: Holder = { kind: "mail", id: 2 };
    await issue(ledger, 900, ada, 5);
    await mintAt(ledger, 901, { ...box, slot: 1 });
    const sent: Outcome[] = [];
    for (let n = 0; n < mailboxItemsMax; n += 1) {
      const { itemId } = await mintAt(ledger, 2 * n, bag(0));
      const items = [{ itemId, from: bag(0) }];
      const payments = n === 0 ? [{ currency: gold, amount: 5, from: ada }] : [];
      sent.push(
        await applyOne(ledger, { kind: "mail", operationId: idOf(2 * n + 1), items, payments, to: box }),
      );
      if (n === mailboxItemsMax - 1) deepEqual(sent.at(-1), refused("holder_full"));
    }
    const slots = sent.flatMap((outcome) =>
      outcome.status === "settled" ? outcome.items.map(({ to }) => to?.slot) : [],
    );
    deepEqual(slots, [0, ...Array.from({ length: mailboxItemsMax - 2 }, (_, index) => index + 2)]);
    deepEqual((await ledger.holdings(box)).balances, [{ currency: gold, amount: 5 }]);
    equal((await ledger.items(ada)).length, 1);
  });

  ledgerTest("a purchase takes the price and gives the item, or neither", async (ledger) => {
    await issue(ledger, 0, ada, 25);
    const buy = { kind: "purchase", itemType: 7, sink: "shop" } as const;
    const price = { currency: gold, amount: 20, from: ada };
    const bought = await applyOne(ledger, { ...buy, operationId: idOf(1), to: bag(0), price });
    const itemId = (bought as { readonly itemId: ItemId }).itemId;
    deepEqual(bought, { status: "done", itemId, itemType: 7, to: bag(0), versions: [2] });
    deepEqual(
      await ledger.apply([
        { ...buy, operationId: idOf(2), to: bag(1), price },
        { ...buy, operationId: idOf(3), to: bag(0), price: { ...price, amount: 1 } },
      ]),
      [refused("funds_short"), refused("slot_taken")],
    );
    deepEqual((await ledger.holdings(ada)).balances, [{ currency: gold, amount: 5 }]);
    equal((await ledger.items(ada)).length, 1);
  });

  ledgerTest("things are worn and put away in places of their own", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, bag(0));
    const worn = { kind: "equipment", id: 1, slot: 15 } as const;
    const stored = { kind: "storage", id: 1, slot: 127 } as const;
    const moves: Operation[] = [
      { kind: "move", operationId: idOf(1), itemId, from: bag(0), to: worn },
      { kind: "move", operationId: idOf(2), itemId, from: worn, to: stored },
    ];
    for (const outcome of await ledger.apply(moves)) equal(outcome.status, "done");
    deepEqual(await ledger.items(stored), [{ itemId, itemType: 40, slot: 127 }]);
    equal((await ledger.holdings({ kind: "character", id: 1 })).version, 2);
    equal((await ledger.holdings({ kind: "equipment", id: 1 })).version, 2);
  });

  ledgerTest("a holder's version tells of every operation that touched it", async (ledger) => {
    equal((await ledger.holdings(ada)).version, 0);
    await mintAt(ledger, 0, bag(0));
    deepEqual(await retire(ledger, 1, ada, 1), refused("funds_short"));
    equal((await ledger.holdings(ada)).version, 1);
    await issue(ledger, 2, ada, 1);
    equal((await ledger.holdings(ada)).version, 2);
  });

  ledgerTest("operations of several parts that no zone may send are bugs", async (ledger) => {
    const operationId = idOf(0);
    const item = { itemId: 1 as ItemId, from: bag(0), to: bag(0, 2) };
    const payment = { currency: gold, amount: 1, from: ada, to: ben };
    const trade = { kind: "trade", operationId, items: [item], payments: [payment] } as const;
    const mailbox: Holder = { kind: "mail", id: 2 };
    const bad: Operation[] = [
      { ...trade, items: [], payments: [] },
      { ...trade, items: [item, item] },
      { ...trade, items: [item, { ...item, itemId: 2 as ItemId }] },
      { ...trade, payments: [{ ...payment, to: ada }] },
      { ...trade, payments: [{ ...payment, amount: 0 }] },
      { ...trade, payments: [{ ...payment, amount: 0.5 }] },
      { ...trade, payments: [{ ...payment, currency: 65_536 }] },
      { ...trade, items: Array.from({ length: 65 }, (_, n) => ({ ...item, itemId: (n + 1) as ItemId })) },
      { kind: "mail", operationId, items: [item], payments: [], to: ben },
      {
        kind: "mail",
        operationId,
        items: [{ ...item, from: { ...mailbox, slot: 0 } }],
        payments: [],
        to: mailbox,
      },
      { kind: "issue", operationId, currency: gold, amount: 1, mint: "Loot", to: ada },
      { kind: "retire", operationId, currency: gold, amount: 1, sink: "", from: ada },
      { kind: "send", operationId, items: [{ ...item, from: ground(0) }], payments: [], to: ben },
      { kind: "settle", operationId, transferId: "x" as typeof operationId },
    ];
    for (const operation of bad) await rejects(ledger.apply([operation]), { name: "AssertionFailed" });
  });
}

function issue(ledger: Ledger, ordinal: number, to: Holder, amount: number): Promise<Outcome> {
  return applyOne(ledger, {
    kind: "issue",
    operationId: idOf(ordinal),
    currency: gold,
    amount,
    mint: "loot",
    to,
  });
}

function retire(ledger: Ledger, ordinal: number, from: Holder, amount: number): Promise<Outcome> {
  return applyOne(ledger, {
    kind: "retire",
    operationId: idOf(ordinal),
    currency: gold,
    amount,
    sink: "fees",
    from,
  });
}
