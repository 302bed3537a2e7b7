/**
 * What grows and lies in the wild, a few variations of each. Crowns stand up from the trunk's foot, lit from the west.
 */
import type { Atlas, Extent } from "./atlas.ts";
import { dice, ellipse, lit, shape, smooth } from "./brush.ts";
import { colour } from "./palette.ts";

/** Kinds of scenery with pictures, and how many of each there are. */
export const sceneryVariants = { tree: 3, birch: 3, pine: 2, snag: 2, rock: 3, bush: 6 } as const;
export type SceneryPicture = keyof typeof sceneryVariants;

export function sceneryName(kind: SceneryPicture, variant: number): string {
  return `scenery-${kind}-${variant % sceneryVariants[kind]}`;
}

const extents: Readonly<Record<SceneryPicture, Extent>> = {
  tree: { left: 2.9, right: 2.9, up: 6.4, down: 0.6 },
  birch: { left: 1.9, right: 1.9, up: 6.8, down: 0.5 },
  pine: { left: 1.9, right: 1.9, up: 6.6, down: 0.5 },
  snag: { left: 1.8, right: 1.8, up: 4.6, down: 0.5 },
  rock: { left: 1.7, right: 1.7, up: 1.9, down: 0.8 },
  bush: { left: 1.4, right: 1.4, up: 1.7, down: 0.6 },
};

/** Radius of the obstacle for which a picture is drawn at its own size. */
export const pictureRadiusM: Readonly<Record<SceneryPicture, number>> = {
  tree: 0.7,
  birch: 0.45,
  pine: 0.6,
  snag: 0.55,
  rock: 1.2,
  bush: 0.9,
};

export function drawTrees(atlas: Atlas): void {
  const drawings = { tree, birch, pine, snag, rock, bush };
  for (const kind of Object.keys(drawings) as SceneryPicture[]) {
    for (let variant = 0; variant < sceneryVariants[kind]; variant++) {
      atlas.add(sceneryName(kind, variant), extents[kind], (ctx) => drawings[kind](ctx, variant));
    }
  }
}

interface Foliage {
  readonly shade: string;
  readonly middle: string;
  readonly light: string;
  readonly glint: string;
}

/** A crown of overlapping clumps: dark below, light towards the west. */
function crown(
  ctx: CanvasRenderingContext2D,
  clumps: readonly (readonly [x: number, y: number, radius: number])[],
  foliage: Foliage,
  random: () => number,
): void {
  ctx.lineWidth = 0.11;
  ctx.strokeStyle = colour.outline;
  for (const [x, y, radius] of clumps) {
    ctx.beginPath();
    ctx.arc(x, y, radius * 1.02, 0, Math.PI * 2);
    ctx.stroke();
  }
  for (const [x, y, radius] of clumps) {
    const fill = ctx.createRadialGradient(
      x - radius * 0.4,
      y - radius * 0.45,
      radius * 0.1,
      x - radius * 0.1,
      y - radius * 0.1,
      radius * 1.12,
    );
    fill.addColorStop(0, foliage.light);
    fill.addColorStop(0.58, foliage.middle);
    fill.addColorStop(1, foliage.shade);
    ctx.beginPath();
    ruffled(ctx, x, y, radius * 1.02, random);
    ctx.fillStyle = fill;
    ctx.fill();
  }
  for (const [x, y, radius] of clumps) {
    leaves(ctx, { x, y, radius, from: 0.95, to: 1.7, fill: foliage.glint, count: 9 }, random);
    leaves(ctx, { x, y, radius, from: 0, to: 1, fill: foliage.shade, count: 8 }, random);
  }
}

/** Strokes of leaves on a part of a clump; angles in half turns. */
function leaves(
  ctx: CanvasRenderingContext2D,
  at: { x: number; y: number; radius: number; from: number; to: number; fill: string; count: number },
  random: () => number,
): void {
  for (let i = 0; i < at.count; i++) {
    const angle = Math.PI * (at.from + random() * (at.to - at.from));
    const far = at.radius * (0.3 + random() * 0.58);
    ellipse(ctx, { x: at.x + Math.cos(angle) * far, y: at.y + Math.sin(angle) * far }, 0.085, 0.05, at.fill);
  }
}

