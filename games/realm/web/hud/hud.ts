/**
 * The page over the canvas: puts the parts in their places and lets them read the session ten times a second.
 */
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { Chat } from "./chat.ts";
import { el, icon } from "./dom.ts";
import { PartyFrames, PlayerFrame, TargetFrame } from "./frames.ts";
import { Hotbar } from "./hotbar.ts";
import { type IconName, icons } from "./icons.ts";
import { Inventory } from "./inventory.ts";
import { Minimap } from "./minimap.ts";
import { NetworkPanel } from "./network-panel.ts";
import { ConnectionBanner, DeathOverlay, Help, Invitation, Toast } from "./overlays.ts";

const updateMs = 100;

export class Hud {
  readonly element: HTMLElement;
  readonly chat: Chat;
  readonly hotbar: Hotbar;
  readonly bag: Inventory;
  readonly network: NetworkPanel;
  readonly help: Help;
  readonly banner: ConnectionBanner;
  readonly invitation: Invitation;
  readonly toast = new Toast();
  readonly #session: Session;
  readonly #player = new PlayerFrame();
  readonly #target: TargetFrame;
  readonly #party: PartyFrames;
  readonly #minimap: Minimap;
  readonly #death: DeathOverlay;
  #updatedMs = 0;

  constructor(session: Session, actions: Actions, leave: () => void) {
    this.#session = session;
    this.chat = new Chat(actions);
    this.hotbar = new Hotbar(actions);
    this.bag = new Inventory(session, actions, () => this.toggle("bag"));
    this.network = new NetworkPanel(session);
    this.help = new Help(() => this.toggle("help"));
    this.banner = new ConnectionBanner(session, leave);
    this.invitation = new Invitation(actions);
    this.#target = new TargetFrame(session, actions);
    this.#party = new PartyFrames(session, actions);
    this.#minimap = new Minimap(session);
    this.#death = new DeathOverlay(session, actions);
    const left = el("div", { class: "corner corner-left" }, this.#player.element, this.#party.element);
    const right = el(
      "div",
      { class: "corner corner-right" },
      this.#minimap.element,
      this.#buttons(),
      this.network.element,
    );
    this.element = el(
      "div",
      { class: "hud" },
      left,
      el("div", { class: "corner corner-middle" }, this.#target.element, this.toast.element),
      right,
      this.chat.element,
      this.bag.element,
      this.hotbar.element,
      this.invitation.element,
      this.help.element,
      this.#death.element,
      this.banner.element,
    );
  }

  /** Opens or closes a window. */
  toggle(what: "bag" | "network" | "help"): void {
    const { element } = this[what];
    element.hidden = !element.hidden;
    if (element.hidden) return;
    this.#updatedMs = 0;
    if (what === "bag") this.bag.focus();
  }

  /** Closes the window that lies on top; false when none was open. */
  closeTop(): boolean {
    for (const { element } of [this.help, this.bag, this.network]) {
      if (element.hidden) continue;
      element.hidden = true;
      return true;
    }
    return false;
  }

  /** Call once for each picture. */
  update(): void {
    const { nowMs } = this.#session;
    this.network.picture();
    if (nowMs - this.#updatedMs < updateMs) return;
    this.#updatedMs = nowMs;
    for (const part of [this.#player, this.#target, this.hotbar]) part.update(this.#session);
    for (const part of [this.bag, this.network, this.#party, this.#minimap, this.#death]) part.update();
  }

  #buttons(): HTMLElement {
    const button = (name: string, key: string, drawing: IconName, act: () => void) => {
      const made = el("button", {
        type: "button",
        class: "round-button",
        "aria-label": `${name} (${key})`,
        title: `${name} (${key})`,
      });
      made.append(icon(icons[drawing]));
      made.addEventListener("click", () => {
        act();
        // The keyboard goes back to the world.
        made.blur();
      });
      return made;
    };
    return el(
      "nav",
      { class: "round-buttons", "aria-label": "Windows" },
      button("Bag", "B", "bag", () => this.toggle("bag")),
      button("Chat", "Enter", "chat", () => this.chat.toggle()),
      button("Network", "N", "network", () => this.toggle("network")),
      button("Keys", "H", "help", () => this.toggle("help")),
    );
  }
}
