/**
 * Load for a store: a town whose players trade in pairs, are saved, and are looked up. Every call goes through the port.
 *
 * Invariant: every answer is looked at: a load that is refused is no load.
 */
import { operationId } from "../../packages/server/src/ledger/operation.ts";
import type { ItemId, Operation, Place } from "../../packages/server/src/ledger/port.ts";
import type { AccountId, CharacterId } from "../../packages/server/src/store/ids.ts";
import type { Character, CharacterSave, Store } from "../../packages/server/src/store/port.ts";

/** Players of the town: as many as the design wants on one machine. */
export const players = 10_000;
/** Bytes of one character's state. */
export const stateBytes = 300;

const charactersPerAccount = 16;
const purse = 1_000_000_000;
const gold = 1;

export interface Town {
  readonly characters: readonly Character[];
  /** One item of every second player, which goes to the next one and back. */
  readonly pairs: Pair[];
}

interface Pair {
  readonly itemId: ItemId;
  readonly left: CharacterId;
  readonly right: CharacterId;
  /** Where the item is now. */
  at: Place;
}

/** Makes the town in an empty store. */
export async function settleTown(store: Store): Promise<Town> {
  const characters: Character[] = [];
  for (let first = 0; first < players; first += 800)
    characters.push(...(await settle(store, first, Math.min(800, players - first))));
  const pairs: Pair[] = [];
  for (let first = 0; first < players; first += 400)
    pairs.push(...(await equip(store, characters.slice(first, first + 400), first)));
  return { characters: characters.sort((a, b) => a.characterId - b.characterId), pairs };
}

async function settle(store: Store, first: number, count: number): Promise<Character[]> {
  const initial = { zone: 0, schemaVersion: 1, state: new Uint8Array(stateBytes) };
  const open = async (accountId: AccountId, name: string): Promise<Character> => {
    const opened = await store.openCharacter({ accountId, name, initial });
    if (!opened.ok) throw new Error(opened.error);
    return opened.value;
  };
  const accounts = Array.from({ length: Math.ceil(count / charactersPerAccount) }, (_, n) =>
    store.account({ subject: `subject ${first + n * charactersPerAccount}`, name: "a player" }),
  );
  const owners = await Promise.all(accounts);
  return Promise.all(
    Array.from({ length: count }, (_, n) =>
      open(owners[Math.floor(n / charactersPerAccount)]!.accountId, `player ${first + n}`),
    ),
  );
}

async function equip(store: Store, characters: readonly Character[], tick: number): Promise<Pair[]> {
  const operations: Operation[] = [];
  const id = () => operationId({ realm: "bench", zone: 0, epoch: 1, tick, ordinal: operations.length });
  for (const [n, { characterId }] of characters.entries()) {
    const holder = { kind: "character", id: characterId } as const;
    operations.push({
      kind: "issue",
      operationId: id(),
      currency: gold,
      amount: purse,
      mint: "loot",
      to: holder,
    });
    if (n % 2 === 0)
      operations.push({ kind: "mint", operationId: id(), itemType: 7, to: { ...holder, slot: 0 } });
  }
  const outcomes = await store.ledger.apply(operations);
  return outcomes.flatMap((outcome, at) => {
    const operation = operations[at]!;
    if (outcome.status !== "done" || operation.kind !== "mint") return [];
    const left = operation.to.id as CharacterId;
    const n = characters.findIndex(({ characterId }) => characterId === left);
    return [{ itemId: outcome.itemId, left, right: characters[n + 1]!.characterId, at: operation.to }];
  });
}

/** One call of a load. @returns how many things it did */
export type Work = (caller: number) => Promise<number>;

/**
 * Trades of an item against gold between two players, `perCall` in a call; no two calls touch a player. `zone` makes the
 * operations' ids those of one load.
 */
export function tradeLoad(
  store: Store,
  { pairs }: Town,
  { callers, perCall, zone }: { callers: number; perCall: number; zone: number },
): Work {
  let tick = 0;
  const next = new Array<number>(callers).fill(0);
  return async (caller) => {
    tick += 1;
    const traded: { pair: Pair; to: Place }[] = [];
    const operations = Array.from({ length: perCall }, (_, ordinal): Operation => {
      const turn = next[caller]!;
      next[caller] = turn + 1;
      const own = Math.floor((pairs.length - caller + callers - 1) / callers);
      const pair = pairs[caller + (turn % own) * callers]!;
      const buyer = pair.at.id === pair.left ? pair.right : pair.left;
      const to: Place = { kind: "character", id: buyer, slot: 1 };
      traded.push({ pair, to });
      return {
        kind: "trade",
        operationId: operationId({ realm: "bench", zone, epoch: 2, tick, ordinal }),
        items: [{ itemId: pair.itemId, from: pair.at, to }],
        payments: [
          {
            currency: gold,
            amount: 7,
            from: { kind: "character", id: buyer },
            to: { kind: "character", id: pair.at.id },
          },
        ],
      };
    });
    for (const [at, outcome] of (await store.ledger.apply(operations)).entries()) {
      if (outcome.status !== "settled") throw new Error(`a trade was refused: ${JSON.stringify(outcome)}`);
      const { pair, to } = traded[at]!;
      pair.at = to;
    }
    return operations.length;
  };
}

/** Saves of all players in turn, `perCall` rows in a call. */
export function saveLoad(
  store: Store,
  { characters }: Town,
  { callers, perCall }: { callers: number; perCall: number },
): Work {
  const versions = new Map(characters.map(({ characterId, version }) => [characterId, version]));
  const lots = Array.from({ length: Math.floor(characters.length / perCall) }, (_, n) =>
    characters.slice(n * perCall, (n + 1) * perCall),
  );
  const next = Array.from({ length: callers }, (_, caller) => caller);
  const state = new Uint8Array(stateBytes).fill(7);
  return async (caller) => {
    const lot = lots[next[caller]! % lots.length]!;
    next[caller] = next[caller]! + callers;
    const saves = lot.map(({ characterId }): CharacterSave => {
      const expectedVersion = versions.get(characterId)!;
      versions.set(characterId, expectedVersion + 1);
      return { characterId, expectedVersion, zone: 1, schemaVersion: 1, state };
    });
    for (const outcome of await store.saveCharacters(saves)) {
      if (!outcome.ok) throw new Error(`a save was refused: ${outcome.code}`);
    }
    return saves.length;
  };
}

/** Names of players, some of them far more often than others: a few are in everybody's mouth. */
export function popularNames(count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    // A fixed sequence, spread over 0 to 1; the twelfth power leaves most of it near 0: 94 % are half of the names.
    const spread = ((n * 0.618_033_988_75) % 1) ** 12;
    return `player ${Math.floor(spread * players)}`;
  });
}

export interface Measured {
  readonly perSecond: number;
  /** Milliseconds of each call. */
  readonly latenciesMs: readonly number[];
}

/** Keeps callers busy for some time, each with one call at a time. */
export async function measure(
  work: Work,
  { callers, ms, now }: { callers: number; ms: number; now: () => number },
): Promise<Measured> {
  const latenciesMs: number[] = [];
  const beginMs = now();
  let count = 0;
  const call = async (caller: number): Promise<void> => {
    while (now() - beginMs < ms) {
      const sentMs = now();
      const done = await work(caller);
      count += done;
      latenciesMs.push(now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { perSecond: (count * 1000) / (now() - beginMs), latenciesMs };
}
