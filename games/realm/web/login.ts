/** The gate: who are you? Shows why the last attempt failed. */
import { nameCharactersMax } from "@myriad/protocol";
import { el, setText } from "./hud/dom.ts";

const nameKey = "duskmere.name";

export class Login {
  readonly element: HTMLElement;
  readonly #name: HTMLInputElement;
  readonly #button: HTMLButtonElement;
  readonly #status = el("p", { class: "login-status", role: "status", "aria-live": "polite" });

  /** @param enter Called with the chosen name. */
  constructor(enter: (name: string) => void) {
    this.#name = el("input", {
      id: "name",
      name: "name",
      type: "text",
      required: true,
      minlength: 2,
      maxlength: nameCharactersMax,
      autocomplete: "nickname",
      spellcheck: "false",
      placeholder: "a name to go by",
    });
    this.#name.value = localStorage.getItem(nameKey) ?? "";
    this.#button = el("button", { type: "submit", class: "big-button" }, "Enter Duskmere");
    const form = el(
      "form",
      { class: "login-form" },
      el("label", { for: "name" }, "Your name"),
      this.#name,
      this.#button,
      this.#status,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      if (name === "") return;
      localStorage.setItem(nameKey, name);
      enter(name);
    });
    this.element = el(
      "main",
      { class: "login" },
      el("div", { class: "login-sky", "aria-hidden": "true" }),
      el(
        "div",
        { class: "login-card" },
        el("h1", {}, "Duskmere"),
        el(
          "p",
          { class: "login-words" },
          "The lamps are lit, the roads are long, and the evening does not end.",
        ),
        form,
      ),
    );
  }

  focus(): void {
    this.#name.focus();
    this.#name.select();
  }

  /** Shows what is being done, or why it did not work. */
  say(text: string, isBusy: boolean): void {
    setText(this.#status, text);
    this.#button.disabled = isBusy;
    this.element.setAttribute("aria-busy", String(isBusy));
  }
}
