/**
 * The rows of a group of operations in memory: read once, changed by the rules, written once.
 *
 * Invariant: knows which rows the database has, so what is written is the difference and nothing else.
 */
import { assert } from "../../kernel/assert.ts";
import type { Account } from "../../ledger/accounts.ts";
import type { Holder, ItemId, OpenTransfer, OperationId, Place } from "../../ledger/port.ts";
import type { HeldItem, LedgerRows } from "../../ledger/rows.ts";
import { balanceKeyOf, holderKeyOf, placeKeyOf } from "./touched.ts";

interface Balance {
  readonly account: Account;
  readonly currency: number;
  /** Undefined when the database has no row. */
  readonly before: number | undefined;
  amount: number;
}

/** A balance that changed. */
export interface BalanceChange {
  readonly account: Account;
  readonly currency: number;
  /** What is added to it, below 0 when it is less than before. */
  readonly change: number;
}

interface Version {
  readonly holder: Holder;
  /** 0 when the database has no row. */
  readonly before: number;
  version: number;
}

/** Gives the numbers of new items; those of a transaction that fails are given again. */
export interface ItemIds {
  take(): number;
}

export class LedgerSet implements LedgerRows {
  readonly #ids: ItemIds;
  /** Items as the database has them. */
  readonly #before = new Map<ItemId, HeldItem>();
  readonly #items = new Map<ItemId, HeldItem>();
  readonly #places = new Map<string, ItemId>();
  readonly #slots = new Map<string, Set<number>>();
  readonly #balances = new Map<string, Balance>();
  readonly #versions = new Map<string, Version>();
  readonly #openBefore = new Set<OperationId>();
  readonly #transfers = new Map<OperationId, OpenTransfer | undefined>();

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  // What was read.

  loadItem(itemId: ItemId, item: HeldItem): void {
    if (this.#before.has(itemId)) return;
    this.#before.set(itemId, item);
    this.put(itemId, item.itemType, item.place);
  }

  loadBalance(account: Account, currency: number, amount: number): void {
    this.#balances.set(balanceKeyOf(account, currency), { account, currency, before: amount, amount });
  }

  loadVersion(holder: Holder, version: number): void {
    this.#versions.set(holderKeyOf(holder), { holder, before: version, version });
  }

  loadTransfer(transferId: OperationId): void {
    this.#openBefore.add(transferId);
    this.#transfers.set(transferId, undefined);
  }

  // What the rules see.

  item(itemId: ItemId): HeldItem | undefined {
    return this.#items.get(itemId);
  }

  itemAt(place: Place): ItemId | undefined {
    return this.#places.get(placeKeyOf(place));
  }

  freeSlots(holder: Holder, count: number, below: number): number[] {
    const taken = this.#slots.get(holderKeyOf(holder));
    const free: number[] = [];
    for (let slot = 0; slot < below && free.length < count; slot += 1) {
      if (taken?.has(slot) !== true) free.push(slot);
    }
    return free;
  }

  putNew(itemType: number, place: Place): ItemId {
    const itemId = this.#ids.take() as ItemId;
    this.put(itemId, itemType, place);
    return itemId;
  }

  put(itemId: ItemId, itemType: number, { kind, id, slot }: Place): void {
    const place = { kind, id, slot };
    this.#items.set(itemId, { itemType, place });
    this.#places.set(placeKeyOf(place), itemId);
    const slots = this.#slots.get(holderKeyOf(place));
    if (slots === undefined) this.#slots.set(holderKeyOf(place), new Set([slot]));
    else slots.add(slot);
  }

  move(itemId: ItemId, to: Place): void {
    const item = this.#items.get(itemId);
    assert(item !== undefined, "an item that moves was read");
    this.remove(itemId);
    this.put(itemId, item.itemType, to);
  }

  remove(itemId: ItemId): void {
    const place = this.#items.get(itemId)?.place;
    assert(place !== undefined, "an item that goes was read");
    this.#items.delete(itemId);
    this.#places.delete(placeKeyOf(place));
    this.#slots.get(holderKeyOf(place))?.delete(place.slot);
  }

  balance(account: Account, currency: number): number {
    return this.#balances.get(balanceKeyOf(account, currency))?.amount ?? 0;
  }

  setBalance(account: Account, currency: number, amount: number): void {
    const known = this.#balances.get(balanceKeyOf(account, currency));
    if (known !== undefined) known.amount = amount;
    else
      this.#balances.set(balanceKeyOf(account, currency), { account, currency, before: undefined, amount });
  }

  raiseVersion(holder: Holder): number {
    let known = this.#versions.get(holderKeyOf(holder));
    if (known === undefined) {
      known = { holder, before: 0, version: 0 };
      this.#versions.set(holderKeyOf(holder), known);
    }
    known.version += 1;
    return known.version;
  }

  keepTransfer(transfer: OpenTransfer): void {
    this.#transfers.set(transfer.transferId, transfer);
  }

  hasTransfer(transferId: OperationId): boolean {
    return this.#transfers.has(transferId);
  }

  endTransfer(transferId: OperationId): void {
    this.#transfers.delete(transferId);
  }

  // What is to be written.

  removedItems(): ItemId[] {
    return [...this.#before.keys()].filter((itemId) => !this.#items.has(itemId));
  }

  /** Items that the database has in another place. */
  movedItems(): (readonly [ItemId, HeldItem])[] {
    return [...this.#items].filter(([itemId, { place }]) => {
      const before = this.#before.get(itemId);
      return before !== undefined && placeKeyOf(before.place) !== placeKeyOf(place);
    });
  }

  /** Items that the database has not. */
  newItems(): (readonly [ItemId, HeldItem])[] {
    return [...this.#items].filter(([itemId]) => !this.#before.has(itemId));
  }

  /** Balances that changed, and by how much; those without a row apart. */
  changedBalances(): {
    readonly known: readonly BalanceChange[];
    readonly unknown: readonly BalanceChange[];
  } {
    const changed = [...this.#balances.values()].filter(({ before = 0, amount }) => before !== amount);
    const changeOf = ({ account, currency, before = 0, amount }: Balance): BalanceChange => ({
      account,
      currency,
      change: amount - before,
    });
    return {
      known: changed.filter(({ before }) => before !== undefined).map(changeOf),
      unknown: changed.filter(({ before }) => before === undefined).map(changeOf),
    };
  }

  /** Versions that changed; those without a row apart. */
  changedVersions(): { readonly known: readonly Version[]; readonly unknown: readonly Version[] } {
    const changed = [...this.#versions.values()].filter(({ before, version }) => before !== version);
    return {
      known: changed.filter(({ before }) => before > 0),
      unknown: changed.filter(({ before }) => before === 0),
    };
  }

  newTransfers(): OpenTransfer[] {
    return [...this.#transfers.values()].filter((transfer) => transfer !== undefined);
  }

  endedTransfers(): OperationId[] {
    return [...this.#openBefore].filter((transferId) => !this.#transfers.has(transferId));
  }
}
