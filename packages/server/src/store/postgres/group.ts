/**
 * Operations, saves and ticks of many callers in one transaction: one commit, one sync of the disk for all of them.
 *
 *     → BEGIN, lock zones            ← epochs
 *     → lock holders, read rows      ← rows; what each call does is decided here, in memory
 *     → write rows, COMMIT           ← done
 *
 * Invariant: no answer exists before the commit was answered. A call that is refused as a whole leaves nothing behind.
 * Invariant: calls take effect in their order.
 */
import type { MyriadError } from "../../kernel/errors.ts";
import type { Fence } from "../../ledger/fence.ts";
import { contentOf } from "../../ledger/content.ts";
import { digestOf } from "../../ledger/operation.ts";
import type { Operation, OperationId, Outcome } from "../../ledger/port.ts";
import { carryOut } from "../../ledger/rules.ts";
import type { Call } from "../calls.ts";
import type { DomainEvent } from "../outbox-port.ts";
import type { CharacterSave, SaveOutcome } from "../port.ts";
import type { TickCommit } from "../zones-port.ts";
import { askOnce, commit, type Connection } from "./connection.ts";
import { fencedOff, JournalEnds, lockEpochs } from "./journal.ts";
import { type KnownOperation, loadLedger, type NewOperation, writeLedger } from "./ledger.ts";
import type { IdPool } from "./id-pool.ts";
import { LedgerSet } from "./ledger-set.ts";
import { appendEvents } from "./outbox.ts";
import { writeSaves } from "./saves.ts";
import { Touched } from "./touched.ts";

/** A call that goes in groups. */
export type GroupedCall = Extract<
  Call,
  { readonly method: "applyOperations" | "saveCharacters" | "commitTick" }
>;

export type GroupReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: MyriadError };

/** Whether a call goes in groups. */
export function isGrouped(call: Call): call is GroupedCall {
  const { method } = call;
  return method === "applyOperations" || method === "saveCharacters" || method === "commitTick";
}

/** The parts of a call, whichever it is. */
interface Parts {
  readonly fence: Fence | undefined;
  readonly operations: readonly Operation[];
  readonly saves: readonly CharacterSave[];
  readonly tick: TickCommit | undefined;
}

/** What a call came to, before its saves were written. */
interface Decided {
  readonly parts: Parts;
  readonly refusal: MyriadError | undefined;
  readonly outcomes: readonly Outcome[];
}

/**
 * Makes the calls in one transaction.
 * Rejects with what `pg` says, after which nothing has taken effect, unless the commit's answer was lost.
 * @returns One reply per call, in the same order.
 */
export async function runGroup(
  client: Connection,
  calls: readonly GroupedCall[],
  ids: IdPool,
): Promise<GroupReply[]> {
  const all = calls.map(partsOf);
  const zones = all.flatMap(({ fence }) => (fence === undefined ? [] : [fence.zone]));
  const begun = askOnce(client, "BEGIN ISOLATION LEVEL READ COMMITTED");
  const [, epochs] = await Promise.all([
    begun,
    zones.length === 0 ? new Map<number, number>() : lockEpochs(client, zones),
  ]);

  const touched = new Touched();
  for (const { operations } of all) for (const operation of operations) touched.add(operation);
  const batches = all.flatMap(({ tick }) =>
    tick?.journal === undefined ? [] : [{ fence: tick.fence, batch: tick.journal }],
  );
  const set = new LedgerSet(ids);
  const hasOperations = touched.operationIds.size > 0;
  const [known, ends] = await Promise.all([
    hasOperations ? loadLedger(client, touched, set) : new Map<string, KnownOperation>(),
    JournalEnds.read(client, batches),
    touched.newItems > 0 ? ids.prepare(client, touched.newItems) : undefined,
  ]);

  const applied = new Applied(set, known);
  const events: DomainEvent[] = [];
  const decided = all.map((parts) => decide(parts, { epochs, ends, applied, events }));
  const saves = decided.flatMap(({ parts, refusal }) => (refusal === undefined ? parts.saves : []));

  const writing = [
    writeLedger(client, set, applied.fresh),
    ends.write(client),
    appendEvents(client, events),
    saves.length === 0 ? [] : writeSaves(client, saves),
  ] as const;
  // Saves may have a question before the commit; without them all of it is on the line already.
  const isLast = saves.length === 0;
  const committing = isLast ? commit(client) : undefined;
  // Whoever fails first is heard below.
  committing?.catch(() => {});
  const [, , , saved] = await Promise.all(writing);
  await (committing ?? commit(client));
  return repliesOf(calls, decided, saved);
}

