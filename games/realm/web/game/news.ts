/**
 * What the zone tells, turned into words, numbers over heads and flashes.
 */
import type { World } from "@myriad/client";
import { channelNames, type EntityRef } from "@myriad/protocol";
import { itemTypeOf } from "../../shared/items.ts";
import { Chat, Fell, Gained, Looted, PartyInvited, Player, Refused, Struck } from "../../shared/schema.ts";
import { sweepRadiusM } from "../../shared/rules.ts";
import { speciesOf } from "../../shared/species.ts";
import { tint } from "../art/palette.ts";
import type { Hud } from "../hud/hud.ts";
import { damageTint } from "../scene/effects.ts";
import type { Scene } from "../scene/scene.ts";
import type { Session } from "./session.ts";

const detailedBit = 1 << channelNames.indexOf("detailed");

export interface NewsDesk {
  readonly session: Session;
  readonly scene: Scene;
  readonly hud: Hud;
  /** The player was hit. */
  readonly onHurt: () => void;
}

/** Listens to every fact from now on. */
export function hearNews(desk: NewsDesk): void {
  const { session, hud, scene } = desk;
  session.on(Struck, (blow) => showBlow(desk, blow));
  session.on(Fell, ({ who, by }) => {
    const isOwn = who === session.world?.ownRef;
    hud.chat.add(
      "fight",
      isOwn ? `You fall to ${nameOf(session, by)}.` : `${capital(nameOf(session, who))} falls.`,
    );
  });
  session.on(Gained, ({ experience, level }) => {
    const actor = scene.cast.actor(session.me);
    const { own, nowMs } = session;
    if (experience > 0) {
      scene.effects.rise(
        { x: own.x, y: own.y - (actor?.heightM ?? 2) },
        `+${experience} xp`,
        tint.gained,
        nowMs,
      );
      hud.chat.add("gain", `You gain ${experience} experience.`);
    }
    if (level <= (session.me?.state.level ?? level)) return;
    scene.effects.pulse(own, 4, tint.lamp, nowMs);
    hud.toast.show(`You are level ${level} now`, "gain");
    hud.chat.add("gain", `You are level ${level} now.`);
  });
  session.on(Looted, ({ item }) => {
    const name = itemTypeOf(item)?.name ?? "something";
    hud.toast.show(name, "gain");
    hud.chat.add("gain", `You pick up: ${name}.`);
  });
  session.on(Chat, ({ channel, from, text }) => {
    hud.chat.add(channel, text, channel === "system" ? "" : from);
    if (channel === "say") speak(desk, from, text);
  });
  session.on(Refused, ({ why }) => {
    hud.toast.show(why, "refused");
    hud.chat.add("system", why);
  });
  watchSweeps(desk);
  session.on(PartyInvited, ({ from }) => {
    hud.invitation.show(from);
    hud.chat.add("system", `${from} invites you to a party.`);
  });
}

/** A sweep is seen by what its player does; a ring of light goes out from it. */
function watchSweeps({ session, scene, hud }: NewsDesk): void {
  const watch = (world: World) =>
    world.events.on("change", (entity, channels) => {
      if ((channels & detailedBit) === 0 || !session.isPlayer(entity) || entity.state.action !== "sweep")
        return;
      const actor = scene.cast.actor(entity);
      if (actor !== undefined) scene.effects.pulse(actor, sweepRadiusM * 0.6, tint.lamp, session.nowMs);
      if (entity === session.me) hud.hotbar.pause("Sweep");
    });
  if (session.world !== undefined) watch(session.world);
  session.events.on("world", watch);
}

interface Blow {
  readonly attacker: EntityRef;
  readonly target: EntityRef;
  readonly damage: number;
  readonly outcome: string;
}

function showBlow(desk: NewsDesk, { attacker, target, damage, outcome }: Blow): void {
  const { session, scene, hud } = desk;
  const { nowMs, world } = session;
  const striker = scene.cast.actor(session.entity(attacker));
  const struck = scene.cast.actor(session.entity(target));
  const isOwn = target === world?.ownRef;
  const isMine = attacker === world?.ownRef;
  if (striker !== undefined && struck !== undefined) {
    const heading = Math.atan2(struck.y - striker.y, struck.x - striker.x);
    scene.effects.swing(striker, heading, isOwn ? tint.taken : tint.dealt, nowMs);
  }
  if (struck !== undefined) {
    const isMissed = outcome === "miss" || outcome === "dodge";
    const text = isMissed ? outcome : `${damage}${outcome === "critical" ? "!" : ""}`;
    const at = { x: struck.x, y: struck.y - struck.heightM * 0.85 };
    if (isOwn || isMine || !isMissed)
      scene.effects.rise(at, text, damageTint(isOwn, outcome), nowMs, outcome === "critical");
    if (damage > 0) {
      struck.flash(nowMs);
      scene.effects.sparks(struck, damageTint(isOwn, outcome), nowMs);
    }
  }
  if (isOwn && damage > 0) desk.onHurt();
  if (!isOwn && !isMine) return;
  const who = isMine ? "You" : capital(nameOf(session, attacker));
  const whom = isOwn ? "you" : nameOf(session, target);
  hud.chat.add("fight", blowText({ who, whom, damage, outcome, isMine }));
}

function blowText(blow: {
  who: string;
  whom: string;
  damage: number;
  outcome: string;
  isMine: boolean;
}): string {
  const { who, whom, damage, outcome, isMine } = blow;
  const s = isMine ? "" : "s";
  switch (outcome) {
    case "miss":
      return `${who} miss${isMine ? "" : "es"} ${whom}.`;
    case "dodge":
      return `${capital(whom)} dodge${whom === "you" ? "" : "s"} ${isMine ? "your blow" : `${who}'s blow`}.`;
    case "critical":
      return `${who} strike${s} ${whom} hard for ${damage}.`;
    case "glance":
      return `${who} graze${s} ${whom} for ${damage}.`;
    default:
      return `${who} hit${s} ${whom} for ${damage}.`;
  }
}

function speak({ session, scene }: NewsDesk, from: string, words: string): void {
  for (const entity of session.world?.entities(Player) ?? []) {
    if (entity.state.name !== from) continue;
    const head = () => {
      const actor = scene.cast.actor(entity);
      return actor === undefined ? undefined : { x: actor.x, y: actor.y - actor.heightM };
    };
    scene.effects.speech(head, words, session.nowMs);
    return;
  }
}

function nameOf(session: Session, ref: EntityRef): string {
  const entity = session.entity(ref);
  if (session.isPlayer(entity)) return entity.state.name;
  if (session.isCreature(entity)) return `the ${speciesOf(entity.state.species).title}`;
  return "somebody";
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
