/**
 * The picture of the world: ground, scenery, figures and effects, drawn once for each frame of the screen.
 */
import type { WorldEntity } from "@myriad/client";
import type { Atlas } from "../art/atlas.ts";
import type { Session } from "../game/session.ts";
import { Cast } from "./cast.ts";
import { Effects } from "./effects.ts";
import { Ground } from "./ground.ts";
import { Motes } from "./motes.ts";
import { Scenery } from "./scenery.ts";
import type { Stage } from "./stage.ts";

export class Scene {
  readonly effects: Effects;
  readonly cast: Cast;
  readonly #stage: Stage;
  readonly #session: Session;
  readonly #atlas: Atlas;
  readonly #motes: Motes;
  #ground: Ground | undefined;
  #scenery: Scenery | undefined;
  #lastMs = 0;
  #isFirst = true;

  constructor(stage: Stage, session: Session, atlas: Atlas) {
    this.#stage = stage;
    this.#session = session;
    this.#atlas = atlas;
    this.effects = new Effects(stage.layers, atlas);
    this.cast = new Cast(session, stage.layers, atlas);
    this.#motes = new Motes(stage.layers.effects, atlas);
    session.events.on("world", () => this.cast.clear());
  }

  /** The entity under a point of the page. */
  entityAt(clientX: number, clientY: number): WorldEntity | undefined {
    return this.cast.at(this.#stage.worldAt(clientX, clientY));
  }

  /** Draws the next picture. */
  draw(): void {
    const session = this.#session;
    const { world, own, nowMs } = session;
    const zoneCount = world?.zones.length ?? 0;
    if (world === undefined || zoneCount === 0 || session.me === undefined) return;
    const stage = this.#stage;
    const seconds = Math.min(0.1, (nowMs - this.#lastMs) / 1000);
    this.#lastMs = nowMs;
    stage.follow(own.x, own.y, seconds);
    const { centre, half } = stage;
    this.#ground ??= new Ground(stage.layers.ground, zoneCount);
    this.#scenery ??= new Scenery(stage.layers, this.#atlas, zoneCount);
    this.#ground.update(centre, half, this.#isFirst);
    this.#isFirst = false;
    this.#scenery.update(centre, half, own, nowMs);
    this.cast.update(world, centre, half, nowMs);
    this.effects.update(nowMs);
    this.#motes.update(centre, nowMs, seconds);
  }
}
