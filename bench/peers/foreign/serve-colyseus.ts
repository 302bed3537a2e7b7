/**
 * Colyseus' server of the comparison, version 0.18.
 *
 * Chosen, and why:
 * - One room: a client sees the state of one room, and here everybody may walk to everybody.
 * - `StateView` by distance, as "State View" describes: the map of players is tagged, each client has a view of its own,
 *   and walkers are added when they come within sight and removed when they are a tenth beyond it.
 * - Who is within sight is looked up by cells, and for each client in every fifth step, a fifth of the clients a step: the
 *   search is the game's own work, so it is kept small.
 * - `float32` for x and y, the smallest of its types that holds a position without a conversion of the game's own.
 * - The default transport (`ws`). The one on uWebSockets.js is not on the package registry.
 * - `schema()` and `t`, which the package's documentation prefers to decorators; the wire is the same.
 * - `Encoder.BUFFER_SIZE` before the first room, or each tick overflows and encodes again: one buffer holds what all
 *   clients get in a patch.
 * - Patches by hand at the end of a step ("Broadcast Patch"): the timer of `patchRate` drifts against that of
 *   `setFixedTimestep`, so that patches are up to a step old, and at half load one in five is left out because no step
 *   came between two of them. `patchRate` is taken away after `setFixedTimestep`: before it, the room would start a
 *   timer that moves its clock on, and the steps, which go by that clock, would come at a sixth of their rate.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, Room, Server } from "@colyseus/core";
import { Encoder, schema, StateView, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { Cells } from "../cells.ts";
import { roomName } from "../load/wire-colyseus.ts";
import type { ServerOrder } from "../messages.ts";
import type { PeerServer } from "../server.ts";
import { hysteresisPercent, place, sideOf, sightM, step, tickRateHz, type Walker } from "../world.ts";

/** Bytes of the shared buffer for each client: twice what a patch takes. */
const patchBytesMax = 1024;
const bufferBytesMin = 1024 * 1024;
/** Steps between two looks around of a client: a quarter of a second. */
const lookEverySteps = 5;

const Player = schema({ x: t.float32(), y: t.float32() }, "Player");
type Player = InstanceType<typeof Player>;
const World = schema({ timeMs: t.float64(), players: t.map(Player).view() }, "World");

/** What the room keeps of a client beside its state. */
interface Eyes {
  readonly client: Client;
  readonly player: Player;
  readonly walker: Walker;
  readonly seen: Set<Eyes>;
  /** The direction that the player asked for last; the walk does not mind it. */
  wish: number;
}

class Square extends Room {
  override state = new World();
  readonly #cells: Cells<Eyes>;
  readonly #eyes = new Map<string, Eyes>();
  readonly #sideM: number;
  #joined = 0;

  constructor(sideM: number) {
    super();
    this.#sideM = sideM;
    this.#cells = new Cells(sideM, sightM);
  }

  override onCreate(): void {
    this.onMessage("turn", (client: Client, { direction }: { direction: number }) => {
      const eyes = this.#eyes.get(client.sessionId);
      if (eyes !== undefined) eyes.wish = direction;
    });
    this.setFixedTimestep(({ tick }) => {
      this.#step(tick);
      this.broadcastPatch();
    }, tickRateHz);
    this.patchRate = null;
  }

  override onJoin(client: Client): void {
    const walker: Walker = { x: 0, y: 0, direction: 0, chance: 0 };
    place(walker, this.#joined++, this.#sideM);
    const player = new Player();
    player.x = walker.x;
    player.y = walker.y;
    this.state.players.set(client.sessionId, player);
    client.view = new StateView();
    client.view.add(player);
    this.#eyes.set(client.sessionId, { client, player, walker, seen: new Set(), wish: 0 });
  }

  override onLeave(client: Client): void {
    const gone = this.#eyes.get(client.sessionId);
    this.#eyes.delete(client.sessionId);
    this.state.players.delete(client.sessionId);
    if (gone !== undefined) for (const eyes of this.#eyes.values()) eyes.seen.delete(gone);
    client.view?.dispose();
  }

  #step(tick: number): void {
    this.state.timeMs = Date.now();
    const cells = this.#cells;
    cells.clear();
    for (const eyes of this.#eyes.values()) {
      const { walker, player } = eyes;
      step(walker, this.#sideM);
      player.x = walker.x;
      player.y = walker.y;
      cells.add(walker.x, walker.y, eyes);
    }
    let turn = tick;
    for (const eyes of this.#eyes.values()) if (turn++ % lookEverySteps === 0) this.#look(eyes);
  }

  #look(eyes: Eyes): void {
    const { walker, seen } = eyes;
    const view = eyes.client.view;
    if (view === undefined) return;
    const farM = sightM * (1 + hysteresisPercent / 100);
    for (const other of seen) {
      if (distance2(walker, other.walker) <= farM * farM) continue;
      seen.delete(other);
      view.remove(other.player);
    }
    for (const cell of this.#cells.around(this.#cells.of(walker.x, walker.y), sightM)) {
      for (const other of this.#cells.in(cell)) {
        if (other === eyes || seen.has(other) || distance2(walker, other.walker) > sightM * sightM) continue;
        seen.add(other);
        view.add(other.player);
      }
    }
  }
}

export const serve: PeerServer["serve"] = async ({ players }: ServerOrder) => {
  Encoder.BUFFER_SIZE = Math.max(bufferBytesMin, players * patchBytesMax);
  const http = createServer();
  const server = new Server({
    transport: new WebSocketTransport({ server: http }),
    greet: false,
    gracefullyShutdown: false,
  });
  const sideM = sideOf(players);
  server.define(
    roomName,
    class extends Square {
      constructor() {
        super(sideM);
      }
    },
  );
  await server.listen(0, "127.0.0.1");
  return {
    port: (http.address() as AddressInfo).port,
    stop: () => server.gracefullyShutdown(false),
  };
};

function distance2(a: Walker, b: Walker): number {
  return (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
}
