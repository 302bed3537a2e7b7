/**
 * The ledger's port: who holds which item and how much of each currency, changed by operations that take effect exactly once.
 *
 * Invariant: an item is in exactly one place, and a place holds at most one item.
 * Invariant: the sum of a currency over all accounts is 0: what players hold is what mints gave and sinks did not take.
 * Invariant: the first outcome of an operation id stands for ever; applying the id again answers it and changes nothing.
 * Invariant: an outcome is answered only when it is durable.
 * Absent on purpose: game rules. What may be minted, and why, was decided in the zone.
 */
import type { Branded } from "../kernel/brand.ts";
import type { Fence } from "./fence.ts";

/** A realm-wide item id: a safe integer of 1 or more, never used again after the item is destroyed. */
export type ItemId = Branded<number, "ItemId">;

/** Names one operation for ever; made by `operationId`, its legs by `legId`. */
export type OperationId = Branded<string, "OperationId">;

export type HolderKind = "character" | "equipment" | "storage" | "mail" | "ground";

/**
 * Who can hold items and currency. `id` is a CharacterId (what the character carries, wears, has put away, was sent), or
 * for the ground the zone's number.
 */
export interface Holder {
  readonly kind: HolderKind;
  readonly id: number;
}

/** One place of a holder. `slot` counts from 0 to below `slotsOf[kind]`. */
export interface Place extends Holder {
  readonly slot: number;
}

