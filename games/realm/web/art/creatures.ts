/**
 * Creatures in profile, looking east; the sprite mirrors them. Each has its own outline, so that one knows them as
 * shadows at dusk: a hump, a pair of ears, a crown of thorns, a raised blade, a ragged veil.
 */
import type { Atlas, Extent } from "./atlas.ts";
import { ellipse, glow, lit, outlineM, type Point, shape, smooth } from "./brush.ts";
import { colour } from "./palette.ts";
import { stepFrames } from "./people.ts";

export type CreatureName = "boar" | "wolf" | "thornling" | "marauder" | "shade";

export function creatureName(species: CreatureName, frame: number): string {
  return `creature-${species}-${frame}`;
}

const extents: Readonly<Record<CreatureName, Extent>> = {
  boar: { left: 1.3, right: 1.35, up: 1.6, down: 0.3 },
  wolf: { left: 1.55, right: 1.4, up: 1.75, down: 0.3 },
  thornling: { left: 1.1, right: 1.1, up: 2.1, down: 0.3 },
  marauder: { left: 1.1, right: 1.3, up: 2.5, down: 0.3 },
  shade: { left: 1.2, right: 1.2, up: 2.6, down: 0.5 },
};

/** Metres above the ground at which a creature's name and health are drawn. */
export const creatureHeightM: Readonly<Record<CreatureName, number>> = {
  boar: 1.65,
  wolf: 1.8,
  thornling: 2.1,
  marauder: 2.45,
  shade: 2.75,
};

export function drawCreatures(atlas: Atlas): void {
  const drawings = { boar, wolf, thornling, marauder, shade };
  for (const species of Object.keys(drawings) as CreatureName[]) {
    for (let frame = 0; frame < stepFrames; frame++) {
      const swing = frame === 0 ? 0 : frame === 1 ? 1 : -1;
      atlas.add(creatureName(species, frame), extents[species], (ctx) => drawings[species](ctx, swing));
    }
  }
}

/** Four legs; those on the far side are darker and drawn first. */
function legs(
  ctx: CanvasRenderingContext2D,
  swing: number,
  at: { front: number; back: number; top: number; width: number; near: string; far: string },
): void {
  const { front, back, top, width, near, far } = at;
  const leg = (x: number, step: number, fill: string) =>
    shape(ctx, fill, (path) => {
      path.moveTo(x - width, top);
      path.lineTo(x + width, top);
      path.lineTo(x + width * 0.7 + step, 0);
      path.lineTo(x - width * 0.9 + step, 0);
    });
  leg(front - 0.14, -swing * 0.16, far);
  leg(back - 0.12, swing * 0.16, far);
  leg(front + 0.08, swing * 0.18, near);
  leg(back + 0.1, -swing * 0.18, near);
}

function boar(ctx: CanvasRenderingContext2D, swing: number): void {
  legs(ctx, swing, { front: 0.48, back: -0.55, top: -0.5, width: 0.13, near: "#574039", far: "#3c2c2b" });
  shape(ctx, lit(ctx, 1.1, "#8a6552", "#4d3733"), (path) =>
    smooth(path, [
      { x: -1.08, y: -0.62 },
      { x: -0.98, y: -1.05 },
      { x: -0.35, y: -1.2 },
      { x: 0.25, y: -1.36 },
      { x: 0.8, y: -1.08 },
      { x: 1.18, y: -0.62 },
      { x: 1.16, y: -0.34 },
      { x: 0.72, y: -0.36 },
      { x: 0.2, y: -0.3 },
      { x: -0.6, y: -0.3 },
      { x: -1.02, y: -0.42 },
    ]),
  );
  // The bristles along its back.
  ctx.strokeStyle = "#30221f";
  ctx.lineWidth = 0.075;
  for (let i = 0; i < 9; i++) {
    const x = -0.85 + i * 0.17;
    const y = -1.06 - Math.sin((i / 8) * Math.PI) * 0.2 - (i > 4 ? 0.06 : 0);
    ctx.beginPath();
    ctx.moveTo(x, y + 0.08);
    ctx.lineTo(x - 0.1, y - 0.16);
    ctx.stroke();
  }
  shape(ctx, "#6b4a40", (path) => path.ellipse(1.1, -0.5, 0.15, 0.17, 0.2, 0, Math.PI * 2));
  ellipse(ctx, { x: 1.16, y: -0.53 }, 0.03, 0.04, colour.ink);
  for (const [x, tilt] of [
    [0.92, 0.1],
    [0.78, 0],
  ] as const) {
    shape(
      ctx,
      colour.bone,
      (path) => {
        path.moveTo(x, -0.4);
        path.quadraticCurveTo(x + 0.25, -0.42, x + 0.22 + tilt, -0.72);
        path.quadraticCurveTo(x + 0.06, -0.56, x - 0.06, -0.5);
      },
      outlineM * 0.7,
    );
  }
  shape(ctx, "#4d3733", (path) => {
    path.moveTo(0.44, -1.2);
    path.lineTo(0.36, -1.52);
    path.lineTo(0.7, -1.14);
  });
  ellipse(ctx, { x: 0.82, y: -0.86 }, 0.06, 0.055, "#f2b35a");
  ellipse(ctx, { x: 0.835, y: -0.86 }, 0.03, 0.04, colour.ink);
  stroke(ctx, "#4d3733", 0.07, [
    { x: -1.04, y: -0.85 },
    { x: -1.22, y: -0.95 },
    { x: -1.16, y: -0.75 },
  ]);
}

