/**
 * The store's port: what must survive the process. Adapters: `sqlite/` embedded, PostgreSQL for the cluster.
 *
 * Invariant: a promise is fulfilled only when what it says is durable; calls of one caller take effect in their order.
 * Invariant: every call has one routing key and no call joins across keys, so that the data can be spread over shards.
 * Invariant: bytes given are copied before the call returns; bytes received belong to the caller.
 * Absent on purpose: what a character's state means. The world encodes it; the store keeps bytes with a schema version.
 *
 * Every call rejects with MyriadError `store_failed` (whether it took effect is unknown), `store_overloaded`,
 * `store_away` or `store_closed` (nothing took effect), and with AssertionFailed for arguments that are out of their
 * documented range. `routing.ts` gives each call's routing keys and its consistency.
 */
import type { Result } from "../kernel/result.ts";
import type { Fence } from "../ledger/fence.ts";
import type { Ledger } from "../ledger/port.ts";
import type { AccountId, CharacterId } from "./ids.ts";
import type { EventOutbox } from "./outbox-port.ts";
import type { ZoneRecords } from "./zones-port.ts";

/**
 * How new an answer must be.
 * - `current`: everything that was durable when the question was asked is in it.
 * - `may_be_stale`: it may come from a copy that is some seconds behind.
 */
export type Consistency = "current" | "may_be_stale";

export interface Account {
  readonly accountId: AccountId;
  /** Who this is at the identity provider; unique in the realm, compared exactly. */
  readonly subject: string;
  /** The name given when the account was made; shown to operators only. */
  readonly name: string;
}

export interface Character {
  readonly characterId: CharacterId;
  readonly accountId: AccountId;
  /** As it was typed first; unique in the realm, compared without case (`nameKey`). */
  readonly name: string;
  /** The zone the character is in or was last in: 0 to 4095. */
  readonly zone: number;
  /** Grows with every save, from 1. */
  readonly version: number;
  /** Grows by one with every `openCharacter`, from 1. The session that holds an older one was taken over. */
  readonly sessionEpoch: number;
  /** The game's own number for the layout of `state`. */
  readonly schemaVersion: number;
  /** Up to `stateBytesMax` bytes; a copy that belongs to the caller. */
  readonly state: Uint8Array;
}

export interface AccountRequest {
  /** 1 to `subjectUnitsMax` UTF-16 units. */
  readonly subject: string;
  /** 1 to `storedNameUnitsMax` UTF-16 units. */
  readonly name: string;
}

/** The part of a character that the game decides. */
export interface CharacterContent {
  readonly zone: number;
  readonly schemaVersion: number;
  readonly state: Uint8Array;
}

export interface OpenCharacterRequest {
  readonly accountId: AccountId;
  /** 1 to `storedNameUnitsMax` UTF-16 units; what is allowed in it was decided by the gateway. */
  readonly name: string;
  /** What a new character begins with; ignored when it exists. */
  readonly initial: CharacterContent;
}

/**
 * Why a character was not opened.
 * - `name_taken`: the name belongs to another account.
 * - `account_unknown`: there is no such account.
 * - `too_many_characters`: the account has `charactersPerAccountMax` characters.
 */
export type OpenRefusal = "name_taken" | "account_unknown" | "too_many_characters";

export interface CharacterSave extends CharacterContent {
  readonly characterId: CharacterId;
  /** The version this save builds on: the one last loaded or saved. */
  readonly expectedVersion: number;
  /** The version that the row will have, above `expectedVersion`: the tick, if the zone counts so. @default expectedVersion + 1 */
  readonly version?: number;
  /** When given, the save is refused unless this is still the character's session. */
  readonly sessionEpoch?: number;
}

/**
 * Why a character was not saved; checked in this order. A row that has the save's version and content already answers as
 * if it had just been written: so a save whose outcome is unknown may be repeated.
 * - `not_found`: there is no such character.
 * - `epoch_stale`: another session took the character over.
 * - `version_conflict`: somebody saved a newer version.
 */
export type SaveRefusal = "not_found" | "epoch_stale" | "version_conflict";

export type SaveOutcome =
  | { readonly ok: true; readonly version: number }
  | { readonly ok: false; readonly code: SaveRefusal };

export interface TicketUse {
  /** 1 to `ticketIdUnitsMax` UTF-16 units; unique for ever. */
  readonly ticketId: string;
  /** When the ticket ends, in whole milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** The caller's wall clock, in whole milliseconds since 1970. */
  readonly nowMs: number;
}

export interface StoreHealth {
  readonly ok: boolean;
  /** Milliseconds from the question to the answer, behind all requests that wait. */
  readonly latencyMs: number;
  /** Why it is not ok. */
  readonly detail?: string;
}

export interface FindOptions {
  /** @default "current" */
  readonly consistency?: Consistency;
}

export interface Store {
  /** Items and currency, and who holds them. */
  readonly ledger: Ledger;
  /** Zones: owners, journals, checkpoints, ticks. */
  readonly zones: ZoneRecords;
  /** News for the world outside. */
  readonly outbox: EventOutbox;

  /** Finds the account of a subject, or makes it. A found account keeps its first name. Routing key: the subject. */
  account(request: AccountRequest): Promise<Account>;

  /**
   * Finds the account's character of this name, or makes it, and raises its session epoch by one: whoever played it
   * until now is taken over. Routing key: the account; the name is claimed in the realm's directory of names.
   */
  openCharacter(request: OpenCharacterRequest): Promise<Result<Character, OpenRefusal>>;

  /**
   * Writes characters in one transaction; each row is written or refused on its own. Up to `savesPerCallMax`.
   * With a fence nothing is written unless the zone's epoch is still the one given: `zone_fenced`.
   * Routing key: each row's character.
   * @returns One outcome per save, in the same order.
   */
  saveCharacters(saves: readonly CharacterSave[], fence?: Fence): Promise<SaveOutcome[]>;

  /** Reads a character by name, without case; undefined when there is none. Takes nobody over. Routing key: the name. */
  findCharacter(name: string, options?: FindOptions): Promise<Character | undefined>;

  /**
   * Marks a ticket as used. True for the first caller before its end, false for everyone else and afterwards.
   * Rows of tickets long past their end are swept on the way. Routing key: the ticket.
   */
  consumeTicket(use: TicketUse): Promise<boolean>;

  /** Asks the database for an answer, whether or not other calls are let through. Never rejects, but waits as long as the database does. */
  health(): Promise<StoreHealth>;

  /** Finishes every request that was made, then closes the database. The second call waits for the first. */
  close(): Promise<void>;
}
