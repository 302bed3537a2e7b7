/**
 * How sessions begin, lose and find their clients, change their home, and end. The only place that changes a session's
 * state.
 *
 *   join ──▶ playing ◀──resume──▶ absent ──120 s──▶ closing ──zone let go──▶ ended
 *               └───────bye, take-over, drain──────────▲
 *
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
import { endingMsMax, unreportedMsMax } from "./limits.ts";
import type { LoadedCharacter } from "./login.ts";
import { isSameSecret, readResumeKey, secretBytes } from "./resume-key.ts";
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
    key: string,
    lastFact: number,
  ): { session: Session; hasAllFacts: boolean } | undefined {
    const { sessions, stats, views, intake, randomBytes } = this.#options;
    const parts = readResumeKey(key);
    const session = parts === undefined ? undefined : sessions.get(parts.session);
    if (parts === undefined || session === undefined) return undefined;
    const { state } = session;
    const isWaiting = state.kind === "playing" || state.kind === "absent";
    if (!isWaiting || !isSameSecret(session.resumeSecret, parts.secret)) return undefined;
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
    if (session.state.kind === "closing" || session.state.kind === "ended") return;
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
    if (state.kind === "closing") this.#remove(session, state.reason);
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
    this.#options.stats.handovers += 1;
    session.home.residents.delete(session);
    next.residents.add(session);
    session.home = next;
    this.#meetOwner(session);
  }

  /** Another owner runs the zone, maybe from an earlier tick: nothing that clients hold of it can be continued. */
  zoneRestarted(link: Link): void {
    this.#options.stats.zoneRestarts += 1;
    for (const session of this.#options.sessions.all()) {
      const viewer = session.viewerOf(link);
      if (viewer !== undefined) {
        viewer.view.invalidate();
        viewer.view.lastTick = link.newest.tick - 1;
      }
      if (session.home !== link) continue;
      session.forgetRecords();
      this.#meetOwner(session);
    }
  }

  /** Looks at a session's deadlines. */
  sweep(session: Session, nowMs: number): void {
    const { state, home } = session;
    switch (state.kind) {
      case "absent":
        if (nowMs >= state.untilMs) this.end(session, { reason: "session_unknown", leave: "timedOut" });
        return;
      case "closing":
        if (nowMs >= state.untilMs) this.forget(session);
        return;
      case "playing": {
        // A zone that runs and does not know the session will not know it later.
        const sinceMs = Math.max(session.reportedMs, home.aliveSinceMs);
        const isLost = !home.isSilent(nowMs) && nowMs - sinceMs >= unreportedMsMax;
        if (isLost) this.end(session, { reason: "zone_unavailable", leave: "left" });
        return;
      }
      case "ended":
        return;
      default:
        unreachable(state);
    }
  }

  /** A new owner is told again what the old one may not have passed on: intents, absence, the wish to leave. */
  #meetOwner(session: Session): void {
    session.homeTick = -1;
    this.#askSelf(session);
    session.intents.repeat();
    const { state, home } = session;
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
    session.state = { kind: "ended" };
    this.#options.sessions.remove(session);
    if (client !== undefined) this.#options.closeClient(client, reason);
    session.tellEnded();
  }
}