function wolf(ctx: CanvasRenderingContext2D, swing: number): void {
  legs(ctx, swing * 1.25, {
    front: 0.46,
    back: -0.62,
    top: -0.66,
    width: 0.11,
    near: "#5d6178",
    far: "#3d4056",
  });
  // The tail, low and full.
  shape(ctx, lit(ctx, 1.2, "#7d819a", "#4a4d66"), (path) =>
    smooth(path, [
      { x: -0.75, y: -0.98 },
      { x: -1.15, y: -0.9 - swing * 0.05 },
      { x: -1.46, y: -0.5 - swing * 0.08 },
      { x: -1.3, y: -0.48 },
      { x: -0.85, y: -0.72 },
    ]),
  );
  shape(ctx, lit(ctx, 1.1, "#9a9db3", "#4d506a"), (path) =>
    smooth(path, [
      { x: -0.92, y: -0.62 },
      { x: -0.86, y: -1.04 },
      { x: -0.2, y: -1.08 },
      { x: 0.35, y: -1.24 },
      { x: 0.72, y: -1.02 },
      { x: 0.66, y: -0.56 },
      { x: 0.1, y: -0.56 },
      { x: -0.42, y: -0.66 },
    ]),
  );
  // The ruff, in tufts.
  shape(ctx, "#b4b6c6", (path) => {
    path.moveTo(0.3, -1.26);
    for (const [x, y] of [
      [0.12, -1.02],
      [0.26, -0.94],
      [0.18, -0.74],
      [0.38, -0.74],
      [0.42, -0.54],
      [0.62, -0.68],
      [0.78, -1.02],
    ] as const) {
      path.lineTo(x, y);
    }
  });
  shape(ctx, lit(ctx, 1.2, "#a9abbf", "#5d607a"), (path) =>
    smooth(path, [
      { x: 0.42, y: -1.02 },
      { x: 0.5, y: -1.38 },
      { x: 0.86, y: -1.34 },
      { x: 1.02, y: -1.14 },
      { x: 1.34, y: -1.0 },
      { x: 1.28, y: -0.84 },
      { x: 0.9, y: -0.84 },
      { x: 0.62, y: -0.82 },
    ]),
  );
  for (const x of [0.5, 0.72]) {
    shape(ctx, x > 0.6 ? "#82859c" : "#5d607a", (path) => {
      path.moveTo(x - 0.12, -1.32);
      path.lineTo(x - 0.02, -1.7);
      path.lineTo(x + 0.16, -1.32);
    });
  }
  ellipse(ctx, { x: 1.3, y: -0.99 }, 0.06, 0.05, colour.ink);
  ellipse(ctx, { x: 0.9, y: -1.15 }, 0.06, 0.05, "#ffd27a");
  ellipse(ctx, { x: 0.92, y: -1.15 }, 0.025, 0.04, colour.ink);
  ctx.fillStyle = colour.bone;
  ctx.beginPath();
  ctx.moveTo(1.12, -0.86);
  ctx.lineTo(1.16, -0.75);
  ctx.lineTo(1.2, -0.86);
  ctx.fill();
}

