import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytes, newCharacter, openedCharacter } from "../characters-contract.ts";
import type { Store } from "../port.ts";
import { createMemoryStore } from "../sqlite/memory-store.ts";
import { commitOf } from "../zones-contract.ts";
import { sizeOfCharacter, withCharacterCache } from "./character-cache.ts";
import { LruCache } from "./lru-cache.ts";
import type { CachePolicy, Versioned } from "./port.ts";
import { ReadThrough } from "./read-through.ts";

const wide: CachePolicy = { entriesMax: 100, bytesMax: 1e6, expiryMs: 1e6, ageMs: 1e6 };

function lab(policy: Partial<CachePolicy> = {}) {
  const clock = { nowMs: 0 };
  const cache = new LruCache<string>({
    policy: { ...wide, ...policy },
    nowMs: () => clock.nowMs,
    sizeOf: (value) => value.length,
  });
  const set = (key: string, value = key, version = 1) => cache.set({ key, value, version });
  return { cache, clock, set };
}

test("what was kept is given, one by one and many at once, and counted", async () => {
  const { cache, set } = lab();
  await set("a");
  await set("b");
  equal(await cache.get("a"), "a");
  deepEqual(await cache.getMany(["b", "c", "a"]), ["b", undefined, "a"]);
  const { hits, misses, hitRate, entries, bytes: size } = cache.stats();
  deepEqual([hits, misses, hitRate, entries, size], [3, 1, 0.75, 2, 2]);
  equal(lab().cache.stats().hitRate, 1);
});

test("the entry that was not read for the longest time makes room, for entries and for bytes", async () => {
  const { cache, set } = lab({ entriesMax: 2 });
  await set("a");
  await set("b");
  await cache.get("a");
  await set("c");
  deepEqual(await cache.getMany(["a", "b", "c"]), ["a", undefined, "c"]);
  equal(cache.stats().evictions, 1);
  const small = lab({ bytesMax: 10 });
  await small.set("a", "12345");
  await small.set("b", "12345");
  await small.set("c", "123456");
  deepEqual(await small.cache.getMany(["a", "b", "c"]), [undefined, undefined, "123456"]);
  equal(await small.set("d", "12345678901"), false);
  equal(small.cache.stats().bytes, 6);
});

test("a value that grows too large takes its older version with it", async () => {
  const { cache, set } = lab({ bytesMax: 4 });
  await set("a", "1", 1);
  equal(await set("a", "12345", 2), false);
  equal(await cache.get("a"), undefined);
});

test("an entry is over when it was written too long ago, however often it is read", async () => {
  const { cache, clock, set } = lab({ expiryMs: 100 });
  await set("a");
  for (const nowMs of [40, 80, 99]) {
    clock.nowMs = nowMs;
    equal(await cache.get("a"), "a");
  }
  clock.nowMs = 100;
  equal(await cache.get("a"), undefined);
  deepEqual([cache.stats().expirations, cache.stats().entries], [1, 0]);
});

test("an entry is over when it was not read for too long", async () => {
  const { cache, clock, set } = lab({ ageMs: 100 });
  await set("a");
  clock.nowMs = 99;
  equal(await cache.get("a"), "a");
  clock.nowMs = 198;
  equal(await cache.get("a"), "a");
  clock.nowMs = 298;
  equal(await cache.get("a"), undefined);
});

test("what is outdated is forgotten, and not put back by who read it before", async () => {
  const { cache, set } = lab();
  await set("a", "one", 1);
  await cache.invalidate("a", 2);
  equal(await cache.get("a"), undefined);
  equal(await set("a", "one", 1), false);
  equal(await cache.get("a"), undefined);
  equal(await set("a", "two", 2), true);
  await cache.invalidate("a", 2);
  equal(await cache.get("a"), "two");
  equal(await set("a", "one", 1), false);
  equal(await cache.get("a"), "two");
  equal(cache.stats().outdated, 2);
});

test("versions of what was invalidated are remembered for a limited number of keys", async () => {
  const { cache, set } = lab({ entriesMax: 2 });
  for (const key of ["a", "b", "c"]) await cache.invalidate(key, 5);
  equal(await set("b", "old", 4), false);
  equal(await set("c", "old", 4), false);
  equal(await set("a", "old", 4), true);
});

test("warming up fills the room that there is and evicts nothing", async () => {
  const { cache, set } = lab({ entriesMax: 3 });
  await set("a");
  const entries = ["b", "c", "d", "e"].map((key) => ({ key, value: key, version: 1 }));
  equal(await cache.warm(entries), 2);
  deepEqual(await cache.getMany(["a", "b", "c", "d"]), ["a", "b", "c", undefined]);
  equal(cache.stats().evictions, 0);
});

