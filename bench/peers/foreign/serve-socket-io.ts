/**
 * Socket.IO's server of the comparison.
 *
 * Chosen, and why:
 * - One room per region. A socket stands in the room of its own region; that room is told of everybody whom somebody in
 *   the region may see, in one event. So a message is encoded once for all in a region, and a client gets one a tick: the
 *   least that rooms cost. A room for each region in view would be nine to twenty-five messages.
 * - The msgpack parser, which the documentation ("Performance tuning", "Custom parser") recommends for numbers.
 * - `volatile`, which the documentation ("Volatile events") recommends for positions, of which only the newest count.
 * - WebSocket alone, no compression (its default), no client files, and the reference to a socket's first HTTP request is
 *   given up, as "Memory usage" advises.
 * - A flat list of integers, number, x, y in sixteenths of a metre: the smallest that the parser can make of them.
 * Not used: the native add-ons of "Performance tuning". They help with messages longer than those that clients send here.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import * as parser from "socket.io-msgpack-parser";
import { Cells } from "../cells.ts";
import type { ServerOrder } from "../messages.ts";
import type { PeerServer } from "../server.ts";
import { steadily } from "../steady.ts";
import { place, regionSizeM, sideOf, sightM, step, tickRateHz, type Walker } from "../world.ts";

/** Numbers in the list for each walker. */
export const valuesPerWalker = 3;
const stepsPerM = 16;

interface Player extends Walker {
  readonly number: number;
  readonly socket: Socket;
  /** Region whose room the socket is in. */
  region: number;
  /** The direction that the player asked for last; the walk does not mind it. */
  wish: number;
}

export const serve: PeerServer["serve"] = async ({ players: count }: ServerOrder) => {
  const sideM = sideOf(count);
  const cells = new Cells<Player>(sideM, regionSizeM);
  const neighbours = Array.from({ length: cells.count }, (_, region) => cells.around(region, sightM));
  const players = new Set<Player>();
  const http = createServer();
  const io = new Server(http, { parser, transports: ["websocket"], serveClient: false });
  io.engine.on("connection", (raw: { request: unknown }) => {
    raw.request = null;
  });
  let joined = 0;
  io.on("connection", (socket) => {
    const player: Player = {
      number: joined,
      socket,
      region: -1,
      wish: 0,
      x: 0,
      y: 0,
      direction: 0,
      chance: 0,
    };
    place(player, joined++, sideM);
    players.add(player);
    socket.on("turn", (direction: unknown) => {
      if (typeof direction === "number") player.wish = direction;
    });
    socket.on("disconnect", () => players.delete(player));
  });
  const stop = steadily(tickRateHz, () => {
    const nowMs = Date.now();
    cells.clear();
    for (const player of players) {
      step(player, sideM);
      cells.add(player.x, player.y, player);
      move(player, cells.of(player.x, player.y));
    }
    for (let region = 0; region < cells.count; region++) {
      if (cells.in(region).length === 0) continue;
      io.to(String(region)).volatile.emit("state", nowMs, seenFrom(cells, neighbours[region]!));
    }
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    stop: async () => {
      stop();
      await io.close();
    },
  };
};

/** Puts a player into its region's room when it walked into another region. */
function move(player: Player, region: number): void {
  if (player.region === region) return;
  void player.socket.leave(String(player.region));
  void player.socket.join(String(region));
  player.region = region;
}

function seenFrom(cells: Cells<Player>, regions: readonly number[]): number[] {
  const list: number[] = [];
  for (const region of regions) {
    for (const { number, x, y } of cells.in(region)) {
      list.push(number, Math.round(x * stepsPerM), Math.round(y * stepsPerM));
    }
  }
  return list;
}