function ruffled(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  random: () => number,
): void {
  const bumps = 11;
  const turn = random() * 6;
  const points = Array.from({ length: bumps }, (_, i) => {
    const angle = turn + (i / bumps) * Math.PI * 2;
    const far = radius * (0.93 + random() * 0.16);
    return { x: x + Math.cos(angle) * far, y: y + Math.sin(angle) * far };
  });
  smooth(ctx, points);
}

function trunk(ctx: CanvasRenderingContext2D, width: number, top: number, light: string, dark: string): void {
  shape(ctx, lit(ctx, width, light, dark), (path) => {
    path.moveTo(-width * 1.5, 0.1);
    path.quadraticCurveTo(-width, -0.3, -width * 0.8, top);
    path.lineTo(width * 0.8, top);
    path.quadraticCurveTo(width, -0.3, width * 1.6, 0.12);
    path.quadraticCurveTo(0, 0.3, -width * 1.5, 0.1);
  });
}

function tree(ctx: CanvasRenderingContext2D, variant: number): void {
  const random = dice(11 + variant);
  trunk(ctx, 0.34, -2.4, "#6d5550", "#37292f");
  const foliage = [
    { shade: "#2f4238", middle: "#48604a", light: "#6f8156", glint: "#a5a267" },
    { shade: "#37423a", middle: "#5a6444", light: "#8a8350", glint: "#c2a965" },
    { shade: "#2c3f3e", middle: "#3f5b50", light: "#5f7d5f", glint: "#93a06c" },
  ][variant]!;
  const lean = (variant - 1) * 0.2;
  crown(
    ctx,
    [
      [-1.45 + lean, -2.5, 1.15],
      [1.4 + lean, -2.45, 1.2],
      [0, -2.3, 1.15],
      [-0.85 + lean, -3.8, 1.3],
      [0.95 + lean, -3.75, 1.3],
      [lean, -4.85, 1.2],
    ],
    foliage,
    random,
  );
}

function birch(ctx: CanvasRenderingContext2D, variant: number): void {
  const random = dice(31 + variant);
  const bend = (variant - 1) * 0.14;
  shape(ctx, lit(ctx, 0.22, "#f4ece2", "#a29ba6"), (path) => {
    path.moveTo(-0.27, 0.08);
    path.quadraticCurveTo(-0.17 + bend, -2.2, -0.1 + bend * 2, -4.4);
    path.lineTo(0.1 + bend * 2, -4.4);
    path.quadraticCurveTo(0.2 + bend, -2.2, 0.28, 0.1);
    path.quadraticCurveTo(0, 0.22, -0.27, 0.08);
  });
  ctx.strokeStyle = colour.birchMark;
  for (let i = 0; i < 9; i++) {
    const y = -0.35 - i * 0.34 - random() * 0.1;
    const x = bend * (-y / 4.4) * 1.6 + (random() - 0.5) * 0.2;
    ctx.lineWidth = 0.05 + random() * 0.03;
    ctx.beginPath();
    ctx.moveTo(x - 0.07, y);
    ctx.lineTo(x + 0.08, y + 0.02);
    ctx.stroke();
  }
  const foliage = [
    { shade: "#5d5238", middle: "#8d7740", light: "#c09a4c", glint: "#efcf7c" },
    { shade: "#4c5238", middle: "#717842", light: "#a39a50", glint: "#d9c877" },
    { shade: "#664a37", middle: "#9a6a3e", light: "#cf8f4a", glint: "#f3bf73" },
  ][variant]!;
  crown(
    ctx,
    [
      [-0.72 + bend, -3.2, 0.72],
      [0.74 + bend, -3.35, 0.74],
      [-0.5 + bend * 2, -4.3, 0.85],
      [0.52 + bend * 2, -4.45, 0.85],
      [bend * 2, -5.4, 0.86],
      [bend, -3.75, 0.7],
    ],
    foliage,
    random,
  );
}

