/**
 * Characters that an older game wrote, as the game that reads them knows them.
 *
 * Invariant: a row is changed by its next save and not before: reading it costs no write, and the older game can still read
 * what the newer one has not saved yet.
 * Invariant: a row that is newer than the game is never handed to it.
 */
import { MyriadError } from "../kernel/errors.ts";
import type { Result } from "../kernel/result.ts";
import type { Character, Store } from "./port.ts";

export interface CharacterMigrations {
  /** The schema version that the game reads and writes. */
  readonly current: number;
  /** How a state of one version becomes one of the next; the key is the version it comes from. */
  readonly steps: ReadonlyMap<number, (state: Uint8Array) => Uint8Array>;
}

/**
 * The store with characters of the current version. Reads reject also with `data_newer_than_program`, and with
 * `schema_invalid` when there is no way from a row's version to the current one.
 */
export function withCharacterMigrations(store: Store, migrations: CharacterMigrations): Store {
  return {
    ...store,
    async openCharacter(request) {
      const opened = await store.openCharacter(request);
      return mapped(opened, (character) => migrated(character, migrations));
    },
    async findCharacter(name, options) {
      const found = await store.findCharacter(name, options);
      return found === undefined ? undefined : migrated(found, migrations);
    },
  };
}

function migrated(character: Character, { current, steps }: CharacterMigrations): Character {
  const { schemaVersion } = character;
  if (schemaVersion > current) {
    const versions = `a character's version is ${schemaVersion}, this game knows up to ${current}`;
    throw new MyriadError("data_newer_than_program", versions);
  }
  let { state } = character;
  for (let version = schemaVersion; version < current; version += 1) {
    const step = steps.get(version);
    if (step === undefined)
      throw new MyriadError("schema_invalid", `there is no way from characters of version ${version}`);
    state = step(state);
  }
  return { ...character, schemaVersion: current, state };
}

function mapped<T, U, E>(result: Result<T, E>, map: (value: T) => U): Result<U, E> {
  return result.ok ? { ok: true, value: map(result.value) } : result;
}
