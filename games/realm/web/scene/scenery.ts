/**
 * What stands in the world and never moves: trees, rocks, houses, walls, lamps, with their shadows and their light.
 *
 * Kept by squares around the camera. What hides the player becomes glass for that while.
 */
import { type Container, Sprite } from "pixi.js";
import { biomeAt } from "../../shared/biome.ts";
import { columnOfZone, rowOfZone, zoneSizeM } from "../../shared/layout.ts";
import type { Obstacle } from "../../shared/obstacle.ts";
import { obstaclesIn } from "../../shared/scenery.ts";
import { roadClearM, town } from "../../shared/town.ts";
import { artPxPerM, type Atlas } from "../art/atlas.ts";
import { tint } from "../art/palette.ts";
import { houseVariants, stallVariants } from "../art/things.ts";
import { bushVariant, pictureRadiusM, sceneryName, type SceneryPicture, toneOf } from "../art/trees.ts";
import { squareM } from "./soil.ts";
import { type Layers, pxPerM } from "./stage.ts";

/** Metres along a side of a square of scenery. */
const squareSizeM = 32;
/** Metres beyond the view at which something tall still reaches into it. */
const reachM = 10;
/** Metres between two lamps along a road. */
const lampEveryM = 22;

interface Piece {
  readonly sprite: Sprite;
  readonly parts: Container[];
  readonly halfM: number;
  readonly heightM: number;
  readonly x: number;
  readonly y: number;
  /** A light's glow, to flicker. */
  readonly glow?: Sprite;
}

export class Scenery {
  readonly #layers: Layers;
  readonly #atlas: Atlas;
  readonly #right: number;
  readonly #bottom: number;
  readonly #squares = new Map<string, Piece[]>();

  constructor(layers: Layers, atlas: Atlas, zoneCount: number) {
    this.#layers = layers;
    this.#atlas = atlas;
    const zones = Array.from({ length: zoneCount }, (_, zone) => zone);
    this.#right = Math.max(...zones.map((zone) => columnOfZone(zone) + 1)) * zoneSizeM;
    this.#bottom = Math.max(...zones.map((zone) => rowOfZone(zone) + 1)) * zoneSizeM;
  }

  /** Brings squares in and out of view, lets lamps flicker, and makes glass of what hides (x, y). */
  update(
    centre: { x: number; y: number },
    half: { x: number; y: number },
    own: { x: number; y: number },
    nowMs: number,
  ): void {
    const left = Math.floor((centre.x - half.x - reachM) / squareSizeM);
    const right = Math.floor((centre.x + half.x + reachM) / squareSizeM);
    const top = Math.floor((centre.y - half.y - reachM) / squareSizeM);
    const bottom = Math.floor((centre.y + half.y + reachM) / squareSizeM);
    for (const [key, pieces] of this.#squares) {
      const [column, row] = key.split(" ").map(Number) as [number, number];
      if (column >= left && column <= right && row >= top && row <= bottom) continue;
      for (const { parts } of pieces) for (const part of parts) part.destroy();
      this.#squares.delete(key);
    }
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const key = `${column} ${row}`;
        if (!this.#squares.has(key)) this.#squares.set(key, this.#build(column, row));
      }
    }
    for (const pieces of this.#squares.values()) for (const piece of pieces) animate(piece, own, nowMs);
  }

