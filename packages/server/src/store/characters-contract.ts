/**
 * What every store adapter must do with characters, as tests that take the adapter as a parameter.
 *
 * Invariant: nothing here knows a database; an adapter's own tests cover what only it can do.
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { type AccountId, toAccountId, toCharacterId } from "./ids.ts";
import { charactersPerAccountMax, stateBytesMax } from "./limits.ts";
import type { Account, Character, CharacterContent, Store } from "./port.ts";

/** Registers one test that gets a new, empty store. */
export type StoreTest = (behaviour: string, use: (store: Store) => Promise<void>) => void;

/** What new characters of these tests begin with. */
export const initial: CharacterContent = { zone: 2, schemaVersion: 1, state: bytes(1, 2, 3) };

/** Registers the tests about characters. */
export function characterContract(storeTest: StoreTest): void {
  storeTest("a new character begins with what the game gave", async (store) => {
    const { accountId } = await accountOf(store);
    const made = await openedCharacter(store, accountId, "Wren");
    deepEqual(made, {
      characterId: made.characterId,
      accountId,
      name: "Wren",
      zone: 2,
      version: 1,
      sessionEpoch: 1,
      schemaVersion: 1,
      state: bytes(1, 2, 3),
    });
    deepEqual(await store.findCharacter("Wren"), made);
  });

  storeTest("a second login finds the character as it was and takes it over", async (store) => {
    const { accountId } = await accountOf(store);
    const first = await openedCharacter(store, accountId, "Wren");
    const request = { accountId, name: "WREN", initial: { zone: 9, schemaVersion: 9, state: bytes(9) } };
    const second = await store.openCharacter(request);
    deepEqual(second, { ok: true, value: { ...first, sessionEpoch: 2 } });
    equal((await store.findCharacter("wren"))?.sessionEpoch, 2);
  });

  storeTest("a name belongs to one account, however it is written", async (store) => {
    const { accountId } = await accountOf(store);
    const other = await accountOf(store, "other");
    await openedCharacter(store, accountId, "Åsa Strauß");
    for (const name of ["Åsa Strauß", "åsa STRAUSS", "A\u030Asa Strauẞ", "Åｓａ strauß"]) {
      deepEqual(await store.openCharacter({ accountId: other.accountId, name, initial }), {
        ok: false,
        error: "name_taken",
      });
      equal((await store.findCharacter(name))?.accountId, accountId);
    }
    equal(await store.findCharacter("Asa Strauß"), undefined);
  });

  storeTest(
    "an account has several characters, up to a limit, and still opens those it has",
    async (store) => {
      const { accountId } = await accountOf(store);
      const names = Array.from({ length: charactersPerAccountMax }, (_, index) => `Wren ${index}`);
      const characters = await Promise.all(names.map((name) => openedCharacter(store, accountId, name)));
      equal(new Set(characters.map((character) => character.characterId)).size, charactersPerAccountMax);
      const refused = { ok: false, error: "too_many_characters" };
      deepEqual(await store.openCharacter({ accountId, name: "One more", initial }), refused);
      equal((await openedCharacter(store, accountId, "wren 0")).sessionEpoch, 2);
    },
  );

  storeTest("an account that does not exist has no characters", async (store) => {
    const refused = { ok: false, error: "account_unknown" };
    deepEqual(await store.openCharacter({ accountId: toAccountId(12_345), name: "Wren", initial }), refused);
    equal(await store.findCharacter("Wren"), undefined);
  });

  storeTest("a save raises the version and replaces what the game decides", async (store) => {
    const wren = await newCharacter(store);
    const content = { zone: 4095, schemaVersion: 7, state: new Uint8Array(stateBytesMax).fill(0xa5) };
    const save = { characterId: wren.characterId, expectedVersion: 1, sessionEpoch: 1, ...content };
    deepEqual(await store.saveCharacters([save]), [{ ok: true, version: 2 }]);
    deepEqual(await store.findCharacter("wren"), { ...wren, version: 2, ...content });
    const emptied = { ...save, expectedVersion: 2, state: bytes() };
    deepEqual(await store.saveCharacters([emptied]), [{ ok: true, version: 3 }]);
    deepEqual((await store.findCharacter("wren"))?.state, bytes());
  });

  storeTest("each save of a batch is written or refused on its own", async (store) => {
    const wren = await newCharacter(store, "Wren");
    const lark = await newCharacter(store, "Lark");
    const save = { expectedVersion: 1, ...initial, state: bytes(8) };
    deepEqual(
      await store.saveCharacters([
        { ...save, characterId: wren.characterId },
        { ...save, characterId: wren.characterId, state: bytes(9) },
        { ...save, characterId: wren.characterId, expectedVersion: 2 },
        { ...save, characterId: toCharacterId(99_999) },
        { ...save, characterId: lark.characterId, sessionEpoch: 2 },
        { ...save, characterId: lark.characterId, sessionEpoch: 1 },
      ]),
      [
        { ok: true, version: 2 },
        { ok: false, code: "version_conflict" },
        { ok: true, version: 3 },
        { ok: false, code: "not_found" },
        { ok: false, code: "epoch_stale" },
        { ok: true, version: 2 },
      ],
    );
    deepEqual(await store.saveCharacters([]), []);
  });

  storeTest("a save carries a version of its own that is newer than the row's", async (store) => {
    const wren = await newCharacter(store);
    const save = { characterId: wren.characterId, ...initial, state: bytes(8) };
    deepEqual(await store.saveCharacters([{ ...save, expectedVersion: 1, version: 1200 }]), [
      { ok: true, version: 1200 },
    ]);
    deepEqual(await store.saveCharacters([{ ...save, expectedVersion: 1, version: 1300 }]), [
      { ok: false, code: "version_conflict" },
    ]);
    deepEqual(await store.saveCharacters([{ ...save, expectedVersion: 1200 }]), [
      { ok: true, version: 1201 },
    ]);
    await rejects(store.saveCharacters([{ ...save, expectedVersion: 1201, version: 1201 }]), {
      name: "AssertionFailed",
    });
  });

  storeTest("a save whose outcome is unknown may be repeated, and only the same one", async (store) => {
    const wren = await newCharacter(store);
    const save = {
      characterId: wren.characterId,
      expectedVersion: 1,
      version: 40,
      sessionEpoch: 1,
      ...initial,
    };
    const other = [
      { ...save, state: bytes(1, 2) },
      { ...save, zone: 3 },
      { ...save, schemaVersion: 2 },
      { ...save, state: bytes(1, 2, 4) },
    ];
    const done = { ok: true, version: 40 };
    const refused = { ok: false, code: "version_conflict" };
    deepEqual(await store.saveCharacters([save, save]), [done, done]);
    deepEqual(await store.saveCharacters([...other, save]), [refused, refused, refused, refused, done]);
    // The row is what the older session saved, whoever holds it now.
    await openedCharacter(store, wren.accountId, "Wren");
    deepEqual(await store.saveCharacters([save]), [done]);
    deepEqual(await store.saveCharacters([{ ...save, version: 41, expectedVersion: 40 }]), [
      { ok: false, code: "epoch_stale" },
    ]);
  });

  storeTest("a save with a fence is written by the zone's owner alone", async (store) => {
    const wren = await newCharacter(store);
    const older = await store.zones.takeOver({ zone: 2, owner: "a" });
    const save = { characterId: wren.characterId, expectedVersion: 1, ...initial };
    deepEqual(await store.saveCharacters([save], older), [{ ok: true, version: 2 }]);
    const newer = await store.zones.takeOver({ zone: 2, owner: "b" });
    const next = { ...save, expectedVersion: 2 };
    await rejects(store.saveCharacters([next], older), { code: "zone_fenced" });
    equal((await store.findCharacter("Wren"))?.version, 2);
    deepEqual(await store.saveCharacters([next], newer), [{ ok: true, version: 3 }]);
  });

  storeTest("a session that was taken over cannot save any more", async (store) => {
    const wren = await newCharacter(store);
    await openedCharacter(store, wren.accountId, "Wren");
    const save = { characterId: wren.characterId, expectedVersion: 1, ...initial };
    deepEqual(await store.saveCharacters([{ ...save, sessionEpoch: 1 }]), [
      { ok: false, code: "epoch_stale" },
    ]);
    deepEqual(await store.saveCharacters([{ ...save, sessionEpoch: 2 }]), [{ ok: true, version: 2 }]);
  });

  storeTest(
    "the caller's bytes may change as soon as the call returned, wherever they lie",
    async (store) => {
      const wren = await newCharacter(store);
      const whole = bytes(0, 1, 2, 3);
      const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(1);
      const views = [whole, whole.subarray(1, 3), Buffer.from([1, 2]), shared];
      for (const [index, state] of views.entries()) {
        const before = Uint8Array.from(state);
        const save = { characterId: wren.characterId, expectedVersion: index + 1, ...initial, state };
        const saved = store.saveCharacters([save]);
        state.fill(0xee);
        deepEqual(await saved, [{ ok: true, version: index + 2 }]);
        deepEqual((await store.findCharacter("Wren"))?.state, before);
        state.set(before);
      }
    },
  );
}

export function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

/** The account of a subject. */
export function accountOf(store: Store, subject = "ada"): Promise<Account> {
  return store.account({ subject, name: "Ada" });
}

/** A character that must not be refused. */
export async function openedCharacter(store: Store, accountId: AccountId, name: string): Promise<Character> {
  const opened = await store.openCharacter({ accountId, name, initial });
  equal(opened.ok, true);
  return (opened as { readonly value: Character }).value;
}

/** A new character of the usual account. */
export async function newCharacter(store: Store, name = "Wren"): Promise<Character> {
  return openedCharacter(store, (await accountOf(store)).accountId, name);
}
