/**
 * The ledger in memory and in its plainest form: what every adapter must agree with.
 *
 * Invariant: written without a look at any adapter; slow and obvious on purpose. Tests and checkers replay against it.
 */
import { unreachable } from "../kernel/assert.ts";
import { contentDigest, sameHolder, samePlace } from "./operation.ts";
import type { Holder, Item, ItemId, Operation, OperationId, Outcome, Place } from "./port.ts";

interface ModelItem {
  readonly itemId: ItemId;
  readonly itemType: number;
  place: Place;
}

export class LedgerModel {
  readonly #items = new Map<ItemId, ModelItem>();
  readonly #outcomes = new Map<OperationId, { readonly digest: string; readonly outcome: Outcome }>();
  #lastItemId = 0;

  /** Applies one operation once; the same id again answers the first outcome. */
  apply(operation: Operation): Outcome {
    const digest = contentDigest(operation);
    const known = this.#outcomes.get(operation.operationId);
    if (known !== undefined) {
      return known.digest === digest ? known.outcome : { status: "refused", code: "operation_mismatch" };
    }
    const outcome = this.#effectOf(operation);
    this.#outcomes.set(operation.operationId, { digest, outcome });
    return outcome;
  }

  /** What a holder holds, by slot. */
  items(holder: Holder): Item[] {
    return [...this.#items.values()]
      .filter(({ place }) => sameHolder(place, holder))
      .map(({ itemId, itemType, place }) => ({ itemId, itemType, slot: place.slot }))
      .sort((left, right) => left.slot - right.slot);
  }

  /** Where an item is; undefined when there is none of this id. */
  placeOf(itemId: ItemId): Place | undefined {
    return this.#items.get(itemId)?.place;
  }

  #effectOf(operation: Operation): Outcome {
    if (operation.kind === "mint") return this.#mint(operation.itemType, operation.to);
    const item = this.#items.get(operation.itemId);
    if (item === undefined) return { status: "refused", code: "item_unknown" };
    if (!samePlace(item.place, operation.from)) return { status: "refused", code: "item_not_held" };
    switch (operation.kind) {
      case "move":
        return this.#move(item, operation.to);
      case "destroy":
        this.#items.delete(item.itemId);
        return { status: "done", itemId: item.itemId, itemType: item.itemType, from: item.place };
      default:
        return unreachable(operation);
    }
  }

  #mint(itemType: number, to: Place): Outcome {
    if (this.#itemIn(to) !== undefined) return { status: "refused", code: "slot_taken" };
    this.#lastItemId += 1;
    const itemId = this.#lastItemId as ItemId;
    this.#items.set(itemId, { itemId, itemType, place: to });
    return { status: "done", itemId, itemType, to };
  }

  #move(item: ModelItem, to: Place): Outcome {
    const from = item.place;
    const other = this.#itemIn(to);
    const done = { status: "done", itemId: item.itemId, itemType: item.itemType, from, to } as const;
    if (other === item) return done;
    if (other !== undefined && !sameHolder(from, to)) return { status: "refused", code: "slot_taken" };
    item.place = to;
    if (other === undefined) return done;
    other.place = from;
    return { ...done, swappedItemId: other.itemId };
  }

  #itemIn(place: Place): ModelItem | undefined {
    return [...this.#items.values()].find((item) => samePlace(item.place, place));
  }
}
