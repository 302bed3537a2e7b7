/**
 * The options of `npm run bench -- peers`, read from the words of the command.
 */
import { type Peer, peers } from "./messages.ts";

export interface PeersOptions {
  readonly players: readonly number[];
  readonly only: readonly Peer[];
  readonly seconds: number;
}

/** What may be said, and what it means. */
export const peersUsage: Readonly<Record<string, string>> = {
  players: "counts of clients, with commas",
  only: `some of ${peers.join(",")}`,
  seconds: "length of a measurement",
};

/** Up to what the task asks of Myriad; those who cannot hold a count are not asked for more. */
const playersDefault = [250, 500, 1000, 2000, 4000, 10_000];
/** Long enough for several garbage collections, short enough for thirty runs. */
const secondsDefault = 15;
/** Ports that loopback offers one address, some of them still at rest from the run before. */
const playersMax = 20_000;
/** Counts in one command: each takes minutes. */
const countsMax = 32;
const secondsMax = 600;

/** The options, or what is wrong with them in one sentence. */
export function readPeersOptions(given: Readonly<Record<string, string | undefined>>): PeersOptions | string {
  const players = given["players"] === undefined ? playersDefault : given["players"].split(",").map(Number);
  if (players.length > countsMax || !players.every((count) => isCount(count, playersMax)))
    return `--players is up to ${countsMax} whole numbers from 1 to ${playersMax}, with commas.`;
  const only = given["only"]?.split(",") ?? peers;
  if (!only.every(isPeer)) return `--only is some of ${peers.join(", ")}, with commas.`;
  const seconds = given["seconds"] === undefined ? secondsDefault : Number(given["seconds"]);
  if (!isCount(seconds, secondsMax)) return `--seconds is a whole number from 1 to ${secondsMax}.`;
  return { players, only: peers.filter((peer) => only.includes(peer)), seconds };
}

function isPeer(name: string): name is Peer {
  return (peers as readonly string[]).includes(name);
}

function isCount(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max;
}
