/**
 * What every store adapter must do, as tests that take the adapter as a parameter.
 *
 * Invariant: nothing here knows a database; an adapter's own tests cover what only it can do.
 */
import { deepEqual, equal, ok as isTrue, notEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryContract } from "../ledger/arbitrary-contract.ts";
import { ledgerContract } from "../ledger/contract.ts";
import { moneyContract } from "../ledger/money-contract.ts";
import { operationId } from "../ledger/operation.ts";
import { accountOf, bytes, characterContract, initial, newCharacter } from "./characters-contract.ts";
import { type AccountId, type CharacterId, toCharacterId } from "./ids.ts";
import { savesPerCallMax, stateBytesMax } from "./limits.ts";
import { outboxContract } from "./outbox-contract.ts";
import type { Store } from "./port.ts";
import { append, batch, zonesContract } from "./zones-contract.ts";

/** A new, empty store. */
export type StoreFactory = () => Promise<Store>;

const aBug = { name: "AssertionFailed" };

/**
 * Registers the contract's tests; `adapter` stands before their names. `arbitraryRuns` is the number of sequences that
 * are compared with the model; each needs a store.
 */
export function storeContract(adapter: string, create: StoreFactory, arbitraryRuns = 60): void {
  async function withStore(use: (store: Store) => Promise<void>): Promise<void> {
    const store = await create();
    try {
      await use(store);
    } finally {
      await store.close();
    }
  }

  function storeTest(behaviour: string, use: (store: Store) => Promise<void>): void {
    test(`${adapter}: ${behaviour}`, () => withStore(use));
  }

  ledgerContract(adapter, withStore);
  moneyContract(adapter, withStore);
  arbitraryContract(adapter, withStore, arbitraryRuns);
  characterContract(storeTest);
  zonesContract(storeTest);
  outboxContract(storeTest);

  storeTest("an account is made once and found again with its first name", async (store) => {
    const made = await store.account({ subject: "oidc|1", name: "Ada" });
    deepEqual(made, { accountId: made.accountId, subject: "oidc|1", name: "Ada" });
    deepEqual(await store.account({ subject: "oidc|1", name: "Ada Lovelace" }), made);
    const others = await Promise.all(
      ["oidc|2", "OIDC|1", " oidc|1"].map((subject) => accountOf(store, subject)),
    );
    equal(new Set([made, ...others].map((account) => account.accountId)).size, 4);
  });

  storeTest("logins of one subject at the same moment get one account", async (store) => {
    const accounts = await Promise.all(Array.from({ length: 20 }, () => accountOf(store, "same")));
    equal(new Set(accounts.map((account) => account.accountId)).size, 1);
  });

  storeTest("any well-formed text survives", async (store) => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((s) => s.length <= 64);
    await fc.assert(
      fc.asyncProperty(text, text, async (subject, name) => {
        const made = await store.account({ subject, name });
        equal(made.subject, subject);
        deepEqual(await store.account({ subject, name: "other" }), made);
      }),
    );
    equal((await accountOf(store, "a\0b")).subject, "a\0b");
  });

  storeTest("a ticket is good once", async (store) => {
    const use = { ticketId: "t1", expiresAtMs: 31_000, nowMs: 1000 };
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.consumeTicket(use)));
    deepEqual(answers, [true, ...new Array<boolean>(9).fill(false)]);
    equal(await store.consumeTicket({ ...use, ticketId: "T1" }), true);
  });

  storeTest("a ticket past its end is refused, used or not, swept or not", async (store) => {
    const use = { ticketId: "t1", expiresAtMs: 31_000, nowMs: 1000 };
    equal(await store.consumeTicket(use), true);
    equal(await store.consumeTicket({ ticketId: "t2", expiresAtMs: 31_000, nowMs: 31_000 }), false);
    equal(await store.consumeTicket({ ticketId: "t3", expiresAtMs: 9e12, nowMs: 8e12 }), true);
    equal(await store.consumeTicket({ ...use, nowMs: 8e12 }), false);
  });

  storeTest(
    "a gateway whose clock is two minutes behind still sees that a ticket was used",
    async (store) => {
      const use = { ticketId: "t1", expiresAtMs: 200_000, nowMs: 190_000 };
      equal(await store.consumeTicket(use), true);
      await store.consumeTicket({ ticketId: "t2", expiresAtMs: 400_000, nowMs: 315_000 });
      equal(await store.consumeTicket({ ...use, nowMs: 195_000 }), false);
    },
  );

  storeTest("arguments out of their range are bugs of the caller", async (store) => {
    const { accountId } = await accountOf(store);
    const open = { accountId, name: "Wren", initial };
    const save = { characterId: toCharacterId(1), expectedVersion: 1, ...initial };
    const ticket = { ticketId: "t", expiresAtMs: 2, nowMs: 1 };
    const calls: (() => Promise<unknown>)[] = [
      ...["", "x".repeat(256), "\ud800"].map((subject) => () => store.account({ subject, name: "Ada" })),
      () => store.account({ subject: "s", name: "x".repeat(65) }),
      () => store.account({ subject: 5 as unknown as string, name: "Ada" }),
      () => store.openCharacter({ ...open, accountId: 0 as AccountId }),
      () => store.openCharacter({ ...open, name: "" }),
      ...[-1, 4096, 0.5].map((zone) => () => store.openCharacter({ ...open, initial: { ...initial, zone } })),
      () => store.saveCharacters([{ ...save, characterId: 0.5 as CharacterId }]),
      () => store.saveCharacters([{ ...save, expectedVersion: 0 }]),
      () => store.saveCharacters([{ ...save, sessionEpoch: 0 }]),
      () => store.saveCharacters([{ ...save, schemaVersion: -1 }]),
      () => store.saveCharacters([{ ...save, state: new Uint8Array(stateBytesMax + 1) }]),
      () => store.saveCharacters([{ ...save, state: [1] as unknown as Uint8Array }]),
      () => store.saveCharacters(Array.from({ length: savesPerCallMax + 1 }, () => save)),
      () => store.findCharacter(""),
      () => store.consumeTicket({ ...ticket, ticketId: "x".repeat(129) }),
      () => store.consumeTicket({ ...ticket, expiresAtMs: 1.5 }),
      () => store.consumeTicket({ ...ticket, nowMs: Number.NaN }),
    ];
    for (const call of calls) await rejects(call(), aBug);
  });

  storeTest("calls that touch the same take effect in their order, whatever they are", async (store) => {
    const holder = { kind: "character", id: 1 } as const;
    const answers: Promise<number>[] = [];
    for (let slot = 0; slot < 20; slot += 1) {
      const id = operationId({ realm: "vale", zone: 1, epoch: 1, tick: 1, ordinal: slot });
      const mint = { kind: "mint", operationId: id, itemType: 3, to: { ...holder, slot } } as const;
      answers.push(store.ledger.apply([mint]).then(({ length }) => length));
      answers.push(store.ledger.items(holder).then(({ length }) => length));
      if (slot % 3 === 0) answers.push(store.ledger.holdings(holder).then(({ version }) => version));
    }
    const expected = Array.from({ length: 20 }, (_, n) => (n % 3 === 0 ? [1, n + 1, n + 1] : [1, n + 1]));
    deepEqual(await Promise.all(answers), expected.flat());
  });

  storeTest("a store that works is healthy", async (store) => {
    const health = await store.health();
    equal(health.ok, true);
    isTrue(health.latencyMs >= 0);
  });

  test(`${adapter}: close finishes what was asked before and refuses what comes after`, async () => {
    const store = await create();
    const asked = Array.from({ length: 50 }, (_, index) => accountOf(store, `s${index}`));
    const closed = store.close();
    const late = accountOf(store, "late");
    await rejects(late, { name: "MyriadError", code: "store_closed" });
    await closed;
    equal((await Promise.all(asked)).length, 50);
    await store.close();
    const health = await store.health();
    equal(health.ok, false);
    notEqual(health.detail, undefined);
  });
}