function thornling(ctx: CanvasRenderingContext2D, swing: number): void {
  // Roots to walk on.
  for (const [x, phase] of [
    [-0.55, 1],
    [-0.2, -1],
    [0.22, 1],
    [0.56, -1],
  ] as const) {
    const step = phase * swing * 0.12;
    stroke(ctx, colour.outline, 0.24, [
      { x: x * 0.7, y: -0.5 },
      { x: x * 1.1, y: -0.24 },
      { x: x * 1.25 + step, y: -0.02 },
    ]);
    stroke(ctx, "#54463a", 0.15, [
      { x: x * 0.7, y: -0.5 },
      { x: x * 1.1, y: -0.24 },
      { x: x * 1.25 + step, y: -0.02 },
    ]);
  }
  // Thorns behind the bulb.
  for (let i = 0; i < 9; i++) {
    const angle = Math.PI + (i / 8) * Math.PI;
    const base = { x: Math.cos(angle) * 0.5, y: -0.85 + Math.sin(angle) * 0.42 };
    const tip = { x: Math.cos(angle) * 0.98, y: -0.9 + Math.sin(angle) * (0.86 + (i % 2) * 0.14) };
    shape(
      ctx,
      i % 2 === 0 ? "#a5714f" : "#8a5a48",
      (path) => {
        path.moveTo(base.x - 0.11 * Math.sin(angle), base.y + 0.11 * Math.cos(angle));
        path.lineTo(tip.x, tip.y);
        path.lineTo(base.x + 0.11 * Math.sin(angle), base.y - 0.11 * Math.cos(angle));
      },
      outlineM * 0.8,
    );
  }
  shape(ctx, lit(ctx, 0.8, "#86a05c", "#3f5a3e"), (path) =>
    path.ellipse(0, -0.82, 0.66, 0.58, 0, 0, Math.PI * 2),
  );
  for (const x of [-0.34, 0, 0.34]) {
    ctx.strokeStyle = "rgba(40, 58, 40, 0.5)";
    ctx.lineWidth = 0.05;
    ctx.beginPath();
    ctx.moveTo(x * 0.4, -1.38);
    ctx.quadraticCurveTo(x * 1.5, -0.9, x, -0.3);
    ctx.stroke();
  }
  // Two glowing slits and a mouth of splinters.
  for (const x of [0.1, 0.42]) {
    glow(ctx, { x, y: -0.92 }, 0.2, "rgba(255, 196, 92, 0.8)", "rgba(255, 160, 60, 0)");
    ellipse(ctx, { x, y: -0.92 }, 0.09, 0.05, "#ffe2a0");
  }
  ctx.strokeStyle = "#26311f";
  ctx.lineWidth = 0.06;
  ctx.beginPath();
  ctx.moveTo(0.02, -0.62);
  for (let i = 1; i <= 5; i++) ctx.lineTo(0.02 + i * 0.1, -0.62 + (i % 2 === 0 ? 0.04 : -0.06));
  ctx.stroke();
  // A sprout on top, with two leaves.
  for (const side of [-1, 1]) {
    shape(ctx, side < 0 ? "#9db868" : "#6f8f52", (path) => {
      path.moveTo(0, -1.38);
      path.quadraticCurveTo(side * 0.16, -1.86, side * 0.52, -1.88 + swing * side * 0.04);
      path.quadraticCurveTo(side * 0.44, -1.46, 0, -1.38);
    });
  }
}

function marauder(ctx: CanvasRenderingContext2D, swing: number): void {
  for (const side of [-1, 1]) {
    const x = side * 0.18 + side * swing * 0.16;
    shape(ctx, side < 0 ? "#2c2530" : "#3a3040", (path) => path.roundRect(x - 0.15, -0.62, 0.3, 0.6, 0.1));
    shape(ctx, colour.leatherDark, (path) => path.ellipse(x + 0.06, -0.06, 0.2, 0.12, 0, 0, Math.PI * 2));
  }
  // The blade, raised.
  ctx.save();
  ctx.translate(0.62, -1.12);
  ctx.rotate(0.35 + swing * 0.08);
  shape(ctx, lit(ctx, 0.3, "#eceef5", colour.steelDark), (path) => {
    path.moveTo(-0.08, -0.1);
    path.quadraticCurveTo(-0.02, -0.8, 0.3, -1.15);
    path.quadraticCurveTo(0.28, -0.5, 0.1, -0.08);
  });
  shape(ctx, colour.brass, (path) => path.roundRect(-0.2, -0.12, 0.4, 0.1, 0.04), outlineM * 0.8);
  shape(ctx, colour.leather, (path) => path.roundRect(-0.06, -0.04, 0.12, 0.28, 0.04), outlineM * 0.8);
  ctx.restore();
  // A long coat with a belt.
  shape(ctx, lit(ctx, 0.7, "#7a4f4a", "#3f2a33"), (path) =>
    smooth(path, [
      { x: -0.36, y: -1.6 },
      { x: 0.38, y: -1.6 },
      { x: 0.5, y: -1.1 },
      { x: 0.56, y: -0.42 },
      { x: 0.1, y: -0.34 },
      { x: -0.5, y: -0.38 },
      { x: -0.52, y: -1.1 },
    ]),
  );
  ctx.fillStyle = colour.leatherDark;
  ctx.fillRect(-0.5, -0.98, 1.0, 0.13);
  ctx.fillStyle = colour.brass;
  ctx.fillRect(0.06, -1.0, 0.16, 0.17);
  // The arm that holds the blade.
  stroke(ctx, colour.outline, 0.32, [
    { x: 0.3, y: -1.45 },
    { x: 0.62, y: -1.2 },
  ]);
  stroke(ctx, "#6b4542", 0.23, [
    { x: 0.3, y: -1.45 },
    { x: 0.62, y: -1.2 },
  ]);
  ellipse(ctx, { x: 0.64, y: -1.14 }, 0.11, 0.11, "#c9987c");
  // A head in a red kerchief, its knot flying behind.
  shape(ctx, "#c9987c", (path) => path.ellipse(0.06, -1.86, 0.33, 0.33, 0, 0, Math.PI * 2));
  shape(ctx, "#a8323f", (path) => {
    path.moveTo(-0.32, -1.84);
    path.quadraticCurveTo(-0.3, -2.32, 0.1, -2.3);
    path.quadraticCurveTo(0.46, -2.26, 0.42, -1.92);
    path.quadraticCurveTo(0.05, -2.06, -0.32, -1.84);
  });
  shape(ctx, "#8a2836", (path) => {
    path.moveTo(-0.3, -1.96);
    path.lineTo(-0.74, -1.9 + swing * 0.06);
    path.lineTo(-0.6, -1.74);
    path.lineTo(-0.78, -1.58 - swing * 0.05);
    path.lineTo(-0.26, -1.82);
  });
  for (const x of [0.12, 0.3]) ellipse(ctx, { x, y: -1.84 }, 0.035, 0.045, colour.ink);
  ctx.fillStyle = "#3a2a2a";
  ctx.beginPath();
  ctx.ellipse(0.2, -1.66, 0.2, 0.1, 0, 0, Math.PI);
  ctx.fill();
}

