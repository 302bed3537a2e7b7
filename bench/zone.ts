/**
 * A zone's tick of the sample game, without sockets: microseconds of each phase and each system, and bytes allocated.
 *
 * One zone of 500 and of 2,000 players, and twenty zones of 500 with their borders: what ten thousand players cost.
 * Figures are of one zone's tick; the median over ticks, and p99 for the whole.
 */
import { getHeapStatistics } from "node:v8";
import type { Program } from "../packages/server/src/zone/program.ts";
import { type BenchOptions, type BenchResult, median, percentile } from "./harness.ts";
import { Crowd, settled } from "./lib/crowd.ts";

/** Ticks in which the compiler settles and creatures find their prey. */
const warmUpTicks = 300;
/** Ticks over which allocation is counted. */
const allocationTicks = 100;

export async function run(options: BenchOptions): Promise<BenchResult> {
  const ticks = Math.max(100, options.rounds * 20);
  const results: Record<string, number> = {};
  for (const [label, zones, playersPerZone] of [
    ["500", 1, 500],
    ["2000", 1, 2000],
    ["20x500", 20, 500],
  ] as const) {
    const figures = await measure(label, { zones, playersPerZone, ticks, options });
    for (const [name, value] of Object.entries(figures)) results[`${name}${label}`] = value;
  }
  return { results, references: {}, ratios: {} };
}

async function measure(
  label: string,
  at: { zones: number; playersPerZone: number; ticks: number; options: BenchOptions },
): Promise<Record<string, number>> {
  const { options, ticks, zones } = at;
  const clocks = new Map<string, number>();
  const crowd = new Crowd({ ...at, wrap: (program) => timed(program, clocks, options.now) });
  options.progress(`${label}: joining`);
  await crowd.join();
  const phases: Record<string, number[]> = { takeIn: [], run: [], commit: [], replicate: [], send: [] };
  const whole: number[] = [];
  let cpuUs = 0;
  let intents = 0;
  let saves = 0;
  for (let tick = 0; tick < warmUpTicks + ticks; tick++) {
    if (tick % 50 === 0) options.progress(`${label}: tick ${tick} of ${warmUpTicks + ticks}`);
    if (tick === warmUpTicks) {
      clocks.clear();
      intents = crowd.intents;
      saves = crowd.saves;
      crowd.frameBytes = 0;
    }
    crowd.prepare();
    const cpuBefore = process.threadCpuUsage();
    const start = options.now();
    crowd.tick();
    const ms = options.now() - start;
    const cpu = process.threadCpuUsage(cpuBefore);
    await settled();
    if (tick < warmUpTicks) continue;
    whole.push((ms * 1000) / zones);
    cpuUs += cpu.user + cpu.system;
    for (const [name, values] of Object.entries(phases)) {
      let sum = 0;
      for (const { phases: times } of crowd.hosts) sum += times[`${name}Ms` as keyof typeof times];
      values.push((sum * 1000) / zones);
    }
  }
  const perTick = (amount: number) => amount / ticks / zones;
  const counts = {
    frameBytes: perTick(crowd.frameBytes),
    intents: perTick(crowd.intents - intents),
    saves: perTick(crowd.saves - saves),
  };
  const figures: Record<string, number> = {
    tickUs: median(whole),
    tickP99Us: percentile(whole, 99),
    // Of the processor's time, which other programs take none of: garbage collection in this thread included.
    tickCpuUs: perTick(cpuUs),
    allocatedBytes: await allocatedBytes(crowd, zones),
    ...counts,
  };
  for (const [name, values] of Object.entries(phases)) figures[`${name}Us`] = median(values);
  const systems = [...clocks].sort((a, b) => b[1] - a[1]);
  for (const [name, ms] of systems) figures[`system.${name}Us`] = perTick(ms * 1000);
  crowd.close();
  return figures;
}

/** The program with every system on a stopwatch. */
function timed(program: Program, clocks: Map<string, number>, now: () => number): Program {
  return {
    ...program,
    systems: program.systems.map((system) => {
      const name = `${system.module}.${system.name}`;
      return {
        ...system,
        run: (zone) => {
          const start = now();
          system.run(zone);
          clocks.set(name, (clocks.get(name) ?? 0) + now() - start);
        },
      };
    }),
  };
}

/**
 * Bytes that a zone's tick allocates: the engine's count over many ticks less that of the script alone. Read at the ends
 * only, for each reading gives up the rest of a page.
 */
async function allocatedBytes(crowd: Crowd, zones: number): Promise<number> {
  const count = async (work: () => void): Promise<number> => {
    const before = allocatedSoFar();
    for (let i = 0; i < allocationTicks; i++) {
      work();
      await settled();
    }
    return allocatedSoFar() - before;
  };
  const both = await count(() => {
    crowd.prepare();
    crowd.tick();
  });
  const script = await count(() => crowd.prepare());
  return (both - script) / allocationTicks / zones;
}

function allocatedSoFar(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}
