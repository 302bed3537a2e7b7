/**
 * What people built and dropped: houses, stalls, the town's wall, lanterns, loot; and the soft shapes that light and
 * shadow are made of.
 */
import type { Atlas } from "./atlas.ts";
import { dice, ellipse, glow, lit, outlineM, shape } from "./brush.ts";
import { colour } from "./palette.ts";

/** Colours of the bars over heads, by picture. */
const barColours = { friend: "#6fc7a4", foe: "#e0566a", back: "#1d1729" } as const;
export type BarColour = keyof typeof barColours;

export const houseVariants = 3;
export const stallVariants = 3;

export function drawThings(atlas: Atlas): void {
  for (let i = 0; i < houseVariants; i++) {
    atlas.add(`house-${i}`, { left: 5.4, right: 5.4, up: 8.4, down: 4 }, (ctx) => house(ctx, i));
  }
  for (let i = 0; i < stallVariants; i++) {
    atlas.add(`stall-${i}`, { left: 1.9, right: 1.9, up: 2.9, down: 1.1 }, (ctx) => stall(ctx, i));
  }
  atlas.add("wall", { left: 2.3, right: 2.3, up: 2.6, down: 1.5 }, wall);
  atlas.add("tower", { left: 2.5, right: 2.5, up: 4.8, down: 1.6 }, tower);
  atlas.add("great-lantern", { left: 3.2, right: 3.2, up: 7.2, down: 2.2 }, greatLantern);
  atlas.add("lamp-post", { left: 0.7, right: 0.7, up: 3.5, down: 0.3 }, lampPost);
  atlas.add("loot", { left: 0.6, right: 0.6, up: 0.9, down: 0.3 }, pouch);
  atlas.add("grave", { left: 0.7, right: 0.7, up: 1.2, down: 0.3 }, bones);
  drawSoftShapes(atlas);
}

/** Shapes without an outline, in white, for sprites to tint: shadows, glows, rings, arcs. */
function drawSoftShapes(atlas: Atlas): void {
  const square = (half: number) => ({ left: half, right: half, up: half, down: half });
  atlas.add("shadow", square(1.5), (ctx) => {
    const soft = ctx.createRadialGradient(0, 0, 0, 0, 0, 1.45);
    soft.addColorStop(0, "rgba(255, 255, 255, 0.95)");
    soft.addColorStop(0.45, "rgba(255, 255, 255, 0.72)");
    soft.addColorStop(1, "rgba(255, 255, 255, 0)");
    ellipse(ctx, { x: 0, y: 0 }, 1.45, 1.45, soft);
  });
  atlas.add("glow", square(3), (ctx) => {
    const soft = ctx.createRadialGradient(0, 0, 0, 0, 0, 2.95);
    soft.addColorStop(0, "rgba(255, 255, 255, 0.85)");
    soft.addColorStop(0.25, "rgba(255, 255, 255, 0.4)");
    soft.addColorStop(0.6, "rgba(255, 255, 255, 0.12)");
    soft.addColorStop(1, "rgba(255, 255, 255, 0)");
    ellipse(ctx, { x: 0, y: 0 }, 2.95, 2.95, soft);
  });
  atlas.add("ring", square(1.2), (ctx) => {
    ctx.strokeStyle = "rgba(255, 255, 255, 0.95)";
    ctx.lineWidth = 0.09;
    for (let i = 0; i < 4; i++) {
      ctx.beginPath();
      ctx.arc(0, 0, 1.02, i * (Math.PI / 2) + 0.22, (i + 1) * (Math.PI / 2) - 0.22);
      ctx.stroke();
    }
    ctx.lineWidth = 0.03;
    ctx.globalAlpha = 0.7;
    ctx.beginPath();
    ctx.arc(0, 0, 0.86, 0, Math.PI * 2);
    ctx.stroke();
  });
  atlas.add("swing", square(1.6), (ctx) => {
    // A crescent that opens to the east.
    const soft = ctx.createRadialGradient(0, 0, 0.7, 0, 0, 1.5);
    soft.addColorStop(0, "rgba(255, 255, 255, 0)");
    soft.addColorStop(0.75, "rgba(255, 255, 255, 0.85)");
    soft.addColorStop(1, "rgba(255, 255, 255, 0)");
    ctx.beginPath();
    ctx.arc(0, 0, 1.5, -1.15, 1.15);
    ctx.arc(-0.35, 0, 1.15, 0.95, -0.95, true);
    ctx.closePath();
    ctx.fillStyle = soft;
    ctx.fill();
  });
  atlas.add("spark", square(0.4), (ctx) =>
    glow(ctx, { x: 0, y: 0 }, 0.38, "rgba(255,255,255,1)", "rgba(255,255,255,0)"),
  );
  // Wider than their picture, so that stretching them shows no soft edge.
  for (const [name, fill] of Object.entries(barColours)) {
    atlas.add(`bar-${name}`, square(0.12), (ctx) => {
      ctx.fillStyle = fill;
      ctx.fillRect(-0.2, -0.2, 0.4, 0.4);
    });
  }
  atlas.add("leaf", square(0.16), (ctx) => ellipse(ctx, { x: 0, y: 0 }, 0.14, 0.06, "#ffffff"));
}