/** Registers what a store that keeps its data must do. `create` makes a new place for data and gives a way to open it. */
export function durableStoreContract(adapter: string, create: () => Promise<StoreFactory>): void {
  test(`${adapter}: everything is there when the store is opened again`, async () => {
    const open = await create();
    const store = await open();
    const wren = await newCharacter(store);
    await store.saveCharacters([
      { characterId: wren.characterId, expectedVersion: 1, zone: 3, schemaVersion: 2, state: bytes(7) },
    ]);
    await store.consumeTicket({ ticketId: "t1", expiresAtMs: 2, nowMs: 1 });
    const id = operationId({ realm: "vale", zone: 1, epoch: 1, tick: 1, ordinal: 0 });
    const to = { kind: "character", id: wren.characterId, slot: 5 } as const;
    const mint = { kind: "mint", operationId: id, itemType: 3, to } as const;
    const outcomes = await store.ledger.apply([mint]);
    const fence = await store.zones.takeOver({ zone: 3, owner: "server" });
    await append(store, fence, batch(1, 2));
    await store.zones.writeCheckpoint({ fence, tick: 2, build: "b", bytes: bytes(1) });
    await store.close();

    const reopened = await open();
    deepEqual(await reopened.findCharacter("wren"), {
      ...wren,
      zone: 3,
      version: 2,
      schemaVersion: 2,
      state: bytes(7),
    });
    equal((await accountOf(reopened)).accountId, wren.accountId);
    notEqual((await accountOf(reopened, "another")).accountId, wren.accountId);
    equal(await reopened.consumeTicket({ ticketId: "t1", expiresAtMs: 2, nowMs: 1 }), false);
    deepEqual(await reopened.ledger.apply([mint]), outcomes);
    equal((await reopened.ledger.items(to)).length, 1);
    deepEqual(await reopened.zones.owner(3), { epoch: 1, owner: "server" });
    await append(reopened, fence, batch(3, 4));
    equal((await reopened.zones.readJournal({ zone: 3, fromTick: 1 })).batches.length, 2);
    equal((await reopened.zones.readCheckpoints(3)).checkpoints[0]?.tick, 2);
    await reopened.close();
  });
}
