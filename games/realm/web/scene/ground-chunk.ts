/**
 * A square of ground as a picture: the soil in colours, then paving, ponds, tufts, flowers and pebbles drawn on it.
 *
 * Invariant: what is drawn depends on the place alone and reaches over the edge of its square on both sides, so that
 * neighbouring squares fit.
 */
import { hashOf } from "../../shared/hash.ts";
import { biomeAt } from "../../shared/biome.ts";
import { zoneAt } from "../../shared/layout.ts";
import type { Obstacle } from "../../shared/obstacle.ts";
import { obstaclesIn } from "../../shared/scenery.ts";
import { town } from "../../shared/town.ts";
import { colour, soils } from "../art/palette.ts";
import { chanceAt, noise, salt } from "./noise.ts";
import { type Mix, roadAt, roadHalfM, soilAt, squareM } from "./soil.ts";

/** Metres along a side of a square. */
export const chunkM = 32;
const pxPerM = 16;
/** The soil is computed coarsely and smoothed by scaling. */
const soilPxPerM = 4;
/** Metres beyond its edge from which details reach into a square. */
const reachM = 2;

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Draws the square whose north-west corner is (left, top) metres, in pieces of a few milliseconds: a caller goes on while
 * there is time. The canvas is whole when it is done.
 */
export function* paintChunk(
  left: number,
  top: number,
  zoneCount: number,
): Generator<undefined, HTMLCanvasElement> {
  const canvas = document.createElement("canvas");
  canvas.width = chunkM * pxPerM;
  canvas.height = chunkM * pxPerM;
  const ctx = canvas.getContext("2d")!;
  yield* paintSoil(ctx, left, top, zoneCount);
  ctx.scale(pxPerM, pxPerM);
  ctx.translate(-left, -top);
  const right = left + chunkM + reachM;
  paintCobbles(ctx, { left: left - reachM, top: top - reachM, right, bottom: top + chunkM + reachM });
  yield;
  paintSquare(ctx, { left: left - reachM, top: top - reachM, right, bottom: top + chunkM + reachM });
  yield;
  for (let y = -reachM; y < chunkM + reachM; y += 6) {
    const bottom = top + Math.min(y + 6, chunkM + reachM);
    paintDetails(ctx, { left: left - reachM, top: top + y, right, bottom }, zoneCount);
    yield;
  }
  const pondReachM = 14;
  const ponds = obstaclesIn(
    left - pondReachM,
    top - pondReachM,
    left + chunkM + pondReachM,
    top + chunkM + pondReachM,
  );
  for (const pond of ponds) if (pond.kind === "pond") paintPond(ctx, pond);
  return canvas;
}

function* paintSoil(
  ctx: CanvasRenderingContext2D,
  left: number,
  top: number,
  zoneCount: number,
): Generator<undefined, void> {
  // One row and column more on each side, so that smoothing sees the neighbours' colours at the edge.
  const side = chunkM * soilPxPerM + 2;
  const coarse = document.createElement("canvas");
  coarse.width = side;
  coarse.height = side;
  const coarseCtx = coarse.getContext("2d")!;
  const image = coarseCtx.createImageData(side, side);
  const mix: Mix = { r: 0, g: 0, b: 0 };
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = 0; column < side; column++, at += 4) {
      soilAt(left + (column - 0.5) / soilPxPerM, top + (row - 0.5) / soilPxPerM, zoneCount, mix);
      image.data[at] = mix.r;
      image.data[at + 1] = mix.g;
      image.data[at + 2] = mix.b;
      image.data[at + 3] = 255;
    }
    if (row % 8 === 7) yield;
  }
  coarseCtx.putImageData(image, 0, 0);
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(coarse, 1, 1, side - 2, side - 2, 0, 0, chunkM * pxPerM, chunkM * pxPerM);
}

