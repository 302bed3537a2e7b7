/**
 * What a gateway does when zones and gateways come back from a failure: sessions that a zone lost are let in again,
 * sessions that only a zone knows are let go.
 *
 * Invariant: a client whose zone failed stays connected; its character comes back as it was saved last.
 * Invariant: what was on its way to a zone that failed is not sent to the next one: it may be what made it fail.
 */
import { encodeNotice, noticeCodes } from "@myriad/protocol";
import type { Intake } from "./intake.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { orphanMs, orphansMax } from "./limits.ts";
import type { Logins } from "./login.ts";
import type { Link, Session } from "./session.ts";

export interface RecoveryOptions {
  readonly links: ReadonlyMap<number, Link>;
  readonly logins: Logins;
  readonly lifecycle: Lifecycle;
  readonly intake: Intake;
  readonly nowMs: () => number;
  readonly onFailure: (error: unknown) => void;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  /** When zones were asked last to let sessions go that nobody here knows. */
  readonly #orphans = new Map<number, number>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** A zone failed and will come back. */
  zoneDown(zone: number): void {
    for (const session of this.#options.links.get(zone)?.residents ?? []) session.intents.forgetSent();
  }

  /**
   * A zone came back from an older state: everyone at home there is told and let in again.
   * @param lostMs How much older.
   */
  zoneRestored(zone: number, lostMs: number): void {
    const link = this.#options.links.get(zone);
    if (link === undefined) return;
    const seconds = Math.max(1, Math.ceil(lostMs / 1000));
    const notice = encodeNotice("zone_restored", `${noticeCodes.zone_restored}: ${seconds} s`);
    for (const session of link.residents) session.client?.connection.send(notice);
    this.#options.lifecycle.zoneRestored(link);
  }

  /** Lets a session into its zone again, from the character's last save. Never rejects. */
  async rejoin(session: Session): Promise<void> {
    try {
      const payload = await this.#options.logins.reload(session.name);
      const plays = session.state.kind === "playing" || session.state.kind === "absent";
      if (payload === undefined || !plays) return;
      session.home.join(session.id, payload, session.intents.acknowledged);
      session.intents.repeat();
      if (session.state.kind === "absent") session.home.absent(session.id, true);
      else if (session.intents.unsent > 0) this.#options.intake.queue(session);
    } catch (error) {
      // The next look at the session tries again.
      this.#options.onFailure(error);
    }
  }

  /** Asks a zone to let a session go that nobody here knows: an earlier run of this gateway had it. */
  letGo(session: number, link: Link): void {
    const nowMs = this.#options.nowMs();
    const askedMs = this.#orphans.get(session);
    if (askedMs === undefined ? this.#orphans.size >= orphansMax : nowMs - askedMs < orphanMs) return;
    this.#orphans.set(session, nowMs);
    link.leave(session, "left");
  }

  /** Forgets orphans that are no longer reported. */
  sweep(): void {
    const nowMs = this.#options.nowMs();
    for (const [session, askedMs] of this.#orphans) {
      if (nowMs - askedMs >= 2 * orphanMs) this.#orphans.delete(session);
    }
  }
}
