/**
 * The squares of ground around the camera: painted while there is time, kept while they are near.
 */
import { CanvasSource, type Container, Sprite, Texture } from "pixi.js";
import { chunkM, paintChunk } from "./ground-chunk.ts";
import { pxPerM } from "./stage.ts";

/** Milliseconds of painting in one picture: this many, or this share of the time that a picture takes here. */
const paintMs = 4;
const paintShare = 0.3;
/** Milliseconds of painting before the first picture. */
const firstPaintMs = 400;
/** Squares kept beyond those in view. */
const spareMax = 24;
/** Metres around the view that are painted ahead. */
const aheadM = 8;

interface Square {
  readonly column: number;
  readonly row: number;
  sprite: Sprite | undefined;
  usedAt: number;
}

export class Ground {
  readonly #layer: Container;
  readonly #zoneCount: number;
  readonly #squares = new Map<string, Square>();
  #painting: { square: Square; work: Generator<undefined, HTMLCanvasElement> } | undefined;
  #clock = 0;
  #lastMs = 0;

  constructor(layer: Container, zoneCount: number) {
    this.#layer = layer;
    this.#zoneCount = zoneCount;
  }

  /** Sees to the squares in view. `isHurried` paints until the view is whole. */
  update(centre: { x: number; y: number }, half: { x: number; y: number }, isHurried = false): void {
    this.#clock++;
    const wanted: Square[] = [];
    for (
      let row = Math.floor((centre.y - half.y - aheadM) / chunkM);
      row * chunkM < centre.y + half.y + aheadM;
      row++
    ) {
      for (
        let column = Math.floor((centre.x - half.x - aheadM) / chunkM);
        column * chunkM < centre.x + half.x + aheadM;
        column++
      ) {
        wanted.push(this.#square(column, row));
      }
    }
    const away = ({ column, row }: Square) =>
      Math.abs((column + 0.5) * chunkM - centre.x) + Math.abs((row + 0.5) * chunkM - centre.y);
    const missing = wanted.filter(({ sprite }) => sprite === undefined).sort((a, b) => away(a) - away(b));
    this.#paint(missing, isHurried);
    this.#forget(wanted.length + spareMax);
  }

  #square(column: number, row: number): Square {
    const key = `${column} ${row}`;
    const square = this.#squares.get(key) ?? { column, row, sprite: undefined, usedAt: 0 };
    square.usedAt = this.#clock;
    this.#squares.set(key, square);
    return square;
  }

  #paint(missing: Square[], isHurried: boolean): void {
    const nowMs = performance.now();
    const pictureMs = Math.min(400, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    const endMs = nowMs + (isHurried ? firstPaintMs : Math.max(paintMs, pictureMs * paintShare));
    while (performance.now() < endMs) {
      if (this.#painting === undefined) {
        const square = missing.shift();
        if (square === undefined) return;
        const work = paintChunk(square.column * chunkM, square.row * chunkM, this.#zoneCount);
        this.#painting = { square, work };
      }
      const step = this.#painting.work.next();
      if (step.done !== true) continue;
      this.#show(this.#painting.square, step.value);
      this.#painting = undefined;
    }
  }

  #show(square: Square, canvas: HTMLCanvasElement): void {
    const source = new CanvasSource({ resource: canvas, scaleMode: "linear", addressMode: "clamp-to-edge" });
    const sprite = new Sprite(new Texture({ source }));
    sprite.position.set(square.column * chunkM * pxPerM, square.row * chunkM * pxPerM);
    // A hair larger than its square, so that no seam shows between two of them.
    sprite.setSize(chunkM * pxPerM + 0.5, chunkM * pxPerM + 0.5);
    square.sprite = sprite;
    this.#layer.addChild(sprite);
  }

  #forget(keep: number): void {
    if (this.#squares.size <= keep) return;
    const oldest = [...this.#squares].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, square] of oldest.slice(0, this.#squares.size - keep)) {
      if (square.usedAt === this.#clock || square === this.#painting?.square) continue;
      square.sprite?.destroy({ texture: true, textureSource: true });
      this.#squares.delete(key);
    }
  }
}
