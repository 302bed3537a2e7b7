/**
 * The players' way into the realm and back into it when a socket is lost: tickets, hello, welcome, resume, goodbye.
 *
 *   idle → queued → ticket → opening → greeting → playing → leaving → gone
 *            ▲        ▲         ▲          │         │                 ▲
 *            └────────┴─────────┴─ waiting ◄─────────┴── attemptsMax ──┘
 *
 * Owns the phases, the links and one deadline per player on the wheel: a beat while it plays, else the end of a wait.
 * Invariant: one link per player; what an earlier one still says is ignored. Nothing that comes from a server throws.
 * Invariant: a player between ticket and greeting is under way and counted so by the admission; nobody else is.
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
import { Admission } from "./admission.ts";
import type { TicketOffice } from "./http-client.ts";
import { attemptsMax, backoffMsMax, backoffMsMin, beatMs, joinMsMax, wheelStepMs } from "./limits.ts";
import type { Meters } from "./meters.ts";
import type { PlaceOf } from "./place.ts";
import type { Clocks, Play } from "./play.ts";
import { nextRandom } from "./random.ts";
import { phase, role, type Roster } from "./roster.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Link, LinkListener, Transport } from "./transport.ts";

/** Asks for the server's schema: no schema has this hash. */
const unknownHash = "0000000000000000";
const clientName = "myriad-swarm 0.1";
/** Characters of a stranger's words that become the name of an error. */
const wordsMax = 80;
const byeMessage = Uint8Array.of(clientMessage.bye);

export class Sessions implements LinkListener {
  /** Players in the realm, and of these the ones whose rates are measured. */
  playing = 0;
  measured = 0;
  /** Players that left or gave up. */
  gone = 0;
  /** Players that were told that they flood, and that were closed for it. */
  floodTold = 0;
  floodClosed = 0;
  readonly admission: Admission;
  readonly #roster: Roster;
  readonly #play: Play;
  readonly #meters: Meters;
  readonly #wheel: TimerWheel;
  readonly #transport: Transport;
  readonly #tickets: TicketOffice;
  readonly #clocks: Clocks;
  readonly #nameOf: (player: number) => string;
  readonly #placeOf: PlaceOf;
  readonly #links: (Link | undefined)[];
  /** Key, life in milliseconds and end of each player's session; an empty key where there is none to resume. */
  readonly #resumeKeys: string[];
  readonly #resumeMs: Float64Array;
  readonly #resumeUntilMs: Float64Array;
  /** Attempts since the last welcome. */
  readonly #attempts: Uint8Array;
  #isLeaving = false;
  /** When the floods began; NaN before. */
  #floodSinceMs = Number.NaN;

