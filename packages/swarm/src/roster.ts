/**
 * The players' state: a column per property, a row per player.
 *
 * Owns the memory; `Sessions` writes what comes from the server, `Behaviour` what a player wants.
 * Invariant: what a player is like depends on its number in the whole swarm, not on the process that it plays in.
 * hot path
 */
import { pendingIntentsMax, playersPerObserver } from "./limits.ts";
import { type Mix, type Persona, personas } from "./options.ts";
import { nextRandom, randomStates } from "./random.ts";

/** Where a player stands on its way into the realm and out of it. */
export const phase = {
  /** Its turn in the ramp has not come. */
  idle: 0,
  /** Waits until fewer others are on their way in. */
  queued: 1,
  /** A ticket was asked for. */
  ticket: 2,
  /** A socket is being opened, with a ticket or a resume key. */
  opening: 3,
  /** Hello was said; the welcome is awaited. */
  greeting: 4,
  playing: 5,
  /** Waits before the next attempt. */
  waiting: 6,
  /** Said goodbye; the server's is awaited. */
  leaving: 7,
  /** Left, or gave up. */
  gone: 8,
} as const;

/** What a player is there for beside playing. */
export const role = {
  /** Plays, and its rates and latencies are measured. */
  plays: 0,
  /** Stops reading for a while. */
  stalls: 1,
  /** Sends as fast as it can. */
  floods: 2,
} as const;

export interface RosterOptions {
  /** Players here. */
  readonly players: number;
  readonly mix: Mix;
  readonly seed: number;
  /** Number of the first player here, and how many there are in the whole swarm. @default 0, `players` */
  readonly first?: number;
  readonly total?: number;
  /** How many of the whole swarm stall, the last ones, and how many flood, those before them. @default 0 */
  readonly stallers?: number;
  readonly flooders?: number;
}

export class Roster {
  readonly count: number;
  /** Number of the first player in the whole swarm. */
  readonly first: number;
  readonly phase: Uint8Array;
  readonly persona: readonly Persona[];
  readonly role: Uint8Array;
  /** 1 for who decodes everything. */
  readonly observes: Uint8Array;
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

  constructor(options: RosterOptions) {
    const { players, first = 0, total = players, stallers = 0, flooders = 0 } = options;
    const doubles = (value = 0) => new Float64Array(players).fill(value);
    this.count = players;
    this.first = first;
    this.phase = new Uint8Array(players);
    this.random = randomStates(players, options.seed, first);
    this.persona = Array.from({ length: players }, (_, i) => pickPersona(options.mix, this.random, i));
    this.role = Uint8Array.from({ length: players }, (_, i) => {
      const fromEnd = total - (first + i);
      return fromEnd <= stallers ? role.stalls : fromEnd <= stallers + flooders ? role.floods : role.plays;
    });
    // Who stalls must prove that it is right again afterwards; who floods has better things to do than to decode.
    this.observes = this.role.map((own, i) =>
      own === role.stalls || (own === role.plays && isObserver(first + i)) ? 1 : 0,
    );
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

/** Whether a player of the whole swarm decodes everything: one in a hundred, beginning with the first. */
function isObserver(number: number): boolean {
  return number % playersPerObserver === 0;
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