interface Grounds {
  readonly epochs: ReadonlyMap<number, number>;
  readonly ends: JournalEnds;
  readonly applied: Applied;
  readonly events: DomainEvent[];
}

/** Decides one call: refuses it as a whole, or applies its operations in memory and adds its batch and events. */
function decide(parts: Parts, { epochs, ends, applied, events }: Grounds): Decided {
  const { fence, operations, tick } = parts;
  const refused = (refusal: MyriadError): Decided => ({ parts, refusal, outcomes: [] });
  const fenced = fence === undefined ? undefined : fencedOff(fence, epochs.get(fence.zone) ?? 0);
  if (fenced !== undefined) return refused(fenced);
  const added = tick?.journal === undefined ? true : ends.add(tick.fence, tick.journal);
  if (typeof added !== "boolean") return refused(added);
  const outcomes = operations.map((operation) => applied.apply(operation));
  // A commit that comes a second time left its events the first time; they may have been delivered since.
  for (const event of added ? (tick?.events ?? []) : []) {
    const about = event.operation === undefined ? undefined : outcomes[event.operation];
    if (about?.status !== "refused") events.push(event);
  }
  return { parts, refusal: undefined, outcomes };
}

/** Operations applied to a set of rows, each once. */
class Applied {
  readonly fresh: NewOperation[] = [];
  readonly #set: LedgerSet;
  readonly #known: Map<string, { readonly digest: string; readonly outcome: Outcome }>;

  constructor(set: LedgerSet, known: ReadonlyMap<string, KnownOperation>) {
    this.#set = set;
    this.#known = new Map(
      [...known].map(([id, { digest, outcome }]) => [
        id,
        { digest, outcome: JSON.parse(outcome) as Outcome },
      ]),
    );
  }

  apply(operation: Operation): Outcome {
    const operationId: OperationId = operation.operationId;
    const content = contentOf(operation);
    const digest = digestOf(content);
    const before = this.#known.get(operationId);
    if (before !== undefined)
      return before.digest === digest ? before.outcome : { status: "refused", code: "operation_conflict" };
    const outcome = carryOut(this.#set, operation);
    this.#known.set(operationId, { digest, outcome });
    this.fresh.push({ operationId, digest, content, outcome });
    return outcome;
  }
}

function partsOf(call: GroupedCall): Parts {
  switch (call.method) {
    case "applyOperations":
      return { ...call.argument, saves: [], tick: undefined };
    case "saveCharacters":
      return { ...call.argument, operations: [], tick: undefined };
    case "commitTick":
      return { ...call.argument, tick: call.argument };
  }
}

function repliesOf(
  calls: readonly GroupedCall[],
  decided: readonly Decided[],
  saved: readonly SaveOutcome[],
): GroupReply[] {
  let at = 0;
  return decided.map(({ parts, refusal, outcomes }, index) => {
    if (refusal !== undefined) return { ok: false, error: refusal };
    const saves = saved.slice(at, at + parts.saves.length);
    at += parts.saves.length;
    switch (calls[index]?.method) {
      case "applyOperations":
        return { ok: true, value: outcomes };
      case "saveCharacters":
        return { ok: true, value: saves };
      default:
        return { ok: true, value: { outcomes, saves } };
    }
  });
}
