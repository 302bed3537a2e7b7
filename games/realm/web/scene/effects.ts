/**
 * What happens for a moment: numbers that rise, the arc of a blow, words over a head, sparks.
 *
 * Invariant: at most `effectsMax` at once; the oldest goes first.
 */
import { BitmapText, Container, Graphics, Sprite } from "pixi.js";
import { artPxPerM, type Atlas } from "../art/atlas.ts";
import { tint } from "../art/palette.ts";
import { type Layers, pxPerM } from "./stage.ts";
import { outlined, worldFont } from "./writing.ts";

const effectsMax = 160;

interface Effect {
  readonly node: Container;
  readonly bornMs: number;
  readonly lifeMs: number;
  /** Draws the effect at a share (0 to 1) of its life. */
  readonly draw: (share: number) => void;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export class Effects {
  readonly #layers: Layers;
  readonly #atlas: Atlas;
  readonly #effects: Effect[] = [];

  constructor(layers: Layers, atlas: Atlas) {
    this.#layers = layers;
    this.#atlas = atlas;
  }

  /** A number or a word that rises from a place. */
  rise(at: Place, text: string, colour: number, nowMs: number, isLarge = false): void {
    const node = new BitmapText({ text, style: outlined({ size: 44, weight: "800", colour }) });
    node.anchor.set(0.5, 1);
    const drift = (Math.random() - 0.5) * 0.9;
    const size = isLarge ? 0.62 : 0.44;
    this.#add(node, nowMs, isLarge ? 1300 : 1050, (share) => {
      const up = 1 - (1 - share) ** 2;
      node.position.set((at.x + drift * share) * pxPerM, (at.y - up * 1.5) * pxPerM);
      const pop = share < 0.12 ? 1 + Math.sin((share / 0.12) * Math.PI) * 0.5 : 1;
      node.scale.set(size * pop);
      node.alpha = share < 0.7 ? 1 : (1 - share) / 0.3;
    });
  }

  /** The arc of a blow. */
  swing(at: Place, heading: number, colour: number, nowMs: number): void {
    const node = this.#sprite("swing");
    node.tint = colour;
    node.blendMode = "add";
    this.#add(node, nowMs, 260, (share) => {
      node.position.set(
        (at.x + Math.cos(heading) * 0.7) * pxPerM,
        (at.y - 0.9 + Math.sin(heading) * 0.7) * pxPerM,
      );
      node.rotation = heading + (share - 0.5) * 1.1;
      const size = ((1 + share * 0.35) * pxPerM) / artPxPerM;
      node.scale.set(size, size * 0.85);
      node.alpha = (1 - share) * 0.9;
    });
  }

  /** A ring that widens on the ground: a sweep, a level, a return. */
  pulse(at: Place, radiusM: number, colour: number, nowMs: number): void {
    const node = this.#sprite("glow");
    node.tint = colour;
    node.blendMode = "add";
    this.#add(node, nowMs, 700, (share) => {
      node.position.set(at.x * pxPerM, at.y * pxPerM);
      const size = radiusM * 2 * (0.3 + 0.9 * Math.sqrt(share)) * pxPerM;
      node.setSize(size * 1.4, size * 0.9);
      node.alpha = (1 - share) * 0.8;
    });
  }

  /** Sparks from a blow that landed. */
  sparks(at: Place, colour: number, nowMs: number): void {
    for (let i = 0; i < 5; i++) {
      const angle = Math.random() * Math.PI * 2;
      const far = 0.5 + Math.random() * 0.8;
      const node = this.#sprite("spark");
      node.tint = colour;
      node.blendMode = "add";
      this.#add(node, nowMs, 300 + Math.random() * 160, (share) => {
        const out = far * (1 - (1 - share) ** 2);
        node.position.set(
          (at.x + Math.cos(angle) * out) * pxPerM,
          (at.y - 1 + Math.sin(angle) * out * 0.8) * pxPerM,
        );
        node.scale.set(((1 - share) * 0.9 * pxPerM) / artPxPerM);
        node.alpha = 1 - share;
      });
    }
  }

  /** Words in a bubble over a head that may walk on. */
  speech(head: () => Place | undefined, words: string, nowMs: number): void {
    const line = words.length > 60 ? `${words.slice(0, 58)}…` : words;
    const text = new BitmapText({
      text: line,
      style: { fontFamily: worldFont, fontSize: 26, fill: 0x2a2135 },
    });
    text.scale.set(0.5);
    text.anchor.set(0.5, 0.5);
    const wide = text.width + 18;
    const bubble = new Graphics();
    bubble.roundRect(-wide / 2, -14, wide, 26, 9);
    bubble.poly([-5, 11, 5, 11, 0, 18]);
    bubble.fill(0xf6ecdd);
    text.position.y = -1.5;
    const node = new Container();
    node.addChild(bubble, text);
    this.#add(node, nowMs, 2600 + words.length * 45, (share) => {
      const at = head();
      node.visible = at !== undefined;
      if (at !== undefined) node.position.set(at.x * pxPerM, (at.y - 1.25) * pxPerM);
      node.alpha = 0.95 * (share > 0.92 ? (1 - share) / 0.08 : Math.min(1, share * 25));
    });
  }

  update(nowMs: number): void {
    for (let i = this.#effects.length - 1; i >= 0; i--) {
      const effect = this.#effects[i]!;
      const share = (nowMs - effect.bornMs) / effect.lifeMs;
      if (share >= 1) {
        effect.node.destroy({ children: true });
        this.#effects.splice(i, 1);
      } else {
        effect.draw(Math.max(0, share));
      }
    }
  }

  #add(node: Container, nowMs: number, lifeMs: number, draw: (share: number) => void): void {
    if (this.#effects.length >= effectsMax) this.#effects.shift()?.node.destroy({ children: true });
    this.#layers.effects.addChild(node);
    this.#effects.push({ node, bornMs: nowMs, lifeMs, draw });
    draw(0);
  }

  #sprite(name: string): Sprite {
    const { texture, anchorX, anchorY } = this.#atlas.picture(name);
    return new Sprite({ texture, anchor: { x: anchorX, y: anchorY } });
  }
}

/** Colour of a number, by what it tells the player. */
export function damageTint(isOwn: boolean, outcome: string): number {
  if (outcome === "miss" || outcome === "dodge") return tint.missed;
  if (isOwn) return tint.taken;
  return outcome === "critical" ? tint.critical : tint.dealt;
}
