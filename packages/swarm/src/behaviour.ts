/**
 * What a player wants: at each of its beats one intent, as a person would have it who walks, fights or talks.
 *
 * Everybody walks: mostly around the place where it is, now and then to a camp or far away, across borders, with pauses.
 * Fighters go for what observers see and fetch what lies about. Talkers stay near and talk. The fallen ask to come back.
 * In a square nobody wants to be anywhere else than in it.
 * Invariant: decides from the player's own row, the sightings and its own chance only; never from an answer that is late,
 * so that the plan of intended times stays open-loop. A step of a walk, which is nearly every intent, allocates nothing.
 * hot path
 */
import { encodeRecord } from "@myriad/protocol";
import type { Game, GameIntent } from "./game.ts";
import { nextRandom } from "./random.ts";
import type { Square } from "./place.ts";
import type { Roster } from "./roster.ts";
import type { Sighting, Sightings } from "./sightings.ts";

/** An intent to send. */
export interface Wish {
  readonly type: number;
  readonly record: Uint8Array;
}

/** Metres around its anchor in which a player strolls. */
const nearM = 30;
/** Shares of a player's decisions where to go: a camp, somewhere far; the rest stays near. */
const campShare = 0.3;
const farShare = 0.25;
/** A fighter without a target looks for a camp this often, and looks again soon while nobody has seen one. */
const fighterCampShare = 0.75;
const lookAgainMs = 1000;
/** Metres at which a goal counts as reached, and a target as close enough to hit or to take. */
const reachedM = 1.5;
/** Metres in which a fighter chooses its targets. */
const targetM = 60;
/** Sightings of which a fighter takes the nearest: so that not all choose the same. */
const targetTries = 8;
/** Metres to a goal that is not the world's very edge. */
const edgeM = 4;
/** Milliseconds for a stroll, for a journey, on one target. */
const strollMs = { min: 3000, spread: 6000 };
const journeyMs = { min: 30_000, spread: 60_000 };
const targetMs = 20_000;
/** Milliseconds for which a fighter still walks to where its target was last. */
const chaseMs = 1000;
/** Milliseconds between two looks at the progress; who moved less than half a metre stands before something. */
const checkEveryMs = 480;
const stuckM = 0.5;
/**
 * A way round, in radians beside the goal: further away with every look that sees no progress, and back to the goal with
 * every beat. So a player follows a wall and leaves through its gate. Past the end the other side is tried.
 */
const detourStep = 0.8;
const detourBack = 0.05;
const detourEnd = 2.8;
/** Milliseconds between two attacks, pick-ups or calls to come back. */
const actEveryMs = 2000;
/** Milliseconds between two lines of a talker: mean of an even spread. */
const talkEveryMs = 6000;
/** Radians by which a walking person's direction wavers. */
const waver = 0.15;
/** Directions that walking knows: as many as the sample game tells apart. A power of two. */
const headings = 256;
const zoneChatShare = 0.05;
const emoteShare = 0.25;

const lines = [
  "hello",
  "anyone up for the camp in the east?",
  "wolves!",
  "Grüße vom Marktplatz",
  "how did you get that helmet",
  "brb",
  "has anybody seen my companion? she went across the border a while ago and did not come back",
  "今夜は星がきれいですね",
];

export class Behaviour {
  readonly #roster: Roster;
  readonly #sightings: Sightings;
  readonly #square: Square | undefined;
  /** Steps by direction, standing ones behind them; made when they are taken first. */
  readonly #steps = new Array<Wish | undefined>(2 * headings).fill(undefined);
  #stepsOf: GameIntent | undefined;

  /** @param square where everybody stays; undefined for the whole world */
  constructor(roster: Roster, sightings: Sightings, square?: Square) {
    this.#roster = roster;
    this.#sightings = sightings;
    this.#square = square;
  }

  /** The player's wish at this beat; undefined when the game has no intent for it. */
  wish(player: number, nowMs: number, game: Game): Wish | undefined {
    const roster = this.#roster;
    if (roster.isFallen[player] === 1) return this.#comeBack(player, nowMs, game);
    switch (roster.persona[player]!) {
      case "chat":
        return this.#talk(player, nowMs, game) ?? this.#walk(player, nowMs, game);
      case "fight":
        return this.#fight(player, nowMs, game) ?? this.#walk(player, nowMs, game);
      case "walk":
        return this.#walk(player, nowMs, game);
    }
  }

