/**
 * Who is on the canvas: an actor for each entity in view of the camera, drawn where the session says it is now.
 *
 * Invariant: entities outside the camera's view cost a position a picture and nothing else.
 */
import { newPose, type World, type WorldEntity } from "@myriad/client";
import { itemTypeOf } from "../../shared/items.ts";
import { Creature, Loot, Player } from "../../shared/schema.ts";
import { speciesOf } from "../../shared/species.ts";
import type { Atlas } from "../art/atlas.ts";
import { tint } from "../art/palette.ts";
import type { Session } from "../game/session.ts";
import { Actor, type Look } from "./actor.ts";
import type { Layers } from "./stage.ts";

/** Metres beyond the view at which a figure still reaches into it. */
const reachM = 4;

export class Cast {
  readonly #session: Session;
  readonly #layers: Layers;
  readonly #atlas: Atlas;
  readonly #actors = new Map<WorldEntity, Actor>();
  readonly #pose = newPose();
  #seed = 0;
  #friends = new Set<number>();

  constructor(session: Session, layers: Layers, atlas: Atlas) {
    this.#session = session;
    this.#layers = layers;
    this.#atlas = atlas;
  }

  /** Figures drawn now. */
  get size(): number {
    return this.#actors.size;
  }

  /** The figure of an entity; undefined while it is not drawn. */
  actor(entity: WorldEntity | undefined): Actor | undefined {
    return entity === undefined ? undefined : this.#actors.get(entity);
  }

  /** The world was replaced: everybody leaves. */
  clear(): void {
    for (const actor of this.#actors.values()) actor.leave();
  }

  update(
    world: World,
    centre: { x: number; y: number },
    half: { x: number; y: number },
    nowMs: number,
  ): void {
    this.#friends = new Set(world.group(Player).map(({ ref }) => ref));
    for (const kind of [Player, Creature, Loot]) {
      for (const entity of world.entities(kind)) this.#draw(entity, centre, half, nowMs);
    }
    for (const [entity, actor] of this.#actors) {
      if (entity.isPresent && world.get(entity.ref) === entity) continue;
      this.#fade(entity, actor, nowMs);
    }
  }

  /** The figure under a point of the world, the nearest to the viewer first; never the player's own. */
  at(point: { x: number; y: number }): WorldEntity | undefined {
    let best: WorldEntity | undefined;
    let bestAway = 1.5;
    for (const [entity, actor] of this.#actors) {
      if (entity.ref === this.#session.world?.ownRef || !entity.isPresent) continue;
      const half = entity.kind === Loot ? 0.35 : actor.heightM / 2;
      const dy = Math.max(0, Math.abs(point.y - (actor.y - half)) - half);
      const away = Math.hypot(point.x - actor.x, dy) + (isDead(entity) ? 0.5 : 0);
      if (away >= bestAway) continue;
      bestAway = away;
      best = entity;
    }
    return best;
  }

  #draw(
    entity: WorldEntity,
    centre: { x: number; y: number },
    half: { x: number; y: number },
    nowMs: number,
  ): void {
    const pose = this.#pose;
    this.#session.pose(entity, pose);
    const isNear =
      Math.abs(pose.x - centre.x) < half.x + reachM && Math.abs(pose.y - centre.y) < half.y + reachM;
    let actor = this.#actors.get(entity);
    if (!isNear) {
      actor?.destroy();
      this.#actors.delete(entity);
      return;
    }
    if (actor === undefined) {
      const what = entity.kind === Loot ? "loot" : entity.kind === Player ? "player" : "creature";
      actor = new Actor(this.#layers, this.#atlas, what, this.#seed++ * 137);
      this.#actors.set(entity, actor);
    }
    actor.stay();
    actor.draw(pose, this.#look(entity), nowMs);
  }

  /** Drawn a little longer where it was, until it has faded. */
  #fade(entity: WorldEntity, actor: Actor, nowMs: number): void {
    actor.leave();
    const pose = this.#pose;
    pose.x = actor.x;
    pose.y = actor.y;
    pose.speed = 0;
    actor.draw(pose, this.#look(entity), nowMs);
    if (!actor.isGone) return;
    actor.destroy();
    this.#actors.delete(entity);
  }

  #look(entity: WorldEntity): Look {
    const session = this.#session;
    const isTarget = entity === session.target;
    if (session.isPlayer(entity)) {
      const { name, look, health, action, emote } = entity.state;
      const isOwn = entity.ref === session.world?.ownRef;
      const isFriend = this.#friends.has(entity.ref);
      return {
        ...plain,
        what: "player",
        look,
        label: isOwn ? "" : name,
        plateTint: isFriend ? tint.plateParty : tint.plate,
        health,
        action,
        emote,
        isOwn,
        isTarget,
      };
    }
    if (session.isCreature(entity)) {
      const { species, level, health, action } = entity.state;
      const label = isTarget || health < 1 ? `${speciesOf(species).title}  ${level}` : "";
      return {
        ...plain,
        what: "creature",
        species,
        label,
        plateTint: tint.plateFoe,
        health,
        action,
        isTarget,
      };
    }
    const label = session.isLoot(entity) ? (itemTypeOf(entity.state.item)?.name ?? "") : "";
    return { ...plain, what: "loot", label, isTarget };
  }
}

const plain: Look = {
  what: "loot",
  species: "boar",
  look: 0,
  label: "",
  plateTint: tint.plate,
  health: 1,
  action: "idle",
  emote: "none",
  isOwn: false,
  isTarget: false,
};

function isDead(entity: WorldEntity): boolean {
  return "action" in entity.state && (entity.state as { action: string }).action === "fall";
}
