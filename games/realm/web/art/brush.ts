/** Strokes that several pictures share: soft ellipses, outlined blobs, light from the west. */
import type { Draw } from "./atlas.ts";
import { colour } from "./palette.ts";

/** Metres of the outline that lifts a figure off the ground. */
export const outlineM = 0.05;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A filled ellipse. */
export function ellipse(
  ctx: CanvasRenderingContext2D,
  at: Point,
  radiusX: number,
  radiusY: number,
  fill: string | CanvasGradient,
): void {
  ctx.beginPath();
  ctx.ellipse(at.x, at.y, radiusX, radiusY, 0, 0, Math.PI * 2);
  ctx.fillStyle = fill;
  ctx.fill();
}

/** Fills and outlines the path that `trace` makes. */
export function shape(
  ctx: CanvasRenderingContext2D,
  fill: string | CanvasGradient,
  trace: Draw,
  lineM = outlineM,
): void {
  ctx.beginPath();
  trace(ctx);
  ctx.closePath();
  ctx.strokeStyle = colour.outline;
  ctx.lineWidth = lineM * 2;
  ctx.stroke();
  ctx.fillStyle = fill;
  ctx.fill();
}

/** A smooth closed path through points. */
export function smooth(ctx: CanvasRenderingContext2D, points: readonly Point[]): void {
  const count = points.length;
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const first = middle(points[count - 1]!, points[0]!);
  ctx.moveTo(first.x, first.y);
  for (let i = 0; i < count; i++) {
    const at = points[i]!;
    const to = middle(at, points[(i + 1) % count]!);
    ctx.quadraticCurveTo(at.x, at.y, to.x, to.y);
  }
}

/** A gradient from the lit west to the shaded east. */
export function lit(
  ctx: CanvasRenderingContext2D,
  halfWidth: number,
  light: string,
  dark: string,
): CanvasGradient {
  const gradient = ctx.createLinearGradient(-halfWidth, 0, halfWidth, halfWidth * 0.35);
  gradient.addColorStop(0, light);
  gradient.addColorStop(1, dark);
  return gradient;
}

/** A glow that fades to nothing at its radius. */
export function glow(
  ctx: CanvasRenderingContext2D,
  at: Point,
  radius: number,
  inner: string,
  outer: string,
): void {
  const gradient = ctx.createRadialGradient(at.x, at.y, 0, at.x, at.y, radius);
  gradient.addColorStop(0, inner);
  gradient.addColorStop(1, outer);
  ellipse(ctx, at, radius, radius, gradient);
}

/** Numbers from 0 to below 1 that are the same on every page: pictures do not differ from visit to visit. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}
