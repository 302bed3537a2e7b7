/**
 * From a ticket to a character that may join: account, older session, row, items.
 *
 * Steps, each of which may end it: the ticket is verified; it is used up; the account is found; the name must not be
 * another account's; the older session of the character, if there is one, is closed and let go by its zone, which saves
 * it; the row is opened, which raises its session epoch; the items are read.
 * A ticket that names a place decides the zone; else the row does.
 * Invariant: one login per character at a time. A newer one ends the older with `logged_in_elsewhere` and waits for it.
 * Invariant: the row is read only after the older session ended, so nothing that it saved is missed.
 * Invariant: never throws; what fails is a close reason.
 */
import type { CloseReason } from "@myriad/protocol";
import { type CharacterRecord, encodeCharacter, type Place } from "../bus/character.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Timers } from "../kernel/time.ts";
import { nameKey } from "../store/name-key.ts";
import type { CharacterContent, Store } from "../store/port.ts";
import { takeoverMsMax } from "./limits.ts";
import type { Peers } from "./peers.ts";
import type { PlacedIn } from "./place.ts";
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
  /** The zone that holds a point or is nearest to it, and the point in it. */
  readonly zoneAt: (place: Place) => PlacedIn;
  /** Sessions that may be there at once. */
  readonly capacity: number;
  /** The other gateways, where there are some: they decide on names and on the capacity. */
  readonly peers: Peers | undefined;
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
    let isClaimed = false;
    try {
      await before?.isOver;
      const refusal = await this.#claim(login, ticket);
      if (refusal !== undefined) return refusal;
      isClaimed = true;
      const loaded = await this.#load(ticket, accountId);
      if (!loaded.ok) return loaded.error;
      const answer = login.endedBy ?? join(loaded.value);
      // From now on the session has the name.
      if (answer === undefined) isClaimed = false;
      return answer;
    } finally {
      if (isClaimed) this.#options.peers?.release(key);
      finish();
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }

  /** Makes sure that nobody else plays the character, here or at another gateway, and that there is room. */
  async #claim(login: Login, ticket: Ticket): Promise<CloseReason | undefined> {
    const { sessions, capacity, peers } = this.#options;
    if (login.endedBy !== undefined) return login.endedBy;
    const older = sessions.named(ticket.name);
    if (older !== undefined && !(await this.#takeOver(older))) return "zone_unavailable";
    if (login.endedBy !== undefined) return login.endedBy;
    // Early, so that a full realm does not load what it will refuse; the join decides.
    if (sessions.size >= capacity) return "server_full";
    if (peers === undefined) return undefined;
    const key = nameKey(ticket.name);
    const refusal = await peers.claim(key);
    if (refusal === undefined && login.endedBy !== undefined) peers.release(key);
    return refusal ?? login.endedBy;
  }

  /** Another gateway has a login for this character: one that goes on here stops. */
  evict(key: string): void {
    this.#turns.get(key)?.login.end("logged_in_elsewhere");
  }

  /**
   * Reads a character that plays, to let it into a zone that lost it. It stays the same session: nobody is taken over.
   * @returns The payload of a join; undefined when the character is gone. Rejects when the store fails.
   */
  async reload(name: string): Promise<Uint8Array | undefined> {
    const { store } = this.#options;
    const character = await store.findCharacter(name);
    if (character === undefined) return undefined;
    const items = await store.ledger.items({ kind: "character", id: character.characterId });
    return encodeCharacter({ ...character, items });
  }

  async #load(
    ticket: Ticket,
    accountId: Parameters<Store["openCharacter"]>[0]["accountId"],
  ): Promise<Result<LoadedCharacter, CloseReason>> {
    const { store, newCharacter, zoneAt } = this.#options;
    const initial = newCharacter(ticket.name);
    const opened = await store.openCharacter({ accountId, name: ticket.name, initial });
    if (!opened.ok) return err(opened.error === "account_unknown" ? "store_unavailable" : opened.error);
    const character = opened.value;
    const items = await store.ledger.items({ kind: "character", id: character.characterId });
    const placed = ticket.place === undefined ? undefined : zoneAt(ticket.place);
    const record: CharacterRecord = {
      characterId: character.characterId,
      name: character.name,
      version: character.version,
      sessionEpoch: character.sessionEpoch,
      schemaVersion: character.schemaVersion,
      state: character.state,
      items,
      ...(placed === undefined ? {} : { place: { x: placed.x, y: placed.y } }),
    };
    return ok({
      characterId: character.characterId,
      name: character.name,
      nameKey: nameKey(character.name),
      zone: placed?.zone ?? character.zone,
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
