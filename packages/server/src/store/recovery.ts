/**
 * How a zone begins: its new owner takes it over, and gets the newest state that is whole and the inputs since.
 *
 * Invariant: the epoch is raised first, so what is read is final: the former owner can add nothing to it.
 * Invariant: a damaged checkpoint is passed over for the one before; what follows a damaged batch is cut, and counted.
 * Invariant: a zone that had checkpoints, and has none that is whole, never begins anew: that would undo its players.
 */
import { MyriadError } from "../kernel/errors.ts";
import type { Fence } from "../ledger/fence.ts";
import type { Checkpoint, StoredBatch, TakeOver, ZoneRecords } from "./zones-port.ts";

/** The first tick that a zone ever runs. */
const firstTick = 1;

export interface RecoveredZone {
  readonly fence: Fence;
  /** Where to begin; undefined when the zone never had a checkpoint: then the journal begins at tick 1. */
  readonly checkpoint: Checkpoint | undefined;
  /** The inputs since, in order. The first may begin before the checkpoint's tick. */
  readonly batches: readonly StoredBatch[];
  /** The first tick that is not in the journal: where the new owner's own inputs begin. */
  readonly nextTick: number;
  /** Checkpoints that were damaged; the operator should hear of them. */
  readonly damagedCheckpoints: number;
  /** Batches that were taken away because one before them was damaged or missing. */
  readonly batchesCut: number;
}

/**
 * Takes a zone over and reads what it needs to go on. Rejects as `ZoneRecords` does, and with `checkpoint_invalid` when
 * all checkpoints are damaged.
 */
export async function recoverZone(zones: ZoneRecords, request: TakeOver): Promise<RecoveredZone> {
  const fence = await zones.takeOver(request);
  const { zone } = fence;
  const { checkpoints, damagedTicks } = await zones.readCheckpoints(zone);
  const [checkpoint] = checkpoints;
  if (checkpoint === undefined && damagedTicks.length > 0) {
    const ticks = damagedTicks.join(" and ");
    throw new MyriadError("checkpoint_invalid", `zone ${zone}: the bytes of tick ${ticks} are damaged`);
  }
  const fromTick = checkpoint === undefined ? firstTick : checkpoint.tick + 1;
  const batches: StoredBatch[] = [];
  let nextTick = fromTick;
  let batchesCut = 0;
  for (;;) {
    const page = await zones.readJournal({ zone, fromTick: nextTick });
    batches.push(...page.batches);
    nextTick = (page.batches.at(-1)?.toTick ?? nextTick - 1) + 1;
    if (page.damagedAtTick !== undefined) {
      batchesCut = await zones.dropJournalFrom({ fence, fromTick: page.damagedAtTick });
      break;
    }
    if (!page.hasMore) break;
  }
  return { fence, checkpoint, batches, nextTick, damagedCheckpoints: damagedTicks.length, batchesCut };
}
