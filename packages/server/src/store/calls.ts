/**
 * The store's calls as data, and the port made out of one function that carries them to a database.
 *
 * Every adapter is a `carry`: in this thread, to a worker, over a connection. What all of them share stands here once:
 * the checks of arguments, the state "closed", the measuring of health.
 *
 * Invariant: a call has exactly one argument and one answer, both of plain data that can cross a thread.
 */
import { unreachable } from "../kernel/assert.ts";
import { MyriadError } from "../kernel/errors.ts";
import type { Result } from "../kernel/result.ts";
import { assertHolder, assertOperations } from "../ledger/operation.ts";
import type { Holder, Item, Operation, Outcome } from "../ledger/port.ts";
import {
  assertAccountRequest,
  assertName,
  assertOpenCharacterRequest,
  assertSaves,
  assertTicketUse,
} from "./checks.ts";
import type {
  Account,
  AccountRequest,
  Character,
  CharacterSave,
  OpenCharacterRequest,
  OpenRefusal,
  SaveOutcome,
  Store,
  StoreHealth,
  TicketUse,
} from "./port.ts";

/** What a database does inside a transaction, by the call's name. */
export interface StoreCalls {
  account(request: AccountRequest): Account;
  openCharacter(request: OpenCharacterRequest): Result<Character, OpenRefusal>;
  saveCharacters(saves: readonly CharacterSave[]): SaveOutcome[];
  findCharacter(name: string): Character | undefined;
  consumeTicket(use: TicketUse): boolean;
  applyOperations(operations: readonly Operation[]): Outcome[];
  items(holder: Holder): Item[];
  /** Touches the database and answers nothing. */
  ping(nothing: null): null;
}

export type Method = keyof StoreCalls;
export type Argument<M extends Method> = Parameters<StoreCalls[M]>[0];
export type Answer<M extends Method> = ReturnType<StoreCalls[M]>;
/** One call with its argument. */
export type Call = { [M in Method]: { readonly method: M; readonly argument: Argument<M> } }[Method];

export interface StoreAdapter {
  /**
   * Brings one call to the database and its answer back, rejecting with MyriadError. The argument is read before this
   * returns; calls take effect in the order in which they were carried.
   */
  carry(call: Call): Promise<unknown>;
  /** Finishes what was carried and lets go of the database. Called once. */
  close(): Promise<void>;
  /** A monotonic clock in milliseconds, for health. */
  nowMs(): number;
}

/** Lets a database make one call. The one place where a call's name becomes a method. */
export function perform(calls: StoreCalls, call: Call): unknown {
  switch (call.method) {
    case "account":
      return calls.account(call.argument);
    case "openCharacter":
      return calls.openCharacter(call.argument);
    case "saveCharacters":
      return calls.saveCharacters(call.argument);
    case "findCharacter":
      return calls.findCharacter(call.argument);
    case "consumeTicket":
      return calls.consumeTicket(call.argument);
    case "applyOperations":
      return calls.applyOperations(call.argument);
    case "items":
      return calls.items(call.argument);
    case "ping":
      return calls.ping(call.argument);
    default:
      return unreachable(call);
  }
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
      apply: (operations) => send("applyOperations", operations, () => assertOperations(operations)),
      items: (holder) => send("items", holder, () => assertHolder(holder)),
    },
    account: (request) => send("account", request, () => assertAccountRequest(request)),
    openCharacter: (request) => send("openCharacter", request, () => assertOpenCharacterRequest(request)),
    saveCharacters: (saves) => send("saveCharacters", saves, () => assertSaves(saves)),
    findCharacter: (name) => send("findCharacter", name, () => assertName(name)),
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
