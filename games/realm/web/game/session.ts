/**
 * One evening in Duskmere: the connection, the world in view, the player's own walk and target.
 *
 * Owns: what is sent and when. Everything that draws reads from here.
 * Invariant: nothing here touches the page.
 */
import {
  connect,
  type Connection,
  type ConnectionState,
  Emitter,
  newPose,
  type Pose,
  requestTicket,
  type World,
  type WorldEntity,
} from "@myriad/client";
import {
  type EntityRef,
  noEntity,
  radiansOfHeading,
  type RecordFields,
  type RecordValue,
} from "@myriad/protocol";
import type { FactType, IntentType } from "@myriad/protocol";
import type { MoveInput } from "../../shared/movement.ts";
import { Creature, Loot, Player, realmSchema, Target } from "../../shared/schema.ts";
import { predictWalk, still, type Walk } from "./movement.ts";

/** Milliseconds without a change of place after which somebody who holds a direction stands before something. */
const stoppedMs = 150;

export type SessionEvents = {
  state: [state: ConnectionState];
  /** The world was replaced. */
  world: [world: World];
  /** The player is in the world and can be drawn. */
  arrived: [];
  /** The server says something in words. */
  notice: [text: string];
  target: [];
};

export class Session {
  readonly connection: Connection;
  readonly events = new Emitter<SessionEvents>();
  readonly name: string;
  /** Where the player is drawn. */
  readonly own: Pose = newPose();
  #walk: Walk | undefined;
  #input: MoveInput = still;
  #target: WorldEntity | undefined;
  #lastMs = 0;
  #movedMs = 0;
  #hasArrived = false;
  /** The walk must begin anew at the next frame: the session was resumed or is another one. */
  #isUnsure = true;

  constructor(options: { url: string; name: string }) {
    this.name = options.name;
    this.connection = connect({
      url: options.url,
      schema: realmSchema,
      client: `duskmere/${realmSchema.version}`,
      getTicket: () => requestTicket(options),
      listeners: {
        state: (state) => this.events.emit("state", state),
        welcome: () => {
          this.#isUnsure = true;
        },
        world: (world) => this.#entered(world),
        sent: (seq) => this.#walk?.note(seq),
        notice: (_, text) => this.events.emit("notice", text),
        versions: (text) => this.events.emit("notice", text),
        frame: () => this.#followFrame(),
      },
    });
  }

  get world(): World | undefined {
    return this.connection.world;
  }

  /** Milliseconds of the connection's clock. */
  get nowMs(): number {
    return this.connection.environment.nowMs();
  }

  get isPlaying(): boolean {
    return this.connection.state.kind === "playing";
  }

  /** The own entity; undefined while it is not in view. */
  get me(): WorldEntity<typeof Player> | undefined {
    return this.world?.own(Player);
  }

  /** What only the player knows. */
  get self() {
    return this.world?.self(Player);
  }

  /** Ticks that the own walk is ahead of what the server told last. */
  get leadSteps(): number {
    return this.#walk?.leadSteps ?? 0;
  }

  get isFallen(): boolean {
    return (this.self?.fallenTicks ?? 0) > 0 || this.me?.state.action === "fall";
  }

  /** The chosen target while it is in view. */
  get target(): WorldEntity | undefined {
    if (this.#target?.isPresent === false) this.#target = undefined;
    return this.#target;
  }

  on<F extends RecordFields>(fact: FactType<string, F>, handler: (value: RecordValue<F>) => void): void {
    this.connection.on(fact, handler);
  }

  send<F extends RecordFields>(intent: IntentType<string, F>, value: RecordValue<F>): boolean {
    return this.connection.send(intent, value) > 0;
  }

  /** Holds a direction, or stands still. */
  hold(input: MoveInput): void {
    this.#input = input;
  }

  /** Chooses a target; undefined chooses nothing. */
  choose(entity: WorldEntity | undefined): void {
    if (entity === this.#target) return;
    this.#target = entity;
    this.send(Target, { target: entity?.ref ?? noEntity });
    this.events.emit("target");
  }

  /** Lets time pass: call for each picture; frames do so, too. */
  advance(): void {
    const now = this.nowMs;
    const passedMs = Math.min(1000, now - this.#lastMs);
    this.#lastMs = now;
    const walk = this.#walk;
    if (walk === undefined || !this.isPlaying) return;
    const input = this.isFallen ? still : this.#input;
    walk.hold(input);
    walk.advance(passedMs * (this.world?.clock()?.ticksPerMs ?? 0.02));
    const { x, y } = this.own;
    walk.drawn(this.own);
    if (Math.hypot(this.own.x - x, this.own.y - y) > 0.0005) this.#movedMs = now;
    this.own.speed = input.moving && now - this.#movedMs < stoppedMs ? 0.25 : 0;
    if (input.moving) this.own.heading = radiansOfHeading(input.direction);
    else if (this.me !== undefined && passedMs > 0) this.own.heading = this.me.state.heading;
    this.connection.stats.corrections = walk.corrections;
  }

  /** Writes where an entity is drawn now. */
  pose(entity: WorldEntity, out: Pose): void {
    if (entity.ref === this.world?.ownRef && this.#walk !== undefined) Object.assign(out, this.own);
    else this.world?.pose(entity, this.nowMs, out);
  }

  /** The display name of an entity; "" when it is not in view. */
  entity(ref: EntityRef): WorldEntity | undefined {
    return ref === noEntity ? undefined : this.world?.get(ref);
  }

  /** Metres from the player to an entity, as drawn. */
  distanceTo(entity: WorldEntity): number {
    const pose = newPose();
    this.pose(entity, pose);
    return Math.hypot(pose.x - this.own.x, pose.y - this.own.y);
  }

  /** Creatures in view. */
  get creatures(): WorldEntity<typeof Creature>[] {
    return [...(this.world?.entities(Creature) ?? [])];
  }

  isPlayer(entity: WorldEntity | undefined): entity is WorldEntity<typeof Player> {
    return entity?.kind === Player;
  }

  isCreature(entity: WorldEntity | undefined): entity is WorldEntity<typeof Creature> {
    return entity?.kind === Creature;
  }

  isLoot(entity: WorldEntity | undefined): entity is WorldEntity<typeof Loot> {
    return entity?.kind === Loot;
  }

  #entered(world: World): void {
    this.#target = undefined;
    this.#walk = undefined;
    this.#hasArrived = false;
    this.events.emit("world", world);
  }

  #followFrame(): void {
    const { truth, world, welcome } = this.connection;
    if (truth === undefined || world === undefined || welcome === undefined) return;
    const place = { x: truth.x / 1024, y: truth.y / 1024 };
    if (this.#walk === undefined) {
      const ground = { zoneCount: welcome.zones.length, tickRateHz: welcome.tickRateHz };
      this.#walk = predictWalk(this.connection, ground, place);
      this.#lastMs = this.nowMs;
    } else if (this.#isUnsure) {
      this.#walk.reset(place);
    } else {
      // The frame speaks of a step: the own steps must have been run up to this moment, not to the last picture.
      this.advance();
      this.#walk.reconcile(truth);
    }
    this.#isUnsure = false;
    if (this.#hasArrived || this.me === undefined) return;
    this.#hasArrived = true;
    this.#walk.drawn(this.own);
    this.events.emit("arrived");
  }
}
