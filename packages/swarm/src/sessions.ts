/**
 * The players' way into the realm and back into it when a socket is lost: tickets, hello, welcome, resume, goodbye.
 *
 *   idle → ticket → opening → greeting → playing → leaving → gone
 *            ▲         ▲          │         │                 ▲
 *            └─────────┴─ waiting ◄─────────┴── attemptsMax ──┘
 *
 * Owns the phases, the links and one deadline per player on the wheel: a beat while it plays, else the end of a wait.
 * Invariant: one link per player; what an earlier one still says is ignored. Nothing that comes from a server throws.
 */
import {
  clientMessage,
  closeCodes,
  closeReasonOf,
  decodeServerText,
  encodeHello,
  formatVersion,
  serverMessage,
  subprotocol,
  type Welcome,
} from "@myriad/protocol";
import type { TicketOffice } from "./http-client.ts";
import { attemptsMax, backoffMsMax, backoffMsMin, beatMs, joinMsMax } from "./limits.ts";
import type { Meters } from "./meters.ts";
import type { Clocks, Play } from "./play.ts";
import { nextRandom } from "./random.ts";
import { isObserver, phase, type Roster } from "./roster.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Link, LinkListener, Transport } from "./transport.ts";

/** Asks for the server's schema: no schema has this hash. */
const unknownHash = "0000000000000000";
const clientName = "myriad-swarm 0.1";
/** Characters of a stranger's words that become the name of an error. */
const wordsMax = 80;
const byeMessage = Uint8Array.of(clientMessage.bye);

export class Sessions implements LinkListener {
  /** Players in the realm. */
  playing = 0;
  /** Players that left or gave up. */
  gone = 0;
  readonly #roster: Roster;
  readonly #play: Play;
  readonly #meters: Meters;
  readonly #wheel: TimerWheel;
  readonly #transport: Transport;
  readonly #tickets: TicketOffice;
  readonly #clocks: Clocks;
  readonly #nameOf: (player: number) => string;
  readonly #links: (Link | undefined)[];
  /** Key, life in milliseconds and end of each player's session; an empty key where there is none to resume. */
  readonly #resumeKeys: string[];
  readonly #resumeMs: Float64Array;
  readonly #resumeUntilMs: Float64Array;
  /** Attempts since the last welcome. */
  readonly #attempts: Uint8Array;
  #isLeaving = false;

  constructor(options: {
    roster: Roster;
    play: Play;
    meters: Meters;
    wheel: TimerWheel;
    transport: Transport;
    tickets: TicketOffice;
    clocks: Clocks;
    nameOf: (player: number) => string;
  }) {
    const { count } = options.roster;
    this.#roster = options.roster;
    this.#play = options.play;
    this.#meters = options.meters;
    this.#wheel = options.wheel;
    this.#transport = options.transport;
    this.#tickets = options.tickets;
    this.#clocks = options.clocks;
    this.#nameOf = options.nameOf;
    this.#links = new Array<Link | undefined>(count).fill(undefined);
    this.#resumeKeys = new Array<string>(count).fill("");
    this.#resumeMs = new Float64Array(count);
    this.#resumeUntilMs = new Float64Array(count);
    this.#attempts = new Uint8Array(count);
  }

  /** A player's deadline: its turn to join, its next beat, or the end of what it waited for. */
  due(player: number, dueMs: number): void {
    switch (this.#roster.phase[player]) {
      case phase.idle:
      case phase.waiting:
        return this.#attempt(player, dueMs);
      case phase.playing: {
        this.#wheel.set(player, dueMs + beatMs);
        const link = this.#links[player];
        return link === undefined ? undefined : this.#play.beat(player, link, dueMs);
      }
      case phase.ticket:
      case phase.opening:
      case phase.greeting:
        this.#meters.error(`join: nothing for ${joinMsMax} ms`);
        return this.#retry(player);
      default:
        // The server did not answer the goodbye.
        return this.#end(player);
    }
  }

  /** All say goodbye. The server has until `untilMs` to answer; `gone` grows to the number of players. */
  leave(untilMs: number): void {
    this.#isLeaving = true;
    for (let player = 0; player < this.#roster.count; player++) {
      const link = this.#links[player];
      if (this.#roster.phase[player] === phase.playing && link !== undefined) {
        this.#enter(player, phase.leaving);
        this.#wheel.set(player, untilMs);
        link.send(byeMessage);
      } else {
        this.#end(player);
      }
    }
  }

