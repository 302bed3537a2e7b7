/** What floats over a head: name, health, and what it does or says for a moment. */
import { BitmapText, Container, Sprite } from "pixi.js";
import type { Atlas } from "../art/atlas.ts";
import { tint } from "../art/palette.ts";
import type { BarColour } from "../art/things.ts";
import { outlined } from "./writing.ts";

const barWidthPx = 46;
const barHeightPx = 5;

export class Plate {
  readonly node = new Container();
  readonly #name: BitmapText;
  readonly #bar: Sprite;
  readonly #back: Sprite;
  #label = "";
  #colour: number = tint.plate;

  constructor(atlas: Atlas, colour: BarColour) {
    this.#name = new BitmapText({
      text: "",
      style: outlined({ size: 26, weight: "600", colour: tint.plate }),
    });
    this.#name.anchor.set(0.5, 1);
    this.#name.scale.set(0.5);
    this.#back = new Sprite({ texture: atlas.picture("bar-back").texture, anchor: 0.5, alpha: 0.8 });
    this.#back.setSize(barWidthPx + 3, barHeightPx + 3);
    this.#bar = new Sprite({ texture: atlas.picture(`bar-${colour}`).texture, anchor: { x: 0, y: 0.5 } });
    this.#bar.position.x = -barWidthPx / 2;
    this.node.addChild(this.#back, this.#bar, this.#name);
  }

  /** Sets what is written; the empty text hides the line. */
  name(label: string, colour: number): void {
    if (label !== this.#label) {
      this.#label = label;
      this.#name.text = label;
    }
    if (colour === this.#colour) return;
    this.#colour = colour;
    this.#name.style = outlined({ size: 26, weight: "600", colour });
  }

  /** Sets the bar; 1 and `hidesFull` hide it. */
  health(share: number, hidesFull: boolean): void {
    const isShown = !(hidesFull && share >= 0.999) && share > 0;
    this.#bar.visible = isShown;
    this.#back.visible = isShown;
    this.#name.position.y = isShown ? -barHeightPx - 2 : 3;
    if (!isShown) return;
    this.#bar.setSize(Math.max(0.01, barWidthPx * share), barHeightPx);
  }
}
