/**
 * From a ticket to a character that may join: account, older session, row, items.
 *
 * Steps, each of which may end it: the ticket is verified; it is used up; the account is found; the name must not be
 * another account's; the older session of the character, if there is one, is closed and let go by its zone, which saves
 * it; the row is opened, which raises its session epoch; the items are read.
 * Invariant: one login per character at a time. A newer one ends the older with `logged_in_elsewhere` and waits for it.
 * Invariant: the row is read only after the older session ended, so nothing that it saved is missed.
 * Invariant: never throws; what fails is a close reason.
 */
import type { CloseReason } from "@myriad/protocol";
import { type CharacterRecord, encodeCharacter } from "../bus/character.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Timers } from "../kernel/time.ts";
import { nameKey } from "../store/name-key.ts";
import type { CharacterContent, Store } from "../store/port.ts";
import { takeoverMsMax } from "./limits.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { Ticket, TicketVerifier } from "./tickets.ts";
import { isWithin } from "./within.ts";

export interface LoadedCharacter {
  readonly characterId: number;
  readonly name: string;
  readonly nameKey: string;
  readonly zone: number;
  /** Payload of the join. */
  readonly payload: Uint8Array;
}

export interface LoginOptions {
  readonly store: Store;
  readonly tickets: TicketVerifier;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly wallMs: () => number;
  /** What a character of this name begins with. */
  readonly newCharacter: (name: string) => CharacterContent;
  /** Sessions that may be there at once. */
  readonly capacity: number;
  /** Ends the older session of a character: its client is told, its zone lets go. */
  readonly takeOver: (older: Session) => void;
  /** Something failed that should not: for the log. */
  readonly onFailure: (error: unknown) => void;
}

/** One attempt. `end` makes it stop at its next step. */
export class Login {
  endedBy: CloseReason | undefined;
  /** Told the reason at once when somebody else ends the attempt. */
  readonly #onEnd: (reason: CloseReason) => void;

  constructor(onEnd: (reason: CloseReason) => void) {
    this.#onEnd = onEnd;
  }

  end(reason: CloseReason): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = reason;
    this.#onEnd(reason);
  }
}

interface Turn {
  readonly login: Login;
  readonly isOver: Promise<void>;
}

export class Logins {
  readonly #options: LoginOptions;
  /** The newest attempt for each character. */
  readonly #turns = new Map<string, Turn>();

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /**
   * Runs one attempt to its end. `join` is called in the same step as the last check, so nobody comes in between; what
   * it refuses is the answer.
   */
  async run(
    login: Login,
    token: string,
    join: (character: LoadedCharacter) => CloseReason | undefined,
  ): Promise<CloseReason | undefined> {
    try {
      const ticket = await this.#useTicket(login, token);
      if (!ticket.ok) return ticket.error;
      return await this.#inTurn(login, ticket.value, join);
    } catch (error) {
      this.#options.onFailure(error);
      return "store_unavailable";
    }
  }

  async #useTicket(login: Login, token: string): Promise<Result<Ticket, CloseReason>> {
    const { tickets, store, wallMs } = this.#options;
    const ticket = await tickets.verify(token);
    if (!ticket.ok) return ticket;
    if (login.endedBy !== undefined) return err(login.endedBy);
    const { ticketId, expiresAtMs } = ticket.value;
    const isFirstUse = await store.consumeTicket({ ticketId, expiresAtMs, nowMs: wallMs() });
    return isFirstUse ? ticket : err("ticket_used");
  }

  async #inTurn(
    login: Login,
    ticket: Ticket,
    join: (character: LoadedCharacter) => CloseReason | undefined,
  ): Promise<CloseReason | undefined> {
    const { store } = this.#options;
    const { accountId } = await store.account({ subject: ticket.subject, name: ticket.name });
    // Before anybody is taken over: another account's ticket must not end the owner's session.
    const found = await store.findCharacter(ticket.name);
    if (found !== undefined && found.accountId !== accountId) return "name_taken";
    if (login.endedBy !== undefined) return login.endedBy;

    const key = nameKey(ticket.name);
    const before = this.#turns.get(key);
    before?.login.end("logged_in_elsewhere");
    let finish!: () => void;
    const turn: Turn = {
      login,
      isOver: new Promise((resolve) => {
        finish = resolve;
      }),
    };
    this.#turns.set(key, turn);
    try {
      await before?.isOver;
      const loaded = await this.#load(login, ticket, accountId);
      if (!loaded.ok) return loaded.error;
      return login.endedBy ?? join(loaded.value);
    } finally {
      finish();
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }

  async #load(
    login: Login,
    ticket: Ticket,
    accountId: Parameters<Store["openCharacter"]>[0]["accountId"],
  ): Promise<Result<LoadedCharacter, CloseReason>> {
    const { store, sessions, newCharacter, capacity } = this.#options;
    if (login.endedBy !== undefined) return err(login.endedBy);
    const older = sessions.named(ticket.name);
    if (older !== undefined && !(await this.#takeOver(older))) return err("zone_unavailable");
    if (login.endedBy !== undefined) return err(login.endedBy);
    // Early, so that a full realm does not load what it will refuse; the join decides.
    if (sessions.size >= capacity) return err("server_full");

    const initial = newCharacter(ticket.name);
    const opened = await store.openCharacter({ accountId, name: ticket.name, initial });
    if (!opened.ok) return err(opened.error === "account_unknown" ? "store_unavailable" : opened.error);
    const character = opened.value;
    const items = await store.ledger.items({ kind: "character", id: character.characterId });
    const record: CharacterRecord = {
      characterId: character.characterId,
      name: character.name,
      version: character.version,
      sessionEpoch: character.sessionEpoch,
      schemaVersion: character.schemaVersion,
      state: character.state,
      items,
    };
    return ok({
      characterId: character.characterId,
      name: character.name,
      nameKey: nameKey(character.name),
      zone: character.zone,
      payload: encodeCharacter(record),
    });
  }

  /** True when the older session's character is saved and gone. */
  async #takeOver(older: Session): Promise<boolean> {
    const { timers, takeOver } = this.#options;
    takeOver(older);
    return isWithin(older.whenEnded(), timers, takeoverMsMax);
  }
}
