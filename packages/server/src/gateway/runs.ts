/**
 * Ranges of regions by level: what a client frame copies from a plane.
 *
 * Invariant: a level's ranges are in the order in which they were added; neighbours are one range. // hot path
 */
import { steadyField, width } from "./view-cells.ts";

/** Regions by level as ranges [start, end): pairs in `spans`, those of a level from `starts[level]` to `ends[level]`. */
export interface Runs {
  spans: Uint16Array;
  readonly starts: Uint16Array;
  readonly ends: Uint16Array;
}

/** Empty runs for so many levels. */
export function newRuns(levels: number): Runs {
  const bounds = new Uint16Array(2 * levels);
  return { spans: new Uint16Array(0), starts: bounds.subarray(0, levels), ends: bounds.subarray(levels) };
}

/** Empties the runs and gives each level room for as many ranges as it has regions: two numbers each. */
export function beginRuns(runs: Runs, data: Uint16Array, length: number): void {
  const { starts, ends } = runs;
  const numbers = (length / width) * 2;
  if (runs.spans.length < numbers) runs.spans = new Uint16Array(Math.ceil(numbers * 1.25));
  for (let level = 0; level < ends.length; level++) ends[level] = 0;
  for (let at = steadyField; at < length; at += width) if (data[at]! > 0) ends[data[at]! - 1]! += 2;
  for (let level = 0, at = 0; level < starts.length; level++) {
    starts[level] = at;
    at += ends[level]!;
    ends[level] = starts[level]!;
  }
}

/** Adds a region to a level's runs. */
export function extend(runs: Runs, level: number, number: number): void {
  const { spans } = runs;
  const end = runs.ends[level]!;
  if (end > runs.starts[level]! && spans[end - 1] === number) {
    spans[end - 1] = number + 1;
    return;
  }
  spans[end] = number;
  spans[end + 1] = number + 1;
  runs.ends[level] = end + 2;
}
