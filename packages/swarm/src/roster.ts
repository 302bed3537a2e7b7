/**
 * The players' state: a column per property, a row per player.
 *
 * Owns the memory; `Sessions` writes what comes from the server, `Behaviour` what a player wants.
 * hot path
 */
import { pendingIntentsMax, playersPerObserver } from "./limits.ts";
import { type Mix, type Persona, personas } from "./options.ts";
import { nextRandom, randomStates } from "./random.ts";

/** Where a player stands on its way into the realm and out of it. */
export const phase = {
  /** Its turn in the ramp has not come. */
  idle: 0,
  /** A ticket was asked for. */
  ticket: 1,
  /** A socket is being opened, with a ticket or a resume key. */
  opening: 2,
  /** Hello was said; the welcome is awaited. */
  greeting: 3,
  playing: 4,
  /** Waits before the next attempt. */
  waiting: 5,
  /** Said goodbye; the server's is awaited. */
  leaving: 6,
  /** Left, or gave up. */
  gone: 7,
} as const;

export class Roster {
  readonly count: number;
  readonly phase: Uint8Array;
  readonly persona: readonly Persona[];
  readonly random: Uint32Array;

  /** Number of the last frame, and the bytes since the last acknowledgement. */
  readonly lastFrame: Uint32Array;
  readonly unackedBytes: Float64Array;
  /** When the last frame came; NaN when the next one closes no gap. */
  readonly lastFrameMs: Float64Array;
  readonly lastFact: Float64Array;
  /** Number of the newest intent, and of the newest that a frame acknowledged. */
  readonly lastSeq: Float64Array;
  readonly ackedSeq: Float64Array;
  /** Intended times of the intents that wait, a ring per player. */
  readonly intendedMs: Float64Array;

  /** Entity id in the home zone; −1 before it is known. */
  readonly ownId: Int32Array;
  /** Metres; NaN before they are known. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly isFallen: Uint8Array;

  /** Where it walks to, until when, and the place around which it stays. */
  readonly goalX: Float64Array;
  readonly goalY: Float64Array;
  readonly goalUntilMs: Float64Array;
  readonly anchorX: Float64Array;
  readonly anchorY: Float64Array;
  /** Where it was when its progress was looked at, and when that is due again. */
  readonly checkX: Float64Array;
  readonly checkY: Float64Array;
  readonly checkMs: Float64Array;
  /** Its way round an obstacle: radians beside the goal. */
  readonly detour: Float64Array;
  /** What it fights or fetches; 0 for nothing. */
  readonly target: Float64Array;
  readonly targetUntilMs: Float64Array;
  /** When it may act, and talk, again. */
  readonly actMs: Float64Array;
  readonly talkMs: Float64Array;

  constructor(options: { players: number; mix: Mix; seed: number }) {
    const { players } = options;
    const doubles = (value = 0) => new Float64Array(players).fill(value);
    this.count = players;
    this.phase = new Uint8Array(players);
    this.random = randomStates(players, options.seed);
    this.persona = Array.from({ length: players }, (_, i) => pickPersona(options.mix, this.random, i));
    this.lastFrame = new Uint32Array(players);
    this.unackedBytes = doubles();
    this.lastFrameMs = doubles(Number.NaN);
    this.lastFact = doubles();
    this.lastSeq = doubles();
    this.ackedSeq = doubles();
    this.intendedMs = new Float64Array(players * pendingIntentsMax);
    this.ownId = new Int32Array(players).fill(-1);
    this.x = doubles(Number.NaN);
    this.y = doubles(Number.NaN);
    this.isFallen = new Uint8Array(players);
    this.goalX = doubles();
    this.goalY = doubles();
    this.goalUntilMs = doubles();
    this.anchorX = doubles(Number.NaN);
    this.anchorY = doubles(Number.NaN);
    this.checkX = doubles(Number.NaN);
    this.checkY = doubles(Number.NaN);
    this.checkMs = doubles();
    this.detour = doubles();
    this.target = doubles();
    this.targetUntilMs = doubles();
    this.actMs = doubles();
    this.talkMs = doubles();
  }

  /** A new session begins: numbers start again, nothing is known of the world. */
  beginSession(player: number): void {
    this.lastFrame[player] = 0;
    this.lastFact[player] = 0;
    this.lastSeq[player] = 0;
    this.ackedSeq[player] = 0;
    this.ownId[player] = -1;
    this.x[player] = Number.NaN;
    this.y[player] = Number.NaN;
    this.isFallen[player] = 0;
    this.beginSocket(player);
  }

  /** Another socket carries the session on: nothing is on its way. */
  beginSocket(player: number): void {
    this.unackedBytes[player] = 0;
    this.lastFrameMs[player] = Number.NaN;
  }
}

/** Whether a player decodes everything: one in a hundred, beginning with the first. */
export function isObserver(player: number): boolean {
  return player % playersPerObserver === 0;
}

function pickPersona(mix: Mix, random: Uint32Array, player: number): Persona {
  const total = personas.reduce((sum, name) => sum + mix[name], 0);
  let drawn = nextRandom(random, player) * total;
  for (const name of personas) {
    drawn -= mix[name];
    if (drawn < 0) return name;
  }
  return "walk";
}
