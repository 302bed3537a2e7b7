/**
 * One run of the swarm: players join over the ramp, settle, are measured, and leave.
 *
 *   ramping → gathering → settling → measuring → leaving → done
 *
 * Owns the stages and the wheel. Reads no clock and holds no timer: whoever runs it calls `advance` every few milliseconds.
 * Invariant: rates and latencies come from the measuring stage alone; faults count in all.
 */
import { Behaviour } from "./behaviour.ts";
import { type Figures, figuresOf } from "./figures.ts";
import type { TicketOffice } from "./http-client.ts";
import { gatherMsMax, leaveMsMax, settleMs, sightingsMs, wheelSlots, wheelStepMs } from "./limits.ts";
import { Meters } from "./meters.ts";
import type { SwarmOptions } from "./options.ts";
import { type Clocks, Play } from "./play.ts";
import { Roster } from "./roster.ts";
import { Sessions } from "./sessions.ts";
import { Sightings } from "./sightings.ts";
import { TimerWheel } from "./timer-wheel.ts";
import type { Transport } from "./transport.ts";

export type Stage = "ramping" | "gathering" | "settling" | "measuring" | "leaving" | "done";

/** What the swarm takes from the machine. */
export interface Machine extends Clocks {
  /** Milliseconds of processor time that this process has used. */
  readonly cpuMs: () => number;
  readonly transport: Transport;
  readonly tickets: TicketOffice;
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
  /** When the stage began. */
  #sinceMs: number;
  #cpuAtOpenMs = 0;
  /** Milliseconds in the realm of all players together, since the start: what rates per player are divided by. */
  #playerMs = 0;
  #playerMsAtOpen = 0;
  #figures: Figures | undefined;

  constructor(options: SwarmOptions, machine: Machine) {
    this.options = options;
    this.#machine = machine;
    const { players, mix, seed } = options;
    const nowMs = machine.nowMs();
    this.#startMs = nowMs;
    this.#sinceMs = nowMs;
    this.#rampEndMs = nowMs + options.rampSeconds * 1000;
    // One entry per player, and one for the look around.
    this.#wheel = new TimerWheel({ entries: players + 1, stepMs: wheelStepMs, slots: wheelSlots, nowMs });
    const roster = new Roster({ players, mix, seed });
    this.roster = roster;
    const behaviour = new Behaviour(roster, this.#sightings);
    this.play = new Play({ roster, meters: this.meters, behaviour, clocks: machine });
    this.sessions = new Sessions({
      roster,
      play: this.play,
      meters: this.meters,
      wheel: this.#wheel,
      transport: machine.transport,
      tickets: machine.tickets,
      clocks: machine,
      nameOf: (player) => playerName(seed, player),
    });
    for (let player = 0; player < players; player++) {
      this.#wheel.set(player, nowMs + (options.rampSeconds * 1000 * player) / players);
    }
    this.#wheel.set(players, nowMs + sightingsMs);
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

  /** What was measured; undefined before the end of the window. */
  get figures(): Figures | undefined {
    return this.#figures;
  }

  /** Does everything that is due. Call it every `wheelStepMs` or so; how late it is called is measured. */
  advance(nowMs: number): void {
    const { meters, sessions } = this;
    const beforeMs = this.#wheel.nowMs;
    if (meters.isMeasuring) {
      for (let atMs = beforeMs + wheelStepMs; atMs <= nowMs; atMs += wheelStepMs) {
        meters.timerLag.record(nowMs - atMs);
      }
    }
    this.#wheel.advance(nowMs, (entry, dueMs) => this.#due(entry, dueMs));
    this.#playerMs += (this.#wheel.nowMs - beforeMs) * sessions.playing;
    this.#proceed(nowMs);
  }

  /** Ends the run now: what was measured so far counts, the players say goodbye. */
  stop(nowMs: number): void {
    if (this.#stage === "leaving" || this.#stage === "done") return;
    this.#close(nowMs);
  }

  #due(entry: number, dueMs: number): void {
    if (entry < this.options.players) return this.sessions.due(entry, dueMs);
    const { game, playerKind, observers } = this.play;
    if (game !== undefined) this.#sightings.look(game, playerKind, observers.values());
    this.#wheel.set(entry, dueMs + sightingsMs);
  }

  #proceed(nowMs: number): void {
    const { players, seconds } = this.options;
    const { playing, gone } = this.sessions;
    const inStageMs = nowMs - this.#sinceMs;
    switch (this.#stage) {
      case "ramping":
        if (nowMs >= this.#rampEndMs) this.#enter("gathering", nowMs);
        return;
      case "gathering":
        if (gone === players || (inStageMs >= gatherMsMax && playing === 0)) return this.#close(nowMs);
        if (playing + gone === players || inStageMs >= gatherMsMax) this.#enter("settling", nowMs);
        return;
      case "settling":
        if (inStageMs < settleMs) return;
        this.meters.open();
        this.#cpuAtOpenMs = this.#machine.cpuMs();
        this.#playerMsAtOpen = this.#playerMs;
        return this.#enter("measuring", nowMs);
      case "measuring":
        if (inStageMs >= seconds * 1000 || gone === players) this.#close(nowMs);
        return;
      case "leaving":
        if (gone === players) this.#enter("done", nowMs);
        return;
      case "done":
        return;
    }
  }

  #close(nowMs: number): void {
    const isMeasured = this.#stage === "measuring";
    if (isMeasured) this.play.countUnanswered(nowMs);
    this.meters.close();
    const windowMs = isMeasured ? nowMs - this.#sinceMs : 0;
    this.#figures = figuresOf({
      players: this.options.players,
      connected: this.sessions.playing,
      observers: this.play.observers.size,
      windowMs,
      playerMs: isMeasured ? this.#playerMs - this.#playerMsAtOpen : 0,
      cpuMs: isMeasured ? this.#machine.cpuMs() - this.#cpuAtOpenMs : 0,
      meters: this.meters,
    });
    this.sessions.leave(nowMs + leaveMsMax);
    this.#enter("leaving", nowMs);
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
