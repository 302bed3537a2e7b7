/**
 * What stands over everything for a while: the fall, the lost connection, invitations, short news, the list of keys.
 */
import type { ConnectionState } from "@myriad/client";
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { el, icon, setShown, setText } from "./dom.ts";
import { icons } from "./icons.ts";

/** The player fell. */
export class DeathOverlay {
  readonly element: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #wait = el("p", { class: "death-wait" });
  readonly #session: Session;

  constructor(session: Session, actions: Actions) {
    this.#session = session;
    this.#button = el("button", { type: "button", class: "big-button" }, "Come back");
    this.#button.addEventListener("click", () => actions.comeBack());
    const words = el(
      "div",
      {},
      el("h2", {}, "You have fallen"),
      el("p", {}, "The great lantern of Lanternrest keeps a light for you."),
    );
    this.element = el(
      "div",
      { class: "overlay death", role: "alertdialog", "aria-label": "You have fallen" },
      words,
      this.#button,
      this.#wait,
    );
    this.element.hidden = true;
  }

  update(): void {
    const { isFallen, self, world, isPlaying } = this.#session;
    if (this.element.hidden === isFallen) {
      setShown(this.element, isFallen);
      if (isFallen) this.#button.focus();
    }
    if (!isFallen) return;
    this.#button.disabled = !isPlaying;
    const seconds = Math.ceil((self?.fallenTicks ?? 0) / (world?.tickRateHz ?? 20));
    setText(this.#wait, seconds > 0 ? `You wake there by yourself in ${seconds} s.` : "");
  }
}

/** The connection is lost, or over. */
export class ConnectionBanner {
  readonly element: HTMLElement;
  readonly #text = el("span", {});
  readonly #spinner = el("span", { class: "spinner", "aria-hidden": "true" });
  readonly #button: HTMLButtonElement;

  constructor(session: Session, leave: () => void) {
    this.#button = el("button", { type: "button", class: "small-button" }, "Try now");
    this.#button.addEventListener("click", () => {
      if (session.connection.state.kind === "closed") leave();
      else session.connection.retryNow();
    });
    this.element = el(
      "div",
      { class: "banner", role: "status", "aria-live": "assertive" },
      this.#spinner,
      this.#text,
      this.#button,
    );
    this.element.hidden = true;
  }

  show(state: ConnectionState): void {
    setShown(this.element, state.kind === "reconnecting" || state.kind === "closed");
    setShown(this.#spinner, state.kind === "reconnecting");
    if (state.kind === "reconnecting") {
      setText(
        this.#text,
        `Connection lost. Coming back${state.attempt > 1 ? ` (attempt ${state.attempt})` : ""} …`,
      );
      setText(this.#button, "Try now");
    } else if (state.kind === "closed") {
      setText(this.#text, `The connection is closed: ${state.text}.`);
      setText(this.#button, "Back to the gate");
    }
  }
}

/** Somebody invites the player into a party. */
export class Invitation {
  readonly element: HTMLElement;
  readonly #text = el("span", {});

  constructor(actions: Actions) {
    const answer = (label: string, accept: boolean) => {
      const button = el("button", { type: "button", class: "small-button" }, label);
      button.addEventListener("click", () => {
        actions.answerInvitation(accept);
        this.element.hidden = true;
      });
      return button;
    };
    this.element = el(
      "div",
      { class: "panel invitation", role: "alertdialog", "aria-label": "Invitation" },
      this.#text,
      answer("Join", true),
      answer("Not now", false),
    );
    this.element.hidden = true;
  }

  show(from: string): void {
    setText(this.#text, `${from} invites you to a party.`);
    this.element.hidden = false;
  }
}

/** A line in the middle that fades: refusals, gains, names of places. */
export class Toast {
  readonly element = el("div", { class: "toasts", "aria-live": "polite" });

  show(text: string, kind: "refused" | "gain" | "hint" | "place"): void {
    const line = el("p", { class: `toast toast-${kind}` }, text);
    this.element.append(line);
    while (this.element.childElementCount > 3) this.element.firstElementChild?.remove();
    line.addEventListener("animationend", () => line.remove());
  }
}

/** The list of keys. */
export class Help {
  readonly element: HTMLElement;

  constructor(close: () => void) {
    const closer = el("button", {
      type: "button",
      class: "small-button icon-only",
      "aria-label": "Close the help",
    });
    closer.append(icon(icons.close));
    closer.addEventListener("click", close);
    const list = el("dl", {});
    for (const [keys, what] of keysHelp) {
      list.append(el("dt", {}, ...keys.split(" ").map((key) => el("kbd", {}, key))), el("dd", {}, what));
    }
    this.element = el(
      "section",
      { class: "panel help", "aria-label": "Keys" },
      el("header", { class: "panel-head" }, el("h2", {}, "Keys"), closer),
      list,
    );
    this.element.hidden = true;
  }
}

const keysHelp = [
  ["W A S D", "walk; the arrows too"],
  ["Tab", "choose the next creature"],
  ["1", "attack, or stop"],
  ["2", "sweep at all around you"],
  ["3 4", "drink a draught, pick up"],
  ["5 … 9", "wave, bow, cheer, dance, sit"],
  ["F", "pick up what lies nearest"],
  ["B I", "the bag"],
  ["Enter /", "speak, or a command"],
  ["N H", "network, this list"],
  ["Shift Tab", "walk through the page's buttons"],
  ["Esc", "let go, close, back to the world"],
  ["Mouse", "click chooses; double or right click attacks"],
] as const;
