import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { withCharacterMigrations } from "./character-migrations.ts";
import { accountOf, bytes, newCharacter, openedCharacter } from "./characters-contract.ts";
import { createMemoryStore } from "./sqlite/memory-store.ts";

const append = (value: number) => (state: Uint8Array) => bytes(...state, value);
const steps = new Map([
  [1, append(1)],
  [2, append(2)],
]);

test("an older row is read as the current version, and written so by the next save", async () => {
  const plain = createMemoryStore();
  const { characterId, accountId } = await newCharacter(plain);
  const store = withCharacterMigrations(plain, { current: 3, steps });
  const opened = await openedCharacter(store, accountId, "Wren");
  deepEqual([opened.schemaVersion, opened.state], [3, bytes(1, 2, 3, 1, 2)]);
  deepEqual((await store.findCharacter("Wren"))?.state, opened.state);
  equal((await plain.findCharacter("Wren"))?.schemaVersion, 1);
  const { zone, schemaVersion, state } = opened;
  await store.saveCharacters([{ characterId, expectedVersion: 1, zone, schemaVersion, state }]);
  equal((await plain.findCharacter("Wren"))?.schemaVersion, 3);
  deepEqual((await store.findCharacter("Wren"))?.state, opened.state);
  await plain.close();
});

test("a row of the current version, a refusal and nobody come as they are", async () => {
  const plain = createMemoryStore();
  const wren = await newCharacter(plain);
  const store = withCharacterMigrations(plain, { current: 1, steps: new Map() });
  deepEqual(await store.findCharacter("Wren"), wren);
  equal(await store.findCharacter("Lark"), undefined);
  const { accountId } = await accountOf(store, "other");
  const request = { accountId, name: "Wren", initial: { zone: 0, schemaVersion: 1, state: bytes() } };
  deepEqual(await store.openCharacter(request), { ok: false, error: "name_taken" });
  await plain.close();
});

test("a row that is newer than the game, or that no step leads from, is not handed out", async () => {
  const plain = createMemoryStore();
  await newCharacter(plain);
  const older = withCharacterMigrations(plain, { current: 0, steps });
  await rejects(older.findCharacter("Wren"), { code: "data_newer_than_program", message: /is 1.*up to 0/ });
  const later = withCharacterMigrations(plain, { current: 4, steps });
  await rejects(later.findCharacter("Wren"), { code: "schema_invalid", message: /version 3/ });
  await plain.close();
});
