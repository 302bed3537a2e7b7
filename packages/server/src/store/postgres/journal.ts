/**
 * Zones in PostgreSQL: who owns each, journals, checkpoints.
 *
 * Invariant: whoever writes for a zone holds its row in share until the commit; who takes it over waits for that.
 */
import { MyriadError } from "../../kernel/errors.ts";
import type { Fence } from "../../ledger/fence.ts";
import type { JournalCut, JournalEnd } from "../calls.ts";
import { batchChecksum, checkpointChecksum } from "../checksum.ts";
import { gapBefore, pageOf } from "../journal-rules.ts";
import { checkpointsKept, journalPageBytesMax } from "../limits.ts";
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
import { bigints, byteas, ints, texts } from "./arrays.ts";
import { ask, type Connection, type Statement } from "./connection.ts";
import { restored, storable } from "./text.ts";

const lockZones: Statement = {
  name: "lock_zones",
  text: "SELECT zone, epoch FROM zones WHERE zone = ANY ($1::int[]) ORDER BY zone FOR SHARE",
};
const raiseEpoch: Statement = {
  name: "raise_epoch",
  text: `
    INSERT INTO zones (zone, epoch, owner) VALUES ($1, 1, $2)
    ON CONFLICT (zone) DO UPDATE SET epoch = zones.epoch + 1, owner = excluded.owner RETURNING epoch`,
};
const findOwner: Statement = { name: "find_owner", text: "SELECT epoch, owner FROM zones WHERE zone = $1" };
const findEnds: Statement = {
  name: "find_ends",
  text: `
    SELECT t.zone,
      (SELECT to_tick FROM journal j WHERE j.zone = t.zone ORDER BY from_tick DESC LIMIT 1),
      (SELECT max(tick) FROM checkpoints c WHERE c.zone = t.zone)
    FROM unnest($1::int[]) AS t (zone)`,
};
const findSame: Statement = {
  name: "find_same",
  text: `
    SELECT j.zone, j.from_tick, j.checksum FROM unnest($1::int[], $2::bigint[]) AS t (zone, from_tick)
    JOIN journal j ON j.zone = t.zone AND j.from_tick = t.from_tick`,
};
const append: Statement = {
  name: "append",
  text: `
    INSERT INTO journal (zone, from_tick, to_tick, epoch, build, checksum, bytes)
    SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bytea[])`,
};
/** Batches up to the one that goes over the limit of bytes, from the one that holds the tick. */
const findBatches: Statement = {
  name: "find_batches",
  text: `
    WITH found AS (
      SELECT from_tick, to_tick, epoch, build, checksum,
        sum(length(bytes)) OVER (ORDER BY from_tick) - length(bytes) AS before,
        row_number() OVER (ORDER BY from_tick) AS place
      FROM journal
      WHERE zone = $1 AND from_tick >= coalesce(
        (SELECT max(from_tick) FROM journal WHERE zone = $1 AND from_tick <= $2), 0)
    )
    SELECT f.from_tick, f.to_tick, f.epoch, f.build, f.checksum, j.bytes
    FROM found f JOIN journal j ON j.zone = $1 AND j.from_tick = f.from_tick
    WHERE f.before <= $3 OR f.place <= 2 ORDER BY f.from_tick`,
};
const dropFrom: Statement = {
  name: "drop_from",
  text: "DELETE FROM journal WHERE zone = $1 AND from_tick >= $2",
};
const cutBefore: Statement = {
  name: "cut_before",
  text: `
    DELETE FROM journal WHERE zone = $1 AND to_tick < $2
      AND to_tick <= (SELECT min(tick) FROM checkpoints WHERE zone = $1)`,
};
const keepCheckpoint: Statement = {
  name: "keep_checkpoint",
  text: `
    INSERT INTO checkpoints (zone, tick, epoch, build, checksum, bytes) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (zone, tick) DO UPDATE
    SET epoch = excluded.epoch, build = excluded.build, checksum = excluded.checksum, bytes = excluded.bytes`,
};
const dropCheckpoints: Statement = {
  name: "drop_checkpoints",
  text: `
    DELETE FROM checkpoints WHERE zone = $1 AND tick NOT IN
      (SELECT tick FROM checkpoints WHERE zone = $1 ORDER BY tick DESC LIMIT ${checkpointsKept})`,
};
const findCheckpoints: Statement = {
  name: "find_checkpoints",
  text: "SELECT epoch, tick, build, checksum, bytes FROM checkpoints WHERE zone = $1 ORDER BY tick DESC",
};

/** Holds the zones' rows until the commit. @returns their epochs; 0 for one that never had an owner */
export async function lockEpochs(client: Connection, zones: readonly number[]): Promise<Map<number, number>> {
  const epochs = new Map(zones.map((zone) => [zone, 0]));
  const { rows } = await ask(client, lockZones, [ints([...epochs.keys()])]);
  for (const [zone, epoch] of rows as [number, number][]) epochs.set(zone, epoch);
  return epochs;
}

/** Why a fence does not hold against an epoch; undefined when it does. */
export function fencedOff({ zone, epoch }: Fence, current: number): MyriadError | undefined {
  if (epoch === current) return undefined;
  return new MyriadError("zone_fenced", `zone ${zone} is at epoch ${current}, the writer at ${epoch}`);
}

/** Locks one zone and throws MyriadError `zone_fenced` unless the fence is its owner's. */
export async function assertOwner(client: Connection, fence: Fence): Promise<void> {
  const epochs = await lockEpochs(client, [fence.zone]);
  const refusal = fencedOff(fence, epochs.get(fence.zone) ?? 0);
  if (refusal !== undefined) throw refusal;
}

/** A batch that is to be added, with whose it is. */
export interface NewBatch {
  readonly fence: Fence;
  readonly batch: JournalBatch;
}