function shade(ctx: CanvasRenderingContext2D, swing: number): void {
  ctx.globalAlpha = 0.9;
  glow(ctx, { x: 0, y: -1.2 }, 1.15, "rgba(126, 104, 196, 0.34)", "rgba(80, 60, 140, 0)");
  const veil = ctx.createLinearGradient(0, -2.2, 0, 0.1);
  veil.addColorStop(0, "#4b3f7a");
  veil.addColorStop(0.55, "#2f2750");
  veil.addColorStop(1, "rgba(47, 39, 80, 0.1)");
  // A veil whose rags wave as it moves.
  ctx.beginPath();
  ctx.moveTo(-0.42, -1.9);
  ctx.quadraticCurveTo(-0.4, -2.42, 0.06, -2.42);
  ctx.quadraticCurveTo(0.52, -2.4, 0.48, -1.86);
  ctx.quadraticCurveTo(0.72, -1.2, 0.62 - swing * 0.06, -0.5);
  for (let i = 0; i <= 6; i++) {
    const x = 0.62 - (i / 6) * 1.36;
    const low = i % 2 === 0;
    ctx.lineTo(x - 0.12 - swing * 0.1 * (low ? 1 : 0.4), low ? 0.04 - (i % 3) * 0.12 : -0.46);
  }
  ctx.quadraticCurveTo(-0.78, -1.2, -0.42, -1.9);
  ctx.closePath();
  ctx.strokeStyle = "rgba(24, 16, 44, 0.6)";
  ctx.lineWidth = 0.08;
  ctx.stroke();
  ctx.fillStyle = veil;
  ctx.fill();
  // Arms that reach.
  for (const y of [-1.3, -1.12]) {
    stroke(ctx, "rgba(64, 52, 108, 0.95)", 0.17, [
      { x: 0.3, y },
      { x: 0.72, y: y - 0.06 + swing * 0.05 },
      { x: 0.98, y: y + 0.12 },
    ]);
  }
  ctx.globalAlpha = 1;
  ellipse(ctx, { x: 0.14, y: -1.92 }, 0.3, 0.34, "#17112b");
  for (const x of [0.08, 0.3]) {
    glow(ctx, { x, y: -1.94 }, 0.2, "rgba(190, 236, 255, 0.95)", "rgba(120, 180, 255, 0)");
    ellipse(ctx, { x, y: -1.94 }, 0.05, 0.07, "#f0fbff");
  }
}

function stroke(ctx: CanvasRenderingContext2D, style: string, width: number, points: readonly Point[]): void {
  ctx.strokeStyle = style;
  ctx.lineWidth = width;
  ctx.beginPath();
  const [first, ...rest] = points;
  ctx.moveTo(first!.x, first!.y);
  if (rest.length === 2) ctx.quadraticCurveTo(rest[0]!.x, rest[0]!.y, rest[1]!.x, rest[1]!.y);
  else for (const { x, y } of rest) ctx.lineTo(x, y);
  ctx.stroke();
}
