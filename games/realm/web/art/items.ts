/** Icons of items, drawn into a box from (−1, −1) to (1, 1). */
import { ellipse, glow, lit, type Point, shape, smooth } from "./brush.ts";
import { colour } from "./palette.ts";

const line = 0.06;

/** Draws an item's icon on a canvas of its own size; a type without one is a pouch. */
export function drawItem(canvas: HTMLCanvasElement, type: number): void {
  const ctx = canvas.getContext("2d");
  if (ctx === null) return;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, canvas.width, canvas.height);
  if (type === 0) return;
  ctx.translate(canvas.width / 2, canvas.height / 2);
  ctx.scale(canvas.width / 2, canvas.height / 2);
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  (drawings[type] ?? pouch)(ctx);
}

type Drawing = (ctx: CanvasRenderingContext2D) => void;

const drawings: Readonly<Record<number, Drawing>> = {
  1: (ctx) => bottle(ctx, "#f3a7a0", "#b4475a"),
  2: (ctx) => bottle(ctx, "#ffdf9a", "#c9853a"),
  10: tusk,
  11: pelt,
  12: heart,
  13: ring,
  14: wisp,
  20: (ctx) => blade(ctx, "curved"),
  21: maul,
  22: (ctx) => blade(ctx, "pike"),
};

function bottle(ctx: CanvasRenderingContext2D, light: string, dark: string): void {
  glow(ctx, { x: 0, y: 0.25 }, 0.9, `${light}66`, `${light}00`);
  shape(
    ctx,
    "rgba(214, 224, 236, 0.75)",
    (path) => {
      path.moveTo(-0.16, -0.62);
      path.lineTo(-0.16, -0.2);
      path.bezierCurveTo(-0.75, 0.05, -0.62, 0.78, 0, 0.78);
      path.bezierCurveTo(0.62, 0.78, 0.75, 0.05, 0.16, -0.2);
      path.lineTo(0.16, -0.62);
    },
    line,
  );
  ctx.beginPath();
  ctx.moveTo(-0.46, 0.22);
  ctx.bezierCurveTo(-0.6, 0.5, -0.4, 0.7, 0, 0.7);
  ctx.bezierCurveTo(0.4, 0.7, 0.6, 0.5, 0.46, 0.22);
  ctx.quadraticCurveTo(0, 0.34, -0.46, 0.22);
  ctx.fillStyle = lit(ctx, 0.6, light, dark);
  ctx.fill();
  ellipse(ctx, { x: -0.2, y: 0.12 }, 0.08, 0.2, "rgba(255,255,255,0.7)");
  shape(ctx, colour.leather, (path) => path.roundRect(-0.19, -0.86, 0.38, 0.28, 0.08), line);
}

function tusk(ctx: CanvasRenderingContext2D): void {
  shape(
    ctx,
    lit(ctx, 0.7, "#fbf1dc", "#b59c7c"),
    (path) => {
      path.moveTo(-0.5, 0.72);
      path.bezierCurveTo(-0.75, 0, -0.1, -0.7, 0.66, -0.78);
      path.bezierCurveTo(0.2, -0.4, 0.1, 0.2, 0.1, 0.66);
      path.quadraticCurveTo(-0.2, 0.86, -0.5, 0.72);
    },
    line,
  );
  ctx.strokeStyle = "rgba(110, 84, 60, 0.5)";
  ctx.lineWidth = 0.05;
  ctx.beginPath();
  ctx.moveTo(-0.36, 0.5);
  ctx.quadraticCurveTo(-0.4, 0, 0.1, -0.4);
  ctx.stroke();
}

function pelt(ctx: CanvasRenderingContext2D): void {
  const points: Point[] = [
    { x: -0.3, y: -0.8 },
    { x: 0.3, y: -0.8 },
    { x: 0.78, y: -0.56 },
    { x: 0.42, y: -0.2 },
    { x: 0.46, y: 0.3 },
    { x: 0.76, y: 0.66 },
    { x: 0.22, y: 0.6 },
    { x: 0, y: 0.94 },
    { x: -0.22, y: 0.6 },
    { x: -0.76, y: 0.66 },
    { x: -0.46, y: 0.3 },
    { x: -0.42, y: -0.2 },
    { x: -0.78, y: -0.56 },
  ];
  shape(ctx, lit(ctx, 0.8, "#7d819a", "#3a3d55"), (path) => smooth(path, points), line);
  ctx.strokeStyle = "rgba(200, 204, 224, 0.35)";
  ctx.lineWidth = 0.05;
  for (let i = 0; i < 5; i++) {
    ctx.beginPath();
    ctx.moveTo(-0.22 + i * 0.11, -0.45 + (i % 2) * 0.3);
    ctx.lineTo(-0.26 + i * 0.11, -0.2 + (i % 2) * 0.3);
    ctx.stroke();
  }
}

