/**
 * Things on the ground: what the fallen leave, and how somebody takes it.
 *
 * Taking goes over three owners: the player's zone asks the owner of the loot, which keeps it for this player; the
 * player's zone asks the ledger; its answer ends the loot or gives it free. In one zone nothing of this waits but the
 * ledger.
 * Invariant: loot is kept for one player at a time, so nothing is taken twice. A creature's loot becomes an item only
 * when the ledger makes one for whoever takes it.
 */
import { bool, type EntityRef, entityRef, text, uint, type Vector } from "@myriad/protocol";
import {
  defineModule,
  listen,
  message,
  on,
  onMessage,
  onReply,
  onTimer,
  type Outcome,
  reply,
  timer,
  type ZoneApi,
} from "@myriad/server";
import { lootMs, pickUpRangeM } from "../../shared/rules.ts";
import { bagPlaces, Creature, Loot, Looted, PickUp } from "../../shared/schema.ts";
import { speciesOfCode } from "../../shared/species.ts";
import { distance2, isAlive, refuse } from "../actors.ts";
import { bagOf } from "../bag-places.ts";
import { fell } from "../blow.ts";

/** To loot: a player wants it. */
const Take = message("loot.take", { by: entityRef() });
/** To the player: it is kept for you. `itemId` is 0 when there is no item yet. */
const Kept = message("loot.kept", {
  loot: entityRef(),
  item: uint(16),
  itemId: uint(32),
  groundId: uint(32),
});
/** To the player: somebody else is quicker. */
const Denied = message("loot.denied", { why: text(80) });
/** To loot: it was taken, or is free again. */
const Settled = message("loot.settled", { taken: bool() });

/** The ledger's answer to a player who takes something. */
const Taken = reply("loot.taken", { loot: entityRef(), place: uint(5), item: uint(16) });
const Vanished = reply("loot.vanished", {});

/** Loot has lain long enough; `again` when it was being taken the first time. */
const Expire = timer("loot.expire", { again: bool() });

/** Milliseconds that the ledger gets when loot is due in the middle of being taken. */
const graceMs = 30_000;

export const loot = defineModule({
  name: "loot",
  entities: [Loot],
  intents: [on(PickUp, (zone, actor, { loot: wanted }) => pickUp(zone, actor, wanted))],
  messages: [
    onMessage(Take, (zone, target, { by }) => keep(zone, target, by)),
    onMessage(Kept, askLedger),
    onMessage(Denied, (zone, player, { why }) => refuse(zone, player, "pickUp", why)),
    onMessage(Settled, (zone, target, { taken }) => settle(zone, target, taken)),
  ],
  replies: [onReply(Taken, place), onReply(Vanished, () => {})],
  timers: [onTimer(Expire, (zone, target, { again }) => expire(zone, target, again))],
  events: [listen("module", fell, (zone: ZoneApi, { victim }) => leaveBehind(zone, victim))],
});

/** Lays something on the ground; nothing when the zone is full. */
export function layDownLoot(
  zone: ZoneApi,
  what: { at: Vector; item: number; itemId: number; groundId: number },
): void {
  const { at, item, itemId, groundId } = what;
  const ref = zone.spawn(Loot, { position: at, item, itemId, groundId });
  if (ref !== 0) zone.after(zone.ticks(lootMs), Expire, { again: false }, ref);
}

function leaveBehind(zone: ZoneApi, victim: EntityRef): void {
  const creatures = zone.table(Creature);
  const row = creatures.row(victim);
  if (row < 0) return;
  const { position, species } = creatures.columns;
  const { drops } = speciesOfCode(species[row] ?? 0);
  const item = drops[zone.random.int(drops.length)] ?? 0;
  const at = { x: position.x[row] ?? 0, y: position.y[row] ?? 0 };
  if (item !== 0) layDownLoot(zone, { at, item, itemId: 0, groundId: 0 });
}

function pickUp(zone: ZoneApi, actor: EntityRef, wanted: EntityRef): void {
  const why = whyNot(zone, actor, wanted);
  if (why === undefined) zone.send(wanted, Take, { by: actor });
  else refuse(zone, actor, "pickUp", why);
}

