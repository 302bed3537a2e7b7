/**
 * The land around the player: zones with their borders, roads, ponds and the town; players, creatures, the party.
 */
import { biomeOfZone } from "../../shared/biome.ts";
import { boundsOfZone, zoneAt } from "../../shared/layout.ts";
import { obstaclesIn } from "../../shared/scenery.ts";
import { Creature, Loot, Player } from "../../shared/schema.ts";
import { isInTown, town } from "../../shared/town.ts";
import { soils } from "../art/palette.ts";
import type { Session } from "../game/session.ts";
import { el, setText } from "./dom.ts";

/** Metres from the middle to the edge. */
const reachM = 120;
const sizePx = 168;
/** Metres that the player walks before the land is drawn again. */
const redrawM = 12;

export class Minimap {
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #ctx: CanvasRenderingContext2D | null;
  readonly #land: HTMLCanvasElement;
  readonly #name = el("span", { class: "minimap-name" });
  readonly #place = el("span", { class: "minimap-place" });
  readonly #session: Session;
  #landX = Number.NaN;
  #landY = Number.NaN;

  constructor(session: Session) {
    this.#session = session;
    const px = sizePx * 2;
    this.#canvas = el("canvas", {
      width: px,
      height: px,
      class: "minimap-canvas",
      role: "img",
      "aria-label": "Map of the surroundings",
    });
    this.#land = el("canvas", { width: px * 1.5, height: px * 1.5 });
    this.#ctx = this.#canvas.getContext("2d");
    const caption = el("div", { class: "minimap-caption" }, this.#name, this.#place);
    this.element = el("section", { class: "panel minimap", "aria-label": "Map" }, this.#canvas, caption);
  }

  update(): void {
    const { own, world, me } = this.#session;
    const ctx = this.#ctx;
    if (world === undefined || ctx === null || me === undefined) return;
    const zone = zoneAt(own.x, own.y);
    const info = world.zones.find((other) => other.zone === zone);
    setText(this.#name, isInTown(own.x, own.y) ? town.name : (info?.name ?? ""));
    setText(this.#place, `${Math.round(own.x)}, ${Math.round(own.y)}`);
    if (!(Math.hypot(own.x - this.#landX, own.y - this.#landY) < redrawM)) this.#drawLand(own.x, own.y);
    const half = this.#canvas.width / 2;
    const scale = half / reachM;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, half * 2, half * 2);
    ctx.save();
    ctx.beginPath();
    ctx.arc(half, half, half - 2, 0, Math.PI * 2);
    ctx.clip();
    const dx = (this.#landX - own.x) * scale;
    const dy = (this.#landY - own.y) * scale;
    ctx.drawImage(this.#land, dx - half / 2, dy - half / 2);
    this.#drawEntities(ctx, half, scale);
    ctx.restore();
    this.#drawOwn(ctx, half);
  }

  #drawLand(x: number, y: number): void {
    this.#landX = x;
    this.#landY = y;
    const ctx = this.#land.getContext("2d");
    if (ctx === null) return;
    const half = this.#land.width / 2;
    const scale = this.#canvas.width / 2 / reachM;
    const reach = half / scale;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = "#231c33";
    ctx.fillRect(0, 0, half * 2, half * 2);
    ctx.setTransform(scale, 0, 0, scale, half - x * scale, half - y * scale);
    const zones = this.#session.world?.zones ?? [];
    for (const { zone } of zones) {
      const { x: left, y: top, width, height } = boundsOfZone(zone);
      ctx.fillStyle = soils[biomeOfZone(zone).name].high;
      ctx.fillRect(left, top, width, height);
    }
    ctx.fillStyle = "#8a7766";
    for (const { zone } of zones) {
      const { x: left, y: top, width, height } = boundsOfZone(zone);
      if (left <= town.x && town.x < left + width) ctx.fillRect(town.x - 2.5, top, 5, height);
      if (top <= town.y && town.y < top + height) ctx.fillRect(left, town.y - 2.5, width, 5);
    }
    ctx.strokeStyle = "rgba(255, 232, 200, 0.55)";
    ctx.lineWidth = 1.2;
    ctx.setLineDash([5, 4]);
    for (const { zone } of zones) {
      const { x: left, y: top, width, height } = boundsOfZone(zone);
      ctx.strokeRect(left, top, width, height);
    }
    ctx.setLineDash([]);
    for (const { kind, x: atX, y: atY, radiusM } of obstaclesIn(x - reach, y - reach, x + reach, y + reach)) {
      ctx.fillStyle = marks[kind] ?? "rgba(28, 40, 34, 0.4)";
      ctx.beginPath();
      ctx.arc(atX, atY, kind === "pond" ? radiusM : Math.max(1.3, radiusM * 1.4), 0, Math.PI * 2);
      ctx.fill();
    }
  }

  #drawEntities(ctx: CanvasRenderingContext2D, half: number, scale: number): void {
    const { own, world, target } = this.#session;
    if (world === undefined) return;
    const dot = (x: number, y: number, style: string, radius: number) => {
      const px = half + (x - own.x) * scale;
      const py = half + (y - own.y) * scale;
      ctx.fillStyle = "rgba(20, 14, 28, 0.65)";
      ctx.beginPath();
      ctx.arc(px, py, radius + 1.6, 0, Math.PI * 2);
      ctx.fill();
      ctx.fillStyle = style;
      ctx.beginPath();
      ctx.arc(px, py, radius, 0, Math.PI * 2);
      ctx.fill();
    };
    for (const { state } of world.entities(Loot)) dot(state.position.x, state.position.y, "#ffdf9a", 2.4);
    for (const { state } of world.entities(Creature)) {
      if (state.action !== "fall") dot(state.position.x, state.position.y, "#e8705f", 3.6);
    }
    const friends = new Set(world.group(Player).map(({ ref }) => ref));
    for (const { ref, state } of world.entities(Player)) {
      if (ref !== world.ownRef && !friends.has(ref)) dot(state.position.x, state.position.y, "#f3e9dc", 3.6);
    }
    for (const { ref, state } of world.group(Player)) {
      if (ref === world.ownRef || state.position === undefined) continue;
      const away = Math.hypot(state.position.x - own.x, state.position.y - own.y);
      const pull = Math.min(1, (reachM - 6) / Math.max(1, away));
      dot(
        own.x + (state.position.x - own.x) * pull,
        own.y + (state.position.y - own.y) * pull,
        "#7fe0b4",
        4.4,
      );
    }
    const place = target?.state as { position?: { x: number; y: number } } | undefined;
    if (place?.position === undefined) return;
    ctx.strokeStyle = "#ffd9a0";
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(
      half + (place.position.x - own.x) * scale,
      half + (place.position.y - own.y) * scale,
      8,
      0,
      Math.PI * 2,
    );
    ctx.stroke();
  }

  #drawOwn(ctx: CanvasRenderingContext2D, half: number): void {
    ctx.save();
    ctx.translate(half, half);
    ctx.rotate(this.#session.own.heading);
    ctx.beginPath();
    ctx.moveTo(11, 0);
    ctx.lineTo(-7, 7);
    ctx.lineTo(-3, 0);
    ctx.lineTo(-7, -7);
    ctx.closePath();
    ctx.fillStyle = "#ffe7ae";
    ctx.strokeStyle = "#1d1426";
    ctx.lineWidth = 2.4;
    ctx.stroke();
    ctx.fill();
    ctx.restore();
  }
}

const marks: Readonly<Record<string, string>> = {
  pond: "#5c7690",
  house: "#a8605c",
  stall: "#c98a3c",
  wall: "#a79cab",
  lantern: "#ffcf87",
  rock: "rgba(150, 142, 156, 0.7)",
};
