/**
 * The store's books as an auditor reads them: page by page, nothing changed, beside a running server if need be.
 *
 * Invariant: pages of one reader are of one moment in the embedded store; elsewhere each page is of its own moment.
 * Invariant: a reader writes nothing and holds up no writer.
 * Routing key: none; each shard is read by itself. Consistency: may be stale.
 */
import type { CharacterId } from "./ids.ts";

export interface AuditPageRequest<Cursor> {
  /** Only what stands behind this; absent for the first page. */
  readonly after?: Cursor;
  /** 1 to `auditRowsMax`. */
  readonly limit: number;
}

/** One operation as it was first applied. */
export interface OperationRow {
  /** Position in the order of application. */
  readonly sequence: number;
  readonly operationId: string;
  readonly digest: string;
  /** What `contentOf` wrote; absent for operations from before contents were kept. */
  readonly content?: string;
  /** The outcome as JSON. */
  readonly outcome: string;
}

export interface ItemRow {
  readonly itemId: number;
  readonly itemType: number;
  readonly holderKind: string;
  readonly holderId: number;
  readonly slot: number;
}

export interface BalanceRow {
  readonly accountKind: string;
  readonly accountId: number;
  readonly currency: number;
  readonly amount: number;
}

/** The part of a balance's row that orders it. */
export type BalanceCursor = Pick<BalanceRow, "accountKind" | "accountId" | "currency">;

export interface TransferRow {
  readonly transferId: string;
  /** An OpenTransfer as JSON. */
  readonly transfer: string;
}

export interface CharacterRow {
  readonly characterId: CharacterId;
  readonly name: string;
  readonly zone: number;
  readonly version: number;
  readonly sessionEpoch: number;
  readonly schemaVersion: number;
  readonly stateBytes: number;
}

export interface AuditReader {
  /** In the order of application. */
  operations(page: AuditPageRequest<number>): Promise<OperationRow[]>;
  /** By item id. */
  items(page: AuditPageRequest<number>): Promise<ItemRow[]>;
  /** By account and currency. */
  balances(page: AuditPageRequest<BalanceCursor>): Promise<BalanceRow[]>;
  /** By transfer id. */
  transfers(page: AuditPageRequest<string>): Promise<TransferRow[]>;
  /** By character id. */
  characters(page: AuditPageRequest<number>): Promise<CharacterRow[]>;
  close(): Promise<void>;
}