/** Rounded stones along the lantern roads. */
function paintCobbles(ctx: CanvasRenderingContext2D, area: Area): void {
  const cellM = 0.54;
  forCells(area, cellM, (column, row) => {
    const x = (column + 0.5 + (chanceAt(column, row, salt.cobble) - 0.5) * 0.6) * cellM;
    const y = (row + 0.5 + (chanceAt(row, column, salt.cobble) - 0.5) * 0.6) * cellM;
    const away = Math.min(Math.abs(x - town.x), Math.abs(y - town.y));
    if (away > roadHalfM || Math.hypot(x - town.x, y - town.y) < squareM) return;
    const tone = chanceAt(column + 7, row, salt.cobble);
    // Worn towards the edges, and here and there in the middle.
    const worn = (away / roadHalfM) ** 2 * 0.75 + noise(x * 0.8 + y * 0.6, y * 0.8 - x * 0.6, 6) * 0.6;
    if (roadAt(x, y) < 0.55 || tone < worn - 0.28) return;
    const size = 0.16 + tone * 0.1;
    ctx.fillStyle = "rgba(40, 30, 46, 0.3)";
    blob(ctx, x + 0.03, y + 0.05, size * 1.1, size * 0.86);
    ctx.fillStyle = tone > 0.66 ? "#9a8a86" : tone > 0.33 ? "#857780" : "#74687a";
    blob(ctx, x, y, size, size * 0.76);
  });
}

/** The town's square: rings of flagstones around the great lantern. */
function paintSquare(ctx: CanvasRenderingContext2D, area: Area): void {
  const nearX = Math.max(area.left, Math.min(area.right, town.x));
  const nearY = Math.max(area.top, Math.min(area.bottom, town.y));
  if (Math.hypot(nearX - town.x, nearY - town.y) > squareM + 1) return;
  const ringM = 1.15;
  for (let ring = 0; 2.6 + ring * ringM < squareM; ring++) {
    const inner = 2.6 + ring * ringM;
    const stones = Math.floor((2 * Math.PI * (inner + ringM / 2)) / 1.5);
    const turn = chanceAt(ring, 1, salt.stone) * Math.PI;
    for (let stone = 0; stone < stones; stone++) {
      const from = turn + (stone / stones) * Math.PI * 2;
      const middle = from + Math.PI / stones;
      const x = town.x + Math.cos(middle) * (inner + ringM / 2);
      const y = town.y + Math.sin(middle) * (inner + ringM / 2);
      if (x < area.left - 1 || x > area.right + 1 || y < area.top - 1 || y > area.bottom + 1) continue;
      const tone = chanceAt(ring, stone, salt.stone);
      if (inner > squareM - 2 && tone < 0.3) continue;
      flagstone(ctx, { inner, outer: inner + ringM, from, to: from + (Math.PI * 2) / stones, tone });
    }
  }
}

function flagstone(
  ctx: CanvasRenderingContext2D,
  stone: { inner: number; outer: number; from: number; to: number; tone: number },
): void {
  const gapM = 0.045;
  const { inner, outer, from, to, tone } = stone;
  const turn = gapM / ((inner + outer) / 2);
  ctx.beginPath();
  ctx.arc(town.x, town.y, outer - gapM, from + turn, to - turn);
  ctx.arc(town.x, town.y, inner + gapM, to - turn, from + turn, true);
  ctx.closePath();
  const level = Math.round(108 + tone * 36);
  ctx.fillStyle = `rgb(${level + 8}, ${level - 3}, ${level + 4})`;
  ctx.fill();
  ctx.strokeStyle = "rgba(44, 34, 54, 0.55)";
  ctx.lineWidth = 0.07;
  ctx.stroke();
  if (tone > 0.55) {
    ctx.strokeStyle = "rgba(255, 232, 210, 0.16)";
    ctx.lineWidth = 0.05;
    ctx.beginPath();
    ctx.arc(town.x, town.y, outer - 0.13, from + turn * 2, to - turn * 2);
    ctx.stroke();
  }
}

