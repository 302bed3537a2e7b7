/**
 * The saves of all zones of a thread, gathered for a moment and handed to the store as one call.
 *
 * Twenty zones save a few characters each in every tick: one by one that is four hundred messages a second to the store's
 * thread and as many back, together it is ten.
 * Invariant: the order of saves stays; each caller gets the outcomes of its own; what fails fails for all that went together,
 * and each asks again. A call with a fence is its zone's alone and goes on at once.
 */
import { assert } from "../kernel/assert.ts";
import type { Timers } from "../kernel/time.ts";
import type { Fence } from "../ledger/fence.ts";
import { savesPerCallMax } from "../store/limits.ts";
import type { CharacterSave, SaveOutcome, Store } from "../store/port.ts";

/** What zones ask of the store. */
export type ZoneStore = Pick<Store, "saveCharacters" | "ledger">;

/** Milliseconds for which saves wait for each other: two ticks, little beside the seconds between two saves. */
const gatherMs = 100;

interface Caller {
  readonly count: number;
  resolve(outcomes: SaveOutcome[]): void;
  reject(error: unknown): void;
}

export class GatheredSaves implements ZoneStore {
  readonly ledger: Store["ledger"];
  readonly #store: ZoneStore;
  readonly #timers: Timers;
  #saves: CharacterSave[] = [];
  #callers: Caller[] = [];

  constructor(store: ZoneStore, timers: Timers) {
    this.ledger = store.ledger;
    this.#store = store;
    this.#timers = timers;
  }

  /** As the store's; the bytes of states must stay as they are until the answer. */
  saveCharacters(saves: readonly CharacterSave[], fence?: Fence): Promise<SaveOutcome[]> {
    if (fence !== undefined) return this.#store.saveCharacters(saves, fence);
    assert(saves.length <= savesPerCallMax, "a call saves at most savesPerCallMax characters");
    if (this.#saves.length + saves.length > savesPerCallMax) this.#send();
    if (this.#callers.length === 0) this.#timers.after(gatherMs, () => this.#send());
    for (const save of saves) this.#saves.push(save);
    return new Promise((resolve, reject) => {
      this.#callers.push({ count: saves.length, resolve, reject });
    });
  }

  #send(): void {
    // A timer whose saves went with a full call finds others, or nothing.
    if (this.#callers.length === 0) return;
    const saves = this.#saves;
    const callers = this.#callers;
    this.#saves = [];
    this.#callers = [];
    void share(this.#store.saveCharacters(saves), callers);
  }
}

/** Gives each caller its part of the outcomes, or the failure of all. */
async function share(call: Promise<SaveOutcome[]>, callers: readonly Caller[]): Promise<void> {
  try {
    const outcomes = await call;
    let from = 0;
    for (const { count, resolve } of callers) {
      resolve(outcomes.slice(from, from + count));
      from += count;
    }
  } catch (error) {
    for (const { reject } of callers) reject(error);
  }
}