function house(ctx: CanvasRenderingContext2D, variant: number): void {
  const random = dice(131 + variant);
  const roofs = [
    ["#8a4f4f", "#54303d"],
    ["#5d6480", "#363a55"],
    ["#8a6a4a", "#523c35"],
  ] as const;
  const [roofLight, roofDark] = roofs[variant]!;
  const wallTop = -2.6;
  // The front wall, timber and plaster.
  shape(ctx, lit(ctx, 4.4, "#d8c3ab", "#8f7f86"), (path) => path.rect(-4, wallTop, 8, 5.2));
  ctx.fillStyle = "#8b8190";
  ctx.fillRect(-4, 1.7, 8, 0.9);
  for (let i = 0; i < 9; i++) {
    ctx.fillStyle = i % 2 === 0 ? "#9c92a0" : "#787083";
    ctx.fillRect(-4 + i * 0.9, 1.75 + (i % 2) * 0.4, 0.8, 0.36);
  }
  ctx.strokeStyle = "#4e3a38";
  ctx.lineWidth = 0.22;
  const beams: readonly (readonly [number, number, number, number])[] = [
    [-3.9, wallTop, -3.9, 2.5],
    [3.9, wallTop, 3.9, 2.5],
    [-1.4, wallTop, -1.4, 1.7],
    [1.4, wallTop, 1.4, 1.7],
    [-4, -0.4, 4, -0.4],
    [-3.8, 1.6, -1.5, -0.3],
    [3.8, 1.6, 1.5, -0.3],
  ];
  for (const [x1, y1, x2, y2] of beams) {
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  }
  // A door, and windows with light in them.
  shape(ctx, lit(ctx, 0.8, "#6d4a3c", "#41302f"), (path) => {
    path.moveTo(-0.75, 2.6);
    path.lineTo(-0.75, 0.9);
    path.quadraticCurveTo(0, 0.2, 0.75, 0.9);
    path.lineTo(0.75, 2.6);
  });
  ellipse(ctx, { x: 0.45, y: 1.7 }, 0.09, 0.09, colour.brass);
  for (const x of [-2.65, 2.65]) {
    glow(ctx, { x, y: 0.55 }, 1.5, "rgba(255, 190, 104, 0.55)", "rgba(255, 170, 80, 0)");
    shape(ctx, "#ffcf87", (path) => path.roundRect(x - 0.62, -0.1, 1.24, 1.15, 0.08), 0.09);
    ctx.strokeStyle = "#4e3a38";
    ctx.lineWidth = 0.1;
    ctx.beginPath();
    ctx.moveTo(x, -0.1);
    ctx.lineTo(x, 1.05);
    ctx.moveTo(x - 0.62, 0.45);
    ctx.lineTo(x + 0.62, 0.45);
    ctx.stroke();
  }
  // The roof, rows of shingles.
  shape(
    ctx,
    lit(ctx, 5, roofLight, roofDark),
    (path) => {
      path.moveTo(-5.05, -1.9);
      path.lineTo(-3.3, -7.2);
      path.lineTo(3.3, -7.2);
      path.lineTo(5.05, -1.9);
      path.quadraticCurveTo(0, -1.55, -5.05, -1.9);
    },
    0.08,
  );
  for (let row = 0; row < 7; row++) {
    const share = row / 7;
    const y = -6.9 + row * 0.74;
    const half = 3.35 + share * 1.6;
    ctx.strokeStyle = "rgba(30, 20, 40, 0.28)";
    ctx.lineWidth = 0.09;
    ctx.beginPath();
    for (let x = -half; x < half; x += 0.62) {
      const start = x + (row % 2) * 0.3;
      ctx.moveTo(start, y);
      ctx.quadraticCurveTo(start + 0.3, y + 0.34, Math.min(half, start + 0.6), y);
    }
    ctx.stroke();
    for (let i = 0; i < 4; i++) {
      ctx.fillStyle = "rgba(255, 220, 190, 0.1)";
      ctx.fillRect(-half + random() * half * 1.6, y + 0.1, 0.56, 0.34);
    }
  }
  ctx.strokeStyle = "rgba(255, 226, 196, 0.4)";
  ctx.lineWidth = 0.12;
  ctx.beginPath();
  ctx.moveTo(-3.25, -7.12);
  ctx.lineTo(3.25, -7.12);
  ctx.stroke();
  const chimney = variant === 1 ? -2.1 : 1.9;
  shape(ctx, lit(ctx, 2, "#8b8190", "#55505f"), (path) => path.rect(chimney - 0.45, -8.1, 0.9, 1.7), 0.07);
  shape(ctx, "#5a5266", (path) => path.rect(chimney - 0.58, -8.25, 1.16, 0.32), 0.06);
}

