/**
 * Spatial queries of game systems: 10,000 entities on a square kilometre, queries of 10 m at places all over it.
 *
 * The reference is the fastest scan of all members we know: two columns of numbers, handles for those who are near, no order.
 */

import { allKinds } from "../packages/server/src/world/spatial-mask.ts";
import { SpatialIndex } from "../packages/server/src/world/spatial-index.ts";
import { type BenchOptions, type BenchResult, type Contender, race } from "./harness.ts";

const entities = 10_000;
const sideM = 1000;
const radiusM = 10;
const crowdRadiusM = 64;
const cellSizeM = 16;
const neighbours = 8;
/** Distinct query places: enough that no processor learns them by heart. */
const places = 4096;
/** A run at 7 m/s in a tick of 50 ms. */
const stepM = 0.35;

export async function run(options: BenchOptions): Promise<BenchResult> {
  const next = sequence(20_261);
  const xs = Float64Array.from({ length: entities }, () => next() * sideM);
  const ys = Float64Array.from({ length: entities }, () => next() * sideM);
  const handles = Float64Array.from({ length: entities }, (_, row) => 2 ** 40 + (row % 7) * 2 ** 24 + row);
  const index = new SpatialIndex({
    bounds: { x: 0, y: 0, width: sideM, height: sideM },
    cellSizeM,
    capacity: entities,
  });
  for (let row = 0; row < entities; row += 1) index.insert(row, handles[row]!, xs[row]!, ys[row]!);
  const placeXs = Float64Array.from({ length: places }, () => next() * sideM);
  const placeYs = Float64Array.from({ length: places }, () => next() * sideM);
  const out = new Float64Array(512);

  // Each of the two that are compared has a loop of its own: one loop for all would measure how a call is guessed.
  const radius: Contender = {
    name: "radius",
    run: (operations) => {
      let found = 0;
      for (let at = 0; at < operations; at += 1) {
        found += index.radius(placeXs[at % places]!, placeYs[at % places]!, radiusM, out, out.length);
      }
      return found;
    },
  };
  const scan: Contender = {
    name: "scan",
    run: (operations) => {
      let found = 0;
      for (let at = 0; at < operations; at += 1) {
        const x = placeXs[at % places]!;
        const y = placeYs[at % places]!;
        let count = 0;
        for (let row = 0; row < entities; row += 1) {
          const dx = xs[row]! - x;
          const dy = ys[row]! - y;
          if (dx * dx + dy * dy > radiusM * radiusM) continue;
          out[count] = handles[row]!;
          count += 1;
        }
        found += count;
      }
      return found;
    },
  };
  const atPlaces = (name: string, query: (x: number, y: number) => number): Contender => ({
    name,
    run: (operations) => {
      let found = 0;
      for (let at = 0; at < operations; at += 1) found += query(placeXs[at % places]!, placeYs[at % places]!);
      return found;
    },
  });
  const moving: Contender = {
    name: "move",
    run: (operations) => {
      for (let tick = 0; tick < operations; tick += 1) {
        const step = tick % 2 === 0 ? stepM : -stepM;
        for (let row = 0; row < entities; row += 1) xs[row] = xs[row]! + step;
        index.moveRows(0, xs, ys, entities);
      }
      return index.size;
    },
  };

  const queries = race(
    [
      radius,
      atPlaces("box", (x, y) =>
        index.box(x - radiusM, y - radiusM, x + radiusM, y + radiusM, out, out.length),
      ),
      atPlaces("cone", (x, y) => index.cone(x, y, 1, 0, 0.5, radiusM, out, out.length, allKinds)),
      atPlaces("nearest", (x, y) => index.nearest(x, y, neighbours, sideM, out)),
      atPlaces("crowd", (x, y) => index.radius(x, y, crowdRadiusM, out, out.length)),
      scan,
      moving,
    ],
    options,
  );
  return {
    results: {
      radiusQueriesPerSecond: queries.perSecond("radius"),
      boxQueriesPerSecond: queries.perSecond("box"),
      coneQueriesPerSecond: queries.perSecond("cone"),
      nearest8QueriesPerSecond: queries.perSecond("nearest"),
      radius64mQueriesPerSecond: queries.perSecond("crowd"),
      moveAll10000Ms: queries.timing("move").medianNs / 1e6,
    },
    references: { linearScansPerSecond: queries.perSecond("scan") },
    ratios: { linearScan: queries.ratio("scan", "radius") },
  };
}

/** Numbers from 0 to below 1, the same in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
