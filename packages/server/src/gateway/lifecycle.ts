/**
 * How sessions begin, lose and find their clients, change their home, and end. The only place that changes a session's
 * state.
 *
 *   join ──▶ playing ◀──resume──▶ absent ──120 s──▶ closing ──zone let go──▶ ended
 *               └───────bye, take-over, drain──────────▲
 *   playing, absent ──resume at another gateway──▶ moved ──5 s──▶ ended here; adopted ──▶ playing there
 *
 * Invariant: a session that its zone lost, because the zone came back from an older state, is let in again from its last
 * save; its client stays.
 * Invariant: a session ends when its zone let the character go, which is after it was saved; only a zone that never
 * answers is not waited for, after 30 s.
 */
import type { CloseReason } from "@myriad/protocol";
import { closeCodes } from "@myriad/protocol";
import type { leaveReason } from "../bus/intent-batch.ts";
import { unreachable } from "../kernel/assert.ts";
import type { Clock, RandomBytes } from "../kernel/time.ts";
import type { Client } from "./client.ts";
import type { Intake } from "./intake.ts";
import { endingMsMax, movedMsMax, recallMs, rejoinMs, unreportedMsMax } from "./limits.ts";
import type { LoadedCharacter } from "./login.ts";
import type { LateWord, MovedSession } from "./peers.ts";
import { isSameSecret, type ResumeKey, secretBytes } from "./resume-key.ts";
import { type Link, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { GatewayStats } from "./stats.ts";
import type { Views } from "./views.ts";

export interface LifecycleOptions {
  readonly sessions: Sessions;
  readonly links: ReadonlyMap<number, Link>;
  readonly views: Views;
  readonly intake: Intake;
  readonly stats: GatewayStats;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Seconds that a session waits for its client to come back. */
  readonly resumeSeconds: number;
  /** Loads the character again and lets the session join its zone; called at most once in `rejoinMs` for each. */
  readonly rejoin: (session: Session) => void;
  /** A name is free again. */
  readonly released: (nameKey: string) => void;
  /** What a zone said of a session that is at another gateway. */
  readonly pass: (gateway: number, session: number, word: LateWord) => void;
  /** Says goodbye to a client. */
  readonly closeClient: (client: Client, reason: CloseReason) => void;
}

/** How a session is to end. */
export interface Ending {
  readonly reason: CloseReason;
  readonly leave: keyof typeof leaveReason;
  /** The client stays connected until the zone let go. @default false */
  readonly keepsClient?: boolean;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Makes a session and asks its zone to let the character in. The home must be known and not silent. */
  join(client: Client, character: LoadedCharacter, home: Link): Session {
    const { sessions, randomBytes, clock } = this.#options;
    const session = new Session({
      id: sessions.nextId(),
      characterId: character.characterId,
      name: character.name,
      nameKey: character.nameKey,
      home,
      client,
      resumeSecret: randomBytes(secretBytes),
      nowMs: clock.nowMs(),
    });
    sessions.add(session);
    client.state = { kind: "playing", session };
    home.join(session.id, character.payload, 0);
    return session;
  }

  /**
   * Gives a session that waits, or whose old socket is not yet missed, to a new client.
   * @returns The session and whether it can tell the client every fact since `lastFact`; undefined when there is none.
   */
  resume(
    client: Client,
    key: ResumeKey,
    lastFact: number,
  ): { session: Session; hasAllFacts: boolean } | undefined {
    const { stats, views, intake, randomBytes } = this.#options;
    const session = this.#waiting(key);
    if (session === undefined) return undefined;
    const { state } = session;
    stats.resumes += 1;
    if (state.kind === "playing") this.#options.closeClient(state.client, "logged_in_elsewhere");
    session.state = { kind: "playing", client };
    client.state = { kind: "playing", session };
    session.home.absent(session.id, false);
    session.resumeSecret = randomBytes(secretBytes);
    session.flow.restart();
    session.staleSinceMs = -1;
    session.dilationTold = 100;
    this.#askSelf(session);
    views.forgetClient(session);
    session.homeTick = session.home.newest.tick;
    // Intents that came with the old socket's last breath wait still.
    if (session.intents.unsent > 0) intake.queue(session);
    const hasAllFacts = session.facts.resume(lastFact) && session.factsLost === 0;
    session.factsLost = 0;
    return { session, hasAllFacts };
  }

  /**
   * Gives a session that waits to another gateway; undefined when there is none for this key. What its zone says of it
   * here until the zone knows where it is now is passed on.
   */
  handOut(key: ResumeKey, gateway: number): MovedSession | undefined {
    const session = this.#waiting(key);
    if (session === undefined) return undefined;
    if (session.state.kind === "playing")
      this.#options.closeClient(session.state.client, "logged_in_elsewhere");
    const untilMs = this.#options.clock.nowMs() + movedMsMax;
    session.state = { kind: "moved", gateway, untilMs };
    this.#options.sessions.moveAway(session);
    const { id, characterId, name, nameKey, home, factsLost, group } = session;
    return {
      id,
      characterId,
      name,
      nameKey,
      zone: home.zone,
      frames: session.flow.sent,
      intents: session.intents.give(),
      facts: session.facts.give(),
      factsLost,
      group,
    };
  }

  /** Goes on with a session that another gateway had. The home must be known. */
  adopt(
    client: Client,
    moved: MovedSession,
    home: Link,
    lastFact: number,
  ): { session: Session; hasAllFacts: boolean } {
    const { sessions, stats, randomBytes, clock } = this.#options;
    const { id, characterId, name, nameKey } = moved;
    const nowMs = clock.nowMs();
    const resumeSecret = randomBytes(secretBytes);
    const session = new Session({ id, characterId, name, nameKey, home, client, resumeSecret, nowMs });
    stats.resumes += 1;
    session.flow.continueFrom(moved.frames);
    session.intents.take(moved.intents);
    session.facts.take(moved.facts);
    sessions.add(session);
    sessions.setGroup(session, moved.group);
    client.state = { kind: "playing", session };
    home.here(id);
    session.calledMs = nowMs;
    home.absent(id, false);
    if (session.intents.unsent > 0) this.#options.intake.queue(session);
    const hasAllFacts = session.facts.resume(lastFact) && moved.factsLost === 0;
    return { session, hasAllFacts };
  }

  /** A zone came back from an older state: nobody is in it, and everyone at home there is let in again. */
  zoneRestored(link: Link): void {
    for (const session of [...link.residents]) {
      switch (session.state.kind) {
        case "playing":
        case "absent":
          this.#rejoin(session);
          break;
        case "closing":
          // What it had to save it saved, or it is lost with what the zone lost.
          this.forget(session);
          break;
        case "moved":
        case "ended":
      }
    }
  }

  /** A session's client is gone: it may come back. */
  clientGone(session: Session, client: Client): void {
    const { state } = session;
    if (session.client !== client) return;
    if (state.kind === "closing") {
      session.state = { ...state, client: undefined };
    } else if (state.kind === "playing") {
      const untilMs = this.#options.clock.nowMs() + this.#options.resumeSeconds * 1000;
      session.state = { kind: "absent", untilMs };
      session.home.absent(session.id, true);
    }
  }

  /** Asks the zone to let a session go. Its client is closed now, or kept until the zone answers. */
  end(session: Session, { reason, leave, keepsClient = false }: Ending): void {
    const { client } = session;
    if (session.state.kind !== "playing" && session.state.kind !== "absent") return;
    session.state = {
      kind: "closing",
      client: keepsClient ? client : undefined,
      reason,
      leave,
      untilMs: this.#options.clock.nowMs() + endingMsMax,
    };
    session.home.leave(session.id, leave);
    if (client !== undefined && !keepsClient) this.#options.closeClient(client, reason);
  }

  /** The zone let a session go. */
  zoneClosed(session: Session, reason: string): void {
    const { state } = session;
    if (state.kind === "moved") {
      this.#options.pass(state.gateway, session.id, { what: "closed", reason });
      this.#remove(session, "left");
    } else if (state.kind === "closing") this.#remove(session, state.reason);
    else
      this.#remove(session, Object.hasOwn(closeCodes, reason) ? (reason as CloseReason) : "zone_unavailable");
  }

  /** The zone never answered: the session is forgotten, its character stands where the zone last saved it. */
  forget(session: Session): void {
    this.#options.stats.sessionsForgotten += 1;
    this.#remove(session, session.state.kind === "closing" ? session.state.reason : "zone_unavailable");
  }

  /** Another zone owns the character now. */
  handedOver(session: Session, zone: number): void {
    const next = this.#options.links.get(zone);
    if (next === undefined) {
      this.#remove(session, "zone_unavailable");
      return;
    }
    const { state } = session;
    session.home.residents.delete(session);
    session.home = next;
    if (state.kind === "moved") {
      this.#options.pass(state.gateway, session.id, { what: "handedOver", zone });
      return;
    }
    this.#options.stats.handovers += 1;
    next.residents.add(session);
    this.#meetOwner(session);
  }

  /** Another owner runs the zone, maybe from an earlier tick: nothing that clients hold of it can be continued. */
  zoneRestarted(link: Link): void {
    this.#options.stats.zoneRestarts += 1;
    for (const session of this.#options.sessions.all()) {
      if (session.state.kind === "moved") continue;
      const viewer = session.viewerOf(link);
      if (viewer !== undefined) {
        viewer.view.restart(link.newest.tick - 1);
      }
      if (session.home !== link) continue;
      session.forgetRecords();
      this.#meetOwner(session);
    }
  }

  /** Looks at a session's deadlines. */
  sweep(session: Session, nowMs: number): void {
    const { state } = session;
    switch (state.kind) {
      case "absent":
        if (nowMs >= state.untilMs) this.end(session, { reason: "session_unknown", leave: "timedOut" });
        else this.#miss(session, nowMs);
        return;
      case "closing":
        if (nowMs >= state.untilMs) this.forget(session);
        return;
      case "playing":
        this.#miss(session, nowMs);
        return;
      case "moved":
        if (nowMs >= state.untilMs) this.#remove(session, "left");
        return;
      case "ended":
        return;
      default:
        unreachable(state);
    }
  }

  /** Looks after a session that its zone does not report. */
  #miss(session: Session, nowMs: number): void {
    const { home } = session;
    if (home.isSilent(nowMs)) return;
    const missedMs = nowMs - Math.max(session.reportedMs, home.aliveSinceMs);
    if (missedMs >= unreportedMsMax) {
      // A zone that runs and does not take the session in will not do so later.
      this.end(session, { reason: "zone_unavailable", leave: "left" });
    } else if (missedMs >= rejoinMs && nowMs - session.rejoinedMs >= rejoinMs) {
      this.#rejoin(session);
    } else if (session.calledMs > 0 && nowMs - session.calledMs >= recallMs) {
      session.calledMs = nowMs;
      home.here(session.id);
    }
  }

  #rejoin(session: Session): void {
    session.rejoinedMs = this.#options.clock.nowMs();
    this.#options.stats.rejoins += 1;
    this.#options.rejoin(session);
  }

  /** The session that a key opens, if it is there to be resumed. */
  #waiting(key: ResumeKey): Session | undefined {
    const session = this.#options.sessions.get(key.session);
    if (session === undefined) return undefined;
    const isWaiting = session.state.kind === "playing" || session.state.kind === "absent";
    return isWaiting && isSameSecret(session.resumeSecret, key.secret) ? session : undefined;
  }

  /** A new owner is told again what the old one may not have passed on: intents, absence, the wish to leave. */
  #meetOwner(session: Session): void {
    session.homeTick = -1;
    this.#askSelf(session);
    session.intents.repeat();
    const { state, home } = session;
    if (session.calledMs > 0) home.here(session.id);
    switch (state.kind) {
      case "playing":
        this.#options.intake.queue(session);
        return;
      case "absent":
        home.absent(session.id, true);
        return;
      case "closing":
        home.leave(session.id, state.leave);
        return;
      case "moved":
      case "ended":
        return;
      default:
        unreachable(state);
    }
  }

  #askSelf(session: Session): void {
    session.needsSelf = true;
    session.selfAskedTick = Number.NEGATIVE_INFINITY;
  }

  #remove(session: Session, reason: CloseReason): void {
    const { client } = session;
    // The name of a session that moved went with it.
    const holdsName = session.state.kind !== "moved";
    session.state = { kind: "ended" };
    this.#options.sessions.remove(session);
    if (holdsName) this.#options.released(session.nameKey);
    if (client !== undefined) this.#options.closeClient(client, reason);
    session.tellEnded();
  }
}
