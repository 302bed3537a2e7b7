/**
 * What a player can do, by name: keys, buttons, touches and chat commands all end here.
 *
 * Invariant: an action asks the zone; what really happens is told by facts and fields.
 */
import type { WorldEntity } from "@myriad/client";
import { noEntity } from "@myriad/protocol";
import { itemTypeOf } from "../../shared/items.ts";
import { pickUpRangeM, targetRangeM } from "../../shared/rules.ts";
import {
  Attack,
  BagDrop,
  BagMove,
  BagUse,
  ComeBack,
  Creature,
  Emote,
  Loot,
  PartyAnswer,
  PartyChat,
  PartyInvite,
  PartyLeave,
  PickUp,
  Say,
  Sweep,
  Tell,
  ZoneChat,
} from "../../shared/schema.ts";
import type { Session } from "./session.ts";

export type EmoteName = "wave" | "bow" | "cheer" | "dance" | "sit";
export type ChatChannel = "say" | "zone" | "party" | "tell";

/** Metres within which Tab looks for somebody to fight. */
const nextTargetM = 32;

export class Actions {
  readonly #session: Session;
  readonly #tell: (text: string) => void;

  /** @param tell Says something to the player alone. */
  constructor(session: Session, tell: (text: string) => void) {
    this.#session = session;
    this.#tell = tell;
  }

  /** Begins or ends to attack the target; without one it chooses the nearest creature first. */
  attackToggle(): void {
    const session = this.#session;
    if (session.self?.attacking === true) return this.#attack(session.target, false);
    if (!session.isCreature(session.target) && !session.isPlayer(session.target)) this.targetNext();
    if (session.target === undefined) return this.#tell("There is nobody to fight here.");
    this.#attack(session.target, true);
  }

  /** Chooses somebody and begins to attack. */
  attack(entity: WorldEntity): void {
    this.#session.choose(entity);
    if (this.#session.isLoot(entity)) this.pickUp(entity);
    else this.#attack(entity, true);
  }

  sweep(): void {
    this.#session.send(Sweep, {});
  }

  /** Chooses the next living creature, nearest first. */
  targetNext(): void {
    const session = this.#session;
    const near = this.#nearest(Creature, nextTargetM).filter(
      (entity) => session.isCreature(entity) && entity.state.action !== "fall",
    );
    const at = session.target === undefined ? -1 : near.indexOf(session.target);
    const next = near[(at + 1) % near.length];
    if (next === undefined) this.#tell("Nothing stirs nearby.");
    else session.choose(next);
  }

  /** Takes the chosen loot, or the nearest. */
  pickUp(chosen?: WorldEntity): void {
    const session = this.#session;
    const loot = session.isLoot(chosen) ? chosen : this.#nearest(Loot, pickUpRangeM + 1)[0];
    if (loot === undefined) return this.#tell("There is nothing to pick up within reach.");
    session.send(PickUp, { loot: loot.ref });
  }

  /** Uses the first thing in the bag that can be used. */
  useFirst(): void {
    const bag = this.#session.self?.bag ?? [];
    const place = bag.findIndex((type) => itemTypeOf(type)?.kind === "potion");
    if (place < 0) this.#tell("There is no draught in your bag.");
    else this.bagUse(place);
  }

  bagUse(place: number): void {
    this.#session.send(BagUse, { from: place });
  }

  bagMove(from: number, to: number): void {
    if (from !== to) this.#session.send(BagMove, { from, to });
  }

  bagDrop(place: number): void {
    this.#session.send(BagDrop, { from: place });
  }

  emote(emote: EmoteName): void {
    this.#session.send(Emote, { emote });
  }

  comeBack(): void {
    this.#session.send(ComeBack, {});
  }

  /** Says something; `to` is needed for a tell. Answers whether it was sent. */
  say(channel: ChatChannel, text: string, to = ""): boolean {
    const session = this.#session;
    switch (channel) {
      case "say":
        return session.send(Say, { text });
      case "zone":
        return session.send(ZoneChat, { text });
      case "party":
        return session.send(PartyChat, { text });
      case "tell":
        return session.send(Tell, { to, text });
    }
  }

  /** Invites the chosen player into the party. */
  invite(): void {
    const { target } = this.#session;
    if (this.#session.isPlayer(target)) {
      this.#session.send(PartyInvite, { target: target.ref });
      this.#tell(`You invite ${target.state.name} to your party.`);
    } else {
      this.#tell("Choose a player to invite first.");
    }
  }

  answerInvitation(accept: boolean): void {
    this.#session.send(PartyAnswer, { accept });
  }

  leaveParty(): void {
    this.#session.send(PartyLeave, {});
  }

  #attack(target: WorldEntity | undefined, on: boolean): void {
    this.#session.send(Attack, { target: target?.ref ?? noEntity, on });
  }

  /** Entities of a kind within a distance, nearest first. */
  #nearest(kind: typeof Creature | typeof Loot, withinM: number): WorldEntity[] {
    const session = this.#session;
    const found: { entity: WorldEntity; away: number }[] = [];
    for (const entity of session.world?.entities<typeof Creature | typeof Loot>(kind) ?? []) {
      const away = session.distanceTo(entity);
      if (away <= Math.min(withinM, targetRangeM)) found.push({ entity, away });
    }
    return found.sort((a, b) => a.away - b.away).map(({ entity }) => entity);
  }
}