/** Says of batches, one after the other, whether they may be added; remembers those that are. */
export class JournalEnds {
  readonly #lastTicks = new Map<number, number | undefined>();
  readonly #checkpoints = new Map<number, number | undefined>();
  readonly #checksums = new Map<string, string>();
  readonly #added: (NewBatch & { readonly checksum: string })[] = [];

  /** Reads where the journals of some batches end. */
  static async read(client: Connection, batches: readonly NewBatch[]): Promise<JournalEnds> {
    const ends = new JournalEnds();
    if (batches.length === 0) return ends;
    const zones = [...new Set(batches.map(({ fence }) => fence.zone))];
    const [last, same] = await Promise.all([
      ask(client, findEnds, [ints(zones)]),
      ask(client, findSame, [
        ints(batches.map(({ fence }) => fence.zone)),
        bigints(batches.map(({ batch }) => batch.fromTick)),
      ]),
    ]);
    for (const [zone, toTick, checkpoint] of last.rows as [number, number | null, number | null][]) {
      ends.#lastTicks.set(zone, toTick ?? undefined);
      ends.#checkpoints.set(zone, checkpoint ?? undefined);
    }
    for (const [zone, fromTick, checksum] of same.rows as [number, number, string][])
      ends.#checksums.set(`${zone}/${fromTick}`, checksum);
    return ends;
  }

  /** Adds a batch. @returns whether it is new, or why it may not be added */
  add(fence: Fence, batch: JournalBatch): boolean | MyriadError {
    const { zone, epoch } = fence;
    const checksum = batchChecksum(zone, { ...batch, epoch });
    const key = `${zone}/${batch.fromTick}`;
    if (this.#checksums.get(key) === checksum) return false;
    const gap = gapBefore(batch.fromTick, this.#lastTicks.get(zone), this.#checkpoints.get(zone));
    if (gap !== undefined) return new MyriadError("journal_gap", `zone ${zone}: ${gap}`);
    this.#lastTicks.set(zone, batch.toTick);
    this.#checksums.set(key, checksum);
    this.#added.push({ fence, batch, checksum });
    return true;
  }

  /** Sends what was added. */
  async write(client: Connection): Promise<void> {
    const added = this.#added;
    if (added.length === 0) return;
    await ask(client, append, [
      ints(added.map(({ fence }) => fence.zone)),
      bigints(added.map(({ batch }) => batch.fromTick)),
      bigints(added.map(({ batch }) => batch.toTick)),
      bigints(added.map(({ fence }) => fence.epoch)),
      texts(added.map(({ batch }) => storable(batch.build))),
      texts(added.map(({ checksum }) => checksum)),
      byteas(added.map(({ batch }) => batch.bytes)),
    ]);
  }
}

export async function takeOver(client: Connection, { zone, owner }: TakeOver): Promise<Fence> {
  const { rows } = await ask(client, raiseEpoch, [zone, storable(owner)]);
  return { zone, epoch: rows[0]?.[0] as number };
}

export async function ownerOf(client: Connection, zone: number): Promise<ZoneOwner> {
  const { rows } = await ask(client, findOwner, [zone]);
  const [row] = rows as [number, string][];
  return row === undefined ? { epoch: 0, owner: "" } : { epoch: row[0], owner: restored(row[1]) };
}

export async function readJournal(client: Connection, request: JournalRequest): Promise<JournalPage> {
  const { zone, fromTick, bytesMax = journalPageBytesMax } = request;
  // The batch that goes over the limit comes, too: it tells that there is more.
  const { rows } = await ask(client, findBatches, [zone, fromTick, bytesMax]);
  const stored = (rows as [number, number, number, string, string, Uint8Array][]).map(
    ([from, toTick, epoch, build, checksum, bytes]) => {
      const batch: StoredBatch = {
        fromTick: from,
        toTick,
        epoch,
        build: restored(build),
        bytes: ownBytes(bytes),
      };
      return { batch, checksum };
    },
  );
  return pageOf({ zone, fromTick, bytesMax }, stored);
}

export async function dropJournalFrom(client: Connection, { fence, fromTick }: JournalEnd): Promise<number> {
  await assertOwner(client, fence);
  return (await ask(client, dropFrom, [fence.zone, fromTick])).count;
}

export async function cutJournal(client: Connection, { fence, beforeTick }: JournalCut): Promise<number> {
  await assertOwner(client, fence);
  return (await ask(client, cutBefore, [fence.zone, beforeTick])).count;
}

export async function writeCheckpoint(client: Connection, request: CheckpointWrite): Promise<void> {
  const { fence, tick, build, bytes } = request;
  const { zone, epoch } = fence;
  await assertOwner(client, fence);
  const checksum = checkpointChecksum({ zone, epoch, tick, build, bytes });
  await Promise.all([
    ask(client, keepCheckpoint, [zone, tick, epoch, storable(build), checksum, bytes]),
    ask(client, dropCheckpoints, [zone]),
  ]);
}

export async function readCheckpoints(client: Connection, zone: number): Promise<Checkpoints> {
  const { rows } = await ask(client, findCheckpoints, [zone]);
  const checkpoints: Checkpoint[] = [];
  const damagedTicks: number[] = [];
  for (const [epoch, tick, build, checksum, bytes] of rows as [
    number,
    number,
    string,
    string,
    Uint8Array,
  ][]) {
    const checkpoint: Checkpoint = { zone, epoch, tick, build: restored(build), bytes: ownBytes(bytes) };
    if (checkpointChecksum(checkpoint) === checksum) checkpoints.push(checkpoint);
    else damagedTicks.push(tick);
  }
  return { checkpoints, damagedTicks };
}

/** The bytes as plain ones in memory of their own; small ones come out of a pool that others read, too. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}
