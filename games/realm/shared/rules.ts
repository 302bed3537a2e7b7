/**
 * The realm's rules in numbers: levels, hit points, swings, how long things last.
 *
 * Invariant: times are milliseconds and lengths metres; a zone turns them into its own ticks, so that no rule depends on the tick rate.
 */
import { weaponPower } from "./items.ts";

/** Highest level; `level` has 7 bits on the wire. */
export const levelMax = 25;
/** Milliseconds between two swings of a player. */
export const playerSwingMs = 1600;
/** Milliseconds for which others see a swing. */
export const swingShownMs = 400;
/** Metres between two centres within which a blow lands. */
export const attackRangeM = 3;
/** Milliseconds between two sweeps. */
export const sweepCooldownMs = 8000;
/** Metres around a sweeping player within which creatures are hit. */
export const sweepRadiusM = 6;
/** Creatures that one sweep hits at most. */
export const sweepTargetsMax = 12;
/** Damage of a sweep for each target, against that of a plain swing. */
export const sweepShare = 0.6;
/** Milliseconds without blows, given or taken, after which hit points come back. */
export const restMs = 6000;
/** Milliseconds between two steps of regeneration, and its share of all hit points each time. */
export const regenerateMs = 1000;
export const regenerateShare = 0.04;
/** In town everybody heals faster. */
export const regenerateTownShare = 0.12;
/** Milliseconds after which the fallen come back by themselves. */
export const fallenMs = 30_000;
/** Milliseconds for which a target that nobody sees is kept: it may only be crossing a border. */
export const lostMs = 500;
/** Milliseconds for which an emote is seen; sitting lasts until one moves. */
export const emoteMs = 4000;
/** Metres within which a target may be chosen. */
export const targetRangeM = 96;
/** Metres within which loot can be taken. */
export const pickUpRangeM = 3.5;
/** Milliseconds for which loot lies about. */
export const lootMs = 120_000;
/** Members of a party. */
export const partyMembersMax = 5;
/** Milliseconds for which an invitation to a party stands. */
export const invitationMs = 60_000;

/** Experience at which a level begins: 0, 120, 360, 720, … */
export function experienceOfLevel(level: number): number {
  return 60 * (level - 1) * level;
}

/** The level that so much experience gives. */
export function levelOf(experience: number): number {
  let level = 1;
  while (level < levelMax && experience >= experienceOfLevel(level + 1)) level++;
  return level;
}

/** Hit points of a player. */
export function playerHitPoints(level: number): number {
  return 80 + 20 * level;
}

/** Damage of a player's plain hit with what is in hand (an item type, 0 for bare hands). */
export function playerPower(level: number, inHand: number): number {
  return 16 + 3 * level + weaponPower(inHand);
}

/** Experience for a creature that fell: more for stronger ones, nothing for what is far beneath the player. */
export function experienceForKill(creatureLevel: number, playerLevel: number): number {
  const share = 1 + 0.15 * (creatureLevel - playerLevel);
  const capped = share < 0 ? 0 : share > 1.6 ? 1.6 : share;
  return Math.floor((24 + 8 * creatureLevel) * capped);
}
