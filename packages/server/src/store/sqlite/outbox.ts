/**
 * The outbox in the embedded database.
 *
 * Invariant: every method runs inside a transaction that its caller opened; an event is written in the one of what it
 * speaks of.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
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

/** Prepares the statements and gives the calls that use them. */
export function outboxTables(database: DatabaseSync) {
  const append = database.prepare(`
    INSERT INTO events (event_id, type, key, payload) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const bury = database.prepare(`
    UPDATE events SET is_dead = 1, error = 'nobody said what became of it'
    WHERE is_dead = 0 AND due_at_ms <= ? AND attempts >= ${deliveryAttemptsMax}`);
  const claim = database.prepare(`
    UPDATE events SET attempts = attempts + 1, due_at_ms = ? WHERE sequence IN
      (SELECT sequence FROM events WHERE is_dead = 0 AND due_at_ms <= ? ORDER BY due_at_ms, sequence LIMIT ?)
    RETURNING sequence, event_id, type, key, payload, attempts`);
  const drop = database.prepare("DELETE FROM events WHERE sequence = ?");
  const fail = database.prepare(`
    UPDATE events SET due_at_ms = ?, error = ?, is_dead = (attempts >= ${deliveryAttemptsMax})
    WHERE sequence = ? AND is_dead = 0`);
  const findDead = database.prepare(`
    SELECT * FROM events WHERE is_dead = 1 AND sequence > ? ORDER BY sequence LIMIT ?`);
  const revive = database.prepare(`
    UPDATE events SET is_dead = 0, attempts = 0, due_at_ms = 0, error = '' WHERE sequence = ? AND is_dead = 1`);
  const count = database.prepare(`
    SELECT count(*) FILTER (WHERE is_dead = 0) AS waiting, count(*) FILTER (WHERE is_dead = 1) AS dead FROM events`);

  return {
    appendEvent({ eventId, type, key, payload }: DomainEvent): void {
      append.run(eventId, type, key, payload);
    },

    claimEvents({ limit, nowMs, untilMs }: ClaimRequest): ClaimedEvent[] {
      bury.run(nowMs);
      // What an update returns has no order.
      return claim
        .all(untilMs, nowMs, limit)
        .map(claimedOf)
        .sort((left, right) => left.sequence - right.sequence);
    },

    settleEvents(settlements: readonly Settlement[]): null {
      for (const settlement of settlements) {
        if (settlement.delivered) drop.run(settlement.sequence);
        else fail.run(settlement.retryAtMs, settlement.error.slice(0, errorUnitsMax), settlement.sequence);
      }
      return null;
    },

    deadLetters({ after = 0, limit }: PageRequest): DeadLetter[] {
      return findDead.all(after, limit).map((row) => ({ ...claimedOf(row), error: row["error"] as string }));
    },

    replayEvents(sequences: readonly number[]): number {
      return sequences.reduce((sum, sequence) => sum + Number(revive.run(sequence).changes), 0);
    },

    outboxDepth(_nothing: null): OutboxDepth {
      const row = count.get();
      return { waiting: Number(row?.["waiting"]), dead: Number(row?.["dead"]) };
    },
  };
}

function claimedOf(row: Record<string, SQLOutputValue>): ClaimedEvent {
  return {
    sequence: row["sequence"] as number,
    eventId: row["event_id"] as string,
    type: row["type"] as string,
    key: row["key"] as string,
    payload: row["payload"] as Uint8Array,
    attempts: row["attempts"] as number,
  };
}