function pine(ctx: CanvasRenderingContext2D, variant: number): void {
  trunk(ctx, 0.22, -1.4, "#5d4845", "#32262c");
  const tiers = 5;
  const palette = variant === 0 ? ["#24403d", "#375a4e", "#54755a"] : ["#263a44", "#395460", "#567374"];
  for (let i = 0; i < tiers; i++) {
    const share = i / (tiers - 1);
    const y = -0.95 - share * 3.55;
    const half = 1.65 - share * 1.12;
    const high = 1.65 - share * 0.35;
    shape(ctx, palette[0]!, (path) => tier(path, y, half, high));
    ctx.fillStyle = palette[1]!;
    ctx.beginPath();
    tier(ctx, y - 0.08, half * 0.82, high * 0.94, -half * 0.14);
    ctx.fill();
    ctx.fillStyle = palette[2]!;
    ctx.beginPath();
    tier(ctx, y - 0.22, half * 0.46, high * 0.8, -half * 0.36);
    ctx.fill();
  }
}

function tier(path: CanvasRenderingContext2D, y: number, half: number, high: number, dx = 0): void {
  path.moveTo(dx * 0.4, y - high);
  path.quadraticCurveTo(half * 0.4 + dx, y - high * 0.4, half + dx, y);
  const notches = 6;
  for (let i = 1; i <= notches; i++) {
    const x = half - (i / notches) * half * 2;
    path.quadraticCurveTo(x + half / notches + dx, y + 0.22, x + dx, y + (i === notches ? 0 : 0.03));
  }
  path.quadraticCurveTo(-half * 0.4 + dx, y - high * 0.4, dx * 0.4, y - high);
}

function snag(ctx: CanvasRenderingContext2D, variant: number): void {
  const mirror = variant === 0 ? 1 : -1;
  const limb = (width: number, points: readonly (readonly [number, number])[]) => {
    for (const [style, extra] of [
      [colour.outline, 0.11],
      ["#564a57", 0],
      ["#7d7080", -width * 0.62],
    ] as const) {
      ctx.strokeStyle = style;
      ctx.lineWidth = Math.max(0.03, width + extra);
      ctx.beginPath();
      const shift = extra < 0 ? -width * 0.16 : 0;
      points.forEach(([x, y], i) => {
        if (i === 0) ctx.moveTo(x * mirror + shift, y);
        else ctx.lineTo(x * mirror + shift, y);
      });
      ctx.stroke();
    }
  };
  limb(0.2, [
    [0.02, -1.9],
    [0.6, -2.5],
    [1.3, -2.75],
    [1.55, -3.2],
  ]);
  limb(0.14, [
    [0.75, -2.55],
    [0.95, -3.2],
    [0.85, -3.6],
  ]);
  limb(0.22, [
    [-0.02, -1.5],
    [-0.7, -2.1],
    [-1.05, -2.9],
    [-1.5, -3.1],
  ]);
  limb(0.13, [
    [-0.85, -2.45],
    [-0.55, -3.1],
  ]);
  limb(0.46, [
    [0, 0],
    [0.04, -1.1],
    [-0.06, -2.2],
    [0.1, -3.1],
    [-0.02, -4.1],
  ]);
  shape(ctx, "#4a404c", (path) => {
    path.moveTo(-0.55, 0.12);
    path.quadraticCurveTo(-0.2, -0.2, -0.2, -0.6);
    path.lineTo(0.22, -0.6);
    path.quadraticCurveTo(0.24, -0.2, 0.6, 0.14);
    path.quadraticCurveTo(0, 0.28, -0.55, 0.12);
  });
  // Moss on the lit side.
  for (const [x, y] of [
    [-0.2, -0.75],
    [-0.14, -1.3],
    [-0.28, -0.2],
  ] as const) {
    ellipse(ctx, { x: x * mirror, y }, 0.12, 0.2, "rgba(118, 138, 92, 0.85)");
  }
}

