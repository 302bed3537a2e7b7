/**
 * What every ledger adapter must do, as tests that take the adapter as a parameter.
 *
 * Invariant: nothing here knows a database; an adapter's own tests cover what only it can do.
 */
import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../store/port.ts";
import { operationId } from "./operation.ts";
import type { DoneOutcome, ItemId, Ledger, Operation, Outcome, Place } from "./port.ts";

export const bag = (slot: number, id = 1): Place => ({ kind: "character", id, slot });
export const ground = (slot: number, id = 1): Place => ({ kind: "ground", id, slot });
export const idOf = (ordinal: number) =>
  operationId({ realm: "contract", zone: 1, epoch: 1, tick: 1, ordinal });

/** Gives each test a new, empty store and closes it afterwards. */
export type WithStore = (use: (store: Store) => Promise<void>) => Promise<void>;

/** Registers the tests. `withStore` gives each test a new, empty store and closes it afterwards. */
export function ledgerContract(adapter: string, withStore: WithStore): void {
  function ledgerTest(behaviour: string, use: (ledger: Ledger) => Promise<void>): void {
    test(`${adapter}: ${behaviour}`, () => withStore(({ ledger }) => use(ledger)));
  }

  ledgerTest("a minted item is in its place", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, bag(3));
    deepEqual(await ledger.items({ kind: "character", id: 1 }), [{ itemId, itemType: 40, slot: 3 }]);
    deepEqual(await ledger.items({ kind: "ground", id: 1 }), []);
  });

  ledgerTest("a place holds one item, whoever asks", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, bag(0));
    const { itemId: other } = await mintAt(ledger, 1, ground(0));
    deepEqual(
      await ledger.apply([
        { kind: "mint", operationId: idOf(2), itemType: 1, to: bag(0) },
        { kind: "move", operationId: idOf(3), itemId: other, from: ground(0), to: bag(0) },
        { kind: "move", operationId: idOf(4), itemId, from: bag(0), to: ground(0) },
      ]),
      [refused("slot_taken"), refused("slot_taken"), refused("slot_taken")],
    );
  });

  ledgerTest("an item moves between holders and leaves its place empty", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, ground(60_000));
    const moved = await applyOne(ledger, {
      kind: "move",
      operationId: idOf(1),
      itemId,
      from: ground(60_000),
      to: bag(23),
    });
    deepEqual(moved, {
      versions: [2, 1],
      status: "done",
      itemId,
      itemType: 40,
      from: ground(60_000),
      to: bag(23),
    });
    await mintAt(ledger, 2, ground(60_000));
  });

  ledgerTest("within one holder an item changes places with what is there", async (ledger) => {
    const { itemId: left } = await mintAt(ledger, 0, bag(0));
    const { itemId: right } = await mintAt(ledger, 1, bag(1), 41);
    const swapped = await applyOne(ledger, {
      kind: "move",
      operationId: idOf(2),
      itemId: left,
      from: bag(0),
      to: bag(1),
    });
    deepEqual(swapped, {
      versions: [3],
      status: "done",
      itemId: left,
      itemType: 40,
      from: bag(0),
      to: bag(1),
      swappedItemId: right,
    });
    deepEqual(await ledger.items({ kind: "character", id: 1 }), [
      { itemId: right, itemType: 41, slot: 0 },
      { itemId: left, itemType: 40, slot: 1 },
    ]);
  });

  ledgerTest("a move to the same place is done and changes nothing", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, bag(0));
    const stayed = await applyOne(ledger, {
      kind: "move",
      operationId: idOf(1),
      itemId,
      from: bag(0),
      to: bag(0),
    });
    deepEqual(stayed, { versions: [2], status: "done", itemId, itemType: 40, from: bag(0), to: bag(0) });
  });

  ledgerTest("an item that is elsewhere or nowhere is refused", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, bag(0));
    const nowhere = (itemId + 1) as ItemId;
    deepEqual(
      await ledger.apply([
        { kind: "move", operationId: idOf(1), itemId, from: bag(1), to: bag(2) },
        { kind: "move", operationId: idOf(2), itemId, from: bag(0, 2), to: bag(2) },
        { kind: "destroy", operationId: idOf(3), itemId, from: ground(0) },
        { kind: "move", operationId: idOf(4), itemId: nowhere, from: bag(0), to: bag(2) },
        { kind: "destroy", operationId: idOf(5), itemId: nowhere, from: bag(0) },
      ]),
      [
        refused("item_not_held"),
        refused("item_not_held"),
        refused("item_not_held"),
        refused("item_unknown"),
        refused("item_unknown"),
      ],
    );
  });

  ledgerTest("a destroyed item is gone and its id is never given again", async (ledger) => {
    const { itemId } = await mintAt(ledger, 0, bag(0));
    const destroy: Operation = { kind: "destroy", operationId: idOf(1), itemId, from: bag(0) };
    deepEqual(await applyOne(ledger, destroy), {
      versions: [2],
      status: "done",
      itemId,
      itemType: 40,
      from: bag(0),
    });
    deepEqual(await ledger.items({ kind: "character", id: 1 }), []);
    notEqual((await mintAt(ledger, 2, bag(0))).itemId, itemId);
  });

  ledgerTest(
    "an operation that comes twice takes effect once and answers the same, whatever came between",
    async (ledger) => {
      const mint: Operation = { kind: "mint", operationId: idOf(0), itemType: 40, to: bag(0) };
      const first = await applyOne(ledger, mint);
      const tooLate: Operation = { kind: "mint", operationId: idOf(1), itemType: 40, to: bag(0) };
      deepEqual(await applyOne(ledger, tooLate), refused("slot_taken"));
      const { itemId } = first as DoneOutcome;
      await applyOne(ledger, { kind: "destroy", operationId: idOf(2), itemId, from: bag(0) });
      deepEqual(await ledger.apply([mint, tooLate, mint]), [first, refused("slot_taken"), first]);
      deepEqual(await ledger.items({ kind: "character", id: 1 }), []);
    },
  );

  ledgerTest("the same id with other content is refused and the first outcome stays", async (ledger) => {
    const mint: Operation = { kind: "mint", operationId: idOf(0), itemType: 40, to: bag(0) };
    const first = await applyOne(ledger, mint);
    deepEqual(await applyOne(ledger, { ...mint, to: bag(1) }), refused("operation_conflict"));
    deepEqual(await applyOne(ledger, mint), first);
    equal((await ledger.items({ kind: "character", id: 1 })).length, 1);
  });

  ledgerTest("ids and types at the ends of their ranges survive", async (ledger) => {
    const to = bag(23, Number.MAX_SAFE_INTEGER);
    const outcome = await applyOne(ledger, { kind: "mint", operationId: idOf(0), itemType: 0xffff_ffff, to });
    deepEqual(outcome, {
      versions: [1],
      status: "done",
      itemId: (outcome as DoneOutcome).itemId,
      itemType: 0xffff_ffff,
      to,
    });
    equal((await ledger.items(to)).length, 1);
    await applyOne(ledger, { kind: "mint", operationId: idOf(1), itemType: 0, to: ground(65_535, 0) });
    equal((await ledger.items({ kind: "ground", id: 0 }))[0]?.slot, 65_535);
  });

  ledgerTest("no operations have no outcomes", async (ledger) => {
    deepEqual(await ledger.apply([]), []);
  });

  ledgerTest("an operation or holder out of range is a bug of the caller", async (ledger) => {
    const mint: Operation = { kind: "mint", operationId: idOf(0), itemType: 40, to: bag(24) };
    await rejects(ledger.apply([mint]), { name: "AssertionFailed" });
    await rejects(ledger.items({ kind: "character", id: -1 }), { name: "AssertionFailed" });
  });
}

export function refused(code: string): { readonly status: "refused"; readonly code: string } {
  return { status: "refused", code };
}

export async function applyOne(ledger: Ledger, one: Operation): Promise<Outcome> {
  const [outcome] = await ledger.apply([one]);
  return outcome as Outcome;
}

export async function mintAt(
  ledger: Ledger,
  ordinal: number,
  to: Place,
  itemType = 40,
): Promise<DoneOutcome> {
  const outcome = await applyOne(ledger, { kind: "mint", operationId: idOf(ordinal), itemType, to });
  equal(outcome.status, "done");
  return outcome as DoneOutcome;
}