function stall(ctx: CanvasRenderingContext2D, variant: number): void {
  const cloth = [
    ["#b4475a", "#f0e2d0"],
    ["#3f7f8f", "#f0e2d0"],
    ["#c98a3c", "#f3ead8"],
  ][variant]!;
  for (const x of [-1.35, 1.35]) {
    shape(ctx, colour.leather, (path) => path.rect(x - 0.09, -1.9, 0.18, 2.4));
  }
  shape(ctx, lit(ctx, 1.5, "#8a6a4e", "#4c3834"), (path) => path.rect(-1.5, -0.35, 3, 1.05));
  for (let i = 0; i < 5; i++) {
    ctx.fillStyle = "rgba(40, 26, 30, 0.3)";
    ctx.fillRect(-1.5 + i * 0.6, -0.35, 0.05, 1.05);
  }
  // Wares.
  const wares = ["#d98f4a", "#a8505a", "#8aa05c", "#d9b45c", "#7a5a8c", "#c2703f"];
  for (let i = 0; i < 6; i++) {
    const at = { x: -1.2 + i * 0.48, y: -0.48 };
    shape(
      ctx,
      wares[(i + variant * 2) % 6]!,
      (path) => path.ellipse(at.x, at.y, 0.2, 0.19, 0, 0, Math.PI * 2),
      outlineM * 0.7,
    );
  }
  const stripes = 8;
  for (let i = 0; i < stripes; i++) {
    const left = -1.75 + (i / stripes) * 3.5;
    const right = left + 3.5 / stripes;
    shape(
      ctx,
      cloth[i % 2]!,
      (path) => {
        path.moveTo(left * 0.82, -2.75);
        path.lineTo(right * 0.82, -2.75);
        path.lineTo(right, -1.75);
        path.quadraticCurveTo((left + right) / 2, -1.45, left, -1.75);
      },
      outlineM * 0.6,
    );
  }
  ctx.fillStyle = "rgba(40, 24, 60, 0.18)";
  ctx.fillRect(-0.1, -2.75, 1.85, 1.0);
}

