/** What floats over a head: name, health, and what it does or says for a moment. */
import { BitmapText, Container, Sprite } from "pixi.js";
import type { Atlas } from "../art/atlas.ts";
import { tint } from "../art/palette.ts";

const barWidthPx = 46;
const barHeightPx = 5;

export class Plate {
  readonly node = new Container();
  readonly #name: BitmapText;
  readonly #bar: Sprite;
  readonly #back: Sprite;
  #label = "";

  constructor(atlas: Atlas) {
    this.#name = new BitmapText({
      text: "",
      style: {
        fontFamily: "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
        fontSize: 26,
        fontWeight: "600",
        fill: 0xffffff,
        stroke: { color: 0x1d1426, width: 5, join: "round" },
      },
    });
    this.#name.anchor.set(0.5, 1);
    this.#name.scale.set(0.5);
    this.#name.position.y = -barHeightPx - 3;
    const { texture } = atlas.picture("pixel");
    this.#back = new Sprite({ texture, anchor: 0.5, tint: tint.healthBack, alpha: 0.75 });
    this.#back.setSize(barWidthPx + 3, barHeightPx + 3);
    this.#bar = new Sprite({ texture, anchor: { x: 0, y: 0.5 } });
    this.#bar.position.x = -barWidthPx / 2;
    this.node.addChild(this.#back, this.#bar, this.#name);
  }

  /** Sets what is written; the empty text hides the line. */
  name(label: string, colour: number): void {
    if (label !== this.#label) {
      this.#label = label;
      this.#name.text = label;
    }
    this.#name.tint = colour;
  }

  /** Sets the bar; 1 and `hidesFull` hide it. */
  health(share: number, colour: number, hidesFull: boolean): void {
    const isShown = !(hidesFull && share >= 0.999) && share > 0;
    this.#bar.visible = isShown;
    this.#back.visible = isShown;
    if (!isShown) return;
    this.#bar.tint = colour;
    this.#bar.setSize(Math.max(0.01, barWidthPx * share), barHeightPx);
  }
}
