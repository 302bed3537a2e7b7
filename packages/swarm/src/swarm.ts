/**
 * One run of the swarm, or one process's share of it: players join over the ramp, settle, are measured, and leave.
 *
 *   ramping → gathering → settling → [ready] → measuring → leaving → done
 *
 * Owns the stages and the wheel. Reads no clock and holds no timer: whoever runs it calls `advance` every few milliseconds.
 * Who runs several shares lets them wait when they are ready, and lets all of them measure at once.
 * Invariant: rates and latencies come from the measuring stage alone; faults count in all.
 */
import { Behaviour } from "./behaviour.ts";
import { type Figures, figuresOf, type Tally } from "./figures.ts";
import type { TicketOffice } from "./http-client.ts";
import {
  advanceMsMax,
  gatherMsMax,
  leaveMsMax,
  settleMs,
  settleMsPerPlayer,
  sightingsMs,
  wheelSlots,
  wheelStepMs,
} from "./limits.ts";
import { Meters } from "./meters.ts";
import type { SwarmOptions } from "./options.ts";
import { type PlaceOf, type Square } from "./place.ts";
import { type Clocks, Play } from "./play.ts";
import { role, Roster } from "./roster.ts";
import { Sessions } from "./sessions.ts";
import { Sightings } from "./sightings.ts";
import { TimerWheel } from "./timer-wheel.ts";
import type { Transport } from "./transport.ts";

export type Stage = "ramping" | "gathering" | "settling" | "ready" | "measuring" | "leaving" | "done";

/** What the swarm takes from the machine. */
export interface Machine extends Clocks {
  /** Milliseconds of processor time that this process has used. */
  readonly cpuMs: () => number;
  readonly transport: Transport;
  readonly tickets: TicketOffice;
}

/** Where the players are, and which of them are here. */
export interface Share {
  /** Where the player of a number appears. @default where the game lets it begin */
  readonly placeOf?: PlaceOf;
  /** Where everybody stays. @default the whole world */
  readonly square?: Square | undefined;
  /** Number of the first player here, and how many are here. @default all */
  readonly first?: number;
  readonly count?: number;
  /** Whether to wait with the measuring until `measure` is called. @default false */
  readonly waits?: boolean;
}

export class Swarm {
  readonly options: SwarmOptions;
  readonly meters = new Meters();
  readonly sessions: Sessions;
  readonly play: Play;
  readonly roster: Roster;
  #stage: Stage = "ramping";
  readonly #machine: Machine;
  readonly #wheel: TimerWheel;
  readonly #sightings = new Sightings();
  readonly #startMs: number;
  readonly #rampEndMs: number;
  #waits: boolean;
  /** When the stage began, and when somebody arrived or gave up last. */
  #sinceMs: number;
  #arrivedMs: number;
  #arrived = 0;
  #stall: "ahead" | "on" | "over" = "ahead";
  #cpuAtOpenMs = 0;
  /** Milliseconds in the realm of all measured players together, since the start: what rates per player are divided by. */
  #playerMs = 0;
  #playerMsAtOpen = 0;
  #tally: Tally | undefined;

