/**
 * What the ledger's rules need of a database: rows that are read and written one by one, within a transaction.
 *
 * Invariant: what was written is what is read next, within the transaction.
 * Absent on purpose: rules. An adapter stores rows; `rules.ts` alone decides what becomes of them.
 */
import type { Holder, ItemId, OpenTransfer, OperationId, Place } from "./port.ts";
import type { Account } from "./accounts.ts";

export interface HeldItem {
  readonly itemType: number;
  readonly place: Place;
}

export interface LedgerRows {
  /** The item of an id; undefined when there is none. */
  item(itemId: ItemId): HeldItem | undefined;
  /** The item in a place; undefined when it is empty. */
  itemAt(place: Place): ItemId | undefined;
  /** The lowest `count` empty slots below `below`, or as many as there are. */
  freeSlots(holder: Holder, count: number, below: number): number[];
  /** Makes an item with an id that was never given before, in an empty place. */
  putNew(itemType: number, place: Place): ItemId;
  /** Puts an item that has no row into an empty place. */
  put(itemId: ItemId, itemType: number, place: Place): void;
  /** Takes an item that has a row to an empty place. */
  move(itemId: ItemId, to: Place): void;
  /** Takes the item's row away; its id is not given again. */
  remove(itemId: ItemId): void;
  /** An account's balance; 0 when it has no row. */
  balance(account: Account, currency: number): number;
  setBalance(account: Account, currency: number, amount: number): void;
  /** Raises a holder's version by one. @returns the new one */
  raiseVersion(holder: Holder): number;
  keepTransfer(transfer: OpenTransfer): void;
  /** True when a transfer of this id is open. */
  hasTransfer(transferId: OperationId): boolean;
  endTransfer(transferId: OperationId): void;
}
