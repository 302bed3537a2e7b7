/**
 * The session directory of one gateway: by number, by character name, by group.
 *
 * Invariant: one session per name; a second one is only added after the first ended.
 */
import { assert } from "../kernel/assert.ts";
import { nameKey } from "../store/name-key.ts";
import { sessionsPerGatewayMax } from "./limits.ts";
import { rowFlag, SessionRows } from "./session-rows.ts";
import type { Session } from "./session.ts";

/** Sessions for which there is room from the start. */
const rowsAtFirst = 256;

export class Sessions {
  readonly #gateway: number;
  readonly #byId = new Map<number, Session>();
  readonly #byName = new Map<string, Session>();
  readonly #byGroup = new Map<number, Set<Session>>();
  /** The numbers of all sessions that every tick touches. */
  readonly rows = new SessionRows<Session>(rowsAtFirst);
  #counter = 0;

  /** @param first Number before the first session's: another one after each start, so that old numbers rest. */
  constructor(gateway: number, first = 0) {
    this.#counter = first % sessionsPerGatewayMax;
    assert(Number.isInteger(gateway) && gateway >= 0 && gateway <= 0xff, "a gateway's index has 8 bits");
    this.#gateway = gateway;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A number that no living session has. */
  nextId(): number {
    assert(this.#byId.size < sessionsPerGatewayMax, "a gateway's sessions have 24 bits");
    for (;;) {
      this.#counter = this.#counter >= sessionsPerGatewayMax ? 1 : this.#counter + 1;
      const id = ((this.#gateway << 24) | this.#counter) >>> 0;
      if (!this.#byId.has(id)) return id;
    }
  }

  get(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  /** The session that plays a character, however the name is written. */
  named(name: string): Session | undefined {
    return this.#byName.get(nameKey(name));
  }

  inGroup(group: number): Iterable<Session> {
    return this.#byGroup.get(group) ?? [];
  }

  all(): Iterable<Session> {
    return this.#byId.values();
  }

  add(session: Session): void {
    assert(!this.#byName.has(session.nameKey), "a character has one session");
    this.#byId.set(session.id, session);
    session.enter(this.rows);
    this.#byName.set(session.nameKey, session);
    session.home.residents.add(session);
  }

  /** A session is at another gateway now: it is only known by its number any more. */
  moveAway(session: Session): void {
    session.flag(rowFlag.apart, true);
    this.#byName.delete(session.nameKey);
    this.setGroup(session, 0);
    session.home.residents.delete(session);
    for (const viewer of session.viewers) viewer.link.viewers.remove(viewer);
    session.viewers.length = 0;
  }

  /** Takes an ended session out of everything that refers to it. */
  remove(session: Session): void {
    this.rows.remove(session);
    // A session that moved away and came back has the number of the one that moved.
    if (this.#byId.get(session.id) === session) this.#byId.delete(session.id);
    // A moved session's name may belong to another one by now.
    if (this.#byName.get(session.nameKey) !== session) return;
    this.moveAway(session);
  }

  /** The session belongs to another group now; 0 for none. */
  setGroup(session: Session, group: number): void {
    if (session.group === group) return;
    const old = this.#byGroup.get(session.group);
    old?.delete(session);
    if (old?.size === 0) this.#byGroup.delete(session.group);
    session.group = group;
    session.flag(rowFlag.grouped, group !== 0);
    if (group === 0) return;
    const members = this.#byGroup.get(group) ?? new Set();
    members.add(session);
    this.#byGroup.set(group, members);
  }
}
