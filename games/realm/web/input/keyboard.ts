/**
 * Keys: walking as long as they are held, everything else when they go down.
 *
 * Invariant: nothing is done while somebody writes. A page that loses the focus stands still.
 */
import { headingOf } from "@myriad/protocol";
import type { MoveInput } from "../../shared/movement.ts";
import type { Actions } from "../game/actions.ts";
import type { Session } from "../game/session.ts";
import { still } from "../game/movement.ts";
import type { Hud } from "../hud/hud.ts";

const walking: Readonly<Record<string, readonly [x: number, y: number]>> = {
  KeyW: [0, -1],
  ArrowUp: [0, -1],
  KeyS: [0, 1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  ArrowLeft: [-1, 0],
  KeyD: [1, 0],
  ArrowRight: [1, 0],
};

export class Keyboard {
  readonly #held = new Set<string>();
  readonly #session: Session;
  readonly #actions: Actions;
  readonly #hud: Hud;
  readonly #stop = new AbortController();

  constructor(session: Session, actions: Actions, hud: Hud) {
    this.#session = session;
    this.#actions = actions;
    this.#hud = hud;
    const options = { signal: this.#stop.signal };
    window.addEventListener("keydown", (event) => this.#down(event), options);
    window.addEventListener("keyup", (event) => this.#held.delete(event.code), options);
    for (const name of ["blur", "pagehide"]) window.addEventListener(name, () => this.#letGo(), options);
    document.addEventListener("visibilitychange", () => document.hidden && this.#letGo(), options);
    document.addEventListener("focusin", (event) => isWriting(event.target) && this.#held.clear(), options);
  }

  /** What the keys hold now; undefined when none of them walks. */
  get input(): MoveInput | undefined {
    let x = 0;
    let y = 0;
    for (const code of this.#held) {
      const [dx, dy] = walking[code] ?? [0, 0];
      x += dx;
      y += dy;
    }
    if (this.#held.size === 0) return undefined;
    return x === 0 && y === 0 ? still : { direction: headingOf(x, y), moving: true };
  }

  destroy(): void {
    this.#stop.abort();
  }

  /** Nothing is held any more: a hidden page draws nothing and would run on. */
  #letGo(): void {
    this.#held.clear();
    this.#session.hold(still);
  }

  #down(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target))
      return;
    if (event.code in walking) {
      this.#held.add(event.code);
      event.preventDefault();
    } else if (!event.repeat && this.#act(event)) {
      event.preventDefault();
    }
  }

  /** @returns Whether the key means something. */
  #act(event: KeyboardEvent): boolean {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (digit !== undefined) {
      this.#hud.hotbar.press(Number(digit) - 1);
      return true;
    }
    switch (event.code) {
      case "Tab": {
        // Tab walks through the page's controls once one of them has the focus.
        if (event.shiftKey || !isWorld(event.target)) return false;
        this.#actions.targetNext();
        return true;
      }
      case "KeyF":
        this.#actions.pickUp(this.#session.target);
        return true;
      case "KeyB":
      case "KeyI":
        this.#hud.toggle("bag");
        return true;
      case "KeyN":
        this.#hud.toggle("network");
        return true;
      case "KeyH":
        this.#hud.toggle("help");
        return true;
      case "Enter":
      case "NumpadEnter":
        if (!isWorld(event.target)) return false;
        this.#hud.chat.focus();
        return true;
      case "Slash":
        this.#hud.chat.focus("/");
        return true;
      case "Escape":
        return this.#escape(event);
      default:
        return false;
    }
  }

  #escape(event: KeyboardEvent): boolean {
    if (!isWorld(event.target)) (event.target as HTMLElement).blur();
    if (!this.#hud.closeTop()) this.#session.choose(undefined);
    return true;
  }
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** Whether no control of the page has the focus. */
function isWorld(target: EventTarget | null): boolean {
  return target === document.body || target === null || target instanceof HTMLCanvasElement;
}