function whyNot(zone: ZoneApi, actor: EntityRef, wanted: EntityRef): string | undefined {
  if (!isAlive(zone, actor)) return "You have fallen.";
  const at = zone.table(Loot).row(wanted) < 0 ? undefined : zone.positionOf(wanted);
  const own = zone.positionOf(actor);
  if (at === undefined || own === undefined) return "It is gone.";
  if (distance2(own.x, own.y, at.x, at.y) > pickUpRangeM * pickUpRangeM) return "That is too far away.";
  return whyNoRoom(zone, actor);
}

function whyNoRoom(zone: ZoneApi, actor: EntityRef): string | undefined {
  const bag = bagOf(zone, actor);
  if (bag === undefined || bag.isBusy) return "Not so fast.";
  return bag.freePlace < 0 ? "Your bag is full." : undefined;
}

function keep(zone: ZoneApi, target: EntityRef, by: EntityRef): void {
  const table = zone.table(Loot);
  const row = table.row(target);
  if (row < 0) return;
  const { claimedBy, groundId, item, itemId } = table.columns;
  if (claimedBy[row] !== 0) return zone.send(by, Denied, { why: "Somebody is taking that." });
  claimedBy[row] = by;
  zone.send(by, Kept, {
    loot: target,
    item: item[row] ?? 0,
    itemId: itemId[row] ?? 0,
    groundId: groundId[row] ?? 0,
  });
}

function askLedger(
  zone: ZoneApi,
  player: EntityRef,
  kept: { loot: EntityRef; item: number; itemId: number; groundId: number },
): void {
  const why = isAlive(zone, player) ? whyNoRoom(zone, player) : "You have fallen.";
  const bag = bagOf(zone, player);
  if (why !== undefined || bag === undefined) {
    zone.send(kept.loot, Settled, { taken: false });
    return refuse(zone, player, "pickUp", why ?? "It is gone.");
  }
  const slot = bag.freePlace;
  const args = { loot: kept.loot, place: slot, item: kept.item };
  bag.setWaiting(slot, true);
  if (kept.itemId === 0) zone.mint(kept.item, bag.place(slot), Taken, args, player);
  else zone.moveItem(kept.itemId, groundPlace(kept.groundId), bag.place(slot), Taken, args, player);
}

/** The ledger has answered. The player may have left meanwhile: the item, if there is one now, is in its bag all the same. */
function place(
  zone: ZoneApi,
  owner: EntityRef,
  args: { loot: EntityRef; place: number; item: number },
  outcome: Outcome,
): void {
  const isDone = outcome.status === "done";
  zone.send(args.loot, Settled, { taken: isDone });
  const bag = bagOf(zone, owner);
  if (bag === undefined || args.place >= bagPlaces) return;
  bag.setWaiting(args.place, false);
  if (!isDone) return refuse(zone, owner, "pickUp", "It slips through your fingers.");
  bag.put(args.place, { itemType: args.item, itemId: outcome.itemId });
  zone.tell(owner, Looted, { item: args.item, place: args.place });
}

function settle(zone: ZoneApi, target: EntityRef, taken: boolean): void {
  const table = zone.table(Loot);
  const row = table.row(target);
  if (row < 0) return;
  if (taken) zone.despawn(target);
  else table.columns.claimedBy[row] = 0;
}

function expire(zone: ZoneApi, target: EntityRef, again: boolean): void {
  const table = zone.table(Loot);
  const row = table.row(target);
  if (row < 0) return;
  const { claimedBy, groundId, itemId } = table.columns;
  if (claimedBy[row] !== 0 && !again) return zone.after(zone.ticks(graceMs), Expire, { again: true }, target);
  const item = itemId[row] ?? 0;
  // If somebody has it after all, the ledger says so and nothing happens.
  if (item !== 0) zone.destroyItem(item, groundPlace(groundId[row] ?? 0), Vanished, {});
  zone.despawn(target);
}

/** The ledger's name of a place on the ground. */
export function groundPlace(groundId: number): { kind: "ground"; id: number; slot: number } {
  return { kind: "ground", id: groundId, slot: 0 };
}
