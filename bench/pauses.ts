/**
 * The pauses of the garbage collector and the jitter of ticks under real load: the sample game with a swarm of players.
 *
 * `npm run bench -- pauses [--players N] [--seconds S] [--zones Z] [--semi-space 8,16,32]`: one run for each size of the young generation
 * (megabytes of one half, `--max-semi-space-size`), each with a new server. Server and swarm each have a core of their own
 * where the machine has two. Percentiles are of the steady time, after everybody has joined.
 */
import { type BenchOptions, type BenchResult, percentile } from "./harness.ts";
import type { Pauses } from "./lib/inside.ts";
import { RealmProcess, runSwarm } from "./lib/realm-process.ts";
import { chooseCores } from "./peers/child.ts";

export const usage = {
  players: "N",
  seconds: "S",
  zones: "Z",
  "semi-space": "MB,MB",
} as const;

interface Wanted {
  readonly players: number;
  readonly seconds: number;
  readonly zones: number;
  readonly semiSpacesMb: readonly number[];
}

const defaults: Wanted = { players: 2000, seconds: 30, zones: 4, semiSpacesMb: [8, 16, 32, 64] };

export function check(given: Readonly<Record<string, string | undefined>>): string | undefined {
  const wanted = read(given);
  return typeof wanted === "string" ? wanted : undefined;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const wanted = read(options.given ?? {});
  if (typeof wanted === "string") throw new Error(wanted);
  const cores = chooseCores();
  if (cores.problem !== undefined) options.progress(cores.problem);
  const results: Record<string, number> = {};
  for (const semiSpaceMb of wanted.semiSpacesMb) {
    const found = await measure(wanted, semiSpaceMb, cores, options.progress);
    for (const [name, value] of Object.entries(found)) results[`${name}.semi${semiSpaceMb}`] = value;
  }
  return { results, references: {}, ratios: {} };
}

async function measure(
  wanted: Wanted,
  semiSpaceMb: number,
  cores: { server: number | undefined; load: number | undefined },
  progress: (line: string) => void,
): Promise<Record<string, number>> {
  const { players, seconds, zones } = wanted;
  const realm = await RealmProcess.start({
    zones,
    core: cores.server,
    flags: [`--max-semi-space-size=${semiSpaceMb}`],
  });
  try {
    let isSteady = false;
    const swarm = await runSwarm({
      url: realm.url,
      players,
      seconds,
      core: cores.load,
      hear: (line) => {
        progress(`${semiSpaceMb} MB: ${line}`);
        if (isSteady || !line.includes("measuring")) return;
        isSteady = true;
        // What was before the steady time is thrown away.
        void realm.pauses();
      },
    });
    const pauses = await realm.pauses();
    if (swarm.figures === undefined) throw new Error(`the swarm found nothing: ${swarm.said}`);
    return { ...figuresOf(pauses, seconds), ...swarmFigures(swarm.figures) };
  } finally {
    await realm.stop();
  }
}

/** Counts, percentiles and the share of time of each kind of pause. */
export function figuresOf(pauses: Pauses, seconds: number): Record<string, number> {
  const figures: Record<string, number> = {};
  let totalMs = 0;
  for (const [kind, durations] of Object.entries(pauses)) {
    if (durations.length === 0) continue;
    totalMs += durations.reduce((sum, ms) => sum + ms, 0);
    figures[`${kind}PerSecond`] = durations.length / seconds;
    figures[`${kind}MsP50`] = percentile(durations, 50);
    figures[`${kind}MsP99`] = percentile(durations, 99);
    figures[`${kind}MsMax`] = Math.max(...durations);
  }
  const all = Object.values(pauses).flat();
  figures["pauseMsP99"] = all.length === 0 ? 0 : percentile(all, 99);
  figures["pausePercentOfTime"] = totalMs / (seconds * 10);
  return figures;
}

function swarmFigures(figures: NonNullable<Awaited<ReturnType<typeof runSwarm>>["figures"]>) {
  const { server, connected, framesPerSecondPerPlayer, intentToAckMs } = figures;
  const jitter = Object.entries(server?.tickJitterMs ?? {}).map(([name, ms]) => [`tickJitterMs.${name}`, ms]);
  return {
    connected,
    framesPerSecondPerPlayer,
    intentToAckMsP99: intentToAckMs.p99,
    serverCpuPercent: server?.cpuPercent ?? Number.NaN,
    serverRssMb: server?.rssMbMax ?? Number.NaN,
    ...(Object.fromEntries(jitter) as Record<string, number>),
  };
}

/** The options, or what is wrong with them in one sentence. */
function read(given: Readonly<Record<string, string | undefined>>): Wanted | string {
  const players = Number(given["players"] ?? defaults.players);
  const seconds = Number(given["seconds"] ?? defaults.seconds);
  const zones = Number(given["zones"] ?? defaults.zones);
  const sizes = given["semi-space"];
  const semiSpacesMb = sizes === undefined ? defaults.semiSpacesMb : sizes.split(",").map(Number);
  if (!isWhole(players, 10_000)) return "--players is an integer from 1 to 10000.";
  if (!isWhole(seconds, 3600)) return "--seconds is an integer from 1 to 3600.";
  if (!isWhole(zones, 200)) return "--zones is an integer from 1 to 200.";
  if (!semiSpacesMb.every((size) => isWhole(size, 1024)))
    return "--semi-space is a list of 1 to 1024 megabytes.";
  return { players, seconds, zones, semiSpacesMb };
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