function heart(ctx: CanvasRenderingContext2D): void {
  glow(ctx, { x: 0, y: 0 }, 0.95, "rgba(255, 150, 110, 0.5)", "rgba(255, 120, 90, 0)");
  shape(
    ctx,
    lit(ctx, 0.7, "#9db868", "#42593c"),
    (path) => {
      path.moveTo(0, 0.76);
      path.bezierCurveTo(-1.05, 0.05, -0.62, -0.85, 0, -0.36);
      path.bezierCurveTo(0.62, -0.85, 1.05, 0.05, 0, 0.76);
    },
    line,
  );
  ctx.strokeStyle = "#54463a";
  ctx.lineWidth = 0.09;
  for (const side of [-1, 1]) {
    ctx.beginPath();
    ctx.moveTo(0, -0.3);
    ctx.quadraticCurveTo(side * 0.5, -0.1, side * 0.18, 0.46);
    ctx.stroke();
  }
  ellipse(ctx, { x: 0, y: 0.06 }, 0.14, 0.14, "#ffb27a");
}

function ring(ctx: CanvasRenderingContext2D): void {
  ctx.lineWidth = 0.3;
  ctx.strokeStyle = colour.outline;
  ctx.beginPath();
  ctx.ellipse(0, 0.22, 0.5, 0.5, 0, 0, Math.PI * 2);
  ctx.stroke();
  ctx.lineWidth = 0.2;
  ctx.strokeStyle = lit(ctx, 0.6, "#ffe0a0", "#9a6a34");
  ctx.stroke();
  shape(
    ctx,
    lit(ctx, 0.4, "#ff9aa6", "#8a2844"),
    (path) => {
      path.moveTo(-0.3, -0.5);
      path.lineTo(-0.14, -0.78);
      path.lineTo(0.14, -0.78);
      path.lineTo(0.3, -0.5);
      path.lineTo(0, -0.14);
    },
    line,
  );
}

function wisp(ctx: CanvasRenderingContext2D): void {
  glow(ctx, { x: 0, y: 0 }, 0.98, "rgba(160, 140, 255, 0.7)", "rgba(100, 80, 200, 0)");
  shape(
    ctx,
    lit(ctx, 0.6, "#7c6bc0", "#2a2150"),
    (path) => {
      path.moveTo(0.1, -0.86);
      path.bezierCurveTo(0.75, -0.2, 0.55, 0.72, 0, 0.72);
      path.bezierCurveTo(-0.6, 0.72, -0.66, 0.05, -0.2, -0.3);
      path.quadraticCurveTo(0.06, -0.5, 0.1, -0.86);
    },
    line,
  );
  for (const x of [-0.14, 0.16]) ellipse(ctx, { x, y: 0.16 }, 0.08, 0.11, "#eaf6ff");
}

function blade(ctx: CanvasRenderingContext2D, form: "curved" | "pike"): void {
  ctx.save();
  ctx.rotate(Math.PI / 4);
  if (form === "curved") {
    shape(
      ctx,
      lit(ctx, 0.4, "#f4f6fb", colour.steelDark),
      (path) => {
        path.moveTo(-0.15, 0.34);
        path.quadraticCurveTo(-0.24, -0.5, 0.22, -1);
        path.quadraticCurveTo(0.26, -0.3, 0.14, 0.34);
      },
      line,
    );
    shape(ctx, colour.brass, (path) => path.roundRect(-0.36, 0.32, 0.72, 0.15, 0.06), line);
    shape(ctx, colour.leather, (path) => path.roundRect(-0.1, 0.46, 0.2, 0.46, 0.06), line);
  } else {
    shape(
      ctx,
      lit(ctx, 0.2, "#8a6a4e", "#4c3834"),
      (path) => path.roundRect(-0.07, -0.5, 0.14, 1.5, 0.05),
      line,
    );
    shape(
      ctx,
      lit(ctx, 0.3, "#f4f6fb", colour.steelDark),
      (path) => {
        path.moveTo(0, -1.05);
        path.lineTo(0.2, -0.6);
        path.lineTo(0.08, -0.4);
        path.lineTo(-0.08, -0.4);
        path.lineTo(-0.2, -0.6);
      },
      line,
    );
    glow(ctx, { x: 0, y: -0.62 }, 0.4, "rgba(255, 207, 135, 0.9)", "rgba(255, 170, 80, 0)");
  }
  ctx.restore();
}

function maul(ctx: CanvasRenderingContext2D): void {
  ctx.save();
  ctx.rotate(Math.PI / 4);
  shape(
    ctx,
    lit(ctx, 0.2, "#8a6a4e", "#4c3834"),
    (path) => path.roundRect(-0.09, -0.4, 0.18, 1.4, 0.06),
    line,
  );
  shape(ctx, lit(ctx, 0.6, "#b9bcc9", "#5b5f72"), (path) => path.roundRect(-0.5, -0.92, 1, 0.6, 0.12), line);
  ctx.fillStyle = colour.brass;
  ctx.fillRect(-0.12, -0.92, 0.24, 0.6);
  ctx.restore();
}

function pouch(ctx: CanvasRenderingContext2D): void {
  shape(
    ctx,
    lit(ctx, 0.7, "#a5764f", "#5f4138"),
    (path) => {
      path.moveTo(-0.3, -0.3);
      path.bezierCurveTo(-0.95, 0.2, -0.6, 0.78, 0, 0.78);
      path.bezierCurveTo(0.6, 0.78, 0.95, 0.2, 0.3, -0.3);
    },
    line,
  );
  shape(
    ctx,
    "#8a6044",
    (path) => {
      path.moveTo(-0.44, -0.76);
      path.lineTo(-0.24, -0.32);
      path.lineTo(0.24, -0.32);
      path.lineTo(0.44, -0.76);
      path.lineTo(0, -0.58);
    },
    line,
  );
}
