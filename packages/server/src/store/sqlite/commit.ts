/**
 * A tick's effects in one go: journal, operations, saves, events.
 *
 * Invariant: runs inside a transaction that its caller opened; whoever is fenced off has written nothing.
 */
import { MyriadError } from "../../kernel/errors.ts";
import type { StoreCalls } from "../calls.ts";
import type { TickCommit, TickCommitted } from "../zones-port.ts";
import type { outboxTables } from "./outbox.ts";
import type { ZoneFence, zoneTables } from "./zones.ts";

interface Parts {
  readonly assertOwner: ZoneFence;
  readonly zones: Pick<ReturnType<typeof zoneTables>, "appendJournal">;
  readonly outbox: Pick<ReturnType<typeof outboxTables>, "appendEvent">;
  readonly applyOperations: StoreCalls["applyOperations"];
  readonly saveCharacters: StoreCalls["saveCharacters"];
}

/** The call `commitTick` out of the tables that it writes. */
export function tickCommits({ assertOwner, zones, outbox, applyOperations, saveCharacters }: Parts) {
  return {
    commitTick({ fence, journal, operations, saves, events }: TickCommit): TickCommitted {
      assertOwner(fence);
      const isNew = journal === undefined || zones.appendJournal(fence, journal);
      const outcomes = applyOperations({ operations, fence: undefined });
      const saved = saveCharacters({ saves, fence: undefined });
      // A commit that comes a second time left its events the first time; they may have been delivered since.
      for (const event of isNew ? events : []) {
        const about = event.operation === undefined ? undefined : outcomes[event.operation];
        if (about?.status !== "refused") outbox.appendEvent(event);
      }
      return { outcomes, saves: saved };
    },
  };
}

/** A caught error with its own code, or as a failure of the store. */
export function failureOf(what: string, cause: unknown): MyriadError {
  if (cause instanceof MyriadError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  return new MyriadError("store_failed", `${what}: ${words}`, { cause });
}
