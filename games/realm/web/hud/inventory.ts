/**
 * The bag: 24 places. Drag a thing, or click it and then a place; double-click or Enter uses it, Delete drops it.
 *
 * Invariant: what is shown is what the zone says. A place that waits for the ledger is dimmed and cannot be chosen.
 */
import { handPlace, itemTypeOf } from "../../shared/items.ts";
import { bagPlaces } from "../../shared/schema.ts";
import { drawItem } from "../art/items.ts";
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { el, icon, setText } from "./dom.ts";
import { icons } from "./icons.ts";

const columns = 6;
/** Pixels of a place's picture: twice what is shown. */
const picturePx = 80;

export class Inventory {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #actions: Actions;
  readonly #places: { button: HTMLButtonElement; canvas: HTMLCanvasElement; type: number }[] = [];
  readonly #about = el("p", { class: "bag-about", "aria-live": "polite" });
  readonly #count = el("span", { class: "unit-state" });
  readonly #use: HTMLButtonElement;
  readonly #drop: HTMLButtonElement;
  #chosen = -1;

  constructor(session: Session, actions: Actions, close: () => void) {
    this.#session = session;
    this.#actions = actions;
    const grid = el("div", { class: "bag-grid", role: "grid", "aria-label": "Places of the bag" });
    for (let i = 0; i < bagPlaces; i++) grid.append(this.#place(i));
    this.#use = el("button", { type: "button", class: "small-button" }, "Use");
    this.#drop = el("button", { type: "button", class: "small-button" }, "Drop");
    this.#use.addEventListener("click", () => this.#useChosen());
    this.#drop.addEventListener("click", () => this.#dropChosen());
    const closer = el("button", {
      type: "button",
      class: "small-button icon-only",
      "aria-label": "Close the bag",
    });
    closer.append(icon(icons.close));
    closer.addEventListener("click", close);
    const head = el("header", { class: "panel-head" }, el("h2", {}, "Bag"), this.#count, closer);
    const foot = el("footer", { class: "bag-foot" }, this.#about, this.#use, this.#drop);
    this.element = el("section", { class: "panel bag", "aria-label": "Bag" }, head, grid, foot);
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => this.#key(event));
    // Dragged out of the bag is thrown away.
    document.addEventListener("dragover", (event) => this.#dragsOver(event));
    document.addEventListener("drop", (event) => this.#dropped(event));
  }

  /** Puts the keyboard into the bag. */
  focus(): void {
    this.#places[Math.max(0, this.#chosen)]?.button.focus();
  }

  update(): void {
    const { self } = this.#session;
    if (self === undefined || this.element.hidden) return;
    let used = 0;
    this.#places.forEach((place, i) => {
      const type = self.bag[i] ?? 0;
      const isPending = ((self.bagPending >>> i) & 1) === 1;
      if (type !== 0) used++;
      place.button.classList.toggle("is-pending", isPending);
      place.button.setAttribute("aria-busy", String(isPending));
      if (place.type === type) return;
      place.type = type;
      drawItem(place.canvas, type);
      const name = itemTypeOf(type)?.name ?? (type === 0 ? "empty" : "something unknown");
      place.button.setAttribute(
        "aria-label",
        `Place ${i + 1}${i === handPlace ? ", the hand" : ""}: ${name}`,
      );
      place.button.draggable = type !== 0;
    });
    setText(this.#count, `${used} / ${bagPlaces}`);
    this.#describe();
  }

  #place(i: number): HTMLButtonElement {
    const canvas = el("canvas", { width: picturePx, height: picturePx, "aria-hidden": "true" });
    const button = el(
      "button",
      { type: "button", class: "bag-place", role: "gridcell", "aria-label": `Place ${i + 1}: empty` },
      canvas,
    );
    if (i === handPlace) button.classList.add("is-hand");
    button.addEventListener("click", () => this.#click(i));
    button.addEventListener("dblclick", () => this.#actions.bagUse(i));
    button.addEventListener("mouseenter", () => this.#describe(i));
    button.addEventListener("focus", () => this.#describe(i));
    button.addEventListener("mouseleave", () => this.#describe());
    button.addEventListener("dragstart", (event) => {
      this.#choose(i);
      event.dataTransfer?.setData("text/plain", String(i));
      event.dataTransfer?.setDragImage(canvas, 20, 20);
    });
    button.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (this.#chosen >= 0) this.#actions.bagMove(this.#chosen, i);
      this.#choose(-1);
    });
    this.#places.push({ button, canvas, type: 0 });
    return button;
  }

  #click(i: number): void {
    const type = this.#session.self?.bag[i] ?? 0;
    if (this.#chosen >= 0 && this.#chosen !== i) {
      this.#actions.bagMove(this.#chosen, i);
      this.#choose(-1);
    } else {
      this.#choose(this.#chosen === i || type === 0 ? -1 : i);
    }
  }

  #choose(i: number): void {
    this.#chosen = i;
    this.#places.forEach(({ button }, at) => {
      button.classList.toggle("is-chosen", at === i);
      button.setAttribute("aria-selected", String(at === i));
    });
    this.#describe();
  }

  #describe(i = this.#chosen): void {
    const item = itemTypeOf(this.#session.self?.bag[i] ?? 0);
    const hint = i === handPlace && item === undefined ? "The hand: a weapon here is wielded." : "";
    setText(this.#about, item === undefined ? hint : `${item.name}. ${item.about}`);
    this.#use.disabled = this.#chosen < 0;
    this.#drop.disabled = this.#chosen < 0;
  }

  #useChosen(): void {
    if (this.#chosen >= 0) this.#actions.bagUse(this.#chosen);
    this.#choose(-1);
  }

  #dropChosen(): void {
    if (this.#chosen >= 0) this.#actions.bagDrop(this.#chosen);
    this.#choose(-1);
  }

  #key(event: KeyboardEvent): void {
    const at = this.#places.findIndex(({ button }) => button === document.activeElement);
    if (at < 0) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      this.#places[(at + step + bagPlaces) % bagPlaces]?.button.focus();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.#actions.bagDrop(at);
    } else if (event.key === "u") {
      this.#actions.bagUse(at);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #dragsOver(event: DragEvent): void {
    if (this.#chosen >= 0) event.preventDefault();
  }

  #dropped(event: DragEvent): void {
    if (this.#chosen < 0 || this.element.contains(event.target as Node)) return;
    event.preventDefault();
    this.#dropChosen();
  }
}