  opened(link: Link): void {
    const { player } = link;
    if (this.#links[player] !== link) return;
    this.#enter(player, phase.greeting);
    const hello = {
      formatVersion,
      schemaHash: this.#play.game?.schemaHash ?? unknownHash,
      wantsDigests: isObserver(player),
      lastFact: this.#roster.lastFact[player]!,
      client: clientName,
    };
    link.send(encodeHello(hello));
  }

  message(link: Link, bytes: Uint8Array): void {
    const { player } = link;
    if (this.#links[player] !== link || this.#roster.phase[player] === phase.leaving) return;
    try {
      if (bytes[0] !== serverMessage.frame) this.#text(player, link, bytes);
      else if (this.#roster.phase[player] === phase.playing) this.#play.frame(player, link, bytes);
      else this.#meters.error("malformed: a frame before the welcome");
    } catch (cause) {
      // A bug of the swarm's own: counted, so that one player's bad luck does not end the others' run.
      this.#meters.error(`exception: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  closed(link: Link, code: number, reason: string): void {
    const { player } = link;
    if (this.#links[player] !== link) return;
    this.#links[player] = undefined;
    if (this.#isLeaving) return this.#end(player);
    const closeReason = closeReasonOf(code);
    const name = `${code} ${closeReason ?? (reason.slice(0, wordsMax) || "connection lost")}`;
    if (this.#roster.phase[player] === phase.playing) {
      this.#meters.dropped++;
      this.#meters.error(`close: ${name}`);
      this.#resumeUntilMs[player] = this.#clocks.nowMs() + this.#resumeMs[player]!;
    } else {
      this.#meters.error(`join: ${name}`);
    }
    // A session that is over, a ticket that came too late: a real client asks for another ticket.
    if (closeReason === "session_unknown") this.#resumeKeys[player] = "";
    const startsAnew = ["session_unknown", "ticket_expired", "ticket_used"].includes(closeReason ?? "");
    if (closeReason === undefined || closeCodes[closeReason].retry || startsAnew) this.#retry(player);
    else this.#end(player);
  }

  #attempt(player: number, nowMs: number): void {
    const attempt = this.#attempts[player]! + 1;
    this.#attempts[player] = attempt;
    this.#wheel.set(player, nowMs + joinMsMax);
    const key = this.#resumeKeys[player]!;
    if (key !== "" && nowMs < this.#resumeUntilMs[player]!) return this.#open(player, `resume.${key}`);
    this.#resumeKeys[player] = "";
    this.#enter(player, phase.ticket);
    void this.#askForTicket(player, attempt);
  }

  async #askForTicket(player: number, attempt: number): Promise<void> {
    const isCurrent = () => this.#roster.phase[player] === phase.ticket && this.#attempts[player] === attempt;
    try {
      const ticket = await this.#tickets.ticket(this.#nameOf(player));
      if (isCurrent()) this.#open(player, `ticket.${ticket}`);
    } catch (cause) {
      if (!isCurrent()) return;
      const words = cause instanceof Error ? cause.message : String(cause);
      this.#meters.error(`join: ${words.slice(0, wordsMax)}`);
      this.#retry(player);
    }
  }

  #open(player: number, credential: string): void {
    this.#enter(player, phase.opening);
    this.#links[player] = this.#transport.open(player, [subprotocol, credential], this);
  }

  #retry(player: number): void {
    if (this.#attempts[player]! >= attemptsMax) return this.#end(player);
    this.#drop(player);
    this.#enter(player, phase.waiting);
    const pauseMs = Math.min(backoffMsMax, backoffMsMin * 2 ** this.#attempts[player]!);
    const spread = 0.5 + nextRandom(this.#roster.random, player) / 2;
    this.#wheel.set(player, this.#clocks.nowMs() + pauseMs * spread);
  }

  #end(player: number): void {
    if (this.#roster.phase[player] === phase.gone) return;
    this.#drop(player);
    this.#wheel.cancel(player);
    this.#enter(player, phase.gone);
    this.gone++;
  }

  /** Lets the link go; what it still says is no longer heard. */
  #drop(player: number): void {
    const link = this.#links[player];
    this.#links[player] = undefined;
    link?.terminate();
  }

  #enter(player: number, next: number): void {
    if (this.#roster.phase[player] === phase.playing) this.playing--;
    if (next === phase.playing) this.playing++;
    this.#roster.phase[player] = next;
  }

  #text(player: number, link: Link, bytes: Uint8Array): void {
    const decoded = decodeServerText(bytes);
    if (!decoded.ok) return this.#meters.error(`malformed: ${decoded.code}`);
    // A notice explains a close that follows; a pong answers what nobody asked.
    if (decoded.value.kind !== "welcome") return;
    if (this.#roster.phase[player] === phase.greeting) this.#welcome(player, link, decoded.value.welcome);
    else this.#meters.error("malformed: a second welcome");
  }

  #welcome(player: number, link: Link, welcome: Welcome): void {
    const problem = this.#play.begin(player, welcome);
    if (problem !== undefined) {
      this.#meters.error(`join: ${problem}`);
      link.send(byeMessage);
      return this.#end(player);
    }
    if (welcome.resumed) this.#meters.resumed++;
    this.#resumeKeys[player] = welcome.resumeKey;
    this.#resumeMs[player] = welcome.resumeSeconds * 1000;
    this.#attempts[player] = 0;
    this.#enter(player, phase.playing);
    // Players that were welcomed together do not speak together.
    this.#wheel.set(player, this.#wheel.nowMs + nextRandom(this.#roster.random, player) * beatMs);
  }
}