test("a cache never holds more than it may, nor an older version than it knows", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          what: fc.constantFrom("get" as const, "set" as const, "invalidate" as const, "warm" as const),
          key: fc.constantFrom("a", "b", "c", "d", "e"),
          version: fc.integer({ min: 1, max: 5 }),
          size: fc.integer({ min: 0, max: 8 }),
          passMs: fc.integer({ min: 0, max: 40 }),
        }),
      ),
      async (steps) => {
        const { cache, clock } = lab({ entriesMax: 10, bytesMax: 12, expiryMs: 100, ageMs: 60 });
        const newest = new Map<string, number>();
        for (const { what, key, version, size, passMs } of steps) {
          clock.nowMs += passMs;
          const entry = { key, value: `${version}`.padEnd(size, "x"), version };
          if (what === "get") {
            const value = await cache.get(key);
            ok(value === undefined || Number(value[0]) >= (newest.get(key) ?? 0));
          } else if (what === "invalidate") {
            await cache.invalidate(key, version);
            newest.set(key, Math.max(version, newest.get(key) ?? 0));
          } else {
            const isKept = what === "set" ? await cache.set(entry) : (await cache.warm([entry])) === 1;
            if (isKept) newest.set(key, Math.max(version, newest.get(key) ?? 0));
          }
          ok(cache.stats().entries <= 10 && cache.stats().bytes <= 12);
        }
      },
    ),
  ));

test("a policy that keeps nothing is a bug", () => {
  for (const policy of [{ entriesMax: 0 }, { expiryMs: 0 }, { ageMs: 0 }, { bytesMax: -1 }])
    throws(() => lab(policy), { name: "AssertionFailed" });
});

test("what is missing is loaded once, in one call, however many ask", async () => {
  const { cache } = lab();
  const asked: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const reads = new ReadThrough<string>(cache, async (keys) => {
    asked.push([...keys]);
    await gate.promise;
    return keys.map((key): Versioned<string> | undefined =>
      key === "none" ? undefined : { value: key.toUpperCase(), version: 1 },
    );
  });
  const all = [reads.getMany(["a", "b", "a", "none"]), reads.get("a"), reads.getMany(["b", "c"])];
  await new Promise((resolve) => void setImmediate(resolve));
  gate.resolve();
  deepEqual(await Promise.all(all), [["A", "B", "A", undefined], "A", ["B", "C"]]);
  deepEqual(asked, [["a", "b", "none"], ["c"]]);
  equal(await reads.get("a"), "A");
  equal(await reads.get("none"), undefined);
  deepEqual(asked.slice(2), [["none"]]);
});

test("a loading that fails is told to who asked, and tried again by the next", async () => {
  const { cache } = lab();
  const failures = [new Error("away")];
  const reads = new ReadThrough<string>(cache, async (keys) => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return keys.map((value) => ({ value, version: 1 }));
  });
  await rejects(Promise.all([reads.get("a"), reads.get("a")]), /away/);
  equal(await reads.get("a"), "a");
});

async function characterLab() {
  const plain = createMemoryStore();
  const asked: string[] = [];
  const counted: Store = {
    ...plain,
    findCharacter(name, options) {
      asked.push(name);
      return plain.findCharacter(name, options);
    },
  };
  const cache = new LruCache({ policy: wide, nowMs: () => 0, sizeOf: sizeOfCharacter });
  return { plain, asked, cache, store: withCharacterCache(counted, cache) };
}

const stale = { consistency: "may_be_stale" } as const;

test("a character is read once by those who may be behind, and always by the others", async () => {
  const { plain, asked, cache, store } = await characterLab();
  await newCharacter(plain);
  for (let n = 0; n < 3; n += 1) equal((await store.findCharacter("WREN", stale))?.name, "Wren");
  equal(asked.length, 1);
  equal(cache.stats().bytes, 203);
  await store.findCharacter("Wren");
  equal(asked.length, 2);
  equal(await store.findCharacter("Lark", stale), undefined);
  await plain.close();
});

test("what this store wrote is never answered older than that", async () => {
  const { plain, store } = await characterLab();
  const { characterId, accountId } = await newCharacter(plain);
  await store.findCharacter("Wren", stale);
  const save = { characterId, zone: 7, schemaVersion: 1, state: bytes(9) };
  await store.saveCharacters([{ ...save, expectedVersion: 1 }]);
  equal((await store.findCharacter("Wren", stale))?.version, 2);
  const fence = await store.zones.takeOver({ zone: 7, owner: "server" });
  await store.zones.commitTick(commitOf(fence, { saves: [{ ...save, expectedVersion: 2, version: 40 }] }));
  equal((await store.findCharacter("Wren", stale))?.version, 40);
  await openedCharacter(store, accountId, "Wren");
  equal((await store.findCharacter("Wren", stale))?.sessionEpoch, 2);
  await plain.close();
});
