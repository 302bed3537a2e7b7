/**
 * One big canvas with every picture of the world on it, drawn when the page starts: one texture, so one draw call for a
 * crowd.
 *
 * Pictures are drawn in metres with the origin where the thing stands; the atlas knows where that is on the sprite.
 */
import { CanvasSource, Rectangle, Texture } from "pixi.js";

/** Pixels of the atlas for one metre of the world: sharp at twice the usual magnification. */
export const artPxPerM = 44;
const sidePx = 2048;
const gapPx = 2;

/** A picture's extent in metres around the point where it stands. */
export interface Extent {
  readonly left: number;
  readonly right: number;
  readonly up: number;
  readonly down: number;
}

export type Draw = (ctx: CanvasRenderingContext2D) => void;

/** A texture and the place on it where the thing stands, as a sprite's anchor. */
export interface Picture {
  readonly texture: Texture;
  readonly anchorX: number;
  readonly anchorY: number;
}

export class Atlas {
  readonly #canvas: HTMLCanvasElement;
  readonly #ctx: CanvasRenderingContext2D;
  readonly #source: CanvasSource;
  readonly #pictures = new Map<string, Picture>();
  #x = gapPx;
  #y = gapPx;
  #rowHeight = 0;

  constructor() {
    this.#canvas = document.createElement("canvas");
    this.#canvas.width = sidePx;
    this.#canvas.height = sidePx;
    const ctx = this.#canvas.getContext("2d");
    if (ctx === null) throw new Error("this browser draws no canvas");
    this.#ctx = ctx;
    this.#source = new CanvasSource({
      resource: this.#canvas,
      scaleMode: "linear",
      autoGenerateMipmaps: true,
    });
  }

  /** Draws a picture under a name. Throws RangeError when the canvas is full. */
  add(name: string, extent: Extent, draw: Draw): void {
    const width = Math.ceil((extent.left + extent.right) * artPxPerM);
    const height = Math.ceil((extent.up + extent.down) * artPxPerM);
    if (this.#x + width + gapPx > sidePx) {
      this.#x = gapPx;
      this.#y += this.#rowHeight + gapPx;
      this.#rowHeight = 0;
    }
    if (this.#y + height + gapPx > sidePx) throw new RangeError(`no room for ${name} in the atlas`);
    const ctx = this.#ctx;
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.#x, this.#y, width, height);
    ctx.clip();
    ctx.translate(this.#x + extent.left * artPxPerM, this.#y + extent.up * artPxPerM);
    ctx.scale(artPxPerM, artPxPerM);
    ctx.lineJoin = "round";
    ctx.lineCap = "round";
    draw(ctx);
    ctx.restore();
    const texture = new Texture({
      source: this.#source,
      frame: new Rectangle(this.#x, this.#y, width, height),
    });
    const anchorX = extent.left / (extent.left + extent.right);
    this.#pictures.set(name, { texture, anchorX, anchorY: extent.up / (extent.up + extent.down) });
    this.#x += width + gapPx;
    this.#rowHeight = Math.max(this.#rowHeight, height);
  }

  /** Tells the renderer that everything is drawn. */
  finish(): void {
    this.#source.update();
  }

  /** Throws RangeError for a name that was never drawn. */
  picture(name: string): Picture {
    const picture = this.#pictures.get(name);
    if (picture === undefined) throw new RangeError(`no picture ${name}`);
    return picture;
  }

  has(name: string): boolean {
    return this.#pictures.has(name);
  }

  /** The canvas itself: icons of the page are cut from it. */
  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }
}
