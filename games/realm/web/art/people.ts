/**
 * Hooded travellers: a cloak in greys that the sprite tints, and over it what keeps its colour (face, boots, clasp).
 *
 * Eight directions, three moments of a step. Direction 0 looks east, 2 south, as headings grow.
 */
import type { Atlas, Extent } from "./atlas.ts";
import { ellipse, lit, outlineM, shape, smooth } from "./brush.ts";
import { cloakOf, colour, cssOf } from "./palette.ts";

/** Directions in which a figure is drawn. */
export const directions = 8;
/** Moments of a step: standing, left foot, right foot. */
export const stepFrames = 3;

const extent: Extent = { left: 0.95, right: 0.95, up: 2.45, down: 0.3 };

export interface Facing {
  readonly x: number;
  readonly y: number;
}

export function facingOf(direction: number): Facing {
  const angle = (direction * Math.PI * 2) / directions;
  return { x: Math.cos(angle), y: Math.sin(angle) };
}

/** Name of a figure's picture. */
export function figureName(layer: "cloak" | "over", direction: number, frame: number): string {
  return `figure-${layer}-${direction}-${frame}`;
}

export function drawPeople(atlas: Atlas): void {
  for (let direction = 0; direction < directions; direction++) {
    const facing = facingOf(direction);
    for (let frame = 0; frame < stepFrames; frame++) {
      const swing = frame === 0 ? 0 : frame === 1 ? 1 : -1;
      atlas.add(figureName("cloak", direction, frame), extent, (ctx) => cloak(ctx, facing, swing));
      atlas.add(figureName("over", direction, frame), extent, (ctx) => over(ctx, facing, swing));
    }
  }
}

/** Draws somebody's head and shoulders into a square canvas. */
export function drawPortrait(canvas: HTMLCanvasElement, look: number): void {
  const ctx = canvas.getContext("2d");
  if (ctx === null) return;
  const facing = { x: 0.25, y: 0.97 };
  const side = canvas.width;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, side, side);
  ctx.setTransform(side / 1.5, 0, 0, side / 1.5, side * 0.48, side * 1.58);
  ctx.lineJoin = "round";
  cloak(ctx, facing, 0);
  const greys = document.createElement("canvas");
  greys.width = side;
  greys.height = side;
  greys.getContext("2d")?.drawImage(canvas, 0, 0);
  // The cloak's greys take its colour; what lies over it keeps its own.
  ctx.globalCompositeOperation = "multiply";
  ctx.fillStyle = cssOf(cloakOf(look));
  ctx.fillRect(-1, -3, 2, 3.5);
  ctx.save();
  ctx.resetTransform();
  ctx.globalCompositeOperation = "destination-in";
  ctx.drawImage(greys, 0, 0);
  ctx.restore();
  ctx.globalCompositeOperation = "source-over";
  over(ctx, facing, 0);
}

/** Boots are drawn by the cloak's layer's outline but keep their colour: they stand in the overlay, below the hem. */
export function boots(ctx: CanvasRenderingContext2D, facing: Facing, swing: number): void {
  for (const side of [-1, 1]) {
    const stride = side * swing * 0.16;
    const x = side * 0.2 * Math.max(0.45, Math.abs(facing.y)) + facing.x * (stride + 0.05);
    const y = -0.1 + facing.y * stride * 0.6 - (side === swing ? 0.05 : 0);
    shape(ctx, colour.leatherDark, (path) => path.ellipse(x, y, 0.17, 0.13, 0, 0, Math.PI * 2));
  }
}

function cloak(ctx: CanvasRenderingContext2D, facing: Facing, swing: number): void {
  boots(ctx, facing, swing);
  const lean = facing.x * 0.06;
  const sway = swing * 0.05;
  const hem = -0.16;
  const fill = lit(ctx, 0.7, "#ffffff", "#8f879c");
  shape(ctx, fill, (path) =>
    smooth(path, [
      { x: lean - 0.3, y: -1.52 },
      { x: lean + 0.3, y: -1.52 },
      { x: 0.5 + lean, y: -1.05 },
      { x: 0.66 + sway - facing.x * 0.12, y: hem - 0.06 },
      { x: 0.32 + sway, y: hem + 0.1 },
      { x: 0, y: hem + 0.04 },
      { x: -0.32 + sway, y: hem + 0.12 },
      { x: -0.66 + sway - facing.x * 0.12, y: hem - 0.06 },
      { x: -0.5 + lean, y: -1.05 },
    ]),
  );
  folds(ctx, facing, sway);
  // The hood, a little ahead of the shoulders.
  const head = { x: facing.x * 0.1, y: -1.66 + facing.y * 0.02 };
  shape(ctx, lit(ctx, 0.5, "#f6f2fb", "#8a8298"), (path) =>
    smooth(path, [
      { x: head.x - 0.02 - facing.x * 0.16, y: head.y - 0.58 },
      { x: head.x + 0.36, y: head.y - 0.34 },
      { x: head.x + 0.43, y: head.y + 0.12 },
      { x: head.x + 0.2, y: head.y + 0.36 },
      { x: head.x - 0.2, y: head.y + 0.36 },
      { x: head.x - 0.43, y: head.y + 0.12 },
      { x: head.x - 0.36, y: head.y - 0.34 },
    ]),
  );
  // The mantle over the shoulders.
  ctx.strokeStyle = "rgba(60, 48, 78, 0.35)";
  ctx.lineWidth = 0.05;
  ctx.beginPath();
  ctx.moveTo(lean - 0.44, -1.12);
  ctx.quadraticCurveTo(lean, -0.92, lean + 0.44, -1.12);
  ctx.stroke();
}