/** An amount of one currency: `currency` is the game's catalogue number, `amount` 1 to `amountMax`. */
export interface Money {
  readonly currency: number;
  readonly amount: number;
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

/** An item on its way within a trade. */
export interface ItemLeg {
  readonly itemId: ItemId;
  readonly from: Place;
  readonly to: Place;
}

/** Currency on its way within a trade. */
export interface Payment extends Money {
  readonly from: Holder;
  readonly to: Holder;
}

/**
 * Moves items and currency among any number of holders, all of it or nothing. An item may go to a place that another item
 * of the trade leaves. Payments are made in their order, after the items.
 */
export interface TradeOperation {
  readonly kind: "trade";
  readonly operationId: OperationId;
  readonly items: readonly ItemLeg[];
  readonly payments: readonly Payment[];
}

/** An item that goes wherever there is room. */
export interface ItemFrom {
  readonly itemId: ItemId;
  readonly from: Place;
}

export interface MoneyFrom extends Money {
  readonly from: Holder;
}

/** Puts items into the lowest free places of a mailbox, and currency beside them; all of it or nothing. */
export interface MailOperation {
  readonly kind: "mail";
  readonly operationId: OperationId;
  readonly items: readonly ItemFrom[];
  readonly payments: readonly MoneyFrom[];
  /** The mailbox. */
  readonly to: Holder;
}

/** Mints an item in an empty place and takes its price out of the world, both or neither. */
export interface PurchaseOperation {
  readonly kind: "purchase";
  readonly operationId: OperationId;
  readonly itemType: number;
  readonly to: Place;
  readonly price: MoneyFrom;
  /** Name of the sink that takes the price. */
  readonly sink: string;
}

/** Brings currency into the world out of a named mint: loot, rewards. */
export interface IssueOperation extends Money {
  readonly kind: "issue";
  readonly operationId: OperationId;
  /** Name of the mint that gives it. */
  readonly mint: string;
  readonly to: Holder;
}

/** Takes currency out of the world into a named sink: fees, repairs. */
export interface RetireOperation extends Money {
  readonly kind: "retire";
  readonly operationId: OperationId;
  readonly from: Holder;
  /** Name of the sink that takes it. */
  readonly sink: string;
}

/** First leg of a transfer between shards: items and currency leave their holders and are under way. See `two-legs.ts`. */
export interface SendOperation {
  readonly kind: "send";
  readonly operationId: OperationId;
  readonly items: readonly ItemFrom[];
  readonly payments: readonly MoneyFrom[];
  readonly to: Holder;
}

/** Second leg: what was sent arrives, in the lowest free places. */
export interface ReceiveOperation {
  readonly kind: "receive";
  readonly operationId: OperationId;
  readonly items: readonly { readonly itemId: ItemId; readonly itemType: number }[];
  readonly payments: readonly Money[];
  readonly to: Holder;
}

/** Closes a transfer whose second leg was done. */
export interface SettleOperation {
  readonly kind: "settle";
  readonly operationId: OperationId;
  /** Id of the first leg. */
  readonly transferId: OperationId;
}

/**
 * Undoes a first leg whose second was refused: items go back to their places or, if these were taken meanwhile, to the
 * mailbox of the same character.
 */
export interface GiveBackOperation {
  readonly kind: "giveBack";
  readonly operationId: OperationId;
  /** Id of the first leg. */
  readonly transferId: OperationId;
  readonly items: readonly (ItemFrom & { readonly itemType: number })[];
  readonly payments: readonly MoneyFrom[];
}

export type Operation =
  | MintOperation
  | MoveOperation
  | DestroyOperation
  | TradeOperation
  | MailOperation
  | PurchaseOperation
  | IssueOperation
  | RetireOperation
  | SendOperation
  | ReceiveOperation
  | SettleOperation
  | GiveBackOperation;

/**
 * Why nothing was changed.
 * - `slot_taken`: another item is in the destination.
 * - `item_not_held`: the item is not in `from`; it moved meanwhile.
 * - `item_unknown`: no such item; it was destroyed or never was.
 * - `funds_short`: the payer has less than the amount.
 * - `balance_limit`: a balance would pass `amountMax`.
 * - `holder_full`: there is no free place left at the destination.
 * - `transfer_unknown`: nothing is under way under this id.
 * - `ledger_busy`: too many requests of the zone wait for the store; this one was not sent.
 * - `operation_conflict`: the id was used for another content before. A bug in the zone, which must end.
 */
export type RefusalCode =
  | "slot_taken"
  | "item_not_held"
  | "item_unknown"
  | "funds_short"
  | "balance_limit"
  | "holder_full"
  | "transfer_unknown"
  | "ledger_busy"
  | "operation_conflict";

interface Versioned {
  /**
   * The version of each of `holdersOf(operation)` after the operation, in that order. Absent in outcomes that were kept
   * before holders had versions.
   */
  readonly versions?: readonly number[];
}

/** What a mint, move, destroy or purchase did. */
export interface DoneOutcome extends Versioned {
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

/** An item that an operation of several moved. */
export interface MovedItem {
  readonly itemId: ItemId;
  readonly itemType: number;
  /** Where it is now; absent when it is under way. */
  readonly to?: Place;
}

/** What every other operation did: its items in their order; its payments were made as asked. */
export interface SettledOutcome extends Versioned {
  readonly status: "settled";
  readonly items: readonly MovedItem[];
}

export interface RefusedOutcome {
  readonly status: "refused";
  readonly code: RefusalCode;
}

export type Outcome = DoneOutcome | SettledOutcome | RefusedOutcome;

/** One line of an inventory. */
export interface Item {
  readonly itemId: ItemId;
  readonly itemType: number;
  readonly slot: number;
}

/** Everything a holder has. */
export interface Holdings {
  /** Grows by one with every operation that touched the holder, from 0. */
  readonly version: number;
  /** By slot. */
  readonly items: readonly Item[];
  /** By currency; none that is 0. */
  readonly balances: readonly Money[];
}

/** A transfer whose first leg was done and whose end is not known. */
export interface OpenTransfer {
  readonly transferId: OperationId;
  readonly items: readonly (ItemFrom & { readonly itemType: number })[];
  readonly payments: readonly MoneyFrom[];
  readonly to: Holder;
}

export interface Ledger {
  /**
   * Applies operations in their order, in one transaction; each is done or refused on its own.
   * Up to `operationsPerApplyMax`. Routing keys: `routingKeys` of each; a caller may mix them.
   * With a fence nothing takes effect unless the zone's epoch is still the one given: `zone_fenced`.
   * Rejects with `store_failed` (then repeat under the same ids), `store_overloaded`, `store_closed`, `zone_fenced`,
   * and AssertionFailed for an operation that no zone may send.
   * @returns One outcome per operation, in the same order.
   */
  apply(operations: readonly Operation[], fence?: Fence): Promise<Outcome[]>;

  /** The items of a holder, by slot. Routing key: the holder. Rejects as `apply` does. */
  items(holder: Holder): Promise<Item[]>;

  /** Everything a holder has, as of one moment. Routing key: the holder. Rejects as `apply` does. */
  holdings(holder: Holder): Promise<Holdings>;

  /**
   * Transfers that wait for their second leg or its end, oldest first, up to `limit` (1 to `openTransfersMax`).
   * Routing key: none; it is asked of each shard. Rejects as `apply` does.
   */
  openTransfers(limit: number): Promise<OpenTransfer[]>;
}
