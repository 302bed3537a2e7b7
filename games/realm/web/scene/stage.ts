/**
 * The canvas: the renderer, its layers from the ground up, and the camera over them.
 *
 * Everything in `world` is placed in pixels of the unscaled world (`pxPerM` for a metre); the camera moves and scales it.
 * Invariant: there is a picture on every machine. Without WebGL, or with one that a processor imitates, the renderer
 * draws with the canvas's own strokes: measured on two processors and no graphics card, 50 pictures a second against 2.
 */
import { Application, CanvasRenderer, Container, type Renderer } from "pixi.js";
import "pixi.js/unsafe-eval";
import { Quality } from "./quality.ts";

/** Unscaled pixels for one metre. */
export const pxPerM = 32;
/** Metres that a view shows at least, across and down. */
const acrossM = 46;
const downM = 26;
/** Screen pixels for one metre at least: on a phone a figure must still be seen. */
const leastPxPerM = 19;

const texturesPerBatch = 3;

export interface Layers {
  readonly ground: Container;
  readonly marks: Container;
  readonly shadows: Container;
  readonly things: Container;
  readonly lights: Container;
  readonly plates: Container;
  readonly effects: Container;
}

export class Stage {
  readonly app: Application;
  readonly layers: Layers;
  readonly #world = new Container();
  /** Screen pixels for one metre now. */
  #scale = pxPerM;
  #x = 0;
  #y = 0;
  #isPlaced = false;
  #shakeM = 0;
  readonly #quality = new Quality();

  private constructor(app: Application) {
    this.app = app;
    const layer = (sorted = false) => {
      const container = new Container();
      container.sortableChildren = sorted;
      container.eventMode = "none";
      this.#world.addChild(container);
      return container;
    };
    this.layers = {
      ground: layer(),
      marks: layer(),
      shadows: layer(),
      things: layer(true),
      lights: layer(),
      plates: layer(),
      effects: layer(),
    };
    app.stage.eventMode = "none";
    app.stage.addChild(this.#world);
    // `?sharp` is for pictures of the game taken on a machine without a graphics card.
    const isSharp = new URLSearchParams(location.search).has("sharp");
    if (!isSharp) app.ticker.add(({ elapsedMS }) => this.#keepUp(elapsedMS));
  }

  /** Makes the renderer and puts its canvas into `host`. Rejects when the browser draws nothing at all. */
  static async create(host: HTMLElement): Promise<Stage> {
    const app = new Application();
    await app.init({
      preference: hasGraphicsCard() ? ["webgl", "canvas"] : ["canvas"],
      failIfMajorPerformanceCaveat: true,
      background: "#2a2338",
      resizeTo: host,
      antialias: false,
      autoDensity: true,
      resolution: screenResolution(),
      preserveDrawingBuffer: false,
      eventFeatures: { move: false, globalMove: false, click: false, wheel: false },
    });
    limitTextures(app.renderer);
    keepBlendMode(app.renderer);
    app.canvas.setAttribute("aria-hidden", "true");
    host.append(app.canvas);
    return new Stage(app);
  }

  /** Middle of the view, metres. */
  get centre(): { x: number; y: number } {
    return { x: this.#x, y: this.#y };
  }

  /** Half of the view, metres. */
  get half(): { x: number; y: number } {
    const { width, height } = this.app.screen;
    return { x: width / 2 / this.#scale, y: height / 2 / this.#scale };
  }

  /** Follows a point; `seconds` went by. A jump of more than 30 m is a cut. */
  follow(x: number, y: number, seconds: number): void {
    const { width, height } = this.app.screen;
    this.#scale = Math.max(leastPxPerM, Math.min(width / acrossM, height / downM));
    const away = Math.hypot(x - this.#x, y - this.#y);
    const share = !this.#isPlaced || away > 30 ? 1 : 1 - Math.exp(-seconds * 9);
    this.#isPlaced = true;
    this.#x += (x - this.#x) * share;
    this.#y += (y - this.#y) * share;
    this.#shakeM *= Math.exp(-seconds * 10);
    const shake = this.#shakeM * Math.sin(performance.now() / 18);
    const zoom = this.#scale / pxPerM;
    this.#world.scale.set(zoom);
    // A little above the middle: figures stand up from their feet.
    this.#world.position.set(
      Math.round(width / 2 - (this.#x + shake) * this.#scale),
      Math.round(height / 2 - (this.#y - 0.8) * this.#scale),
    );
  }

  #keepUp(pictureMs: number): void {
    if (!this.#quality.picture(pictureMs)) return;
    const { width, height } = this.app.screen;
    this.app.renderer.resize(width, height, screenResolution() * this.#quality.share);
  }

  /** Shakes the view a little: the player was hit. */
  shake(): void {
    this.#shakeM = 0.12;
  }

  /** The point of the world under a point of the page. */
  worldAt(clientX: number, clientY: number): { x: number; y: number } {
    const box = this.app.canvas.getBoundingClientRect();
    const { x, y } = this.#world.position;
    return { x: (clientX - box.left - x) / this.#scale, y: (clientY - box.top - y) / this.#scale };
  }
}

/**
 * PixiJS 8.22 without WebGL remembers the blend mode across letters, which restore another one behind its back: after a
 * glow everything would be light. So the mode is set each time.
 */
function keepBlendMode(renderer: Renderer): void {
  if (!(renderer instanceof CanvasRenderer)) return;
  const { canvasContext } = renderer;
  const setBlendMode = canvasContext.setBlendMode.bind(canvasContext);
  canvasContext.setBlendMode = (mode) => {
    setBlendMode(mode);
    canvasContext.activeContext.globalCompositeOperation = canvasContext.blendModes[mode] ?? "source-over";
  };
}

/** Whether WebGL is drawn by a graphics card, as far as the browser tells. */
function hasGraphicsCard(): boolean {
  const gl = document.createElement("canvas").getContext("webgl", { failIfMajorPerformanceCaveat: true });
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = info ? gl?.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return gl !== null && !/swiftshader|llvmpipe|software|basic render/i.test(String(name));
}

function screenResolution(): number {
  return Math.min(2, window.devicePixelRatio || 1);
}

/**
 * A batch draws with up to 16 textures, and its shader may ask for each of them at every pixel. The world has one atlas and
 * the squares of ground: three are enough, and weak graphics cards are quicker with them.
 */
function limitTextures(renderer: Renderer): void {
  if ("limits" in renderer) renderer.limits.maxBatchableTextures = texturesPerBatch;
}