function folds(ctx: CanvasRenderingContext2D, facing: Facing, sway: number): void {
  ctx.strokeStyle = "rgba(60, 48, 78, 0.28)";
  ctx.lineWidth = 0.05;
  for (const x of [-0.34, -0.1, 0.16, 0.38]) {
    ctx.beginPath();
    ctx.moveTo(x * 0.7 + facing.x * 0.05, -0.92);
    ctx.quadraticCurveTo(x, -0.6, x * 1.25 + sway, -0.22);
    ctx.stroke();
  }
}

function over(ctx: CanvasRenderingContext2D, facing: Facing, swing: number): void {
  const head = { x: facing.x * 0.1, y: -1.66 + facing.y * 0.02 };
  if (facing.y < -0.35) return pack(ctx, facing, swing);
  // How far the face is turned to the side.
  const turn = facing.x;
  const face = { x: head.x + turn * 0.15, y: head.y + 0.06 };
  const width = 0.29 - Math.abs(turn) * 0.07;
  ellipse(ctx, { x: face.x, y: face.y + 0.01 }, width + 0.05, 0.29, "rgba(38, 26, 48, 0.85)");
  ellipse(ctx, { x: face.x + turn * 0.02, y: face.y + 0.05 }, width, 0.23, colour.skin);
  // The hood's shadow lies on the brow.
  ellipse(ctx, { x: face.x + turn * 0.02, y: face.y - 0.09 }, width * 0.96, 0.11, "rgba(52, 34, 56, 0.55)");
  for (const side of [-1, 1]) {
    const x = face.x + turn * 0.09 + side * (0.105 - Math.abs(turn) * 0.045);
    ellipse(ctx, { x, y: face.y + 0.05 }, 0.032, 0.045, colour.ink);
  }
  ctx.globalAlpha = 0.45;
  ellipse(ctx, { x: face.x - 0.1 + turn * 0.06, y: face.y + 0.15 }, 0.05, 0.03, "#c9705f");
  ellipse(ctx, { x: face.x + 0.12 + turn * 0.06, y: face.y + 0.15 }, 0.05, 0.03, "#c9705f");
  ctx.globalAlpha = 1;
  if (facing.y > 0.2) opening(ctx, facing);
  shape(ctx, colour.brass, (path) => path.arc(facing.x * 0.22, -1.2, 0.075, 0, Math.PI * 2), outlineM * 0.7);
}

/** The tunic that shows where the cloak falls open. */
function opening(ctx: CanvasRenderingContext2D, facing: Facing): void {
  const x = facing.x * 0.26;
  ctx.beginPath();
  ctx.moveTo(x, -1.14);
  ctx.quadraticCurveTo(x + 0.14, -0.6, x + 0.17, -0.12);
  ctx.lineTo(x - 0.13, -0.14);
  ctx.quadraticCurveTo(x - 0.1, -0.6, x, -1.14);
  ctx.fillStyle = "#3d3140";
  ctx.fill();
  ctx.fillStyle = colour.leather;
  ctx.fillRect(x - 0.1, -0.68, 0.2, 0.09);
  ctx.fillStyle = colour.brass;
  ctx.fillRect(x - 0.035, -0.69, 0.07, 0.11);
}

/** Seen from behind: a sword on the back. */
function pack(ctx: CanvasRenderingContext2D, facing: Facing, swing: number): void {
  ctx.save();
  ctx.translate(facing.x * -0.1, -0.95 + swing * 0.01);
  ctx.rotate(0.6);
  shape(ctx, colour.leather, (path) => path.roundRect(-0.06, -0.42, 0.12, 0.98, 0.04), outlineM * 0.8);
  shape(ctx, colour.brass, (path) => path.roundRect(-0.17, -0.5, 0.34, 0.08, 0.03), outlineM * 0.8);
  shape(ctx, colour.leatherDark, (path) => path.roundRect(-0.045, -0.74, 0.09, 0.26, 0.03), outlineM * 0.8);
  ctx.restore();
}
