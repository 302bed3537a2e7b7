/**
 * The outbox in PostgreSQL. Several servers may deliver from one: what one has claimed the others pass over.
 */
import { deliveryAttemptsMax, errorUnitsMax } from "../limits.ts";
import type {
  ClaimedEvent,
  ClaimRequest,
  DeadLetter,
  DomainEvent,
  OutboxDepth,
  PageRequest,
  Settlement,
} from "../outbox-port.ts";
import { bigints, byteas, texts } from "./arrays.ts";
import { ask, type Connection, type Statement } from "./connection.ts";
import { ownBytes } from "./journal.ts";
import { restored, storable } from "./text.ts";

const append: Statement = {
  name: "append_events",
  text: `
    INSERT INTO events (event_id, type, key, payload)
    SELECT id, type, key, payload
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) WITH ORDINALITY AS t (id, type, key, payload, at)
    ORDER BY at ON CONFLICT (event_id) DO NOTHING`,
};
const bury: Statement = {
  name: "bury_events",
  text: `
    UPDATE events SET is_dead = true, error = 'nobody said what became of it'
    WHERE sequence IN (
      SELECT sequence FROM events WHERE NOT is_dead AND due_at_ms <= $1 AND attempts >= ${deliveryAttemptsMax}
      FOR UPDATE SKIP LOCKED)`,
};
const eventColumns = "sequence, event_id, type, key, payload, attempts";
const claim: Statement = {
  name: "claim_events",
  text: `
    UPDATE events SET attempts = attempts + 1, due_at_ms = $2
    WHERE sequence IN (
      SELECT sequence FROM events WHERE NOT is_dead AND due_at_ms <= $1
      ORDER BY due_at_ms, sequence LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING ${eventColumns}`,
};
const drop: Statement = {
  name: "drop_events",
  text: "DELETE FROM events WHERE sequence = ANY ($1::bigint[])",
};
const fail: Statement = {
  name: "fail_events",
  text: `
    UPDATE events e SET due_at_ms = t.due_at_ms, error = t.error, is_dead = (e.attempts >= ${deliveryAttemptsMax})
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS t (sequence, due_at_ms, error)
    WHERE e.sequence = t.sequence AND NOT e.is_dead`,
};
const findDead: Statement = {
  name: "find_dead",
  text: `
    SELECT ${eventColumns}, error FROM events WHERE is_dead AND sequence > $1 ORDER BY sequence LIMIT $2`,
};
const revive: Statement = {
  name: "revive_events",
  text: `
    UPDATE events SET is_dead = false, attempts = 0, due_at_ms = 0, error = ''
    WHERE sequence = ANY ($1::bigint[]) AND is_dead`,
};
const count: Statement = {
  name: "count_events",
  text: "SELECT count(*) FILTER (WHERE NOT is_dead), count(*) FILTER (WHERE is_dead) FROM events",
};

/** Adds events, in the transaction of what they speak of. */
export async function appendEvents(client: Connection, events: readonly DomainEvent[]): Promise<void> {
  if (events.length === 0) return;
  await ask(client, append, [
    texts(events.map(({ eventId }) => storable(eventId))),
    texts(events.map(({ type }) => storable(type))),
    texts(events.map(({ key }) => storable(key))),
    byteas(events.map(({ payload }) => payload)),
  ]);
}

export async function claimEvents(client: Connection, request: ClaimRequest): Promise<ClaimedEvent[]> {
  const [, { rows }] = await Promise.all([
    ask(client, bury, [request.nowMs]),
    ask(client, claim, [request.nowMs, request.untilMs, request.limit]),
  ]);
  // What an update returns has no order.
  return rows.map(claimedOf).sort((left, right) => left.sequence - right.sequence);
}

export async function settleEvents(client: Connection, settlements: readonly Settlement[]): Promise<void> {
  const delivered = settlements.filter((one) => one.delivered);
  const failed = settlements.filter((one) => !one.delivered);
  await Promise.all([
    ask(client, drop, [bigints(delivered.map(({ sequence }) => sequence))]),
    ask(client, fail, [
      bigints(failed.map(({ sequence }) => sequence)),
      bigints(failed.map(({ retryAtMs }) => retryAtMs)),
      texts(failed.map(({ error }) => storable(error.slice(0, errorUnitsMax).toWellFormed()))),
    ]),
  ]);
}

export async function deadLetters(
  client: Connection,
  { after = 0, limit }: PageRequest,
): Promise<DeadLetter[]> {
  const { rows } = await ask(client, findDead, [after, limit]);
  return rows.map((row) => ({ ...claimedOf(row), error: restored(row[6] as string) }));
}

export async function replayEvents(client: Connection, sequences: readonly number[]): Promise<number> {
  return (await ask(client, revive, [bigints(sequences)])).count;
}

export async function outboxDepth(client: Connection): Promise<OutboxDepth> {
  const { rows } = await ask(client, count);
  const [waiting, dead] = rows[0] as [number, number];
  return { waiting, dead };
}

function claimedOf(row: readonly unknown[]): ClaimedEvent {
  const [sequence, eventId, type, key, payload, attempts] = row as [
    number,
    string,
    string,
    string,
    Uint8Array,
    number,
  ];
  return {
    sequence,
    eventId: restored(eventId),
    type: restored(type),
    key: restored(key),
    payload: ownBytes(payload),
    attempts,
  };
}
