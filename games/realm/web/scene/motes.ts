/** Small things in the air: fireflies on the meadow, ash on the heath, leaves in the wood, wisps over the moor. */
import { type Container, Sprite } from "pixi.js";
import { biomeAt } from "../../shared/biome.ts";
import type { Atlas } from "../art/atlas.ts";
import { pxPerM } from "./stage.ts";

const count = 26;
/** Metres around the middle of the view in which they float. */
const aroundM = 28;

interface Mote {
  readonly sprite: Sprite;
  readonly seed: number;
  x: number;
  y: number;
}

const kinds = {
  meadow: {
    picture: "spark",
    tint: 0xffd98a,
    alpha: 0.75,
    size: 0.5,
    driftX: 0.25,
    driftY: -0.05,
    isLight: true,
  },
  heath: {
    picture: "spark",
    tint: 0xffb27a,
    alpha: 0.4,
    size: 0.35,
    driftX: 0.9,
    driftY: -0.25,
    isLight: true,
  },
  birchwood: {
    picture: "leaf",
    tint: 0xe0b058,
    alpha: 0.9,
    size: 0.9,
    driftX: 0.8,
    driftY: 0.7,
    isLight: false,
  },
  moor: {
    picture: "spark",
    tint: 0x9fe0d8,
    alpha: 0.6,
    size: 0.8,
    driftX: 0.15,
    driftY: -0.12,
    isLight: true,
  },
} as const;

export class Motes {
  readonly #motes: Mote[] = [];
  readonly #atlas: Atlas;
  #land = "";

  constructor(layer: Container, atlas: Atlas) {
    this.#atlas = atlas;
    for (let i = 0; i < count; i++) {
      const sprite = new Sprite({ texture: atlas.picture("spark").texture, anchor: 0.5 });
      layer.addChild(sprite);
      this.#motes.push({
        sprite,
        seed: i * 1.7,
        x: (Math.random() - 0.5) * 2 * aroundM,
        y: (Math.random() - 0.5) * 2 * aroundM,
      });
    }
  }

  update(centre: { x: number; y: number }, nowMs: number, seconds: number): void {
    const land = biomeAt(centre.x, centre.y).name;
    const kind = kinds[land];
    if (land !== this.#land) {
      this.#land = land;
      for (const { sprite } of this.#motes) {
        sprite.texture = this.#atlas.picture(kind.picture).texture;
        sprite.tint = kind.tint;
        sprite.blendMode = kind.isLight ? "add" : "normal";
      }
    }
    for (const mote of this.#motes) {
      const { sprite, seed } = mote;
      const sway = Math.sin(nowMs / 900 + seed * 3);
      mote.x += (kind.driftX + sway * 0.35) * seconds;
      mote.y += (kind.driftY + Math.cos(nowMs / 700 + seed * 5) * 0.25) * seconds;
      // They stay around the view: who drifts out of it comes in on the other side.
      mote.x = wrap(mote.x - centre.x) + centre.x;
      mote.y = wrap(mote.y - centre.y) + centre.y;
      sprite.position.set(mote.x * pxPerM, mote.y * pxPerM);
      sprite.rotation = kind.isLight ? 0 : nowMs / 800 + seed;
      sprite.scale.set(kind.size * (0.8 + sway * 0.2));
      sprite.alpha = kind.alpha * (0.45 + 0.55 * Math.sin(nowMs / 620 + seed * 11) ** 2);
    }
  }
}

function wrap(value: number): number {
  return value - Math.round(value / (2 * aroundM)) * 2 * aroundM;
}
