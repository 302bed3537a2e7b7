/**
 * The Store port made out of one function that carries calls to a database. What all adapters share stands here once: the
 * checks of arguments, the state "closed", the measuring of health.
 */
import { MyriadError } from "../kernel/errors.ts";
import { assertHolder, assertOperations, assertTransferLimit } from "../ledger/checks.ts";
import { assertFence, assertZone } from "../ledger/fence.ts";
import type { Answer, Argument, Call, Method } from "./calls.ts";
import {
  assertAccountRequest,
  assertName,
  assertOpenCharacterRequest,
  assertSaves,
  assertTicketUse,
} from "./checks.ts";
import type { Store, StoreHealth } from "./port.ts";
import {
  assertCheckpointWrite,
  assertClaim,
  assertJournalRequest,
  assertPage,
  assertSequences,
  assertSettlements,
  assertTakeOver,
  assertTick,
  assertTickCommit,
} from "./zone-checks.ts";

export interface StoreAdapter {
  /**
   * Brings one call to the database and its answer back, rejecting with MyriadError. The argument is read before this
   * returns; calls with a routing key in common take effect in the order in which they were carried.
   */
  carry(call: Call): Promise<unknown>;
  /** Finishes what was carried and lets go of the database. Called once. */
  close(): Promise<void>;
  /** A monotonic clock in milliseconds, for health. */
  nowMs(): number;
}

/** The Store port over an adapter. */
export function storeOver(adapter: StoreAdapter): Store {
  const state: { closing: Promise<void> | undefined } = { closing: undefined };

  // Async, so that a failed check rejects as every other failure does.
  async function send<M extends Method>(
    method: M,
    argument: Argument<M>,
    check: () => void,
  ): Promise<Answer<M>> {
    check();
    if (state.closing !== undefined) throw new MyriadError("store_closed", `${method} came after close`);
    // The compiler cannot follow M through the union, nor the answer back out of it.
    return (await adapter.carry({ method, argument } as Call)) as Answer<M>;
  }

  return {
    ledger: {
      apply: (operations, fence) =>
        send("applyOperations", { operations, fence }, () => {
          assertOperations(operations);
          if (fence !== undefined) assertFence(fence);
        }),
      items: (holder) => send("items", holder, () => assertHolder(holder)),
      holdings: (holder) => send("holdings", holder, () => assertHolder(holder)),
      openTransfers: (limit) => send("openTransfers", limit, () => assertTransferLimit(limit)),
    },
    zones: {
      takeOver: (request) => send("takeOverZone", request, () => assertTakeOver(request)),
      owner: (zone) => send("zoneOwner", zone, () => assertZone(zone)),
      commitTick: (commit) => send("commitTick", commit, () => assertTickCommit(commit)),
      readJournal: (request) => send("readJournal", request, () => assertJournalRequest(request)),
      dropJournalFrom: (request) =>
        send("dropJournalFrom", request, () => {
          assertFence(request.fence);
          assertTick(request.fromTick);
        }),
      cutJournal: (request) =>
        send("cutJournal", request, () => {
          assertFence(request.fence);
          assertTick(request.beforeTick);
        }),
      writeCheckpoint: async (request) => {
        await send("writeCheckpoint", request, () => assertCheckpointWrite(request));
      },
      readCheckpoints: (zone) => send("readCheckpoints", zone, () => assertZone(zone)),
    },
    outbox: {
      claim: (request) => send("claimEvents", request, () => assertClaim(request)),
      settle: async (settlements) => {
        await send("settleEvents", settlements, () => assertSettlements(settlements));
      },
      deadLetters: (page) => send("deadLetters", page, () => assertPage(page)),
      replay: (sequences) => send("replayEvents", sequences, () => assertSequences(sequences)),
      depth: () => send("outboxDepth", null, () => {}),
    },
    account: (request) => send("account", request, () => assertAccountRequest(request)),
    openCharacter: (request) => send("openCharacter", request, () => assertOpenCharacterRequest(request)),
    saveCharacters: (saves, fence) =>
      send("saveCharacters", { saves, fence }, () => {
        assertSaves(saves);
        if (fence !== undefined) assertFence(fence);
      }),
    findCharacter: (name, { consistency = "current" } = {}) =>
      send("findCharacter", { name, consistency }, () => assertName(name)),
    consumeTicket: (use) => send("consumeTicket", use, () => assertTicketUse(use)),
    health: () => measureHealth(adapter, () => send("ping", null, () => {})),
    close: () => {
      state.closing ??= adapter.close();
      return state.closing;
    },
  };
}

async function measureHealth(adapter: StoreAdapter, ping: () => Promise<null>): Promise<StoreHealth> {
  const askedAtMs = adapter.nowMs();
  try {
    await ping();
    return { ok: true, latencyMs: adapter.nowMs() - askedAtMs };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, latencyMs: adapter.nowMs() - askedAtMs, detail };
  }
}
