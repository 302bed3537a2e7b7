/**
 * The ledger in memory and in its plainest form: what every adapter must agree with.
 *
 * Invariant: written without a look at `rules.ts` or any adapter; slow and obvious on purpose: it does what an operation
 * says step by step and, when a step cannot be, takes all of it back. Tests and checkers replay against it.
 */
import { unreachable } from "../kernel/assert.ts";
import { amountMax, mailboxItemsMax, slotsOf } from "./limits.ts";
import { contentDigest, holdersOf, samePlace } from "./operation.ts";
import type * as port from "./port.ts";

type Item = { readonly itemType: number; readonly place: port.Place | undefined };

/** Why a step cannot be. */
class Refusal {
  readonly code: port.RefusalCode;
  constructor(code: port.RefusalCode) {
    this.code = code;
  }
}

export class LedgerModel {
  #items = new Map<port.ItemId, Item>();
  #balances = new Map<string, number>();
  #versions = new Map<string, number>();
  #transfers = new Map<port.OperationId, port.OpenTransfer>();
  readonly #outcomes = new Map<
    port.OperationId,
    { readonly digest: string; readonly outcome: port.Outcome }
  >();
  #lastItemId = 0;

  /** Applies one operation once; the same id again answers the first outcome. */
  apply(operation: port.Operation): port.Outcome {
    const digest = contentDigest(operation);
    const known = this.#outcomes.get(operation.operationId);
    if (known !== undefined)
      return known.digest === digest ? known.outcome : { status: "refused", code: "operation_conflict" };
    const before = structuredClone([this.#items, this.#balances, this.#versions, this.#transfers] as const);
    const lastItemId = this.#lastItemId;
    let outcome: port.Outcome;
    try {
      const effect = this.#effectOf(operation);
      outcome = { ...effect, versions: holdersOf(operation).map((holder) => this.#touch(holder)) };
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      [this.#items, this.#balances, this.#versions, this.#transfers] = before;
      this.#lastItemId = lastItemId;
      outcome = { status: "refused", code: refusal.code };
    }
    this.#outcomes.set(operation.operationId, { digest, outcome });
    return outcome;
  }

  holdings({ kind, id }: port.Holder): port.Holdings {
    const items = [...this.#items].flatMap(([itemId, { itemType, place }]) =>
      place?.kind === kind && place.id === id ? [{ itemId, itemType, slot: place.slot }] : [],
    );
    const balances = [...this.#balances].flatMap(([key, amount]) => {
      const [account, currency] = key.split("/");
      return account === `${kind}:${id}` && amount !== 0 ? [{ currency: Number(currency), amount }] : [];
    });
    return {
      version: this.#versions.get(`${kind}:${id}`) ?? 0,
      items: items.sort((left, right) => left.slot - right.slot),
      balances: balances.sort((left, right) => left.currency - right.currency),
    };
  }

  /** All balances of all accounts, by `kind:id/currency`; their sum is 0. */
  balances(): ReadonlyMap<string, number> {
    return this.#balances;
  }

  openTransfers(): port.OpenTransfer[] {
    return [...this.#transfers.values()];
  }

  /** Where an item is; undefined when there is none of this id, or it is under way. */
  placeOf(itemId: port.ItemId): port.Place | undefined {
    return this.#items.get(itemId)?.place;
  }

  #effectOf(op: port.Operation): port.DoneOutcome | port.SettledOutcome {
    const zone = op.operationId.split("/")[1];
    switch (op.kind) {
      case "mint":
        return this.#mint(op.itemType, op.to);
      case "move":
        return this.#move(op);
      case "destroy": {
        const itemType = this.#lift(op);
        this.#items.delete(op.itemId);
        return { status: "done", itemId: op.itemId, itemType, from: op.from };
      }
      case "purchase": {
        const minted = this.#mint(op.itemType, op.to);
        this.#pay(op.price, nameOf(op.price.from), `sink:${op.sink}:${zone}`);
        return minted;
      }
      case "issue":
        this.#pay(op, `mint:${op.mint}:${zone}`, nameOf(op.to));
        return { status: "settled", items: [] };
      case "retire":
        this.#pay(op, nameOf(op.from), `sink:${op.sink}:${zone}`);
        return { status: "settled", items: [] };
      case "trade": {
        const types = op.items.map((leg) => this.#lift(leg));
        const items = op.items.map(({ itemId, to }, n) => this.#put(itemId, types[n]!, to));
        for (const payment of op.payments) this.#pay(payment, nameOf(payment.from), nameOf(payment.to));
        return { status: "settled", items };
      }
      case "mail": {
        const types = op.items.map((item) => this.#lift(item));
        const items = op.items.map(({ itemId }, n) => this.#put(itemId, types[n]!, this.#room(op.to)));
        for (const payment of op.payments) this.#pay(payment, nameOf(payment.from), nameOf(op.to));
        return { status: "settled", items };
      }
      case "send": {
        const items = op.items.map((item) => ({
          itemType: this.#lift(item),
          itemId: item.itemId,
          from: item.from,
        }));
        for (const { itemId } of items) this.#items.delete(itemId);
        for (const payment of op.payments) this.#pay(payment, nameOf(payment.from), "transit:0");
        const { operationId: transferId, payments, to } = op;
        this.#transfers.set(transferId, { transferId, items, payments, to });
        return { status: "settled", items: items.map(({ itemId, itemType }) => ({ itemId, itemType })) };
      }
      case "receive": {
        if (op.items.some(({ itemId }) => this.#items.has(itemId))) throw new Refusal("item_not_held");
        const items = op.items.map((item) => this.#put(item.itemId, item.itemType, this.#room(op.to)));
        for (const payment of op.payments) this.#pay(payment, "transit:0", nameOf(op.to));
        return { status: "settled", items };
      }
      case "settle":
        this.#endTransfer(op.transferId);
        return { status: "settled", items: [] };
      case "giveBack": {
        this.#endTransfer(op.transferId);
        if (op.items.some(({ itemId }) => this.#items.has(itemId))) throw new Refusal("item_not_held");
        for (const payment of op.payments) this.#pay(payment, "transit:0", nameOf(payment.from));
        return { status: "settled", items: this.#giveBack(op) };
      }
      default:
        return unreachable(op);
    }
  }

  #giveBack({ items }: port.GiveBackOperation): port.MovedItem[] {
    // Whose place is free goes first; the others must not take it from them.
    const isFree = items.map(({ from }) => this.#itemIn(from) === undefined);
    const moved: port.MovedItem[] = [];
    for (const [n, { itemId, itemType, from }] of items.entries())
      if (isFree[n]) moved[n] = this.#put(itemId, itemType, from);
    const mailboxes = new Set<number>();
    for (const [n, { itemId, itemType, from }] of items.entries()) {
      if (isFree[n]) continue;
      moved[n] = this.#put(itemId, itemType, this.#room({ kind: "mail", id: from.id }, slotsOf.mail));
      if (from.kind !== "mail") mailboxes.add(from.id);
    }
    for (const id of mailboxes) this.#touch({ kind: "mail", id });
    return moved;
  }

  #mint(itemType: number, to: port.Place): port.DoneOutcome {
    this.#lastItemId += 1;
    const itemId = this.#lastItemId as port.ItemId;
    this.#put(itemId, itemType, to);
    return { status: "done", itemId, itemType, to };
  }

  #move({ itemId, from, to }: port.MoveOperation): port.DoneOutcome {
    const itemType = this.#lift({ itemId, from });
    const done = { status: "done", itemId, itemType, from, to } as const;
    const other = this.#itemIn(to);
    if (other !== undefined && nameOf(from) === nameOf(to))
      this.#items.set(other, { ...this.#items.get(other)!, place: from });
    this.#put(itemId, itemType, to);
    return other === undefined ? done : { ...done, swappedItemId: other };
  }

  /** Takes an item out of its place. @returns its type */
  #lift({ itemId, from }: port.ItemFrom): number {
    const item = this.#items.get(itemId);
    if (item === undefined) throw new Refusal("item_unknown");
    if (item.place === undefined || !samePlace(item.place, from)) throw new Refusal("item_not_held");
    this.#items.set(itemId, { ...item, place: undefined });
    return item.itemType;
  }

  #put(itemId: port.ItemId, itemType: number, to: port.Place): Required<port.MovedItem> {
    if (this.#itemIn(to) !== undefined) throw new Refusal("slot_taken");
    this.#items.set(itemId, { itemType, place: to });
    return { itemId, itemType, to };
  }

  #room(
    holder: port.Holder,
    below = holder.kind === "mail" ? mailboxItemsMax : slotsOf[holder.kind],
  ): port.Place {
    for (let slot = 0; slot < below; slot += 1)
      if (this.#itemIn({ ...holder, slot }) === undefined) return { ...holder, slot };
    throw new Refusal("holder_full");
  }

  #pay({ currency, amount }: port.Money, from: string, to: string): void {
    const [payer, payee] = [`${from}/${currency}`, `${to}/${currency}`];
    const [has, gets] = [this.#balances.get(payer) ?? 0, this.#balances.get(payee) ?? 0];
    const owes = from.startsWith("mint:") || from.startsWith("transit:");
    if (!owes && has < amount) throw new Refusal("funds_short");
    if (
      BigInt(has) - BigInt(amount) < -BigInt(amountMax) ||
      BigInt(gets) + BigInt(amount) > BigInt(amountMax)
    )
      throw new Refusal("balance_limit");
    this.#balances.set(payer, has - amount);
    this.#balances.set(payee, gets + amount);
  }

  #endTransfer(transferId: port.OperationId): void {
    if (!this.#transfers.delete(transferId)) throw new Refusal("transfer_unknown");
  }

  #touch(holder: port.Holder): number {
    const version = (this.#versions.get(nameOf(holder)) ?? 0) + 1;
    this.#versions.set(nameOf(holder), version);
    return version;
  }

  #itemIn(place: port.Place): port.ItemId | undefined {
    return [...this.#items].find(([, item]) => item.place !== undefined && samePlace(item.place, place))?.[0];
  }
}

function nameOf({ kind, id }: port.Holder): string {
  return `${kind}:${id}`;
}