  constructor(options: {
    roster: Roster;
    play: Play;
    meters: Meters;
    wheel: TimerWheel;
    transport: Transport;
    tickets: TicketOffice;
    clocks: Clocks;
    /** Name and place of a player of this roster. */
    nameOf: (player: number) => string;
    placeOf: PlaceOf;
  }) {
    const { count } = options.roster;
    this.admission = new Admission(count);
    this.#roster = options.roster;
    this.#play = options.play;
    this.#meters = options.meters;
    this.#wheel = options.wheel;
    this.#transport = options.transport;
    this.#tickets = options.tickets;
    this.#clocks = options.clocks;
    this.#nameOf = options.nameOf;
    this.#placeOf = options.placeOf;
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
        return this.#queue(player, dueMs);
      case phase.playing:
        return this.#beat(player, dueMs);
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
        link.resume();
        link.send(byeMessage);
      } else {
        this.#end(player);
      }
    }
  }

  /** Who stalls stops reading, or reads on. */
  stall(isReading: boolean): void {
    for (let player = 0; player < this.#roster.count; player++) {
      if (this.#roster.role[player] !== role.stalls) continue;
      const link = this.#links[player];
      if (isReading) link?.resume();
      else link?.pause();
      const observer = this.#play.observers.get(player);
      if (observer !== undefined) observer.isEqual = false;
    }
  }

  /** From now on who floods sends as fast as it can. */
  flood(nowMs: number): void {
    this.#floodSinceMs = nowMs;
    for (let player = 0; player < this.#roster.count; player++) {
      const isFlooder = this.#roster.role[player] === role.floods;
      if (isFlooder && this.#roster.phase[player] === phase.playing)
        this.#wheel.set(player, nowMs + wheelStepMs);
    }
  }

  opened(link: Link): void {
    const { player } = link;
    if (this.#links[player] !== link) return;
    this.#enter(player, phase.greeting);
    const hello = {
      formatVersion,
      schemaHash: this.#play.game?.schemaHash ?? unknownHash,
      wantsDigests: this.#roster.observes[player] === 1,
      unpacks: true,
      lastFact: this.#roster.lastFact[player]!,
      client: clientName,
    };
    link.send(encodeHello(hello));
  }

  message(link: Link, bytes: Uint8Array, from: number, to: number): void {
    const { player } = link;
    if (this.#links[player] !== link || this.#roster.phase[player] === phase.leaving) return;
    try {
      if (bytes[from] !== serverMessage.frame || from === to)
        this.#text(player, link, bytes.subarray(from, to));
      else if (this.#roster.phase[player] === phase.playing) this.#play.frame(player, link, bytes, from, to);
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
    if (this.#floods(player) && closeReason === "rate_exceeded") return this.#closedForFlood(player);
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

  #beat(player: number, dueMs: number): void {
    const link = this.#links[player];
    const floods = this.#floods(player);
    this.#wheel.set(player, dueMs + (floods ? wheelStepMs : beatMs));
    if (link === undefined) return;
    if (floods) this.#play.flood(player, link, dueMs);
    else this.#play.beat(player, link, dueMs);
  }

  #floods(player: number): boolean {
    return this.#roster.role[player] === role.floods && !Number.isNaN(this.#floodSinceMs);
  }

  #closedForFlood(player: number): void {
    this.floodClosed++;
    this.#meters.floodMs.record(this.#clocks.nowMs() - this.#floodSinceMs);
    this.#end(player);
  }

  /** Asks to be let in; a queued player has no deadline, its turn comes when another's join is over. */
  #queue(player: number, nowMs: number): void {
    this.#enter(player, phase.queued);
    if (this.admission.ask(player)) this.#attempt(player, nowMs);
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
      const ticket = await this.#tickets.ticket(this.#nameOf(player), this.#placeOf(player));
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
    const before = this.#roster.phase[player]!;
    const counts = this.#roster.role[player] === role.plays ? 1 : 0;
    if (before === phase.playing) {
      this.playing--;
      this.measured -= counts;
    }
    if (next === phase.playing) {
      this.playing++;
      this.measured += counts;
    }
    this.#roster.phase[player] = next;
    if (isUnderWay(before) && !isUnderWay(next)) this.#letOthersIn(next === phase.playing);
  }

  /** A join is over: the next in line may go. */
  #letOthersIn(isWelcome: boolean): void {
    this.admission.done(isWelcome);
    if (this.#isLeaving) return;
    for (let next = this.admission.next(); next >= 0; next = this.admission.next()) {
      // Nothing but a goodbye takes a player out of the queue, and then nobody is let in.
      this.#attempt(next, this.#clocks.nowMs());
    }
  }

  #text(player: number, link: Link, bytes: Uint8Array): void {
    const decoded = decodeServerText(bytes);
    if (!decoded.ok) return this.#meters.error(`malformed: ${decoded.code}`);
    const message = decoded.value;
    // A notice explains a close that follows; a pong answers what nobody asked.
    if (message.kind === "notice" && message.code === "rate_exceeded" && this.#floods(player))
      this.floodTold++;
    if (message.kind !== "welcome") return;
    if (this.#roster.phase[player] === phase.greeting) this.#welcome(player, link, message.welcome);
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

function isUnderWay(given: number): boolean {
  return given === phase.ticket || given === phase.opening || given === phase.greeting;
}
