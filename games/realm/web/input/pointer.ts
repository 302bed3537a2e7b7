/**
 * Mouse and fingers on the world: a click chooses, a double or right click attacks or takes; the left half of a touch
 * screen is a stick to walk with.
 */
import { headingOf } from "@myriad/protocol";
import type { MoveInput } from "../../shared/movement.ts";
import { still } from "../game/movement.ts";
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { el } from "../hud/dom.ts";
import type { Scene } from "../scene/scene.ts";

/** Pixels that the stick reaches, and within which it stands still. */
const stickPx = 52;
const deadPx = 12;
/** Headings between two that the stick knows: 32 of them send less and feel the same. */
const stickStep = 8;
/** Milliseconds between the two halves of a double tap. */
const doubleMs = 320;

export class Pointer {
  readonly element: HTMLElement;
  readonly #knob = el("div", { class: "stick-knob" });
  readonly #session: Session;
  readonly #actions: Actions;
  readonly #scene: Scene;
  readonly #stop = new AbortController();
  #stick: { id: number; x: number; y: number; input: MoveInput } | undefined;
  #tap = { atMs: 0, x: 0, y: 0 };

  constructor(canvas: HTMLCanvasElement, session: Session, actions: Actions, scene: Scene) {
    this.#session = session;
    this.#actions = actions;
    this.#scene = scene;
    this.element = el("div", { class: "stick", "aria-hidden": "true" }, this.#knob);
    this.element.hidden = true;
    const options = { signal: this.#stop.signal };
    canvas.addEventListener("pointerdown", (event) => this.#down(event), options);
    canvas.addEventListener("pointermove", (event) => this.#move(event), options);
    for (const name of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(name, (event) => this.#up(event), options);
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  }

  /** What the stick holds; undefined while no finger is on it. */
  get input(): MoveInput | undefined {
    return this.#stick?.input;
  }

  destroy(): void {
    this.#stop.abort();
  }

  #down(event: PointerEvent): void {
    const { clientX, clientY, pointerType, pointerId } = event;
    // A click on the world takes the keyboard back from the page's controls.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const isStick =
      pointerType === "touch" && clientX < window.innerWidth * 0.45 && this.#stick === undefined;
    if (isStick && this.#scene.entityAt(clientX, clientY) === undefined) {
      (event.target as Element).setPointerCapture(pointerId);
      this.#stick = { id: pointerId, x: clientX, y: clientY, input: still };
      this.element.style.left = `${clientX}px`;
      this.element.style.top = `${clientY}px`;
      this.element.hidden = false;
      this.#knob.style.transform = "";
      return;
    }
    this.#chooseAt(event);
  }

  #chooseAt(event: PointerEvent): void {
    const { clientX, clientY, timeStamp, button } = event;
    const entity = this.#scene.entityAt(clientX, clientY);
    const isDouble =
      timeStamp - this.#tap.atMs < doubleMs && Math.hypot(clientX - this.#tap.x, clientY - this.#tap.y) < 24;
    this.#tap = { atMs: timeStamp, x: clientX, y: clientY };
    if (entity === undefined) {
      if (button === 0 && isDouble) this.#session.choose(undefined);
      return;
    }
    if (button === 2 || isDouble) this.#actions.attack(entity);
    else this.#session.choose(entity);
  }

  #move(event: PointerEvent): void {
    const stick = this.#stick;
    if (stick?.id !== event.pointerId) return;
    const dx = event.clientX - stick.x;
    const dy = event.clientY - stick.y;
    const far = Math.hypot(dx, dy);
    const share = Math.min(1, stickPx / Math.max(1, far));
    this.#knob.style.transform = `translate(${dx * share}px, ${dy * share}px)`;
    const direction = (Math.round(headingOf(dx, dy) / stickStep) * stickStep) & 255;
    stick.input = far < deadPx ? still : { direction, moving: true };
  }

  #up(event: PointerEvent): void {
    if (this.#stick?.id !== event.pointerId) return;
    this.#stick = undefined;
    this.element.hidden = true;
  }
}
