/** What tests of views stand on: one zone's grid, frames of it, and views that were brought so far. */
import { defaultChannelRates, levelsOf, RegionGrid } from "@myriad/protocol";
import type { RegionReshape } from "../bus/tick-frame.ts";
import { assert } from "../kernel/assert.ts";
import { RegionTree } from "../replication/region-tree.ts";
import { KeptFrame } from "./kept-frame.ts";
import type { Runs } from "./runs.ts";
import { tickFrameBytes } from "./testing.ts";
import { ViewPlan } from "./view-plan.ts";
import { ZoneView } from "./zone-view.ts";

export const levels = levelsOf(defaultChannelRates, 20);
export const plan = new ViewPlan({ levels, hysteresisPercent: 10, stepM: 2 });
export const bounds = { x: -100, y: 50, width: 900, height: 700 };
export const grid = new RegionGrid(0, bounds, 64);
export const cells = Array.from({ length: grid.count }, (_, cell) => cell);
export const usual = weightsOf(() => 0);

export function weightsOf(
  load: (region: number) => number,
  importance: (region: number) => number = () => 16,
) {
  return {
    loads: Uint8Array.from({ length: grid.capacity }, (_, region) => load(region)),
    importance: Uint8Array.from({ length: grid.capacity }, (_, region) => importance(region)),
  };
}

export function leavesOf(tree: RegionTree): number[] {
  return Array.from({ length: tree.used }, (_, region) => region).filter((region) => tree.isLeaf(region));
}

/** A frame of a zone that is split as the tree says. Keyframes are two bytes each. */
export function frameOf(
  tree: RegionTree,
  tick: number,
  said: { keyframes?: readonly number[]; reshapes?: readonly RegionReshape[] } = {},
): KeptFrame {
  const frame = new KeptFrame(grid.count, grid.capacity);
  const splits: { region: number; first: number }[] = [];
  tree.eachSplit((region, first) => splits.push({ region, first }));
  const content = {
    header: { realm: 0, zone: 0, epoch: 0, peer: 0 },
    tick,
    timeMs: 0,
    dilation: 100,
    regions: tree.used,
    splits,
    reshapes: said.reshapes ?? [],
    planes: [],
    keyframes: (said.keyframes ?? []).map((region) => ({ region, bytes: new Uint8Array(2) })),
    weights: new Uint8Array(0),
    news: [],
    groups: [],
    letters: [],
    sessions: [],
    ended: [],
  };
  assert(frame.load(tickFrameBytes(content)), "the frame is well-formed");
  return frame;
}

export const all = (tree: RegionTree, tick: number) => frameOf(tree, tick, { keyframes: leavesOf(tree) });

export function split(tree: RegionTree, region: number, tick: number): RegionReshape {
  const first = tree.freeQuad();
  assert(tree.split(region, first, tick), "the region may split");
  return { region, first, isMerge: false, bytes: new Uint8Array(1) };
}

export function merge(tree: RegionTree, region: number, tick: number): RegionReshape {
  const first = tree.firstOf(region);
  assert(tree.merge(region, tick), "the quarters may merge");
  return { region, first, isMerge: true, bytes: new Uint8Array(1) };
}

export function regionsOf(runs: Runs, level: number): number[] {
  const regions: number[] = [];
  for (let i = runs.starts[level]!; i < runs.ends[level]!; i += 2) {
    for (let region = runs.spans[i]!; region < runs.spans[i + 1]!; region++) regions.push(region);
  }
  return regions;
}

/** Every region in runs, whatever its level. */
export function everyRegionOf(runs: Runs): number[] {
  return levels.flatMap((_, level) => regionsOf(runs, level)).sort((a, b) => a - b);
}

/** A view at a place that nothing was composed for, with levels as distance asks for them. */
export function newAt(
  x: number,
  y: number,
  tree = new RegionTree(grid),
): { view: ZoneView; tree: RegionTree } {
  const view = new ZoneView(tree, plan);
  view.lastTick = 0;
  view.moveTo(x, y);
  view.assign(usual, Number.POSITIVE_INFINITY, 0, 1);
  return { view, tree };
}

/** One part: what was reshaped, what the frame can settle, and what the client was sent. */
export function compose(
  view: ZoneView,
  frame: KeptFrame,
  request: (region: number) => void = () => {},
): { drops: number[]; keyframes: number[]; reshapes: number[]; blocks: number[] } {
  assert(frame.tick === view.lastTick + 1, "frames are composed one after the other");
  if (frame.reshapeCount > 0) view.reshape(frame);
  view.settle(frame, 1e9, request);
  view.refresh();
  const sent = {
    drops: view.drops.toSorted((a, b) => a - b),
    keyframes: view.keyframes.toSorted((a, b) => a - b),
    reshapes: view.reshapes.map(({ region }) => region),
    blocks: everyRegionOf(view.blocks),
  };
  view.composed(frame.tick);
  view.refresh();
  return sent;
}

/** A view that has everything around a place at tick 1. */
export function settledAt(
  x: number,
  y: number,
  tree = new RegionTree(grid),
): { view: ZoneView; tree: RegionTree } {
  const made = newAt(x, y, tree);
  compose(made.view, all(tree, 1), () => assert(false, "every keyframe is there"));
  return made;
}

/** What follows a frame that a view holds whole: nothing happens until this tick. */
export function passTo(view: ZoneView, tick: number): void {
  view.lastTick = tick;
}

export function move(view: ZoneView, x: number, y: number): void {
  view.moveTo(x, y);
  view.assign(usual, Number.POSITIVE_INFINITY, 0, 1);
}
