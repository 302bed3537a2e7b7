/**
 * One movement update of one player, as zone and prediction run it: through woods, along ponds and walls, over borders.
 *
 * Timed in lots of sixteen, since one step is shorter than the clock's grain: p99 is over lots, per player.
 */
import type { Vector } from "@myriad/protocol";
import { Body, OpenGround, stepPlayer, worldMap } from "@myriad/realm/shared";
import { type BenchOptions, type BenchResult, percentile } from "./harness.ts";

const players = 1000;
const lot = 16;
const tickRateHz = 20;
const zoneCount = 4;

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { zones } = worldMap(zoneCount);
  const ground = { zoneCount, tickRateHz, open: new OpenGround(zoneCount) };
  const at: Vector[] = Array.from({ length: players }, (_, i) => {
    const { bounds } = zones[i % zoneCount]!;
    const body = new Body();
    body.x = bounds.x + ((i * 7919) % bounds.width);
    body.y = bounds.y + ((i * 104_729) % bounds.height);
    return body;
  });
  const inputs = at.map((_, i) => ({ direction: (i * 37) % 256, moving: true }));
  const lots: number[] = [];
  const ticks = options.rounds * 40;
  for (let tick = 0; tick < ticks + 200; tick++) {
    if (tick % 100 === 0) options.progress(`tick ${tick} of ${ticks + 200}`);
    for (let first = 0; first + lot <= players; first += lot) {
      const start = options.now();
      for (let i = first; i < first + lot; i++) stepPlayer(at[i]!, inputs[i]!, ground, at[i]!);
      const us = ((options.now() - start) * 1000) / lot;
      if (tick >= 200) lots.push(us);
    }
    for (let i = tick % 50; i < players; i += 50) inputs[i]!.direction = (inputs[i]!.direction + 29) % 256;
  }
  return {
    results: {
      movementUsP50: percentile(lots, 50),
      movementUsP99: percentile(lots, 99),
      movementUsP999: percentile(lots, 99.9),
      steps: lots.length * lot,
    },
    references: {},
    ratios: {},
  };
}
