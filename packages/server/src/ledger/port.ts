/**
 * The ledger's port: who holds which item, changed by operations that take effect exactly once.
 *
 * Invariant: an item is in exactly one place, and a place holds at most one item.
 * Invariant: the first outcome of an operation id stands for ever; applying the id again answers it and changes nothing.
 * Invariant: an outcome is answered only when it is durable.
 * Absent on purpose: game rules. What may be minted, and why, was decided in the zone.
 */
import type { Branded } from "../kernel/brand.ts";

/** A realm-wide item id: a safe integer of 1 or more, never used again after the item is destroyed. */
export type ItemId = Branded<number, "ItemId">;

/** Names one operation for ever; made by `operationId`. */
export type OperationId = Branded<string, "OperationId">;

export type HolderKind = "character" | "ground";

/** Who can hold items: a character (`id` is its CharacterId) or the ground of a zone (`id` is the zone's number). */
export interface Holder {
  readonly kind: HolderKind;
  readonly id: number;
}

/** One place of a holder. `slot` counts from 0 to below `slotsOf[kind]`. */
export interface Place extends Holder {
  readonly slot: number;
}

/** Makes a new item of `itemType` (the game's catalogue number, 32 bits) in an empty place. */
export interface MintOperation {
  readonly kind: "mint";
  readonly operationId: OperationId;
  readonly itemType: number;
  readonly to: Place;
}

/**
 * Takes the item from where the zone believes it is to another place. If the same holder has an item there already,
 * the two change places; another holder's item is not touched: `slot_taken`.
 */
export interface MoveOperation {
  readonly kind: "move";
  readonly operationId: OperationId;
  readonly itemId: ItemId;
  readonly from: Place;
  readonly to: Place;
}

/** Ends the item, if it is where the zone believes it is. */
export interface DestroyOperation {
  readonly kind: "destroy";
  readonly operationId: OperationId;
  readonly itemId: ItemId;
  readonly from: Place;
}

export type Operation = MintOperation | MoveOperation | DestroyOperation;

/**
 * Why nothing was changed.
 * - `slot_taken`: another item is in the destination.
 * - `item_not_held`: the item is not in `from`; it moved meanwhile.
 * - `item_unknown`: no such item; it was destroyed or never was.
 * - `ledger_busy`: too many requests of the zone wait for the store; this one was not sent.
 * - `operation_mismatch`: the id was used for another content before. A bug in the zone, which must end.
 */
export type RefusalCode =
  | "slot_taken"
  | "item_not_held"
  | "item_unknown"
  | "ledger_busy"
  | "operation_mismatch";

export interface DoneOutcome {
  readonly status: "done";
  readonly itemId: ItemId;
  readonly itemType: number;
  /** Absent when the item was minted. */
  readonly from?: Place;
  /** Absent when the item was destroyed. */
  readonly to?: Place;
  /** The item that went from `to` to `from` in exchange. */
  readonly swappedItemId?: ItemId;
}

export interface RefusedOutcome {
  readonly status: "refused";
  readonly code: RefusalCode;
}

export type Outcome = DoneOutcome | RefusedOutcome;

/** One line of an inventory. */
export interface Item {
  readonly itemId: ItemId;
  readonly itemType: number;
  readonly slot: number;
}

export interface Ledger {
  /**
   * Applies operations in their order, in one transaction; each is done or refused on its own.
   * Up to `operationsPerApplyMax`. Routing key: `routingKey` of each; a caller may mix them.
   * Rejects with `store_failed` (then repeat under the same ids), `store_overloaded`, `store_closed`,
   * and AssertionFailed for an operation that no zone may send.
   * @returns One outcome per operation, in the same order.
   */
  apply(operations: readonly Operation[]): Promise<Outcome[]>;

  /** What a holder holds, by slot. Routing key: the holder. Rejects as `apply` does. */
  items(holder: Holder): Promise<Item[]>;
}