function rock(ctx: CanvasRenderingContext2D, variant: number): void {
  const random = dice(71 + variant);
  const boulder = (x: number, y: number, width: number, height: number) => {
    const points = Array.from({ length: 8 }, (_, i) => {
      const angle = Math.PI + (i / 7) * Math.PI;
      const far = 0.86 + random() * 0.26;
      return { x: x + Math.cos(angle) * width * far, y: y + Math.sin(angle) * height * far };
    });
    const base = [
      { x: x + width * 0.86, y: y + 0.2 },
      { x, y: y + 0.34 },
      { x: x - width * 0.86, y: y + 0.22 },
    ];
    shape(ctx, lit(ctx, width * 1.2, "#aaa0ab", "#4c4558"), (path) => {
      path.moveTo(points[0]!.x, points[0]!.y);
      for (const point of [...points.slice(1), ...base]) path.lineTo(point.x, point.y);
    });
    // A lit plane and a crack.
    ctx.fillStyle = "rgba(236, 214, 200, 0.32)";
    ctx.beginPath();
    ctx.moveTo(points[1]!.x + 0.06, points[1]!.y + 0.04);
    ctx.lineTo(points[3]!.x, points[3]!.y + 0.06);
    ctx.lineTo(x - width * 0.1, y - height * 0.3);
    ctx.lineTo(x - width * 0.66, y - 0.02);
    ctx.fill();
    ctx.strokeStyle = "rgba(40, 32, 52, 0.45)";
    ctx.lineWidth = 0.05;
    ctx.beginPath();
    ctx.moveTo(points[4]!.x, points[4]!.y + 0.1);
    ctx.lineTo(x + width * 0.16, y - height * 0.4);
    ctx.lineTo(x + width * 0.34, y + 0.02);
    ctx.stroke();
  };
  if (variant !== 1) boulder(0.72, -0.12, 0.62, 0.72);
  boulder(-0.18, 0, 1.05, 1.25 + variant * 0.1);
  if (variant === 1) boulder(-0.95, 0.18, 0.5, 0.5);
  ellipse(ctx, { x: -0.5, y: -0.95 - variant * 0.08 }, 0.32, 0.12, "rgba(122, 138, 92, 0.7)");
  ellipse(ctx, { x: -0.2, y: -1.05 - variant * 0.1 }, 0.2, 0.09, "rgba(142, 152, 100, 0.7)");
}

/** Bushes by land: two for the meadow, two for the heath, one for the wood, one for the moor. */
function bush(ctx: CanvasRenderingContext2D, variant: number): void {
  const random = dice(91 + variant);
  const foliage = [
    { shade: "#33463a", middle: "#4d654a", light: "#758656", glint: "#a7a86c" },
    { shade: "#33463a", middle: "#4a5f45", light: "#6c7d51", glint: "#d8a7b1" },
    { shade: "#4a3a4d", middle: "#755075", light: "#a470a0", glint: "#dfaad6" },
    { shade: "#4d4238", middle: "#7a6644", light: "#a98b52", glint: "#e3c272" },
    { shade: "#2f453d", middle: "#456250", light: "#668162", glint: "#9fae7b" },
    { shade: "#333a40", middle: "#4b554f", light: "#6a725c", glint: "#9aa07c" },
  ][variant]!;
  crown(
    ctx,
    [
      [-0.58, -0.3, 0.58],
      [0.6, -0.28, 0.56],
      [0, -0.2, 0.56],
      [-0.2, -0.82, 0.6],
      [0.36, -0.74, 0.52],
    ],
    foliage,
    random,
  );
  if (variant === 1) {
    for (let i = 0; i < 9; i++) {
      const at = { x: (random() - 0.5) * 1.7, y: -0.1 - random() * 1.0 };
      ellipse(ctx, at, 0.07, 0.07, "#c2505f");
    }
  }
}

/** The bush of a land. */
export function bushVariant(biome: "meadow" | "heath" | "birchwood" | "moor", look: number): number {
  switch (biome) {
    case "meadow":
      return look & 1;
    case "heath":
      return 2 + (look & 1);
    case "birchwood":
      return 4;
    case "moor":
      return 5;
  }
}

/** A darker or lighter tone of a sprite, so that a wood is not one tree many times. Few, because each is a copy for a renderer without WebGL. */
export function toneOf(look: number): number {
  return tones[(look >> 1) % tones.length] ?? tones[0];
}

const tones = [0xffffff, 0xeae2f0, 0xd8cee2] as const;
