/** The row of actions at the foot of the page: keys 1 to 9, or a click. */
import { sweepCooldownMs } from "../../shared/rules.ts";
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { el, icon } from "./dom.ts";
import { type IconName, icons } from "./icons.ts";

interface Slot {
  readonly key: string;
  readonly name: string;
  readonly icon: IconName;
  readonly act: (actions: Actions) => void;
  /** Milliseconds until it can be done again, for the eye. */
  readonly pauseMs?: number;
}

const slots: readonly Slot[] = [
  { key: "1", name: "Attack", icon: "attack", act: (actions) => actions.attackToggle() },
  { key: "2", name: "Sweep", icon: "sweep", act: (actions) => actions.sweep(), pauseMs: sweepCooldownMs },
  { key: "3", name: "Drink", icon: "use", act: (actions) => actions.useFirst() },
  { key: "4", name: "Pick up", icon: "pick", act: (actions) => actions.pickUp() },
  { key: "5", name: "Wave", icon: "wave", act: (actions) => actions.emote("wave") },
  { key: "6", name: "Bow", icon: "bow", act: (actions) => actions.emote("bow") },
  { key: "7", name: "Cheer", icon: "cheer", act: (actions) => actions.emote("cheer") },
  { key: "8", name: "Dance", icon: "dance", act: (actions) => actions.emote("dance") },
  { key: "9", name: "Sit", icon: "sit", act: (actions) => actions.emote("sit") },
];

export class Hotbar {
  readonly element: HTMLElement;
  readonly #actions: Actions;
  readonly #buttons: HTMLButtonElement[] = [];

  constructor(actions: Actions) {
    this.#actions = actions;
    this.element = el("section", { class: "hotbar", role: "toolbar", "aria-label": "Actions" });
    slots.forEach((slot, i) => {
      const label = {
        type: "button",
        class: "slot",
        "aria-label": `${slot.name} (${slot.key})`,
        title: slot.name,
      };
      const button = el(
        "button",
        label,
        icon(icons[slot.icon]),
        el("kbd", {}, slot.key),
        el("span", { class: "slot-pause" }),
      );
      button.addEventListener("click", () => this.press(i));
      this.#buttons.push(button);
      this.element.append(button);
    });
    // Emotes are the second half: a narrow page hides them behind the chat's commands.
    for (const button of this.#buttons.slice(4)) button.classList.add("slot-emote");
  }

  /** Does what slot number `i` (from 0) does; nothing for a number that is none. */
  press(i: number): void {
    const slot = slots[i];
    const button = this.#buttons[i];
    if (slot === undefined || button === undefined) return;
    slot.act(this.#actions);
    button.classList.remove("is-pressed");
    // Reading a layout value between two changes starts the animation anew.
    void button.offsetWidth;
    button.classList.add("is-pressed");
  }

  /** A slot's action happened: shows the pause until the next time. */
  pause(name: string): void {
    const i = slots.findIndex((slot) => slot.name === name);
    const ms = slots[i]?.pauseMs;
    const veil = this.#buttons[i]?.querySelector(".slot-pause");
    if (ms === undefined || !(veil instanceof HTMLElement)) return;
    veil.animate([{ transform: "scaleY(1)" }, { transform: "scaleY(0)" }], {
      duration: ms,
      easing: "linear",
    });
  }

  update(session: Session): void {
    const isAttacking = session.self?.attacking === true;
    this.#buttons[0]?.classList.toggle("is-on", isAttacking);
    this.#buttons[0]?.setAttribute("aria-pressed", String(isAttacking));
  }
}