function wall(ctx: CanvasRenderingContext2D): void {
  shape(ctx, lit(ctx, 2.4, "#9a90a0", "#514a60"), (path) => path.roundRect(-2.1, -1.7, 4.2, 2.9, 0.2), 0.07);
  for (let row = 0; row < 4; row++) {
    for (let i = 0; i < 4; i++) {
      const x = -2 + i * 1.05 + (row % 2) * 0.45;
      ctx.fillStyle = (i + row) % 3 === 0 ? "rgba(255, 235, 215, 0.16)" : "rgba(40, 30, 60, 0.12)";
      ctx.beginPath();
      ctx.roundRect(Math.min(x, 1.1), -1.05 + row * 0.54, 0.92, 0.46, 0.1);
      ctx.fill();
    }
  }
  shape(ctx, lit(ctx, 2.4, "#b9aeb8", "#6b6378"), (path) => path.roundRect(-2.2, -2.15, 4.4, 1.0, 0.2), 0.06);
  for (const x of [-1.65, 0, 1.65]) {
    shape(
      ctx,
      lit(ctx, 2, "#c9beC4".toLowerCase(), "#726a80"),
      (path) => path.roundRect(x - 0.46, -2.5, 0.92, 0.62, 0.12),
      0.05,
    );
  }
}

function tower(ctx: CanvasRenderingContext2D): void {
  shape(ctx, lit(ctx, 2.2, "#a0959f", "#4c455a"), (path) => path.roundRect(-1.8, -3, 3.6, 4.2, 0.3), 0.08);
  for (let row = 0; row < 6; row++) {
    for (let i = 0; i < 3; i++) {
      ctx.fillStyle = (i + row) % 2 === 0 ? "rgba(255, 235, 215, 0.14)" : "rgba(40, 30, 60, 0.12)";
      ctx.beginPath();
      ctx.roundRect(-1.65 + i * 1.1 + (row % 2) * 0.3, -2.6 + row * 0.6, 0.85, 0.48, 0.1);
      ctx.fill();
    }
  }
  shape(ctx, lit(ctx, 2.4, "#b9aeb8", "#635b72"), (path) => path.roundRect(-2.2, -4, 4.4, 1.3, 0.2), 0.07);
  for (const x of [-1.7, -0.57, 0.57, 1.7]) {
    shape(
      ctx,
      lit(ctx, 2, "#c9bec4", "#726a80"),
      (path) => path.roundRect(x - 0.4, -4.6, 0.8, 0.8, 0.1),
      0.05,
    );
  }
  glow(ctx, { x: 0, y: -1.4 }, 1.1, "rgba(255, 190, 104, 0.6)", "rgba(255, 170, 80, 0)");
  shape(ctx, "#ffcf87", (path) => path.roundRect(-0.22, -1.9, 0.44, 1.0, 0.2), 0.06);
}

function greatLantern(ctx: CanvasRenderingContext2D): void {
  // Three steps of stone.
  for (const [half, y] of [
    [2.6, 1.1],
    [2.1, 0.55],
    [1.6, 0],
  ] as const) {
    shape(
      ctx,
      lit(ctx, half, "#b3a8b0", "#5d566b"),
      (path) => path.ellipse(0, y, half, half * 0.42, 0, 0, Math.PI * 2),
      0.07,
    );
    shape(
      ctx,
      lit(ctx, half, "#c9bec2", "#776f84"),
      (path) => path.ellipse(0, y - 0.3, half, half * 0.42, 0, 0, Math.PI * 2),
      0.04,
    );
  }
  shape(ctx, lit(ctx, 0.7, "#b9aeb8", "#544d64"), (path) => {
    path.moveTo(-0.8, -0.1);
    path.quadraticCurveTo(-0.42, -1.6, -0.5, -3.2);
    path.lineTo(0.5, -3.2);
    path.quadraticCurveTo(0.42, -1.6, 0.8, -0.1);
  });
  shape(ctx, "#6b6378", (path) => path.roundRect(-1.15, -3.55, 2.3, 0.45, 0.14), 0.06);
  glow(ctx, { x: 0, y: -4.6 }, 2.4, "rgba(255, 205, 130, 0.8)", "rgba(255, 170, 80, 0)");
  // The cage of glass.
  shape(ctx, "rgba(255, 214, 140, 0.95)", (path) => {
    path.moveTo(-0.82, -3.55);
    path.lineTo(-1.05, -5.4);
    path.lineTo(1.05, -5.4);
    path.lineTo(0.82, -3.55);
  });
  const flame = ctx.createRadialGradient(0, -4.3, 0.05, 0, -4.4, 0.95);
  flame.addColorStop(0, "#fffdf2");
  flame.addColorStop(0.5, "#ffe7ae");
  flame.addColorStop(1, "rgba(255, 196, 104, 0)");
  ellipse(ctx, { x: 0, y: -4.4 }, 0.8, 0.95, flame);
  ctx.strokeStyle = "#4a4058";
  ctx.lineWidth = 0.13;
  for (const x of [-1, -0.35, 0.35, 1]) {
    ctx.beginPath();
    ctx.moveTo(x * 0.8, -3.55);
    ctx.lineTo(x * 1.04, -5.4);
    ctx.stroke();
  }
  shape(ctx, lit(ctx, 1.4, "#8c7f93", "#413a52"), (path) => {
    path.moveTo(-1.45, -5.3);
    path.quadraticCurveTo(-0.5, -5.7, -0.22, -6.5);
    path.lineTo(0.22, -6.5);
    path.quadraticCurveTo(0.5, -5.7, 1.45, -5.3);
  });
  shape(ctx, colour.brass, (path) => path.arc(0, -6.72, 0.24, 0, Math.PI * 2));
}

