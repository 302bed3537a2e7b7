/**
 * What is said, and a log of what happened, in one box with tabs. Enter begins to write, Enter sends, Escape leaves.
 *
 * Invariant: lines are text nodes; at most `linesMax` are kept.
 */
import { chatBytesMax } from "../../shared/schema.ts";
import type { Actions, ChatChannel } from "../game/actions.ts";
import { helpLines, readLine } from "../game/commands.ts";
import { el, setText } from "./dom.ts";

const linesMax = 200;

export type LineKind = "say" | "zone" | "tell" | "told" | "party" | "system" | "fight" | "gain";
type Tab = "all" | "say" | "zone" | "party" | "tell" | "log";

const tabs: readonly { tab: Tab; name: string; kinds: readonly LineKind[] }[] = [
  { tab: "all", name: "All", kinds: ["say", "zone", "tell", "told", "party", "system", "gain"] },
  { tab: "say", name: "Say", kinds: ["say"] },
  { tab: "zone", name: "Zone", kinds: ["zone"] },
  { tab: "party", name: "Party", kinds: ["party"] },
  { tab: "tell", name: "Tells", kinds: ["tell", "told"] },
  { tab: "log", name: "Log", kinds: ["fight", "gain", "system"] },
];

export class Chat {
  readonly element: HTMLElement;
  readonly #actions: Actions;
  readonly #lines = el("ol", {
    class: "chat-lines",
    role: "log",
    "aria-live": "polite",
    "aria-label": "Chat",
    tabindex: 0,
  });
  readonly #input: HTMLInputElement;
  readonly #channelName = el("span", { class: "chat-channel" });
  readonly #buttons = new Map<Tab, HTMLButtonElement>();
  #tab: Tab = "all";
  #channel: ChatChannel = "say";
  #to = "";

  constructor(actions: Actions) {
    this.#actions = actions;
    this.#input = el("input", {
      type: "text",
      class: "chat-input",
      "aria-label": "Say something, or a command such as /t name text",
      placeholder: "Enter to speak · /help",
      autocomplete: "off",
      maxlength: chatBytesMax,
      enterkeyhint: "send",
    });
    const bar = el("div", { class: "chat-tabs", role: "tablist", "aria-label": "Channels" });
    for (const { tab, name } of tabs) {
      const button = el("button", { type: "button", role: "tab", class: "chat-tab" }, name);
      button.addEventListener("click", () => this.#show(tab));
      this.#buttons.set(tab, button);
      bar.append(button);
    }
    const form = el("form", { class: "chat-form" }, this.#channelName, this.#input);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.leave();
      event.stopPropagation();
    });
    this.#input.addEventListener("focus", () => this.element.classList.add("is-writing"));
    this.#input.addEventListener("blur", () => this.element.classList.remove("is-writing"));
    this.element = el("section", { class: "panel chat", "aria-label": "Chat" }, bar, this.#lines, form);
    this.#show("all");
    this.#setChannel("say");
  }

  /** Begins to write; `start` stands there already. */
  focus(start = ""): void {
    this.element.classList.add("is-open");
    if (start !== "") this.#input.value = start;
    this.#input.focus();
  }

  /** Ends writing. */
  leave(): void {
    this.#input.value = "";
    this.#input.blur();
    this.element.classList.remove("is-open");
  }

  /** Shows or hides the box on a small screen. */
  toggle(): void {
    this.element.classList.toggle("is-open");
  }

  /** Adds a line; `from` stands before the words. */
  add(kind: LineKind, words: string, from = ""): void {
    const isNear = this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 40;
    const line = el("li", { class: `chat-line line-${kind}` });
    if (from !== "") line.append(el("b", {}, nameOf(kind, from)), " ");
    line.append(words);
    line.hidden = !this.#isShown(kind);
    line.dataset["kind"] = kind;
    this.#lines.append(line);
    while (this.#lines.childElementCount > linesMax) this.#lines.firstElementChild?.remove();
    if (isNear) this.#lines.scrollTop = this.#lines.scrollHeight;
    if (kind === "tell") this.#to = from;
    this.#mark(kind);
  }

  /** A tab that is not open and got a line says so. */
  #mark(kind: LineKind): void {
    if (kind !== "tell" && kind !== "party") return;
    const button = this.#buttons.get(kind);
    if (!this.#isShown(kind)) button?.classList.add("has-news");
  }

  #isShown(kind: LineKind): boolean {
    return tabs.find(({ tab }) => tab === this.#tab)?.kinds.includes(kind) === true;
  }

  #show(tab: Tab): void {
    this.#tab = tab;
    for (const [other, button] of this.#buttons) {
      button.setAttribute("aria-selected", String(other === tab));
      if (other === tab) button.classList.remove("has-news");
    }
    for (const line of this.#lines.children) {
      if (line instanceof HTMLElement)
        line.hidden = !this.#isShown((line.dataset["kind"] ?? "system") as LineKind);
    }
    this.#lines.scrollTop = this.#lines.scrollHeight;
    if (tab === "say" || tab === "zone" || tab === "party" || tab === "tell") this.#setChannel(tab);
  }

  #setChannel(channel: ChatChannel, to = this.#to): void {
    this.#channel = channel;
    this.#to = to;
    const name = channel === "tell" && to !== "" ? `to ${to}` : channel;
    setText(this.#channelName, name);
    this.#channelName.dataset["channel"] = channel;
  }

  #send(): void {
    const command = readLine(this.#input.value, this.#channel, this.#to);
    switch (command.kind) {
      case "chat":
        if (command.channel === "tell") this.#setChannel("tell", command.to);
        if (!this.#actions.say(command.channel, command.text, command.to)) {
          this.add("system", "That could not be sent just now.");
        }
        break;
      case "channel":
        this.#setChannel(command.channel);
        break;
      case "emote":
        this.#actions.emote(command.emote);
        break;
      case "invite":
        this.#actions.invite();
        break;
      case "leave":
        this.#actions.leaveParty();
        break;
      case "help":
        for (const line of helpLines) this.add("system", line);
        break;
      case "wrong":
        this.add("system", command.why);
        break;
      case "nothing":
        break;
    }
    this.leave();
  }
}

function nameOf(kind: LineKind, from: string): string {
  switch (kind) {
    case "tell":
      return `${from} tells you:`;
    case "told":
      return `To ${from}:`;
    case "zone":
      return `[zone] ${from}:`;
    case "party":
      return `[party] ${from}:`;
    default:
      return `${from}:`;
  }
}
