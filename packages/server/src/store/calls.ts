/**
 * The store's calls as data: their names, arguments and answers, and how a database makes one.
 *
 * Every adapter carries these to a database: in this thread, to a worker, over connections.
 *
 * Invariant: a call has exactly one argument and one answer, both of plain data that can cross a thread.
 */
import { unreachable } from "../kernel/assert.ts";
import type { Result } from "../kernel/result.ts";
import type { Fence } from "../ledger/fence.ts";
import type { Holder, Holdings, Item, OpenTransfer, Operation, Outcome } from "../ledger/port.ts";
import type {
  ClaimedEvent,
  ClaimRequest,
  DeadLetter,
  OutboxDepth,
  PageRequest,
  Settlement,
} from "./outbox-port.ts";
import type {
  Account,
  AccountRequest,
  Character,
  CharacterSave,
  Consistency,
  OpenCharacterRequest,
  OpenRefusal,
  SaveOutcome,
  TicketUse,
} from "./port.ts";
import type {
  Checkpoints,
  CheckpointWrite,
  JournalPage,
  JournalRequest,
  TakeOver,
  TickCommit,
  TickCommitted,
  ZoneOwner,
} from "./zones-port.ts";

export interface FindRequest {
  readonly name: string;
  readonly consistency: Consistency;
}

export interface SavesRequest {
  readonly saves: readonly CharacterSave[];
  readonly fence: Fence | undefined;
}

export interface OperationsRequest {
  readonly operations: readonly Operation[];
  readonly fence: Fence | undefined;
}

export interface JournalEnd {
  readonly fence: Fence;
  readonly fromTick: number;
}

export interface JournalCut {
  readonly fence: Fence;
  readonly beforeTick: number;
}

/** What a database does inside a transaction, by the call's name. */
export interface StoreCalls {
  account(request: AccountRequest): Account;
  openCharacter(request: OpenCharacterRequest): Result<Character, OpenRefusal>;
  saveCharacters(request: SavesRequest): SaveOutcome[];
  findCharacter(request: FindRequest): Character | undefined;
  consumeTicket(use: TicketUse): boolean;
  applyOperations(request: OperationsRequest): Outcome[];
  items(holder: Holder): Item[];
  holdings(holder: Holder): Holdings;
  openTransfers(limit: number): OpenTransfer[];
  takeOverZone(request: TakeOver): Fence;
  zoneOwner(zone: number): ZoneOwner;
  commitTick(commit: TickCommit): TickCommitted;
  readJournal(request: JournalRequest): JournalPage;
  dropJournalFrom(request: JournalEnd): number;
  cutJournal(request: JournalCut): number;
  writeCheckpoint(request: CheckpointWrite): null;
  readCheckpoints(zone: number): Checkpoints;
  claimEvents(request: ClaimRequest): ClaimedEvent[];
  settleEvents(settlements: readonly Settlement[]): null;
  deadLetters(page: PageRequest): DeadLetter[];
  replayEvents(sequences: readonly number[]): number;
  outboxDepth(nothing: null): OutboxDepth;
  /** Touches the database and answers nothing. */
  ping(nothing: null): null;
}

export type Method = keyof StoreCalls;
export type Argument<M extends Method> = Parameters<StoreCalls[M]>[0];
export type Answer<M extends Method> = ReturnType<StoreCalls[M]>;
/** One call with its argument. */
export type Call = { [M in Method]: { readonly method: M; readonly argument: Argument<M> } }[Method];

/** Lets a database make one call. The one place where a call's name becomes a method. */
export function perform(calls: StoreCalls, call: Call): unknown {
  switch (call.method) {
    case "account":
      return calls.account(call.argument);
    case "openCharacter":
      return calls.openCharacter(call.argument);
    case "saveCharacters":
      return calls.saveCharacters(call.argument);
    case "findCharacter":
      return calls.findCharacter(call.argument);
    case "consumeTicket":
      return calls.consumeTicket(call.argument);
    case "applyOperations":
      return calls.applyOperations(call.argument);
    case "items":
      return calls.items(call.argument);
    case "holdings":
      return calls.holdings(call.argument);
    case "openTransfers":
      return calls.openTransfers(call.argument);
    case "takeOverZone":
      return calls.takeOverZone(call.argument);
    case "zoneOwner":
      return calls.zoneOwner(call.argument);
    case "commitTick":
      return calls.commitTick(call.argument);
    case "readJournal":
      return calls.readJournal(call.argument);
    case "dropJournalFrom":
      return calls.dropJournalFrom(call.argument);
    case "cutJournal":
      return calls.cutJournal(call.argument);
    case "writeCheckpoint":
      return calls.writeCheckpoint(call.argument);
    case "readCheckpoints":
      return calls.readCheckpoints(call.argument);
    case "claimEvents":
      return calls.claimEvents(call.argument);
    case "settleEvents":
      return calls.settleEvents(call.argument);
    case "deadLetters":
      return calls.deadLetters(call.argument);
    case "replayEvents":
      return calls.replayEvents(call.argument);
    case "outboxDepth":
      return calls.outboxDepth(call.argument);
    case "ping":
      return calls.ping(call.argument);
    default:
      return unreachable(call);
  }
}