  #build(column: number, row: number): Piece[] {
    const minX = column * squareSizeM;
    const minY = row * squareSizeM;
    const maxX = Math.min(this.#right, minX + squareSizeM);
    const maxY = Math.min(this.#bottom, minY + squareSizeM);
    if (minX < 0 || minY < 0 || minX >= this.#right || minY >= this.#bottom) return [];
    const pieces = obstaclesIn(minX, minY, maxX, maxY).flatMap((obstacle) => this.#piece(obstacle) ?? []);
    for (const { x, y } of lampsIn(minX, minY, maxX, maxY)) pieces.push(this.#lamp(x, y));
    return pieces;
  }

  #piece(obstacle: Obstacle): Piece | undefined {
    const { kind, x, y, radiusM, look } = obstacle;
    switch (kind) {
      case "pond":
        // Painted on the ground.
        return undefined;
      case "house":
        return this.#stand({
          x,
          y: y + 1.4,
          name: `house-${look % houseVariants}`,
          halfM: 5,
          heightM: 8,
          shadowM: 5.6,
        });
      case "stall":
        return this.#stand({
          x,
          y: y + 0.4,
          name: `stall-${look % stallVariants}`,
          halfM: 1.8,
          heightM: 2.4,
          shadowM: 1.8,
        });
      case "wall": {
        const isTower = look % 4 === 0;
        const name = isTower ? "tower" : "wall";
        return this.#stand({ x, y: y + 0.6, name, halfM: 2.2, heightM: isTower ? 4.6 : 2.2, shadowM: 2.3 });
      }
      case "lantern":
        return this.#stand({
          x,
          y,
          name: "great-lantern",
          halfM: 2,
          heightM: 6.5,
          shadowM: 2.7,
          glow: { upM: 4.4, sizeM: 17 },
        });
      default:
        return this.#plant(kind, { x, y, radiusM, look });
    }
  }

  #plant(kind: SceneryPicture, at: { x: number; y: number; radiusM: number; look: number }): Piece {
    const { x, y, radiusM, look } = at;
    const variant = kind === "bush" ? bushVariant(biomeAt(x, y).name, look) : look;
    const name = sceneryName(kind, variant);
    const scale = 0.55 + 0.45 * (radiusM / pictureRadiusM[kind]);
    const { halfM, heightM, shadowM } = sizes[kind];
    const piece = this.#stand({
      x,
      y: y + radiusM * 0.3,
      name,
      halfM,
      heightM,
      shadowM,
      scale,
      isMirrored: (look & 1) === 1,
    });
    piece.sprite.tint = toneOf(look);
    return piece;
  }

  #lamp(x: number, y: number): Piece {
    return this.#stand({
      x,
      y,
      name: "lamp-post",
      halfM: 0,
      heightM: 0,
      shadowM: 0.5,
      glow: { upM: 2.9, sizeM: 7 },
    });
  }

  #stand(at: {
    x: number;
    y: number;
    name: string;
    halfM: number;
    heightM: number;
    shadowM: number;
    /** Metres from the anchor down to where it touches the ground. */
    baseM?: number;
    scale?: number;
    isMirrored?: boolean;
    glow?: { upM: number; sizeM: number };
  }): Piece {
    const { x, y, name, shadowM, scale = 1, baseM = 0 } = at;
    const sprite = this.#sprite(name, x, y);
    sprite.scale.set(
      ((scale * pxPerM) / artPxPerM) * (at.isMirrored === true ? -1 : 1),
      (scale * pxPerM) / artPxPerM,
    );
    sprite.zIndex = y;
    this.#layers.things.addChild(sprite);
    const shadow = this.#sprite(
      "shadow",
      x + shadowM * 0.42 * scale,
      y + baseM - 0.05 + shadowM * 0.1 * scale,
    );
    shadow.tint = tint.shadow;
    shadow.alpha = 0.5;
    shadow.width = shadowM * 2.7 * scale * pxPerM;
    shadow.height = shadowM * 1.05 * scale * pxPerM;
    shadow.rotation = 0.12;
    this.#layers.shadows.addChild(shadow);
    const parts: Container[] = [sprite, shadow];
    const piece = { sprite, parts, halfM: at.halfM * scale, heightM: at.heightM * scale, x, y };
    if (at.glow === undefined) return piece;
    const glow = this.#light(x, y - at.glow.upM, at.glow.sizeM, 0.55);
    const pool = this.#light(x, y + 0.2, at.glow.sizeM * 1.15, 0.4);
    pool.height *= 0.62;
    parts.push(glow, pool);
    return { ...piece, glow };
  }

  #light(x: number, y: number, sizeM: number, alpha: number): Sprite {
    const light = this.#sprite("glow", x, y);
    light.tint = tint.lamp;
    light.blendMode = "add";
    light.alpha = alpha;
    light.width = sizeM * pxPerM;
    light.height = sizeM * pxPerM;
    this.#layers.lights.addChild(light);
    return light;
  }

  #sprite(name: string, x: number, y: number): Sprite {
    const { texture, anchorX, anchorY } = this.#atlas.picture(name);
    const sprite = new Sprite({ texture, anchor: { x: anchorX, y: anchorY } });
    sprite.position.set(x * pxPerM, y * pxPerM);
    return sprite;
  }
}

/** Half width and height of what may hide somebody, and the width of the shadow, metres. */
const sizes: Readonly<Record<SceneryPicture, { halfM: number; heightM: number; shadowM: number }>> = {
  tree: { halfM: 2.4, heightM: 5.8, shadowM: 2.7 },
  birch: { halfM: 1.4, heightM: 6.2, shadowM: 1.7 },
  pine: { halfM: 1.4, heightM: 6, shadowM: 1.7 },
  snag: { halfM: 0, heightM: 0, shadowM: 1.2 },
  rock: { halfM: 0, heightM: 0, shadowM: 1.5 },
  bush: { halfM: 0, heightM: 0, shadowM: 1.2 },
};

function animate(piece: Piece, own: { x: number; y: number }, nowMs: number): void {
  const { sprite, halfM, heightM, x, y, glow } = piece;
  if (glow !== undefined)
    glow.alpha = 0.52 + Math.sin(nowMs / 310 + x) * 0.05 + Math.sin(nowMs / 97 + y) * 0.03;
  if (halfM === 0) return;
  const hides = own.y < y && own.y > y - heightM - 0.4 && Math.abs(own.x - x) < halfM + 0.4;
  sprite.alpha += ((hides ? 0.38 : 1) - sprite.alpha) * 0.16;
}

/** Lamps along the lantern roads, on alternating sides. */
function lampsIn(minX: number, minY: number, maxX: number, maxY: number): { x: number; y: number }[] {
  const lamps: { x: number; y: number }[] = [];
  const along = (from: number, to: number, middle: number, add: (at: number, side: number) => void) => {
    for (let i = Math.ceil((from - middle) / lampEveryM); middle + i * lampEveryM < to; i++) {
      if (Math.abs(i * lampEveryM) > squareM) add(middle + i * lampEveryM, i % 2 === 0 ? -1 : 1);
    }
  };
  const beside = roadClearM - 1.2;
  const isIn = (value: number, min: number, max: number) => value >= min && value < max;
  along(minX, maxX, town.x, (x, side) => {
    const y = town.y + side * beside;
    if (isIn(y, minY, maxY)) lamps.push({ x, y });
  });
  along(minY, maxY, town.y, (y, side) => {
    const x = town.x + side * beside;
    if (isIn(x, minX, maxX)) lamps.push({ x, y });
  });
  return lamps;
}
