/**
 * `npm run bench -- NAME [--json] [--rounds N] [--round-ms MS]`: runs bench/NAME.ts and prints what it found. A benchmark
 * may have options of its own.
 *
 * Invariant: progress goes to stderr, figures to stdout; with --json the last line is one object: name, machine, results,
 * references, ratios.
 * Invariant: a benchmark is every file here that is no test and none of the two that run the others.
 */

import { readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { nearest } from "../packages/server/src/kernel/nearest.ts";
import type { Bench, BenchResult, Figures } from "./harness.ts";

/** Where a run writes its lines. */
export interface BenchOutput {
  readonly out: (line: string) => void;
  readonly progress: (line: string) => void;
}

const usage = "npm run bench -- NAME [--json] [--rounds N] [--round-ms MS]";
/** Odd, so that the median is a round that happened. */
const roundsDefault = 15;
const roundMsDefault = 100;
/** More than this is a slip of the hand: days of measuring. */
const optionMax = 10_000;
const notBenches = new Set(["main.ts", "harness.ts"]);

/** Runs the command. Returns the exit code: 0, 1 when a benchmark judges so, or 2 for arguments that are wrong. A benchmark that throws, throws. */
export async function main(args: readonly string[], { out, progress }: BenchOutput): Promise<number> {
  const names = benchNames();
  const named = args.find((arg) => names.includes(arg));
  const bench = named === undefined ? undefined : await load(named);
  const options = parse(args, bench);
  if (typeof options === "string") {
    progress(`${options}\nusage: ${usageOf(named, bench)}`);
    return 2;
  }
  if (options.name === undefined) {
    out(`usage: ${usage}\nnames: ${names.join(", ")}`);
    return 0;
  }
  if (bench === undefined || options.name !== named) {
    const near = nearest(options.name, names);
    const hint = near === undefined ? "" : ` Did you mean ${near}?`;
    progress(`There is no benchmark ${options.name}.${hint} Names: ${names.join(", ")}`);
    return 2;
  }
  const { rounds, roundMs, given } = options;
  const now = (): number => performance.now();
  const result = await bench.run({
    rounds,
    roundMs,
    progress: (line) => progress(`${options.name}: ${line}`),
    now,
    given,
  });
  const { text, failed, ...found } = result;
  out(text ?? tableOf(result));
  if (options.json) out(JSON.stringify({ name: options.name, machine: machine(), ...found }));
  if (failed !== undefined) progress(failed);
  return failed === undefined ? 0 : 1;
}

/** The figures as a table for people: one line each, the numbers right-aligned. */
export function tableOf({ results, references, ratios }: BenchResult): string {
  const rows = [
    ...rowsOf("results", results, ""),
    ...rowsOf("references", references, ""),
    ...rowsOf("ratios", ratios, " ×"),
  ];
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.max(...rows.map(({ value }) => value.length));
  return rows
    .map(({ name, value }) => `${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}`.trimEnd())
    .join("\n");
}

/** Where the figures were measured. */
export function machine(): Readonly<Record<string, string | number>> {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

interface Row {
  readonly name: string;
  readonly value: string;
}

function rowsOf(title: string, figures: Figures, unit: string): Row[] {
  const entries = Object.entries(figures);
  if (entries.length === 0) return [];
  return [
    { name: title, value: "" },
    ...entries.map(([name, value]) => ({ name: `  ${name}`, value: `${readable(value)}${unit}` })),
  ];
}

/** Four digits that count; whole numbers with their thousands apart. */
function readable(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

function benchNames(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !notBenches.has(file))
    .map((file) => file.slice(0, -".ts".length))
    .sort();
}

async function load(name: string): Promise<Bench> {
  return (await import(new URL(`${name}.ts`, import.meta.url).href)) as Bench;
}

function usageOf(name: string | undefined, bench: Bench | undefined): string {
  const own = Object.entries(bench?.usage ?? {}).map(([option, meaning]) => ` [--${option} ${meaning}]`);
  return `${name === undefined ? usage : usage.replace("NAME", name)}${own.join("")}`;
}

interface Arguments {
  readonly name: string | undefined;
  readonly json: boolean;
  readonly rounds: number;
  readonly roundMs: number;
  /** The benchmark's own options, as they were written. */
  readonly given: Readonly<Record<string, string | undefined>>;
}

/** The arguments, or what is wrong with them in one sentence. */
function parse(args: readonly string[], bench: Bench | undefined): Arguments | string {
  const ownOptions = Object.keys(bench?.usage ?? {});
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        rounds: { type: "string", default: String(roundsDefault) },
        "round-ms": { type: "string", default: String(roundMsDefault) },
        ...Object.fromEntries(ownOptions.map((name) => [name, { type: "string" as const }])),
      },
    });
    const rounds = Number(values.rounds);
    const roundMs = Number(values["round-ms"]);
    if (positionals.length > 1) return "One benchmark at a time: two would measure each other.";
    if (!isCount(rounds)) return `--rounds is an integer from 1 to ${optionMax}.`;
    if (!isCount(roundMs)) return `--round-ms is an integer from 1 to ${optionMax}.`;
    const own = values as Readonly<Record<string, unknown>>;
    const given = Object.fromEntries(ownOptions.map((name) => [name, own[name] as string | undefined]));
    const problem = bench?.check?.(given);
    return problem ?? { name: positionals[0], json: values.json, rounds, roundMs, given };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= optionMax;
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2), {
    out: (line) => void process.stdout.write(`${line}\n`),
    progress: (line) => void process.stderr.write(`${line}\n`),
  });
}