function lampPost(ctx: CanvasRenderingContext2D): void {
  shape(ctx, lit(ctx, 0.2, "#6d6478", "#383047"), (path) => path.roundRect(-0.09, -2.7, 0.18, 2.75, 0.06));
  shape(ctx, "#4a4058", (path) => path.roundRect(-0.24, -0.14, 0.48, 0.22, 0.08));
  glow(ctx, { x: 0, y: -2.95 }, 0.7, "rgba(255, 205, 130, 0.85)", "rgba(255, 170, 80, 0)");
  shape(ctx, "#ffe3a8", (path) => {
    path.moveTo(-0.17, -2.68);
    path.lineTo(-0.23, -3.1);
    path.lineTo(0.23, -3.1);
    path.lineTo(0.17, -2.68);
  });
  shape(ctx, "#4a4058", (path) => {
    path.moveTo(-0.32, -3.08);
    path.lineTo(0, -3.38);
    path.lineTo(0.32, -3.08);
  });
}

function pouch(ctx: CanvasRenderingContext2D): void {
  shape(ctx, lit(ctx, 0.4, "#a5764f", "#5f4138"), (path) => {
    path.moveTo(-0.2, -0.52);
    path.quadraticCurveTo(-0.56, -0.1, -0.3, 0.06);
    path.quadraticCurveTo(0, 0.16, 0.3, 0.06);
    path.quadraticCurveTo(0.56, -0.1, 0.2, -0.52);
  });
  shape(ctx, "#8a6044", (path) => {
    path.moveTo(-0.3, -0.78);
    path.lineTo(-0.12, -0.54);
    path.lineTo(0.12, -0.54);
    path.lineTo(0.32, -0.76);
    path.lineTo(0.04, -0.66);
  });
  ctx.strokeStyle = colour.brass;
  ctx.lineWidth = 0.08;
  ctx.beginPath();
  ctx.moveTo(-0.2, -0.53);
  ctx.lineTo(0.2, -0.53);
  ctx.stroke();
  ellipse(ctx, { x: 0.14, y: -0.16 }, 0.08, 0.08, "#ffd98a");
}

/** Where somebody fell: a pale mound with a marker. */
function bones(ctx: CanvasRenderingContext2D): void {
  shape(ctx, "#5a5266", (path) => path.ellipse(0, -0.02, 0.58, 0.2, 0, 0, Math.PI * 2));
  shape(ctx, colour.bone, (path) => path.roundRect(-0.08, -1, 0.16, 1, 0.06));
  shape(ctx, colour.bone, (path) => path.roundRect(-0.34, -0.78, 0.68, 0.15, 0.06));
}