  constructor(options: SwarmOptions, machine: Machine, share: Share = {}) {
    this.options = options;
    this.#machine = machine;
    const { players: total, mix, seed, stall, flooders } = options;
    const { placeOf = () => undefined, square, first = 0, count = total } = share;
    this.#waits = share.waits ?? false;
    const nowMs = machine.nowMs();
    this.#startMs = nowMs;
    this.#sinceMs = nowMs;
    this.#arrivedMs = nowMs;
    this.#rampEndMs = nowMs + options.rampSeconds * 1000;
    // One entry per player, and one for the look around.
    this.#wheel = new TimerWheel({ entries: count + 1, stepMs: wheelStepMs, slots: wheelSlots, nowMs });
    const stallers = stall?.clients ?? 0;
    const roster = new Roster({ players: count, mix, seed, first, total, stallers, flooders });
    this.roster = roster;
    const behaviour = new Behaviour(roster, this.#sightings, square);
    this.play = new Play({ roster, meters: this.meters, behaviour, clocks: machine });
    this.sessions = new Sessions({
      roster,
      play: this.play,
      meters: this.meters,
      wheel: this.#wheel,
      transport: machine.transport,
      tickets: machine.tickets,
      clocks: machine,
      nameOf: (player) => playerName(seed, first + player),
      placeOf: (player) => placeOf(first + player),
    });
    for (let player = 0; player < count; player++) {
      this.#wheel.set(player, nowMs + (options.rampSeconds * 1000 * player) / count);
    }
    this.#wheel.set(count, nowMs + sightingsMs);
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** Milliseconds since the start. */
  elapsedMs(nowMs: number): number {
    return nowMs - this.#startMs;
  }

  get playerMs(): number {
    return this.#playerMs;
  }

  /** What was measured, as it adds up with other shares; undefined before the end of the window. */
  get tally(): Tally | undefined {
    return this.#tally;
  }

  /** What was measured; undefined before the end of the window. */
  get figures(): Figures | undefined {
    return this.#tally === undefined ? undefined : figuresOf(this.options, this.#tally, this.meters);
  }

  /** Does what is due, after a pause the oldest first and not all at once. Call it every `wheelStepMs` or so; how late it is called is measured. */
  advance(nowMs: number): void {
    const { meters, sessions } = this;
    const beforeMs = this.#wheel.nowMs;
    this.#wheel.advance(Math.min(nowMs, beforeMs + advanceMsMax), this.#due);
    const afterMs = this.#wheel.nowMs;
    if (meters.isMeasuring) {
      for (let atMs = beforeMs + wheelStepMs; atMs <= afterMs; atMs += wheelStepMs) {
        meters.timerLag.record(nowMs - atMs);
      }
    }
    this.#playerMs += (afterMs - beforeMs) * sessions.measured;
    this.#proceed(nowMs);
  }

  /** Lets the measuring begin as soon as this share is ready. */
  measure(): void {
    this.#waits = false;
  }

  /** Ends the run now: what was measured so far counts, the players say goodbye. */
  stop(nowMs: number): void {
    if (this.#stage === "leaving" || this.#stage === "done") return;
    this.#close(nowMs);
  }

  readonly #due = (entry: number, dueMs: number): void => {
    if (entry < this.roster.count) return this.sessions.due(entry, dueMs);
    const { game, playerKind, observers } = this.play;
    if (game !== undefined) this.#sightings.look(game, playerKind, observers.values());
    this.#wheel.set(entry, dueMs + sightingsMs);
  };

  #proceed(nowMs: number): void {
    const players = this.roster.count;
    const { playing, gone } = this.sessions;
    const inStageMs = nowMs - this.#sinceMs;
    switch (this.#stage) {
      case "ramping":
        if (nowMs >= this.#rampEndMs) this.#enter("gathering", nowMs);
        return;
      case "gathering": {
        const isStill = this.#stillMs(nowMs) >= gatherMsMax && inStageMs >= gatherMsMax;
        if (gone === players || (isStill && playing === 0)) return this.#close(nowMs);
        if (playing + gone === players || isStill) this.#enter("settling", nowMs);
        return;
      }
      case "settling":
        if (inStageMs >= settleMs + settleMsPerPlayer * this.options.players) this.#enter("ready", nowMs);
        return;
      case "ready":
        if (!this.#waits) this.#open(nowMs);
        return;
      case "measuring":
        if (inStageMs >= this.options.seconds * 1000 || gone === players) return this.#close(nowMs);
        return this.#stallInTime(inStageMs);
      case "leaving":
        if (gone === players) this.#enter("done", nowMs);
        return;
      case "done":
        return;
    }
  }

  /** Milliseconds since somebody arrived or gave up. */
  #stillMs(nowMs: number): number {
    const arrived = this.sessions.playing + this.sessions.gone;
    if (arrived !== this.#arrived) {
      this.#arrived = arrived;
      this.#arrivedMs = nowMs;
    }
    return nowMs - this.#arrivedMs;
  }

  #open(nowMs: number): void {
    this.meters.open();
    this.#cpuAtOpenMs = this.#machine.cpuMs();
    this.#playerMsAtOpen = this.#playerMs;
    this.sessions.flood(nowMs);
    this.#enter("measuring", nowMs);
  }

  /** Who stalls does so once, in the middle of the measured time. */
  #stallInTime(inStageMs: number): void {
    const { stall, seconds } = this.options;
    if (stall === undefined) return;
    const fromMs = ((seconds - stall.seconds) / 2) * 1000;
    if (this.#stall === "ahead" && inStageMs >= fromMs) {
      this.#stall = "on";
      this.sessions.stall(false);
    } else if (this.#stall === "on" && inStageMs >= fromMs + stall.seconds * 1000) {
      this.#stall = "over";
      this.sessions.stall(true);
    }
  }

  #close(nowMs: number): void {
    const isMeasured = this.#stage === "measuring";
    if (isMeasured) this.play.countUnanswered(nowMs);
    this.meters.close();
    const equalAgain = this.#equalAgain();
    if (this.options.stall !== undefined && isMeasured) {
      const left = this.roster.role.filter((own) => own === role.stalls).length - equalAgain;
      if (left > 0) this.meters.error("stall: not equal to the zone again", left);
    }
    this.#judgeFloods(isMeasured);
    const { playing, floodTold, floodClosed } = this.sessions;
    this.#tally = {
      connected: playing,
      observers: this.roster.observes.filter((own, i) => own === 1 && this.roster.role[i] === role.plays)
        .length,
      windowMs: isMeasured ? nowMs - this.#sinceMs : 0,
      playerMs: isMeasured ? this.#playerMs - this.#playerMsAtOpen : 0,
      cpuMs: isMeasured ? this.#machine.cpuMs() - this.#cpuAtOpenMs : 0,
      equalAgain,
      floodTold,
      floodClosed,
    };
    this.sessions.leave(nowMs + leaveMsMax);
    this.#enter("leaving", nowMs);
  }

  /** How many of those that stalled see what the zone says. */
  #equalAgain(): number {
    let count = 0;
    for (const [player, observer] of this.play.observers) {
      if (this.roster.role[player] === role.stalls && this.#stall === "over" && observer.isEqual) count++;
    }
    return count;
  }

  #judgeFloods(isMeasured: boolean): void {
    const flooders = this.roster.role.filter((own) => own === role.floods).length;
    const left = flooders - this.sessions.floodClosed;
    if (isMeasured && left > 0) this.meters.error("flood: not closed for it", left);
  }

  #enter(stage: Stage, nowMs: number): void {
    this.#stage = stage;
    this.#sinceMs = nowMs;
  }
}

/** A character's name: letters and digits, the same in each run of a seed, so that runs find their characters again. */
export function playerName(seed: number, player: number): string {
  return `Bot${seed.toString(36)}x${player.toString(36)}`;
}
