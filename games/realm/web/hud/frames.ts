/** Frames that tell of somebody: the player, the target, the members of the party. */
import type { WorldEntity } from "@myriad/client";
import { experienceOfLevel, levelMax, levelOf } from "../../shared/rules.ts";
import { Player } from "../../shared/schema.ts";
import { itemTypeOf } from "../../shared/items.ts";
import { speciesOf } from "../../shared/species.ts";
import { drawPortrait } from "../art/people.ts";
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { Bar, el, icon, setShown, setText } from "./dom.ts";
import { icons } from "./icons.ts";

/** The player: name, level, hit points, experience. */
export class PlayerFrame {
  readonly element: HTMLElement;
  readonly #name = el("span", { class: "unit-name" });
  readonly #level = el("span", { class: "unit-level", title: "Level" });
  readonly #portrait = el("canvas", { class: "unit-portrait", width: 88, height: 88, "aria-hidden": "true" });
  #look = -1;
  readonly #state = el("span", { class: "unit-state" });
  readonly #health = new Bar("health", "Health");
  readonly #experience = new Bar("experience", "Experience");

  constructor() {
    const head = el("div", { class: "unit-head" }, this.#name, this.#state);
    const lines = el("div", { class: "unit-lines" }, head, this.#health.element, this.#experience.element);
    this.element = el(
      "section",
      { class: "panel unit unit-own", "aria-label": "You" },
      this.#portrait,
      this.#level,
      lines,
    );
  }

  update(session: Session): void {
    const { me, self } = session;
    if (me === undefined || self === undefined) return;
    const { name, level, look } = me.state;
    setText(this.#name, name);
    setText(this.#level, String(level));
    if (look !== this.#look) drawPortrait(this.#portrait, look);
    this.#look = look;
    const { hitPoints, hitPointsMax, experience, attacking, inTown } = self;
    setText(this.#state, attacking ? "fighting" : inTown ? "in town" : "");
    this.#health.set(
      hitPointsMax === 0 ? me.state.health : hitPoints / hitPointsMax,
      `${hitPoints} / ${hitPointsMax}`,
    );
    const own = levelOf(experience);
    const from = experienceOfLevel(own);
    const to = experienceOfLevel(own + 1);
    this.#experience.set(own >= levelMax ? 1 : (experience - from) / (to - from), `${experience} / ${to}`);
  }
}

/** Whom the player has chosen. */
export class TargetFrame {
  readonly element: HTMLElement;
  readonly #name = el("span", { class: "unit-name" });
  readonly #level = el("span", { class: "unit-level" });
  readonly #state = el("span", { class: "unit-state" });
  readonly #health = new Bar("health", "Health of the target");
  readonly #invite: HTMLButtonElement;

  constructor(session: Session, actions: Actions) {
    this.#invite = el("button", { type: "button", class: "small-button" }, icon(icons.invite), "Invite");
    this.#invite.addEventListener("click", () => actions.invite());
    const close = el("button", {
      type: "button",
      class: "small-button icon-only",
      "aria-label": "Let go of the target",
    });
    close.append(icon(icons.close));
    close.addEventListener("click", () => session.choose(undefined));
    const head = el("div", { class: "unit-head" }, this.#name, this.#state);
    const lines = el("div", { class: "unit-lines" }, head, this.#health.element);
    const label = { class: "panel unit unit-target", "aria-label": "Target", "aria-live": "off" };
    this.element = el("section", label, this.#level, lines, this.#invite, close);
    this.element.hidden = true;
  }

  update(session: Session): void {
    const { target } = session;
    setShown(this.element, target !== undefined);
    if (target === undefined) return;
    const { name, level, health, kind } = describe(session, target);
    setText(this.#name, name);
    setText(this.#level, level);
    setShown(this.#level, level !== "");
    const away = session.distanceTo(target);
    setText(this.#state, health === 0 ? "fallen" : `${away < 10 ? away.toFixed(1) : Math.round(away)} m`);
    this.element.dataset["kind"] = kind;
    setShown(this.#health.element, kind !== "loot");
    this.#health.set(health, `${Math.round(health * 100)} %`);
    const isMember = session.world?.group(Player).some(({ ref }) => ref === target.ref) === true;
    setShown(this.#invite, kind === "player" && !isMember);
  }
}

function describe(
  session: Session,
  target: WorldEntity,
): { name: string; level: string; health: number; kind: string } {
  if (session.isPlayer(target)) {
    const { name, level, health } = target.state;
    return { name, level: String(level), health, kind: "player" };
  }
  if (session.isCreature(target)) {
    const { species, level, health } = target.state;
    return { name: speciesOf(species).title, level: String(level), health, kind: "creature" };
  }
  const item = session.isLoot(target) ? itemTypeOf(target.state.item) : undefined;
  return { name: item?.name ?? "Something", level: "", health: 1, kind: "loot" };
}

/** The other members of the party, wherever they are. */
export class PartyFrames {
  readonly element: HTMLElement;
  readonly #list = el("ul", { class: "party-list" });
  readonly #rows = new Map<string, { row: HTMLElement; bar: Bar; where: HTMLElement; level: HTMLElement }>();
  readonly #session: Session;

  constructor(session: Session, actions: Actions) {
    this.#session = session;
    const leave = el("button", { type: "button", class: "small-button" }, icon(icons.leave), "Leave party");
    leave.addEventListener("click", () => actions.leaveParty());
    this.element = el("section", { class: "party", "aria-label": "Party" }, this.#list, leave);
    this.element.hidden = true;
  }

  update(): void {
    const { world, own } = this.#session;
    const members = (world?.group(Player) ?? []).filter(({ ref }) => ref !== world?.ownRef);
    setShown(this.element, members.length > 0);
    const names = new Set(members.map(({ state }) => state.name ?? ""));
    for (const [name, { row }] of this.#rows) {
      if (names.has(name)) continue;
      row.remove();
      this.#rows.delete(name);
    }
    for (const { ref, state } of members) {
      const { name = "", level = 0, health = 0, position } = state;
      const { bar, where, level: levelText } = this.#row(name, () => this.#session.choose(world?.get(ref)));
      bar.set(health, `${Math.round(health * 100)} %`);
      setText(levelText, String(level));
      const away = position === undefined ? 0 : Math.hypot(position.x - own.x, position.y - own.y);
      setText(where, `${Math.round(away)} m ${compass(position, own)}`);
    }
  }

  #row(name: string, choose: () => void) {
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    const bar = new Bar("friend", `Health of ${name}`);
    const where = el("span", { class: "unit-state" });
    const level = el("span", { class: "unit-level" });
    const head = el("div", { class: "unit-head" }, el("span", { class: "unit-name" }, name), where);
    const button = el(
      "button",
      { type: "button", class: "panel unit unit-party" },
      level,
      el("div", { class: "unit-lines" }, head, bar.element),
    );
    button.addEventListener("click", choose);
    const row = el("li", {}, button);
    this.#list.append(row);
    const made = { row, bar, where, level };
    this.#rows.set(name, made);
    return made;
  }
}

function compass(to: { x: number; y: number } | undefined, from: { x: number; y: number }): string {
  if (to === undefined || Math.hypot(to.x - from.x, to.y - from.y) < 5) return "";
  const names = ["E", "SE", "S", "SW", "W", "NW", "N", "NE"];
  const turn = Math.round((Math.atan2(to.y - from.y, to.x - from.x) / (Math.PI * 2)) * 8);
  return names[(turn + 8) % 8] ?? "";
}
