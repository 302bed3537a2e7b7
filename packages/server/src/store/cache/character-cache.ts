/**
 * Characters by name out of a cache, for readers that may be some seconds behind: who is this, where was it seen last.
 *
 * Invariant: only reads that say `may_be_stale` are answered out of the cache.
 * Invariant: what this store itself has written is never answered older than that.
 */
import type { CharacterId } from "../ids.ts";
import { nameKey } from "../name-key.ts";
import type { Character, CharacterSave, SaveOutcome, Store } from "../port.ts";
import type { Cache } from "./port.ts";
import { ReadThrough } from "./read-through.ts";

/** Bytes of a character beside its state, about: its name, its numbers, its place in the map. */
const characterBytes = 200;

/** Names that are remembered, so that a save by id finds them: more than any cache of characters holds. */
const namesMax = 65_536;

/** For the policy's `bytesMax`. */
export function sizeOfCharacter({ state }: Character): number {
  return state.length + characterBytes;
}

/** The store with reads of characters through a cache. */
export function withCharacterCache(store: Store, cache: Cache<Character>): Store {
  /** Names of the characters that may be in the cache, oldest first: saves name them by id. */
  const names = new Map<CharacterId, { readonly key: string; readonly version: number }>();
  const remember = async ({ characterId, name, version }: Character): Promise<string> => {
    const key = nameKey(name);
    names.delete(characterId);
    names.set(characterId, { key, version });
    for (const [oldest, known] of names) {
      if (names.size <= namesMax) break;
      names.delete(oldest);
      // Nobody would tell the cache of its saves any more.
      await cache.invalidate(known.key, known.version + 1);
    }
    return key;
  };
  const reads = new ReadThrough<Character>(cache, (wanted) =>
    Promise.all(
      wanted.map(async (key) => {
        const found = await store.findCharacter(key, { consistency: "may_be_stale" });
        if (found === undefined) return undefined;
        await remember(found);
        return { value: found, version: versionOf(found) };
      }),
    ),
  );
  async function noteSaves(saves: readonly CharacterSave[], outcomes: readonly SaveOutcome[]): Promise<void> {
    for (const [at, { characterId }] of saves.entries()) {
      const [known, outcome] = [names.get(characterId), outcomes[at]];
      if (known !== undefined && outcome?.ok === true) await cache.invalidate(known.key, outcome.version);
    }
  }
  return {
    ...store,
    zones: {
      ...store.zones,
      async commitTick(commit) {
        const committed = await store.zones.commitTick(commit);
        await noteSaves(commit.saves, committed.saves);
        return committed;
      },
    },
    async openCharacter(request) {
      const opened = await store.openCharacter(request);
      if (opened.ok)
        await cache.set({
          key: await remember(opened.value),
          value: opened.value,
          version: versionOf(opened.value),
        });
      return opened;
    },
    async saveCharacters(saves, fence) {
      const outcomes = await store.saveCharacters(saves, fence);
      await noteSaves(saves, outcomes);
      return outcomes;
    },
    findCharacter(name, options) {
      if (options?.consistency !== "may_be_stale") return store.findCharacter(name, options);
      return reads.get(nameKey(name));
    },
  };
}

function versionOf({ version }: Character): number {
  return version;
}
