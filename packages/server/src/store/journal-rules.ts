/**
 * What a journal must be, whatever keeps it: whole batches without a gap.
 *
 * Invariant: nothing behind a damaged or missing batch is ever given out: inputs out of order would make another world.
 */
import { batchChecksum } from "./checksum.ts";
import { journalPageBytesMax } from "./limits.ts";
import type { JournalPage, JournalRequest, StoredBatch } from "./zones-port.ts";

/**
 * Why a batch that begins at `fromTick` may not be added, in words; undefined when it may. It follows the last batch, or
 * the newest checkpoint where that is newer.
 */
export function gapBefore(
  fromTick: number,
  lastToTick: number | undefined,
  checkpointTick: number | undefined,
): string | undefined {
  if (lastToTick !== undefined && fromTick <= lastToTick)
    return `a batch begins at tick ${fromTick}, the journal reaches ${lastToTick} already`;
  if (lastToTick === undefined && checkpointTick === undefined) return undefined;
  const reached = Math.max(lastToTick ?? 0, checkpointTick ?? 0);
  if (fromTick <= reached + 1) return undefined;
  return `a batch begins at tick ${fromTick}, journal and checkpoint reach ${reached}`;
}

/** The page that a request asks for, out of the batches from the one that begins at its tick or before it. */
export function pageOf(
  { zone, fromTick, bytesMax = journalPageBytesMax }: JournalRequest,
  stored: Iterable<{ readonly batch: StoredBatch; readonly checksum: string }>,
): JournalPage {
  const batches: StoredBatch[] = [];
  let nextTick = fromTick;
  let bytes = 0;
  for (const { batch, checksum } of stored) {
    if (batch.toTick < nextTick) continue;
    const follows = batches.length === 0 ? batch.fromTick <= nextTick : batch.fromTick === nextTick;
    if (!follows || batchChecksum(zone, batch) !== checksum)
      return { batches, hasMore: false, damagedAtTick: nextTick };
    if (batches.length > 0 && bytes + batch.bytes.length > bytesMax) return { batches, hasMore: true };
    batches.push(batch);
    bytes += batch.bytes.length;
    nextTick = batch.toTick + 1;
  }
  return { batches, hasMore: false };
}
