/**
 * What players do with what they carry: move, drop, use.
 *
 * Invariant: nothing changes in the bag before the ledger has answered; until then the places wait. A wish that cannot be
 * granted is refused and changes nothing.
 */
import { type EntityRef, position, uint, type Vector } from "@myriad/protocol";
import { defineModule, on, onReply, type Outcome, reply, type ZoneApi } from "@myriad/server";
import { handPlace, itemTypeOf } from "../../shared/items.ts";
import { BagDrop, BagMove, bagPlaces, BagUse, Player } from "../../shared/schema.ts";
import { isAlive, refuse } from "../actors.ts";
import { type Bag, bagOf } from "../bag-places.ts";
import { setHitPoints } from "./life.ts";
import { groundPlace, layDownLoot } from "./loot.ts";

const Moved = reply("bag.moved", { from: uint(5), to: uint(5) });
const Dropped = reply("bag.dropped", { from: uint(5), item: uint(16), at: position(), groundId: uint(32) });
const Used = reply("bag.used", { from: uint(5), item: uint(16) });

export const bag = defineModule({
  name: "bag",
  entities: [Player],
  intents: [
    on(BagMove, (zone, actor, { from, to }) => move(zone, actor, { from, to, what: "bagMove" })),
    on(BagDrop, (zone, actor, { from }) => drop(zone, actor, from)),
    on(BagUse, (zone, actor, { from }) => use(zone, actor, from)),
  ],
  replies: [onReply(Moved, finishMove), onReply(Dropped, finishDrop), onReply(Used, finishUse)],
});

function move(zone: ZoneApi, actor: EntityRef, wish: { from: number; to: number; what: string }): void {
  const { from, to, what } = wish;
  const held = bagOf(zone, actor);
  if (held === undefined || from === to) return;
  const why = whyNot(zone, actor, held, from) ?? (isFree(held, to) ? undefined : "That place is taken.");
  if (why !== undefined) return refuse(zone, actor, what, why);
  held.setWaiting(from, true);
  held.setWaiting(to, true);
  zone.moveItem(held.itemId(from), held.place(from), held.place(to), Moved, { from, to }, actor);
}

function finishMove(
  zone: ZoneApi,
  owner: EntityRef,
  args: { from: number; to: number },
  outcome: Outcome,
): void {
  const held = bagOf(zone, owner);
  if (held === undefined) return;
  const { from, to } = args;
  held.setWaiting(from, false);
  held.setWaiting(to, false);
  if (outcome.status !== "done") return refuse(zone, owner, "bagMove", "That did not work.");
  const first = { itemType: held.type(from), itemId: held.itemId(from) };
  held.put(from, { itemType: held.type(to), itemId: held.itemId(to) });
  held.put(to, first);
}

function drop(zone: ZoneApi, actor: EntityRef, from: number): void {
  const held = bagOf(zone, actor);
  const at = zone.positionOf(actor);
  if (held === undefined || at === undefined) return;
  const why = whyNot(zone, actor, held, from);
  if (why !== undefined) return refuse(zone, actor, "bagDrop", why);
  const groundId = zone.newId();
  const args = { from, item: held.type(from), at, groundId };
  held.setWaiting(from, true);
  zone.moveItem(held.itemId(from), held.place(from), groundPlace(groundId), Dropped, args, actor);
}

/** The item lies on the ground now, whether its owner is still here or not. */
function finishDrop(
  zone: ZoneApi,
  owner: EntityRef,
  args: { from: number; item: number; at: Vector; groundId: number },
  outcome: Outcome,
): void {
  const { from, item, at, groundId } = args;
  const held = bagOf(zone, owner);
  held?.setWaiting(from, false);
  if (outcome.status !== "done") return refuse(zone, owner, "bagDrop", "That did not work.");
  held?.clear(from);
  layDownLoot(zone, { at, item, itemId: outcome.itemId, groundId });
}

function use(zone: ZoneApi, actor: EntityRef, from: number): void {
  const held = bagOf(zone, actor);
  if (held === undefined) return;
  const why = whyNot(zone, actor, held, from) ?? whyNoUse(zone, held, from);
  if (why !== undefined) return refuse(zone, actor, "bagUse", why);
  const item = held.type(from);
  if (itemTypeOf(item)?.kind === "weapon") return move(zone, actor, { from, to: handPlace, what: "bagUse" });
  held.setWaiting(from, true);
  zone.destroyItem(held.itemId(from), held.place(from), Used, { from, item }, actor);
}

function whyNoUse(zone: ZoneApi, held: Bag, from: number): string | undefined {
  const item = itemTypeOf(held.type(from));
  switch (item?.kind) {
    case "potion": {
      const { hitPoints, hitPointsMax } = zone.table(Player).columns;
      const isWhole = (hitPoints[held.row] ?? 0) >= (hitPointsMax[held.row] ?? 0);
      return isWhole ? "You are unhurt." : undefined;
    }
    case "weapon":
      return from === handPlace ? "It is in your hand." : undefined;
    default:
      return "It is of no use here.";
  }
}

function finishUse(
  zone: ZoneApi,
  owner: EntityRef,
  args: { from: number; item: number },
  outcome: Outcome,
): void {
  const held = bagOf(zone, owner);
  if (held === undefined) return;
  held.setWaiting(args.from, false);
  if (outcome.status !== "done") return refuse(zone, owner, "bagUse", "That did not work.");
  held.clear(args.from);
  const now = zone.table(Player).columns.hitPoints[held.row] ?? 0;
  // Too late for whoever fell meanwhile.
  if (now > 0) setHitPoints(zone, held.row, now + (itemTypeOf(args.item)?.heals ?? 0));
}

function whyNot(zone: ZoneApi, actor: EntityRef, held: Bag, from: number): string | undefined {
  if (!isAlive(zone, actor)) return "You have fallen.";
  if (from >= bagPlaces || held.itemId(from) === 0) return "There is nothing.";
  return held.isWaiting(from) || held.isBusy ? "Not so fast." : undefined;
}

function isFree(held: Bag, to: number): boolean {
  return to < bagPlaces && !held.isWaiting(to);
}