/** Tufts, flowers, leaves and pebbles. */
function paintDetails(ctx: CanvasRenderingContext2D, area: Area, zoneCount: number): void {
  const cellM = 0.8;
  ctx.lineCap = "round";
  forCells(area, cellM, (column, row) => {
    const chance = chanceAt(column, row, salt.tuft);
    const x = (column + chanceAt(column, row, salt.tuft + 20)) * cellM;
    const y = (row + chanceAt(column, row, salt.tuft + 40)) * cellM;
    const zone = zoneAt(x, y);
    if (zone < 0 || zone >= zoneCount) return;
    const inTown = Math.hypot(x - town.x, y - town.y);
    if (inTown < squareM + 1 || roadAt(x, y) > 0.25) return;
    const land = biomeAt(x, y).name;
    const soil = soils[land];
    const lush = noise(x, y, 7) * 0.75 + noise(x, y, 2.1) * 0.25;
    const bits = hashOf(column, row, salt.tuft + 60);
    if (chance < lush * (inTown < 55 ? 0.3 : 0.72)) {
      tuft(ctx, x, y, soil.blades[bits % soil.blades.length]!, bits);
    } else if (chance > 0.93 - (land === "heath" ? 0.16 : 0) && lush > 0.42) {
      flower(ctx, x, y, soil.flowers[bits % soil.flowers.length]!, land === "birchwood", bits);
    } else if (chance > 0.86 && lush < 0.4) {
      pebble(ctx, x, y, bits);
    }
  });
}

