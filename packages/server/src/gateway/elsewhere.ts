/**
 * A gateway's dealings with the other gateways of its realm: sessions that come and go, takeovers, letters.
 *
 * Owns nothing; the peers' directory decides who has which character. Without peers there is nobody to deal with.
 * Invariant: a session is at one gateway; whoever hands it out keeps only its number, to pass on what zones still say.
 * Invariant: nothing here rejects or throws: what cannot be reached is not there.
 */
import type { Client } from "./client.ts";
import type { Delivery } from "./deliver.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Logins } from "./login.ts";
import type { LateWord, MovedSession, Peers } from "./peers.ts";
import type { ResumeKey } from "./resume-key.ts";
import type { Link, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { nameKey } from "../store/name-key.ts";
import type { GatewayStats } from "./stats.ts";

/** A fact for a character by name that is not at this gateway. */
export interface OutwardLetter {
  readonly toName: string;
  readonly type: number;
  readonly record: Uint8Array;
  /** To be called when nobody plays that character. */
  readonly undelivered: () => void;
}

/** A fact for a character by its name's key. */
export interface InwardLetter {
  readonly nameKey: string;
  readonly type: number;
  readonly record: Uint8Array;
}

export interface ElsewhereOptions {
  readonly peers: Peers | undefined;
  readonly sessions: Sessions;
  readonly links: ReadonlyMap<number, Link>;
  readonly logins: Logins;
  readonly lifecycle: Lifecycle;
  readonly delivery: Delivery;
  readonly stats: GatewayStats;
  readonly onFailure: (error: unknown) => void;
}

export class Elsewhere {
  readonly #options: ElsewhereOptions;

  constructor(options: ElsewhereOptions) {
    this.#options = options;
  }

  /** Another gateway has a login for this character: who plays it here, or is about to, is ended. */
  evict(key: string): void {
    const { logins, sessions, lifecycle, stats } = this.#options;
    logins.evict(key);
    const older = sessions.named(key);
    if (older === undefined) return;
    stats.takeovers += 1;
    lifecycle.end(older, { reason: "logged_in_elsewhere", leave: "takenOver" });
  }

  /** Gives a session to the gateway at which its client resumes; undefined when there is none for this key. */
  handOut(key: ResumeKey, toGateway: number): MovedSession | undefined {
    const moved = this.#options.lifecycle.handOut(key, toGateway);
    if (moved !== undefined) this.#options.stats.movedOut += 1;
    return moved;
  }

  /** Fetches a session from the gateway that has it; undefined when there is none for this key. */
  async fetch(
    client: Client,
    key: ResumeKey,
    lastFact: number,
  ): Promise<{ session: Session; hasAllFacts: boolean } | undefined> {
    const { peers, links, lifecycle, stats, onFailure } = this.#options;
    const moved = await peers?.fetch(key).catch((error: unknown) => {
      onFailure(error);
      return undefined;
    });
    const home = moved === undefined ? undefined : links.get(moved.zone);
    if (moved === undefined || home === undefined) return undefined;
    const isGone = client.state.kind !== "loading";
    const resumed = lifecycle.adopt(client, moved, home, lastFact);
    stats.movedIn += 1;
    if (!isGone) return resumed;
    // The client left while its session was on the way: it waits here as any session without a client does.
    client.state = { kind: "closed" };
    lifecycle.clientGone(resumed.session, client);
    return undefined;
  }

  /** Takes what a zone said of a session to the gateway that had it before. */
  takeLate(id: number, word: LateWord): void {
    const { sessions, delivery, lifecycle } = this.#options;
    const session = sessions.get(id);
    if (session === undefined) return;
    if (word.what === "fact") delivery.give(session, word.type, word.record);
    else if (word.what === "closed") lifecycle.zoneClosed(session, word.reason);
    else lifecycle.handedOver(session, word.zone);
  }

  /** A letter from another gateway's zone; false when nobody plays that character here. */
  takeLetter(letter: InwardLetter): boolean {
    const session = this.#options.sessions.named(letter.nameKey);
    if (session === undefined) return false;
    this.#options.delivery.give(session, letter.type, letter.record);
    return true;
  }

  /** Brings a letter to whichever gateway has its receiver. */
  async forward({ toName, type, record, undelivered }: OutwardLetter): Promise<void> {
    const { peers, onFailure } = this.#options;
    const asked = peers?.deliver({ nameKey: nameKey(toName), type, record });
    // At once where nobody is to be asked: the sender's next frame tells it.
    const isDelivered = asked === undefined ? false : await asked.catch((error: unknown) => onFailure(error));
    if (isDelivered !== true) undelivered();
  }
}
