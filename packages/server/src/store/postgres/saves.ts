/**
 * Saves of characters in PostgreSQL: hundreds of rows in one statement.
 *
 * Invariant: a row of `characters` changes only under its expected version, or to raise its session epoch.
 * Invariant: saves of one character take effect in their order: the second waits for the next wave.
 */
import type { CharacterId } from "../ids.ts";
import type { CharacterSave, SaveOutcome } from "../port.ts";
import { bigints, byteas, ints } from "./arrays.ts";
import { ask, type Connection, type Statement } from "./connection.ts";

const save: Statement = {
  name: "save",
  text: `
    UPDATE characters c
    SET version = t.version, zone = t.zone, schema_version = t.schema_version, state = t.state
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::bigint[], $7::bytea[])
      AS t (character_id, expected, version, session_epoch, zone, schema_version, state)
    WHERE c.character_id = t.character_id AND c.version = t.expected
      AND (t.session_epoch = 0 OR c.session_epoch = t.session_epoch)`,
};
const findSaved: Statement = {
  name: "find_saved",
  text: `
    SELECT character_id, version, session_epoch, zone, schema_version, state
    FROM characters WHERE character_id = ANY ($1::bigint[])`,
};

interface SavedRow {
  readonly version: number;
  readonly sessionEpoch: number;
  readonly zone: number;
  readonly schemaVersion: number;
  readonly state: Uint8Array;
}

/** Writes saves. @returns one outcome per save, in the same order */
export async function writeSaves(
  client: Connection,
  saves: readonly CharacterSave[],
): Promise<SaveOutcome[]> {
  const outcomes = new Array<SaveOutcome>(saves.length);
  let left = [...saves.entries()];
  while (left.length > 0) {
    const wave = new Map<CharacterId, readonly [number, CharacterSave]>();
    const later: [number, CharacterSave][] = [];
    for (const entry of left) {
      if (wave.has(entry[1].characterId)) later.push(entry);
      else wave.set(entry[1].characterId, entry);
    }
    // In one order, so that two writers wait for each other and never in a circle.
    const entries = [...wave.values()].sort(([, a], [, b]) => a.characterId - b.characterId);
    const written = await writeWave(
      client,
      entries.map(([, one]) => one),
    );
    for (const [at, [index]] of entries.entries()) outcomes[index] = written[at] as SaveOutcome;
    left = later;
  }
  return outcomes;
}

/** Writes saves of different characters. */
async function writeWave(client: Connection, saves: readonly CharacterSave[]): Promise<SaveOutcome[]> {
  const ids = bigints(saves.map(({ characterId }) => characterId));
  const { count } = await ask(client, save, [
    ids,
    bigints(saves.map(({ expectedVersion }) => expectedVersion)),
    bigints(saves.map(versionOf)),
    bigints(saves.map(({ sessionEpoch = 0 }) => sessionEpoch)),
    ints(saves.map(({ zone }) => zone)),
    bigints(saves.map(({ schemaVersion }) => schemaVersion)),
    byteas(saves.map(({ state }) => state)),
  ]);
  if (count === saves.length) return saves.map((one) => ({ ok: true, version: versionOf(one) }));
  const { rows } = await ask(client, findSaved, [ids]);
  const found = new Map(
    (rows as [CharacterId, number, number, number, number, Uint8Array][]).map(
      ([id, version, sessionEpoch, zone, schemaVersion, state]): [CharacterId, SavedRow] => [
        id,
        { version, sessionEpoch, zone, schemaVersion, state },
      ],
    ),
  );
  return saves.map((one) => outcomeOf(one, found.get(one.characterId)));
}

/** What the row says of a save: it was written now or before, or not at all. */
function outcomeOf(request: CharacterSave, row: SavedRow | undefined): SaveOutcome {
  if (row === undefined) return { ok: false, code: "not_found" };
  const version = versionOf(request);
  if (row.version === version && holds(row, request)) return { ok: true, version };
  const isStale = request.sessionEpoch !== undefined && row.sessionEpoch !== request.sessionEpoch;
  return { ok: false, code: isStale ? "epoch_stale" : "version_conflict" };
}

function holds(row: SavedRow, { zone, schemaVersion, state }: CharacterSave): boolean {
  return row.zone === zone && row.schemaVersion === schemaVersion && Buffer.compare(row.state, state) === 0;
}

function versionOf({ expectedVersion, version = expectedVersion + 1 }: CharacterSave): number {
  return version;
}
