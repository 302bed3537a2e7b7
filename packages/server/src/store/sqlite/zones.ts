/**
 * Zones in the embedded database: who owns each, journals, checkpoints.
 *
 * Invariant: every method runs inside a transaction that its caller opened. It holds the one write lock there is, so an
 * epoch that was compared stays what it is until the commit.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { MyriadError } from "../../kernel/errors.ts";
import type { Fence } from "../../ledger/fence.ts";
import type { JournalCut, JournalEnd } from "../calls.ts";
import { batchChecksum, checkpointChecksum } from "../checksum.ts";
import { gapBefore, pageOf } from "../journal-rules.ts";
import { checkpointsKept } from "../limits.ts";
import type {
  Checkpoint,
  Checkpoints,
  CheckpointWrite,
  JournalBatch,
  JournalPage,
  JournalRequest,
  StoredBatch,
  TakeOver,
  ZoneOwner,
} from "../zones-port.ts";

/** Throws MyriadError `zone_fenced` unless the fence's epoch is the zone's. */
export type ZoneFence = (fence: Fence) => void;

/** Prepares the statement and gives the check that every fenced write begins with. */
export function zoneFence(database: DatabaseSync): ZoneFence {
  const findEpoch = database.prepare("SELECT epoch FROM zones WHERE zone = ?");
  return ({ zone, epoch }) => {
    const current = findEpoch.get(zone)?.["epoch"] ?? 0;
    if (current === epoch) return;
    throw new MyriadError("zone_fenced", `zone ${zone} is at epoch ${current}, the writer at ${epoch}`);
  };
}

/** Prepares the statements and gives the calls that use them. */
export function zoneTables(database: DatabaseSync, assertOwner: ZoneFence) {
  const raiseEpoch = database.prepare(`
    INSERT INTO zones (zone, epoch, owner) VALUES (?, 1, ?)
    ON CONFLICT DO UPDATE SET epoch = epoch + 1, owner = excluded.owner RETURNING epoch`);
  const findOwner = database.prepare("SELECT epoch, owner FROM zones WHERE zone = ?");
  const findBatch = database.prepare("SELECT checksum FROM journal WHERE zone = ? AND from_tick = ?");
  const findLastTick = database.prepare(
    "SELECT to_tick FROM journal WHERE zone = ? ORDER BY from_tick DESC LIMIT 1",
  );
  const findCheckpointTicks = database.prepare(
    "SELECT tick FROM checkpoints WHERE zone = ? ORDER BY tick DESC",
  );
  const append = database.prepare(`
    INSERT INTO journal (zone, from_tick, to_tick, epoch, build, checksum, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const findBatches = database.prepare(`
    SELECT from_tick, to_tick, epoch, build, checksum, bytes FROM journal
    WHERE zone = ? AND from_tick >= coalesce(
      (SELECT max(from_tick) FROM journal WHERE zone = ? AND from_tick <= ?), 0)
    ORDER BY from_tick`);
  const dropFrom = database.prepare("DELETE FROM journal WHERE zone = ? AND from_tick >= ?");
  const cutBefore = database.prepare("DELETE FROM journal WHERE zone = ? AND to_tick < ?");
  const writeCheckpoint = database.prepare(`
    INSERT OR REPLACE INTO checkpoints (zone, tick, epoch, build, checksum, bytes) VALUES (?, ?, ?, ?, ?, ?)`);
  const dropCheckpoints = database.prepare(`
    DELETE FROM checkpoints WHERE zone = ? AND tick NOT IN
      (SELECT tick FROM checkpoints WHERE zone = ? ORDER BY tick DESC LIMIT ${checkpointsKept})`);
  const findCheckpoints = database.prepare("SELECT * FROM checkpoints WHERE zone = ? ORDER BY tick DESC");

  const ticksOfCheckpoints = (zone: number): number[] =>
    findCheckpointTicks.all(zone).map((row) => row["tick"] as number);

  return {
    takeOverZone({ zone, owner }: TakeOver): Fence {
      return { zone, epoch: raiseEpoch.get(zone, owner)?.["epoch"] as number };
    },

    zoneOwner(zone: number): ZoneOwner {
      const row = findOwner.get(zone);
      return { epoch: (row?.["epoch"] as number) ?? 0, owner: (row?.["owner"] as string) ?? "" };
    },

    /** Adds a batch. @returns false when it is there already, with the same content. Throws MyriadError `journal_gap`. */
    appendJournal({ zone, epoch }: Fence, batch: JournalBatch): boolean {
      const { fromTick, toTick, build, bytes } = batch;
      const checksum = batchChecksum(zone, { ...batch, epoch });
      if (findBatch.get(zone, fromTick)?.["checksum"] === checksum) return false;
      const lastTick = findLastTick.get(zone)?.["to_tick"] as number | undefined;
      const gap = gapBefore(fromTick, lastTick, ticksOfCheckpoints(zone)[0]);
      if (gap !== undefined) throw new MyriadError("journal_gap", `zone ${zone}: ${gap}`);
      append.run(zone, fromTick, toTick, epoch, build, checksum, bytes);
      return true;
    },

    readJournal(request: JournalRequest): JournalPage {
      const { zone, fromTick } = request;
      return pageOf(request, batchesOf(findBatches.iterate(zone, zone, fromTick)));
    },

    dropJournalFrom({ fence, fromTick }: JournalEnd): number {
      assertOwner(fence);
      return Number(dropFrom.run(fence.zone, fromTick).changes);
    },

    cutJournal({ fence, beforeTick }: JournalCut): number {
      assertOwner(fence);
      const oldest = ticksOfCheckpoints(fence.zone).at(-1);
      if (oldest === undefined) return 0;
      return Number(cutBefore.run(fence.zone, Math.min(beforeTick, oldest + 1)).changes);
    },

    writeCheckpoint({ fence, tick, build, bytes }: CheckpointWrite): null {
      assertOwner(fence);
      const { zone, epoch } = fence;
      const checksum = checkpointChecksum({ zone, epoch, tick, build, bytes });
      writeCheckpoint.run(zone, tick, epoch, build, checksum, bytes);
      dropCheckpoints.run(zone, zone);
      return null;
    },

    readCheckpoints(zone: number): Checkpoints {
      const checkpoints: Checkpoint[] = [];
      const damagedTicks: number[] = [];
      for (const row of findCheckpoints.all(zone)) {
        const checkpoint: Checkpoint = {
          zone,
          epoch: row["epoch"] as number,
          tick: row["tick"] as number,
          build: row["build"] as string,
          bytes: row["bytes"] as Uint8Array,
        };
        if (checkpointChecksum(checkpoint) === row["checksum"]) checkpoints.push(checkpoint);
        else damagedTicks.push(checkpoint.tick);
      }
      return { checkpoints, damagedTicks };
    },
  };
}

function* batchesOf(
  rows: Iterable<Record<string, SQLOutputValue>>,
): Generator<{ batch: StoredBatch; checksum: string }> {
  for (const row of rows) {
    const batch: StoredBatch = {
      fromTick: row["from_tick"] as number,
      toTick: row["to_tick"] as number,
      epoch: row["epoch"] as number,
      build: row["build"] as string,
      bytes: row["bytes"] as Uint8Array,
    };
    yield { batch, checksum: row["checksum"] as string };
  }
}