function tuft(ctx: CanvasRenderingContext2D, x: number, y: number, style: string, bits: number): void {
  ctx.strokeStyle = style;
  ctx.globalAlpha = 0.75;
  ctx.lineWidth = 0.055;
  const blades = 3 + (bits & 1);
  ctx.beginPath();
  for (let i = 0; i < blades; i++) {
    const lean = (i - (blades - 1) / 2) * 0.14 + (((bits >> (i * 3)) & 7) - 3.5) * 0.015;
    const high = 0.22 + ((bits >> (i + 4)) & 3) * 0.05;
    ctx.moveTo(x + lean * 0.5, y);
    ctx.quadraticCurveTo(x + lean * 0.7, y - high * 0.6, x + lean * 1.7, y - high);
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function flower(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  style: string,
  isLeaf: boolean,
  bits: number,
): void {
  ctx.fillStyle = style;
  ctx.globalAlpha = 0.85;
  if (isLeaf) {
    ctx.beginPath();
    ctx.ellipse(x, y, 0.11, 0.055, (bits & 63) / 10, 0, Math.PI * 2);
    ctx.fill();
  } else {
    for (let i = 0; i < 3; i++) {
      blob(ctx, x + (((bits >> (i * 2)) & 3) - 1.5) * 0.13, y - ((bits >> (i * 3)) & 3) * 0.07, 0.06, 0.055);
    }
  }
  ctx.globalAlpha = 1;
}

function pebble(ctx: CanvasRenderingContext2D, x: number, y: number, bits: number): void {
  const size = 0.09 + (bits & 7) * 0.016;
  ctx.fillStyle = "rgba(30, 22, 40, 0.3)";
  blob(ctx, x + 0.03, y + 0.04, size, size * 0.7);
  ctx.fillStyle = (bits & 8) === 0 ? "#857c86" : "#9a8f92";
  blob(ctx, x, y, size, size * 0.7);
}

function paintPond(ctx: CanvasRenderingContext2D, { x, y, radiusM, look }: Obstacle): void {
  const rim = (scale: number) => {
    const points = 28;
    ctx.beginPath();
    for (let i = 0; i <= points; i++) {
      const angle = (i / points) * Math.PI * 2;
      const wave = Math.sin(angle * 3 + look) * 0.025 + Math.sin(angle * 5 + look * 2) * 0.02;
      const far = radiusM * (scale + wave);
      if (i === 0) ctx.moveTo(x + Math.cos(angle) * far, y + Math.sin(angle) * far);
      else ctx.lineTo(x + Math.cos(angle) * far, y + Math.sin(angle) * far);
    }
    ctx.closePath();
  };
  const fill = (style: string | CanvasGradient, scale: number) => {
    rim(scale);
    ctx.fillStyle = style;
    ctx.fill();
  };
  fill("rgba(58, 46, 50, 0.35)", 1.12);
  fill("rgba(122, 104, 92, 0.75)", 1.06);
  fill("#4a3f46", 1.01);
  const water = ctx.createLinearGradient(x - radiusM, y - radiusM, x + radiusM * 0.6, y + radiusM);
  water.addColorStop(0, "#c49a8e");
  water.addColorStop(0.28, "#7d7f96");
  water.addColorStop(0.6, colour.water);
  water.addColorStop(1, colour.waterDeep);
  fill(water, 0.975);
  // The bank's shadow, and light on the far side.
  ctx.save();
  rim(0.975);
  ctx.clip();
  ctx.strokeStyle = "rgba(26, 22, 44, 0.45)";
  ctx.lineWidth = 0.5;
  ctx.beginPath();
  ctx.arc(x - 0.1, y + 0.28, radiusM * 0.99, Math.PI, Math.PI * 2);
  ctx.stroke();
  ctx.strokeStyle = "rgba(255, 226, 196, 0.3)";
  ctx.lineWidth = 0.07;
  for (let i = 0; i < 7; i++) {
    const wide = radiusM * (0.12 + chanceAt(look, i, salt.pebble) * 0.24);
    const px = x + (chanceAt(look, i + 9, salt.pebble) - 0.5) * radiusM * 1.2;
    const py = y + (chanceAt(look, i + 19, salt.pebble) - 0.5) * radiusM * 1.3;
    ctx.beginPath();
    ctx.moveTo(px - wide, py);
    ctx.quadraticCurveTo(px, py - 0.07, px + wide, py);
    ctx.stroke();
  }
  ctx.restore();
  reeds(ctx, { x, y, radiusM, look });
}

function reeds(
  ctx: CanvasRenderingContext2D,
  pond: { x: number; y: number; radiusM: number; look: number },
): void {
  const { x, y, radiusM, look } = pond;
  const bunches = 5 + (look & 3);
  for (let i = 0; i < bunches; i++) {
    const angle = chanceAt(look, i, salt.stone + 3) * Math.PI * 2;
    const px = x + Math.cos(angle) * radiusM * 0.97;
    const py = y + Math.sin(angle) * radiusM * 0.97;
    for (let blade = 0; blade < 6; blade++) {
      const lean = (blade - 2.5) * 0.11;
      ctx.strokeStyle = blade % 2 === 0 ? "#6f7a52" : "#4d5a42";
      ctx.lineWidth = 0.065;
      ctx.beginPath();
      ctx.moveTo(px + lean, py);
      ctx.quadraticCurveTo(px + lean * 1.1, py - 0.4, px + lean * 2.1, py - 0.75 - (blade % 3) * 0.16);
      ctx.stroke();
    }
    ctx.strokeStyle = "#6b4a3a";
    ctx.lineWidth = 0.11;
    ctx.beginPath();
    ctx.moveTo(px + 0.08, py - 0.72);
    ctx.lineTo(px + 0.1, py - 1.0);
    ctx.stroke();
  }
}

function blob(ctx: CanvasRenderingContext2D, x: number, y: number, radiusX: number, radiusY: number): void {
  ctx.beginPath();
  ctx.ellipse(x, y, radiusX, radiusY, 0, 0, Math.PI * 2);
  ctx.fill();
}

function forCells(area: Area, cellM: number, visit: (column: number, row: number) => void): void {
  for (let row = Math.floor(area.top / cellM); row * cellM < area.bottom; row++) {
    for (let column = Math.floor(area.left / cellM); column * cellM < area.right; column++)
      visit(column, row);
  }
}
