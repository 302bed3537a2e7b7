/**
 * The rows that operations may read or change, gathered before any of them is looked at: so that a whole group of
 * operations is one round trip of reading, and one of writing.
 *
 * Invariant: whatever `rules.ts` asks of its rows for an operation is in what is gathered for it.
 */
import { unreachable } from "../../kernel/assert.ts";
import { type Account, accountOf, mintBook, sinkBook, transit } from "../../ledger/accounts.ts";
import { holdersOf, zoneOf } from "../../ledger/operation.ts";
import type { Holder, ItemId, Operation, OperationId, Place } from "../../ledger/port.ts";

/** Rows by key, each once. */
export class Touched {
  readonly operationIds = new Set<OperationId>();
  readonly items = new Set<ItemId>();
  readonly places = new Map<string, Place>();
  /** Holders whose versions change; they are locked, and with them all that they hold. */
  readonly holders = new Map<string, Holder>();
  /** Holders of which every place must be known. */
  readonly filled = new Map<string, Holder>();
  readonly balances = new Map<string, { readonly account: Account; readonly currency: number }>();
  readonly transfers = new Set<OperationId>();
  /** Items that may be made. */
  newItems = 0;

  add(operation: Operation): void {
    this.operationIds.add(operation.operationId);
    for (const holder of holdersOf(operation)) this.#holder(holder);
    const zone = zoneOf(operation.operationId);
    switch (operation.kind) {
      case "mint":
        this.#place(operation.to);
        this.newItems += 1;
        return;
      case "move":
        this.items.add(operation.itemId);
        this.#place(operation.to);
        return;
      case "destroy":
        this.items.add(operation.itemId);
        return;
      case "trade":
        for (const { itemId, to } of operation.items) {
          this.items.add(itemId);
          this.#place(to);
        }
        for (const { from, to, currency } of operation.payments) {
          this.#balance(accountOf(from), currency);
          this.#balance(accountOf(to), currency);
        }
        return;
      case "mail":
        for (const { itemId } of operation.items) this.items.add(itemId);
        this.filled.set(holderKeyOf(operation.to), operation.to);
        for (const { from, currency } of operation.payments) {
          this.#balance(accountOf(from), currency);
          this.#balance(accountOf(operation.to), currency);
        }
        return;
      case "purchase":
        this.#place(operation.to);
        this.newItems += 1;
        this.#balance(accountOf(operation.price.from), operation.price.currency);
        this.#balance(sinkBook(operation.sink, zone), operation.price.currency);
        return;
      case "issue":
        this.#balance(mintBook(operation.mint, zone), operation.currency);
        this.#balance(accountOf(operation.to), operation.currency);
        return;
      case "retire":
        this.#balance(accountOf(operation.from), operation.currency);
        this.#balance(sinkBook(operation.sink, zone), operation.currency);
        return;
      case "send":
        for (const { itemId } of operation.items) this.items.add(itemId);
        for (const { from, currency } of operation.payments) {
          this.#balance(accountOf(from), currency);
          this.#balance(transit, currency);
        }
        return;
      case "receive":
        for (const { itemId } of operation.items) this.items.add(itemId);
        this.filled.set(holderKeyOf(operation.to), operation.to);
        for (const { currency } of operation.payments) {
          this.#balance(transit, currency);
          this.#balance(accountOf(operation.to), currency);
        }
        return;
      case "settle":
        this.transfers.add(operation.transferId);
        return;
      case "giveBack":
        this.transfers.add(operation.transferId);
        for (const { itemId, from } of operation.items) {
          const mailbox: Holder = { kind: "mail", id: from.id };
          this.items.add(itemId);
          this.#place(from);
          this.#holder(mailbox);
          this.filled.set(holderKeyOf(mailbox), mailbox);
        }
        for (const { from, currency } of operation.payments) {
          this.#balance(accountOf(from), currency);
          this.#balance(transit, currency);
        }
        return;
      default:
        unreachable(operation);
    }
  }

  #holder({ kind, id }: Holder): void {
    this.holders.set(holderKeyOf({ kind, id }), { kind, id });
  }

  #place(place: Place): void {
    this.places.set(placeKeyOf(place), place);
  }

  #balance(account: Account, currency: number): void {
    this.balances.set(balanceKeyOf(account, currency), { account, currency });
  }
}

export function holderKeyOf({ kind, id }: Holder): string {
  return `${kind}:${id}`;
}

export function placeKeyOf({ kind, id, slot }: Place): string {
  return `${kind}:${id}:${slot}`;
}

export function balanceKeyOf({ kind, id }: Account, currency: number): string {
  return `${kind}/${id}/${currency}`;
}
