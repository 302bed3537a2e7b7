/**
 * What the store keeps for zones: who owns each, the journal of its inputs, its checkpoints; and the one call that makes
 * a tick's effects durable together with the inputs that caused them.
 *
 * Invariant: every write names the epoch of its writer; the database checks it in the transaction of the write. An older
 * epoch writes nothing: `zone_fenced`.
 * Invariant: a zone's journal has no gaps: a batch begins at the tick after the one before.
 * Invariant: the newest checkpoint and the one before it are kept, and the journal that the older one needs.
 * Routing key of every call: the zone. Calls reject as the Store's do.
 */
import type { Fence } from "../ledger/fence.ts";
import type { Operation, Outcome } from "../ledger/port.ts";
import type { DomainEvent } from "./outbox-port.ts";
import type { CharacterSave, SaveOutcome } from "./port.ts";

/** Inputs of consecutive ticks, encoded by the zone. */
export interface JournalBatch {
  /** First tick of the batch; 0 or more. */
  readonly fromTick: number;
  /** Last tick of the batch, `fromTick` or more. */
  readonly toTick: number;
  /** The program that ran the ticks; 1 to `buildUnitsMax` UTF-16 units. Another one may not replay them. */
  readonly build: string;
  /** Up to `journalBatchBytesMax`. */
  readonly bytes: Uint8Array;
}

/** A batch as it is read again. */
export interface StoredBatch extends JournalBatch {
  /** The epoch that ran the ticks. */
  readonly epoch: number;
}

/** Everything that outlives a tick, to be written at once. */
export interface TickCommit {
  readonly fence: Fence;
  /** Inputs up to and including the tick of the effects; absent when there are none to add. */
  readonly journal?: JournalBatch;
  /** Up to `operationsPerApplyMax`. */
  readonly operations: readonly Operation[];
  /** Up to `savesPerCallMax`. */
  readonly saves: readonly CharacterSave[];
  /** Up to `eventsPerCallMax`; in the outbox once the commit is done. */
  readonly events: readonly TickEvent[];
}

export interface TickEvent extends DomainEvent {
  /** Index in `operations` of the one that it speaks of: if that was refused, the event is not written. */
  readonly operation?: number;
}

export interface TickCommitted {
  /** One per operation, in the same order. */
  readonly outcomes: readonly Outcome[];
  /** One per save, in the same order. */
  readonly saves: readonly SaveOutcome[];
}

export interface JournalRequest {
  readonly zone: number;
  /** The first batch is the one that holds this tick, or the next there is. */
  readonly fromTick: number;
  /** The answer has at least one batch, then as many as fit into this many bytes. @default journalPageBytesMax */
  readonly bytesMax?: number;
}

export interface JournalPage {
  /** In order, without gaps, all of them whole. */
  readonly batches: readonly StoredBatch[];
  /** True when there is more behind the last one; ask from `toTick` + 1 of the last batch. */
  readonly hasMore: boolean;
  /** First tick of a batch that is damaged or missing; nothing from there on can be read. */
  readonly damagedAtTick?: number;
}

export interface CheckpointWrite {
  readonly fence: Fence;
  /** The tick after which the state was taken. */
  readonly tick: number;
  /** 1 to `buildUnitsMax` UTF-16 units. */
  readonly build: string;
  /** Up to `checkpointBytesMax`. */
  readonly bytes: Uint8Array;
}

export interface Checkpoint {
  readonly zone: number;
  readonly epoch: number;
  readonly tick: number;
  readonly build: string;
  readonly bytes: Uint8Array;
}

export interface Checkpoints {
  /** The whole ones, newest first: 0 to 2. */
  readonly checkpoints: readonly Checkpoint[];
  /** Ticks of those whose bytes are damaged, newest first. */
  readonly damagedTicks: readonly number[];
}

export interface TakeOver {
  readonly zone: number;
  /** Who takes it, for the operator to read; 1 to `ownerUnitsMax` UTF-16 units. */
  readonly owner: string;
}

export interface ZoneOwner {
  /** 0 when nobody ever owned the zone. */
  readonly epoch: number;
  readonly owner: string;
}

export interface ZoneRecords {
  /** Raises the zone's epoch: from now on every write of an older one is refused. @returns the new fence */
  takeOver(request: TakeOver): Promise<Fence>;

  /** Who owns the zone now. */
  owner(zone: number): Promise<ZoneOwner>;

  /**
   * Writes journal, operations, saves and events in one transaction: all of it is durable or nothing is. Operations and
   * saves are done or refused each on its own. When the outcome is unknown the same commit may be sent again: it takes
   * effect once and answers the same.
   * Rejects also with `zone_fenced`, and with `journal_gap` for a batch that does not follow the one before.
   */
  commitTick(commit: TickCommit): Promise<TickCommitted>;

  /** Reads batches from a tick on. Each is compared with its checksum. */
  readJournal(request: JournalRequest): Promise<JournalPage>;

  /** Takes away the batches that begin at `fromTick` or later: what follows a damaged one. @returns how many */
  dropJournalFrom(request: { readonly fence: Fence; readonly fromTick: number }): Promise<number>;

  /**
   * Takes away the batches that end before `beforeTick`, but never what the older of the two checkpoints needs.
   * @returns how many
   */
  cutJournal(request: { readonly fence: Fence; readonly beforeTick: number }): Promise<number>;

  /** Writes a checkpoint; the newest two are kept. One of the same tick is replaced. */
  writeCheckpoint(request: CheckpointWrite): Promise<void>;

  /** Reads the newest checkpoint and the one before it, each compared with its checksum. */
  readCheckpoints(zone: number): Promise<Checkpoints>;
}
