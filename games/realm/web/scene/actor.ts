/**
 * One figure of the world on the canvas: body, shadow, plate, and the ring when it is the target.
 *
 * Invariant: an actor reads an entity and never changes it. Its parts go with it.
 */
import type { Pose } from "@myriad/client";
import { type Container, Sprite } from "pixi.js";
import { artPxPerM, type Atlas } from "../art/atlas.ts";
import { creatureHeightM, creatureName, type CreatureName } from "../art/creatures.ts";
import { cloakOf, tint } from "../art/palette.ts";
import { directions, figureName } from "../art/people.ts";
import { Plate } from "./plate.ts";
import { type Layers, pxPerM } from "./stage.ts";

const scale = pxPerM / artPxPerM;
/** Milliseconds of a step, and of a blow's red flash. */
const stepMs = 170;
const flashMs = 220;

export interface Look {
  readonly what: "player" | "creature" | "loot";
  readonly species: CreatureName;
  readonly look: number;
  readonly label: string;
  readonly plateTint: number;
  readonly health: number;
  readonly action: "idle" | "walk" | "swing" | "sweep" | "fall";
  readonly emote: string;
  readonly isOwn: boolean;
  readonly isTarget: boolean;
}

export class Actor {
  readonly #layers: Layers;
  readonly #atlas: Atlas;
  readonly #body: Sprite;
  readonly #over: Sprite | undefined;
  readonly #shadow: Sprite;
  readonly #plate: Plate | undefined;
  readonly #glow: Sprite | undefined;
  readonly #what: Look["what"];
  #ring: Sprite | undefined;
  #flashUntilMs = 0;
  #walkedMs = 0;
  #lastMs = 0;
  #fade = 0;
  #leaving = false;
  #picture = "";
  readonly #phase: number;
  /** Where it was drawn last, metres. */
  x = 0;
  y = 0;
  heightM = 2.2;

