/**
 * Myriad beside its peers: the same world, the same clients, one core for the server and another for the clients.
 *
 * `npm run bench -- peers [--players 250,500,…] [--only myriad,ws] [--seconds S] [--json]`: climbs from few clients to many
 * with Myriad, a bare `ws` server (the floor), Socket.IO and Colyseus; prints a table, the most clients each held at
 * 20 Hz, and Myriad's ratios. A climb of all of them draws docs/images/peers.svg.
 *
 * The world is in peers/world.ts; how each peer was built, and why so, in its serve-*.ts. Every server is a process of its
 * own on the first core, the load program one on the second. What is not measured here: the network (loopback), and
 * clients that draw.
 */
import { writeFileSync } from "node:fs";
import type { BenchOptions, BenchResult } from "./harness.ts";
import { chartOf } from "./peers/chart.ts";
import { chooseCores } from "./peers/child.ts";
import { installPeers } from "./peers/install.ts";
import { climb, type Row } from "./peers/ladder.ts";
import { type Peer, peers, peerTitles } from "./peers/messages.ts";
import { peersUsage, readPeersOptions } from "./peers/options.ts";
import { figuresOf, textOf } from "./peers/report.ts";
import { run as runOnce } from "./peers/run.ts";

export { peersUsage as usage };

/** Bytes of the floor's message when Myriad is not measured in the same run: what it was at 1,000 clients. */
const floorBytesDefault = 250;
/** A picture of fewer counts is no curve, and would take the place of one that is. */
const pictureCountsMin = 4;
const picture = new URL("../docs/images/peers.svg", import.meta.url);

export function check(given: Readonly<Record<string, string | undefined>>): string | undefined {
  const options = readPeersOptions(given);
  return typeof options === "string" ? options : undefined;
}

export async function run({
  given = {},
  progress,
}: BenchOptions): Promise<BenchResult & { rows: readonly Row[] }> {
  const options = readPeersOptions(given);
  if (typeof options === "string") throw new Error(options);
  installPeers(options.only, progress);
  const cores = chooseCores();
  if (cores.problem !== undefined) progress(cores.problem);
  let floorBytes = floorBytesDefault;
  const climbs = await climb({
    peers: options.only,
    counts: options.players,
    async run(peer: Peer, players: number) {
      const order = { peer, players, seconds: options.seconds, frameBytes: floorBytes };
      const outcome = await runOnce(order, { cores, progress });
      // The floor runs after Myriad at each count, and sends as much. At a count that Myriad does not reach, as much as
      // at the last that it did.
      if (peer === "myriad" && outcome.kind === "measured") floorBytes = outcome.load.updateBytes;
      return outcome;
    },
    tell: ({ peer, players, verdict, outcome }) => {
      const cpu = outcome.kind === "measured" ? `, CPU ${outcome.server.cpuPercent.toFixed(1)} %` : "";
      progress(`${peerTitles[peer]}, ${players} clients: ${verdict}${cpu}`);
    },
  });
  const rows = climbs.flatMap((one) => one.rows);
  if (options.only.length === peers.length && options.players.length >= pictureCountsMin) {
    writeFileSync(picture, chartOf(rows));
    progress("drew docs/images/peers.svg");
  }
  return { ...figuresOf(climbs), text: textOf(climbs), rows };
}
