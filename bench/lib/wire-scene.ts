/**
 * The sample game with scripted players and real viewers, from the zone to the client frame, without sockets.
 *
 * Everybody walks, fights, fetches and talks, four intents a second each, as in a swarm of the same size. One in so many
 * decodes all it gets. Nobody falls, so that a crowd is as busy after an hour as at first.
 * Invariant: zone, gateway and game are the real ones, under the server's default configuration.
 */
import {
  encodeHello,
  encodeInput,
  encodeRecord,
  formatVersion,
  headingOf,
  levelsOf,
  defaultChannelRates,
  radiansOfHeading,
  RegionGrid,
  serverMessage,
  subprotocol,
} from "@myriad/protocol";
import { Move, Player, realmSchema, Say } from "../../games/realm/shared/schema.ts";
import { createRealm } from "../../games/realm/src/realm.ts";
import type { Connection, ConnectionListener } from "../../packages/server/src/gateway/transport.ts";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { RealmSim } from "../../test/sim/realm-sim.ts";
import { placeIn, wishOf } from "./crowd-script.ts";
import { WireMeter } from "./wire-meter.ts";

const tickRateHz = 20;
const intentEveryTicks = 5;
const regionSizeM = 64;
/** Hit points for hours of blows. */
const hitPoints = 60_000;
/** One in so many talks; the script has everybody talk. */
const talkersOneIn = 10;
/** Where a crowd stands: open ground outside of the town. */
const square = { x: 150, y: 300 } as const;

export interface SceneOptions {
  readonly players: number;
  /** Of so many players one decodes what it gets. */
  readonly playersPerViewer: number;
  /** Side of the square on which everybody stays, metres; undefined for the whole zone. */
  readonly squareM?: number | undefined;
  readonly clientBudgetKbitPerSecond: number;
}

export class WireScene {
  readonly viewers: readonly WireMeter[];
  readonly #sim: RealmSim;
  readonly #players: readonly WirePlayer[];
  readonly #random = new SeededRandom(7, 5);
  readonly #squareM: number | undefined;
  #tick = 0;

  constructor({ players, playersPerViewer, squareM, clientBudgetKbitPerSecond }: SceneOptions) {
    this.#squareM = squareM;
    this.#sim = new RealmSim({
      realm: createRealm(),
      capacity: players,
      crowds: { splitAbove: 50, mergeBelow: 10, regionSizeMinM: 2 },
      clientBudgetKbitPerSecond,
    });
    const grids = createRealm()
      .zones(1)
      .map(({ bounds }, zone) => new RegionGrid(zone, bounds, regionSizeM));
    const levels = levelsOf(defaultChannelRates, tickRateHz);
    this.#players = Array.from({ length: players }, (_, index) => {
      const isViewer = index % playersPerViewer === 0;
      const meter = isViewer ? new WireMeter({ grids, kinds: realmSchema.kinds, levels }) : undefined;
      return new WirePlayer(`w${index}`, meter);
    });
    this.viewers = this.#players.flatMap(({ meter }) => (meter === undefined ? [] : [meter]));
  }

  /** Lets everybody in and puts them where they begin. */
  async join(): Promise<void> {
    const { gateway } = this.#sim;
    for (const player of this.#players) gateway.accept(player);
    await this.#sim.runUntil(() => this.#players.every(({ frame }) => frame > 0), 400, "everybody joins");
    const host = this.#sim.hosts[0]!;
    const { columns } = host.core.world.table(Player);
    columns.hitPoints.fill(hitPoints);
    columns.hitPointsMax.fill(hitPoints);
    for (const { session, player } of host.core.sessions.bySession.values()) {
      const row = host.core.world.table(Player).row(player);
      const at = this.#squareM === undefined ? placeIn(0, host, session, this.#random) : this.#inSquare();
      columns.position.x[row] = at.x;
      columns.position.y[row] = at.y;
    }
  }

  async run(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.#tick++;
      this.#ask();
      await this.#sim.run(1);
      if (this.#sim.failures.length > 0) throw this.#sim.failures[0];
    }
  }

  close(): void {
    this.#sim.gateway.close();
    for (const host of this.#sim.hosts) host.close();
  }

  set isCounting(isCounting: boolean) {
    for (const viewer of this.viewers) viewer.isCounting = isCounting;
  }

  #inSquare() {
    const sideM = this.#squareM!;
    return {
      x: square.x + (this.#random.float() - 0.5) * sideM,
      y: square.y + (this.#random.float() - 0.5) * sideM,
    };
  }

  /** Each player asks for something every fifth tick, and says what it received. */
  #ask(): void {
    const host = this.#sim.hosts[0]!;
    const players = host.core.world.table(Player);
    const { position } = players.columns;
    for (const { session, player, name } of host.core.sessions.bySession.values()) {
      const who = this.#players[Number(name.slice(1))]!;
      if ((session + this.#tick) % intentEveryTicks !== 0) {
        who.acknowledge();
        continue;
      }
      const row = players.row(player);
      const dx = square.x - position.x[row]!;
      const dy = square.y - position.y[row]!;
      const isOutside =
        this.#squareM !== undefined && Math.max(Math.abs(dx), Math.abs(dy)) > this.#squareM / 2;
      const wish = isOutside
        ? walkTowards(headingOf(dx, dy) + this.#random.int(64) - 32)
        : wishOf(host, session, player, this.#random);
      if (wish.type === sayType && session % talkersOneIn !== 0) who.acknowledge();
      else who.ask(wish.type, wish.record);
    }
  }
}

const sayType = realmSchema.intents.indexOf(Say);

function walkTowards(heading: number) {
  const direction = radiansOfHeading((heading + 256) % 256);
  return {
    type: realmSchema.intents.indexOf(Move),
    record: encodeRecord(Move.fields, { direction, moving: true }),
  };
}

/** A client that reads the numbers of its frames, or all of them. */
class WirePlayer implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly origin = undefined;
  readonly offered: readonly string[];
  readonly bufferedBytes = 0;
  readonly meter: WireMeter | undefined;
  frame = 0;
  #seq = 0;
  #listener: ConnectionListener | undefined;

  constructor(name: string, meter: WireMeter | undefined) {
    this.offered = [subprotocol, `ticket.${name}.${name}`];
    this.meter = meter;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    const hello = {
      formatVersion,
      schemaHash: "0".repeat(16),
      wantsDigests: false,
      unpacks: true,
      lastFact: 0,
      client: "wire",
    };
    this.#say(encodeHello(hello));
  }

  acknowledge(): void {
    this.#say(encodeInput(this.frame, []));
  }

  ask(type: number, record: Uint8Array): void {
    this.#say(encodeInput(this.frame, [{ seq: ++this.#seq, type, record }]));
  }

  send(): void {}

  sendFrame(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start] !== serverMessage.frame) return true;
    this.frame++;
    this.meter?.take(bytes.slice(start, end));
    return true;
  }

  ping(): void {}

  rest(): boolean {
    return true;
  }

  close(code: number, reason: string): void {
    throw new Error(`the gateway closed a player: ${code} ${reason}`);
  }

  terminate(): void {}

  #say(message: Uint8Array): void {
    this.#listener?.message(message, 0, message.length);
  }
}