  constructor(layers: Layers, atlas: Atlas, what: Look["what"], seed: number) {
    this.#layers = layers;
    this.#atlas = atlas;
    this.#what = what;
    this.#phase = seed % 1000;
    this.#shadow = this.#sprite("shadow", layers.shadows);
    this.#shadow.tint = tint.shadow;
    this.#body = this.#sprite(what === "loot" ? "loot" : figureName("cloak", 2, 0), layers.things);
    this.#over = what === "player" ? this.#sprite(figureName("over", 2, 0), layers.things) : undefined;
    this.#plate = what === "loot" ? undefined : new Plate(atlas, what === "player" ? "friend" : "foe");
    if (this.#plate !== undefined) layers.plates.addChild(this.#plate.node);
    if (what === "loot") {
      this.#glow = this.#sprite("glow", layers.lights);
      this.#glow.blendMode = "add";
      this.#glow.tint = tint.loot;
    }
  }

  /** True when it has faded away and can be removed. */
  get isGone(): boolean {
    return this.#leaving && this.#fade <= 0.02;
  }

  /** Begins to fade: it is no longer in view. */
  leave(): void {
    this.#leaving = true;
  }

  /** It came back before it was gone. */
  stay(): void {
    this.#leaving = false;
  }

  /** Flashes: it was hit. */
  flash(nowMs: number): void {
    this.#flashUntilMs = nowMs + flashMs;
  }

  /** Draws it where `pose` says. */
  draw(pose: Pose, look: Look, nowMs: number): void {
    const passedMs = Math.min(100, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.x = pose.x;
    this.y = pose.y;
    this.#fade += ((this.#leaving ? 0 : 1) - this.#fade) * Math.min(1, passedMs / 110);
    this.#walkedMs = pose.speed > 0.02 ? this.#walkedMs + passedMs : 0;
    if (this.#what === "loot") this.#drawLoot(nowMs);
    else this.#drawFigure(pose, look, nowMs);
    this.#drawRing(look, nowMs);
  }

  destroy(): void {
    for (const part of [this.#body, this.#over, this.#shadow, this.#plate?.node, this.#glow, this.#ring]) {
      part?.destroy({ children: true });
    }
  }

  #drawFigure(pose: Pose, look: Look, nowMs: number): void {
    const isFallen = look.action === "fall";
    const step = this.#walkedMs > 0 ? Math.floor(this.#walkedMs / stepMs) % 4 : 0;
    const frame = step === 1 ? 1 : step === 3 ? 2 : 0;
    if (look.what === "player") this.#drawPerson(pose, look, frame);
    else this.#drawCreature(pose, look, frame, nowMs);
    const bob = this.#bob(look, nowMs);
    const lunge = look.action === "swing" ? 0.28 : 0;
    const spin = look.action === "sweep" ? nowMs / 55 : 0;
    const x = (pose.x + Math.cos(pose.heading) * lunge) * pxPerM;
    const y = (pose.y + Math.sin(pose.heading) * lunge * 0.7) * pxPerM;
    const flash = nowMs < this.#flashUntilMs;
    for (const sprite of [this.#body, this.#over]) {
      if (sprite === undefined) continue;
      sprite.position.set(x, y - bob);
      sprite.zIndex = pose.y + (sprite === this.#over ? 0.001 : 0);
      sprite.alpha = this.#fade * (isFallen ? 0.85 : 1);
      sprite.rotation = isFallen ? 1.45 : this.#sway(look, nowMs) + Math.sin(spin) * 0.25;
      if (isFallen) sprite.y -= pxPerM * 0.3;
    }
    const bodyTint = look.what === "player" ? cloakOf(look.look) : tint.white;
    this.#body.tint = flash ? tint.hurt : bodyTint;
    if (this.#over !== undefined) this.#over.tint = flash ? tint.hurt : tint.white;
    this.#drawShadow(pose, isFallen);
    this.#drawPlate(pose, look, bob);
  }

  #drawPerson(pose: Pose, look: Look, frame: number): void {
    const direction =
      ((Math.round((pose.heading / (Math.PI * 2)) * directions) % directions) + directions) % directions;
    const isSitting = look.emote === "sit";
    this.#show(`${direction}-${frame}`, () => {
      this.#body.texture = this.#atlas.picture(figureName("cloak", direction, frame)).texture;
      if (this.#over !== undefined)
        this.#over.texture = this.#atlas.picture(figureName("over", direction, frame)).texture;
    });
    this.heightM = isSitting ? 1.7 : 2.35;
    for (const sprite of [this.#body, this.#over]) sprite?.scale.set(scale, scale * (isSitting ? 0.72 : 1));
  }

  #drawCreature(pose: Pose, look: Look, frame: number, nowMs: number): void {
    const { species } = look;
    const floating = species === "shade" ? Math.floor((nowMs + this.#phase) / 260) % 2 : frame;
    this.#show(`${species}-${floating}`, () => {
      const { texture, anchorX, anchorY } = this.#atlas.picture(creatureName(species, floating));
      this.#body.texture = texture;
      this.#body.anchor.set(anchorX, anchorY);
    });
    this.heightM = creatureHeightM[species];
    // Which way it looks changes only when it clearly does.
    const across = Math.cos(pose.heading);
    const mirrored = Math.abs(across) < 0.2 ? this.#body.scale.x < 0 : across < 0;
    this.#body.scale.set(mirrored ? -scale : scale, scale);
  }

  #drawLoot(nowMs: number): void {
    const lift = Math.sin((nowMs + this.#phase * 7) / 420) * 1.6;
    this.#body.position.set(this.x * pxPerM, this.y * pxPerM - lift - 2);
    this.#body.zIndex = this.y;
    this.#body.scale.set(scale);
    this.#body.alpha = this.#fade;
    this.#shadow.position.set(this.x * pxPerM, this.y * pxPerM);
    this.#shadow.setSize(pxPerM * 0.9, pxPerM * 0.4);
    this.#shadow.alpha = 0.4 * this.#fade;
    if (this.#glow === undefined) return;
    this.#glow.position.set(this.x * pxPerM, this.y * pxPerM - 6);
    this.#glow.setSize(pxPerM * 3.4, pxPerM * 2.8);
    this.#glow.alpha = this.#fade * (0.5 + Math.sin((nowMs + this.#phase * 7) / 420) * 0.16);
  }

  #drawShadow(pose: Pose, isFallen: boolean): void {
    const wide = isFallen ? 2.6 : this.#what === "player" ? 1.75 : 2.3;
    this.#shadow.position.set((pose.x + 0.28) * pxPerM, (pose.y + 0.02) * pxPerM);
    this.#shadow.setSize(wide * pxPerM, wide * 0.4 * pxPerM);
    this.#shadow.rotation = 0.12;
    this.#shadow.alpha = 0.52 * this.#fade;
  }

  #drawPlate(pose: Pose, look: Look, bob: number): void {
    const plate = this.#plate;
    if (plate === undefined) return;
    plate.node.position.set(pose.x * pxPerM, (pose.y - this.heightM - 0.15) * pxPerM - bob);
    plate.node.alpha = this.#fade;
    plate.node.visible = look.action !== "fall" || look.what === "player";
    plate.name(look.label, look.plateTint);
    plate.health(look.action === "fall" ? 0 : look.health, !look.isTarget && !look.isOwn);
  }

  /** A ring around the target, and a faint one around the player: in a crowd one looks for oneself. */
  #drawRing(look: Look, nowMs: number): void {
    if (!look.isTarget && !look.isOwn) {
      this.#ring?.destroy();
      this.#ring = undefined;
      return;
    }
    this.#ring ??= this.#sprite("ring", this.#layers.marks);
    this.#ring.position.set(this.x * pxPerM, this.y * pxPerM);
    this.#ring.tint = look.what === "creature" ? tint.ringFoe : tint.ring;
    this.#ring.alpha = look.isTarget ? 0.9 : 0.34;
    const beat = look.isTarget ? Math.sin(nowMs / 260) * 0.08 : 0;
    const size = (this.#what === "loot" ? 1.7 : look.isTarget ? 2.5 : 2.1) + beat;
    this.#ring.setSize(size * pxPerM, size * 0.62 * pxPerM);
  }

  #bob(look: Look, nowMs: number): number {
    if (look.action === "fall") return 0;
    if (look.emote === "dance") return Math.abs(Math.sin(nowMs / 160)) * 7;
    if (look.emote === "cheer") return Math.abs(Math.sin(nowMs / 200)) * 9;
    if (look.what === "creature" && look.species === "shade")
      return 5 + Math.sin((nowMs + this.#phase) / 380) * 3;
    if (this.#walkedMs > 0) return Math.abs(Math.sin((this.#walkedMs / stepMs) * (Math.PI / 2))) * 2.4;
    return Math.sin((nowMs + this.#phase * 9) / 700) * 0.5;
  }

  #sway(look: Look, nowMs: number): number {
    switch (look.emote) {
      case "dance":
        return Math.sin(nowMs / 160) * 0.2;
      case "bow":
        return Math.sin(Math.min(Math.PI, ((nowMs % 1600) / 1600) * Math.PI)) * 0.32;
      case "wave":
        return Math.sin(nowMs / 140) * 0.09;
      default:
        return 0;
    }
  }

  /** Changes textures only when the picture is another one. */
  #show(picture: string, change: () => void): void {
    if (picture === this.#picture) return;
    this.#picture = picture;
    change();
  }

  #sprite(name: string, layer: Container): Sprite {
    const { texture, anchorX, anchorY } = this.#atlas.picture(name);
    const sprite = new Sprite({ texture, anchor: { x: anchorX, y: anchorY } });
    sprite.alpha = 0;
    layer.addChild(sprite);
    return sprite;
  }
}