  #comeBack(player: number, nowMs: number, game: Game): Wish | undefined {
    this.#roster.target[player] = 0;
    const { comeBack } = game.intents;
    return comeBack !== undefined && this.#mayAct(player, nowMs) ? wishOf(comeBack, {}) : undefined;
  }

  #talk(player: number, nowMs: number, game: Game): Wish | undefined {
    const { talkMs, random } = this.#roster;
    if (nowMs < talkMs[player]!) return undefined;
    const isFirst = talkMs[player] === 0;
    talkMs[player] = nowMs + nextRandom(random, player) * 2 * talkEveryMs;
    if (isFirst) return undefined;
    const { say, zoneChat, emote } = game.intents;
    const drawn = nextRandom(random, player);
    const pick = nextRandom(random, player);
    if (emote !== undefined && drawn < emoteShare) {
      return wishOf(emote, { emote: game.emotes[Math.floor(pick * game.emotes.length)] });
    }
    const text = lines[Math.floor(pick * lines.length)];
    const isToZone = zoneChat !== undefined && (say === undefined || drawn > 1 - zoneChatShare);
    const intent = isToZone ? zoneChat : say;
    return intent === undefined ? undefined : wishOf(intent, { text });
  }

  /** Chooses what to fight or fetch, and acts when it is time; undefined when walking is all there is to do. */
  #fight(player: number, nowMs: number, game: Game): Wish | undefined {
    const roster = this.#roster;
    const { attack, pickUp } = game.intents;
    let sighting = this.#sightings.find(roster.target[player]!);
    const isOver = nowMs > roster.targetUntilMs[player]!;
    if (sighting === undefined || isOver || !this.#mayFollow(sighting)) {
      sighting = this.#chooseTarget(player, game);
      roster.target[player] = sighting?.ref ?? 0;
      roster.targetUntilMs[player] = nowMs + targetMs;
      if (sighting === undefined) return undefined;
    }
    const distance = distanceTo(roster, player, sighting);
    this.#walkTo(player, sighting.x, sighting.y, nowMs + chaseMs);
    if (distance > targetM || !this.#mayAct(player, nowMs)) return undefined;
    if (!sighting.isThing)
      return attack === undefined ? undefined : wishOf(attack, { target: sighting.ref, on: true });
    if (pickUp === undefined || game.lootField === undefined || distance > reachedM) return undefined;
    // One try: what somebody else took lies there no longer.
    roster.target[player] = 0;
    return wishOf(pickUp, { [game.lootField]: sighting.ref });
  }

  #chooseTarget(player: number, game: Game): Sighting | undefined {
    const { creatures, things } = this.#sightings;
    const { attack, pickUp } = game.intents;
    const thing = pickUp === undefined ? undefined : this.#nearestOf(player, things, targetM / 4);
    return thing ?? (attack === undefined ? undefined : this.#nearestOf(player, creatures, targetM));
  }

  /** Whether going there leaves the square. */
  #mayFollow({ x, y }: Sighting): boolean {
    const square = this.#square;
    if (square === undefined) return true;
    return Math.abs(x - square.x) <= square.sideM / 2 && Math.abs(y - square.y) <= square.sideM / 2;
  }

  /** The nearest of a few that chance picks, within `withinM`. */
  #nearestOf(player: number, sightings: readonly Sighting[], withinM: number): Sighting | undefined {
    let nearest: Sighting | undefined;
    let nearestM = withinM;
    for (let i = 0; i < Math.min(targetTries, sightings.length); i++) {
      const candidate = sightings[Math.floor(nextRandom(this.#roster.random, player) * sightings.length)]!;
      if (!this.#mayFollow(candidate)) continue;
      const distance = distanceTo(this.#roster, player, candidate);
      if (!(distance < nearestM)) continue;
      nearest = candidate;
      nearestM = distance;
    }
    return nearest;
  }

  #walk(player: number, nowMs: number, game: Game): Wish | undefined {
    const { move } = game.intents;
    if (move === undefined) return undefined;
    const roster = this.#roster;
    const turn = nextRandom(roster.random, player);
    // Before its place is known a player takes any direction.
    if (Number.isNaN(roster.x[player]!)) {
      return this.#step(move, turn * 2 * Math.PI, true);
    }
    if (nowMs >= roster.goalUntilMs[player]!) this.#chooseGoal(player, nowMs, game);
    if (nowMs >= roster.checkMs[player]! && this.#isStuck(player, nowMs)) this.#turnAside(player);
    const dx = roster.goalX[player]! - roster.x[player]!;
    const dy = roster.goalY[player]! - roster.y[player]!;
    const detour = roster.detour[player]!;
    roster.detour[player] = Math.sign(detour) * Math.max(0, Math.abs(detour) - detourBack);
    const direction = Math.atan2(dy, dx) + detour + (turn - 0.5) * 2 * waver;
    return this.#step(move, direction, dx * dx + dy * dy > reachedM * reachedM);
  }

  #step(move: GameIntent, direction: number, moving: boolean): Wish {
    if (this.#stepsOf !== move) {
      this.#stepsOf = move;
      this.#steps.fill(undefined);
    }
    const heading = Math.round((direction / (2 * Math.PI)) * headings) & (headings - 1);
    const place = moving ? heading : headings + heading;
    const known = this.#steps[place];
    if (known !== undefined) return known;
    const step = wishOf(move, { direction: (heading / headings) * 2 * Math.PI, moving });
    this.#steps[place] = step;
    return step;
  }

  #isStuck(player: number, nowMs: number): boolean {
    const { x, y, checkX, checkY, checkMs, goalX, goalY } = this.#roster;
    checkMs[player] = nowMs + checkEveryMs;
    const movedM = Math.hypot(x[player]! - checkX[player]!, y[player]! - checkY[player]!);
    checkX[player] = x[player]!;
    checkY[player] = y[player]!;
    const leftM = Math.hypot(goalX[player]! - x[player]!, goalY[player]! - y[player]!);
    return movedM < stuckM && leftM > reachedM;
  }

  /** Something stands in the way. */
  #turnAside(player: number): void {
    const { random, detour } = this.#roster;
    const before = detour[player]!;
    const side = before === 0 ? Math.sign(nextRandom(random, player) - 0.5) : Math.sign(before);
    const next = before + side * detourStep;
    detour[player] = Math.abs(next) > detourEnd ? -side * detourStep : next;
  }

  #chooseGoal(player: number, nowMs: number, game: Game): void {
    const { random, persona, x, y, anchorX, anchorY, checkMs, checkX, checkY, detour } = this.#roster;
    // Whoever rested has made no progress, and stands before nothing.
    checkMs[player] = nowMs + checkEveryMs;
    checkX[player] = x[player]!;
    checkY[player] = y[player]!;
    detour[player] = 0;
    if (this.#square !== undefined) return this.#strollIn(this.#square, player, nowMs);
    const camps = this.#sightings.creatures;
    const drawn = nextRandom(random, player);
    const camp = persona[player] === "fight" ? fighterCampShare : persona[player] === "chat" ? 0 : campShare;
    if (Number.isNaN(anchorX[player]!)) {
      anchorX[player] = x[player]!;
      anchorY[player] = y[player]!;
    }
    if (drawn < camp && camps.length > 0) {
      const sighting = camps[Math.floor(nextRandom(random, player) * camps.length)]!;
      this.#settleAt(player, sighting.x, sighting.y, nowMs, game);
    } else if (drawn < camp && persona[player] === "fight") {
      this.#walkTo(player, x[player]!, y[player]!, nowMs + lookAgainMs);
    } else if (drawn < camp + farShare && persona[player] !== "chat") {
      const zone = game.zones[Math.floor(nextRandom(random, player) * game.zones.length)];
      if (zone === undefined) return;
      const { bounds } = zone;
      const toX = bounds.x + nextRandom(random, player) * bounds.width;
      const toY = bounds.y + nextRandom(random, player) * bounds.height;
      this.#settleAt(player, toX, toY, nowMs, game);
    } else {
      const angle = nextRandom(random, player) * 2 * Math.PI;
      const far = nextRandom(random, player) * nearM;
      const until = nowMs + strollMs.min + nextRandom(random, player) * strollMs.spread;
      const toX = anchorX[player]! + Math.cos(angle) * far;
      const toY = anchorY[player]! + Math.sin(angle) * far;
      this.#walkTo(player, ...inWorld(toX, toY, game), until);
    }
  }

  #strollIn({ x, y, sideM }: Square, player: number, nowMs: number): void {
    const { random } = this.#roster;
    const toX = x + (nextRandom(random, player) - 0.5) * sideM;
    const toY = y + (nextRandom(random, player) - 0.5) * sideM;
    this.#walkTo(player, toX, toY, nowMs + strollMs.min + nextRandom(random, player) * strollMs.spread);
  }

  /** A journey: the place is the new anchor. */
  #settleAt(player: number, x: number, y: number, nowMs: number, game: Game): void {
    const { random, anchorX, anchorY } = this.#roster;
    const [toX, toY] = inWorld(x, y, game);
    anchorX[player] = toX;
    anchorY[player] = toY;
    this.#walkTo(player, toX, toY, nowMs + journeyMs.min + nextRandom(random, player) * journeyMs.spread);
  }

  #walkTo(player: number, x: number, y: number, untilMs: number): void {
    this.#roster.goalX[player] = x;
    this.#roster.goalY[player] = y;
    this.#roster.goalUntilMs[player] = untilMs;
  }

  #mayAct(player: number, nowMs: number): boolean {
    const { actMs } = this.#roster;
    if (nowMs < actMs[player]!) return false;
    actMs[player] = nowMs + actEveryMs;
    return true;
  }
}

function wishOf(intent: GameIntent, values: Record<string, unknown>): Wish {
  return { type: intent.type, record: encodeRecord(intent.fields, values as never) };
}

function distanceTo(roster: Roster, player: number, to: Sighting): number {
  return Math.hypot(to.x - roster.x[player]!, to.y - roster.y[player]!);
}

/** The point of the world nearest to (x, y), a little inside its edge. The zones' common rectangle counts as the world. */
function inWorld(x: number, y: number, game: Game): [x: number, y: number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { bounds } of game.zones) {
    left = Math.min(left, bounds.x);
    top = Math.min(top, bounds.y);
    right = Math.max(right, bounds.x + bounds.width);
    bottom = Math.max(bottom, bounds.y + bounds.height);
  }
  return [
    Math.min(Math.max(x, left + edgeM), right - edgeM),
    Math.min(Math.max(y, top + edgeM), bottom - edgeM),
  ];
}
