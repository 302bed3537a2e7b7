/**
 * What the bits of client frames are spent on: the sample game with players who walk, fight and talk, and viewers who
 * decode all they get. Bits per visible update by kind of message, and what each trick of the format saves.
 *
 * A visible update is an entity that a frame refreshed, counted once for each of its zone parts. Everything is counted:
 * heads, facts, keyframes, WebSocket framing. Not counted are TCP and IP, which depend on who reads how fast.
 * "Without" a trick is a frame of the same content in which it is taken back, padding and lengths included.
 */
import type { BenchOptions, BenchResult } from "./harness.ts";
import { WireSums, wireParts, wirePartTexts, wireTricks, wireTrickTexts } from "./lib/wire-parts.ts";
import { type SceneOptions, WireScene } from "./lib/wire-scene.ts";

/** Ticks until everybody knows the view, and a crowd's regions are split. */
const warmUpTicks = 240;
const playersPerViewer = 20;
/** A line that holds everything: what the crowd would be sent without a budget. */
const wideKbit = 100_000;
const budgetKbit = 50;
/** Bits per visible update, everything included, that Myriad promises. */
const goalBits = 60;

interface Scene extends SceneOptions {
  readonly name: string;
  readonly what: string;
}

const scenes: readonly Scene[] = [
  { name: "field", what: "300 players all over a zone", players: 300, budgetKbit },
  { name: "crowd", what: "500 players on a square of 60 m", players: 500, squareM: 60, budgetKbit },
  { name: "wide", what: "the same without a budget", players: 500, squareM: 60, budgetKbit: wideKbit },
].map(({ budgetKbit: clientBudgetKbitPerSecond, ...scene }) => ({
  ...scene,
  playersPerViewer,
  clientBudgetKbitPerSecond,
}));

export async function run(options: BenchOptions): Promise<BenchResult> {
  // Whole longest strides: in each, every level is due as often as it is.
  const ticks = 32 * Math.max(2, Math.ceil(options.rounds / 2));
  const results: Record<string, number> = {};
  const references: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const texts: string[] = [];
  for (const scene of scenes) {
    const sums = await measure(scene, { ticks, options });
    const total = sums.bits / sums.updates;
    results[`${scene.name}BitsPerUpdate`] = total;
    results[`${scene.name}BytesPerFrame`] = sums.bits / 8 / sums.frames;
    results[`${scene.name}UpdatesPerFrame`] = sums.updates / sums.frames;
    for (const part of wireParts)
      results[`${scene.name}.${part}BitsPerUpdate`] = sums.parts.get(part)! / sums.updates;
    for (const [level, bits] of sums.levelBits.entries())
      if (bits !== undefined)
        results[`${scene.name}.level${level}BitsPerUpdate`] = bits / sums.levelUpdates[level]!;
    for (const trick of wireTricks) {
      const without = sums.without.get(trick)! / sums.updates;
      references[`${scene.name}.without.${trick}BitsPerUpdate`] = without;
      ratios[`${scene.name}.${trick}`] = without / total;
    }
    ratios[`${scene.name}Goal`] = goalBits / total;
    texts.push(pictureOf(scene, sums));
  }
  return { results, references, ratios, text: texts.join("\n\n") };
}

async function measure(scene: Scene, how: { ticks: number; options: BenchOptions }): Promise<WireSums> {
  const { progress } = how.options;
  progress(`${scene.what}: joining`);
  const running = new WireScene(scene);
  await running.join();
  progress(`${scene.what}: warming up`);
  await running.run(warmUpTicks);
  running.isCounting = true;
  for (let tick = 0; tick < how.ticks; tick += 32) {
    progress(`${scene.what}: tick ${tick} of ${how.ticks}`);
    await running.run(32);
  }
  const sums = new WireSums();
  for (const viewer of running.viewers) sums.addAll(viewer.sums);
  running.close();
  return sums;
}

/** Bars of this many characters are the whole. */
const barWidth = 40;
const nameWidth = 52;

function pictureOf({ name, what }: Scene, sums: WireSums): string {
  const { bits, frames, updates } = sums;
  const total = bits / updates;
  const kbit = ((bits / frames) * 20) / 1000;
  const head = [
    `${name}: ${what}`,
    `${total.toFixed(1)} bits per visible update, everything included (goal: at most ${goalBits})`,
    `${(updates / frames).toFixed(0)} updates and ${(bits / 8 / frames).toFixed(0)} bytes a frame, ${kbit.toFixed(0)} kbit/s at 20 frames a second`,
  ];
  const parts = wireParts
    .filter((part) => sums.parts.get(part)! > 0)
    .map((part) => line(wirePartTexts[part], sums.parts.get(part)! / updates, sums.parts.get(part)! / bits));
  const levels = [...sums.levelBits.entries()].flatMap(([level, levelBits]) => {
    const levelUpdates = sums.levelUpdates[level] ?? 0;
    if (levelBits === undefined || levelUpdates === 0) return [];
    const perBlock = (levelUpdates / sums.levelBlocks[level]!).toFixed(1);
    return [line(`level ${level}, ${perBlock} updates a block`, levelBits / levelUpdates, levelBits / bits)];
  });
  const tricks = wireTricks.map((trick) => {
    const [trickName, instead] = wireTrickTexts[trick];
    const without = sums.without.get(trick)! / updates;
    return line(`${trickName} (else ${instead})`, without, 1 - total / without);
  });
  return [
    ...head,
    heading("what bits are for", "bits", "of all"),
    ...parts,
    heading("blocks by level", "bits", "of all"),
    ...levels,
    heading("without", "bits", "saved"),
    ...tricks,
  ].join("\n");
}

function heading(name: string, bits: string, share: string): string {
  return `  ${name.padEnd(nameWidth)}${bits.padStart(8)}${share.padStart(8)}`;
}

function line(name: string, bits: number, share: number): string {
  const percent = `${(share * 100).toFixed(1)}%`;
  const bar = "█".repeat(Math.max(0, Math.round(share * barWidth)));
  return `    ${name.padEnd(nameWidth - 2)}${bits.toFixed(2).padStart(8)}${percent.padStart(8)}  ${bar}`.trimEnd();
}
