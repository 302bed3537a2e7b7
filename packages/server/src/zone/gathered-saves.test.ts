import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../platform/virtual-time.ts";
import type { CharacterId } from "../store/ids.ts";
import { savesPerCallMax } from "../store/limits.ts";
import type { CharacterSave, SaveOutcome } from "../store/port.ts";
import { GatheredSaves, type ZoneStore } from "./gathered-saves.ts";

const save = (characterId: number): CharacterSave => ({
  characterId: characterId as CharacterId,
  expectedVersion: characterId,
  zone: 0,
  schemaVersion: 1,
  state: new Uint8Array(0),
});

function gathered(answer: (saves: readonly CharacterSave[]) => Promise<SaveOutcome[]>) {
  const calls: number[][] = [];
  const time = new VirtualTime();
  const store = {
    ledger: {},
    saveCharacters: (saves: readonly CharacterSave[]) => {
      calls.push(saves.map(({ characterId }) => characterId));
      return answer(saves);
    },
  } as unknown as ZoneStore;
  return { calls, time, saves: new GatheredSaves(store, time) };
}

const next = async (saves: readonly CharacterSave[]): Promise<SaveOutcome[]> =>
  saves.map(({ expectedVersion }) => ({ ok: true, version: expectedVersion + 1 }));

test("saves of several zones are one call, and each zone hears of its own", async () => {
  const { calls, saves, time } = gathered(next);
  const first = saves.saveCharacters([save(1), save(2)]);
  const second = saves.saveCharacters([save(3)]);
  assert.deepEqual(calls, []);
  time.advance(100);
  assert.deepEqual(calls, [[1, 2, 3]]);
  assert.deepEqual(await first, [
    { ok: true, version: 2 },
    { ok: true, version: 3 },
  ]);
  assert.deepEqual(await second, [{ ok: true, version: 4 }]);
  time.advance(1000);
  assert.equal(calls.length, 1, "nothing more to say");
});

test("a call that is full goes at once, and those that come after it wait for their own time", async () => {
  const { calls, saves, time } = gathered(next);
  const many = saves.saveCharacters(Array.from({ length: savesPerCallMax - 1 }, (_, i) => save(i)));
  const more = saves.saveCharacters([save(5001), save(5002)]);
  assert.deepEqual([calls.length, calls[0]!.length], [1, savesPerCallMax - 1]);
  time.advance(100);
  assert.deepEqual(calls[1], [5001, 5002]);
  assert.equal((await many).length, savesPerCallMax - 1);
  assert.equal((await more).length, 2);
});

test("what fails fails for all that went together; what has a fence goes alone and at once", async () => {
  const { calls, saves, time } = gathered(() => Promise.reject(new Error("away")));
  const both = [saves.saveCharacters([save(1)]), saves.saveCharacters([save(2)])];
  const fenced = saves.saveCharacters([save(3)], { zone: 0, epoch: 1 });
  assert.deepEqual(calls, [[3]]);
  time.advance(100);
  assert.deepEqual(calls, [[3], [1, 2]]);
  for (const call of [...both, fenced]) await assert.rejects(call, { message: "away" });
});
