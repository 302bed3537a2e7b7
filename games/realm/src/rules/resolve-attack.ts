/**
 * One blow, from the two who meet to what comes of it: a pure function with a trace that explains the answer.
 *
 * The trace names every chance and every roll, so that a player can be shown why. Which zone runs it: the owner of the
 * target, for it decides what happens to the target.
 * Invariant: exactly two rolls, whatever comes of it, so that one blow never shifts the chances of the next.
 * Invariant: + − × ÷ and comparisons only; damage is a whole number from 0 to 4095 (12 bits on the wire).
 */

export type Outcome = "hit" | "critical" | "glance" | "miss" | "dodge";

export interface AttackContext {
  readonly attackerLevel: number;
  /** Damage of a plain hit against no armour. */
  readonly power: number;
  readonly defenderLevel: number;
  /** Points that soften blows: 100 halve them. */
  readonly armour: number;
  /** Chance to step aside, 0 to 1, when the blow comes from the front. */
  readonly dodge: number;
  readonly fromBehind: boolean;
}

export interface AttackTrace {
  readonly outcome: Outcome;
  readonly damage: number;
  /** Chances of each outcome, one after the other on the line from 0 to 1; the rest is a hit. */
  readonly chances: {
    readonly miss: number;
    readonly dodge: number;
    readonly glance: number;
    readonly critical: number;
  };
  /** Where on that line the first roll fell. */
  readonly roll: number;
  /** Between 0.85 and 1.15: the second roll. */
  readonly spread: number;
  /** Share of the damage that armour lets through. */
  readonly through: number;
}

/** What gives numbers from 0 to below 1: the zone's generator, or a list in a test. */
export interface Rolls {
  float(): number;
}

const missBase = 0.05;
const missPerLevel = 0.012;
const dodgePerLevel = 0.005;
const glanceBase = 0.1;
const glancePerLevel = 0.02;
const criticalBase = 0.1;
const criticalPerLevel = 0.01;
const criticalFactor = 1.75;
const glanceFactor = 0.5;
const behindFactor = 1.2;
const spreadFrom = 0.85;
const spreadWidth = 0.3;
/** Armour points that halve a blow. */
const armourHalf = 100;
const damageMax = 4095;

/** Decides one blow. Never throws; numbers out of range are brought into it. */
export function resolveAttack(context: AttackContext, rolls: Rolls): AttackTrace {
  const roll = rolls.float();
  const spread = spreadFrom + spreadWidth * rolls.float();
  // Above 0 the defender is the stronger one.
  const gap = within(context.defenderLevel - context.attackerLevel, -20, 20);
  const chances = {
    miss: within(missBase + missPerLevel * gap, 0.01, 0.3),
    dodge: context.fromBehind ? 0 : within(context.dodge + dodgePerLevel * gap, 0, 0.2),
    glance: within(glanceBase + glancePerLevel * gap, 0, 0.4),
    critical: within(criticalBase - criticalPerLevel * gap + (context.fromBehind ? 0.1 : 0), 0.02, 0.4),
  };
  const outcome = outcomeAt(roll, chances);
  const through = armourHalf / (armourHalf + within(context.armour, 0, 1e6));
  const factor = factorOf(outcome) * (context.fromBehind ? behindFactor : 1);
  const raw = within(context.power, 0, damageMax) * spread * through * factor;
  const damage = factor === 0 ? 0 : within(Math.floor(raw + 0.5), 1, damageMax);
  return { outcome, damage, chances, roll, spread, through };
}

function outcomeAt(roll: number, chances: AttackTrace["chances"]): Outcome {
  let edge = chances.miss;
  if (roll < edge) return "miss";
  edge += chances.dodge;
  if (roll < edge) return "dodge";
  edge += chances.glance;
  if (roll < edge) return "glance";
  edge += chances.critical;
  return roll < edge ? "critical" : "hit";
}

function factorOf(outcome: Outcome): number {
  switch (outcome) {
    case "miss":
    case "dodge":
      return 0;
    case "glance":
      return glanceFactor;
    case "critical":
      return criticalFactor;
    case "hit":
      return 1;
  }
}

/** `value` between two bounds; NaN is the lower one. */
function within(value: number, low: number, high: number): number {
  if (value > high) return high;
  return value >= low ? value : low;
}
