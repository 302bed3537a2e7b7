/**
 * How a benchmark measures: contenders run in alternating rounds, so that a noisy minute hurts all of them alike.
 *
 * Invariant: a ratio is the median of ratios within single rounds, never a quotient of figures measured at different times.
 * Invariant: every contender's result is kept, so that no compiler proves its work needless.
 * Absent on purpose: outlier removal, best-of. Median, least and most are reported as they were.
 */

/** What a benchmark is told. */
export interface BenchOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Length of one contender's part of a round in milliseconds; longer parts hide the clock and the scheduler. */
  readonly roundMs: number;
  /** Says what is being done, for a person who waits. */
  readonly progress: (line: string) => void;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** The benchmark's own options, as they were written; those that were not are undefined. */
  readonly given?: Readonly<Record<string, string | undefined>>;
}

/** Figures by name, the unit last in the name. */
export type Figures = Readonly<Record<string, number>>;

/** What a benchmark found: Myriad's figures, those of what it is compared with, and how many times better Myriad is. */
export interface BenchResult {
  readonly results: Figures;
  readonly references: Figures;
  readonly ratios: Figures;
  /** The figures for people, where a list of them would not do. Not part of the JSON, which may have further members. */
  readonly text?: string;
  /** Why the command shall end with exit code 1, for benchmarks that judge; undefined when all is well. */
  readonly failed?: string;
}

/** What `bench/NAME.ts` exports. */
export interface Bench {
  /** Options of its own: name without dashes, and what to write behind it. */
  readonly usage?: Readonly<Record<string, string>>;
  /** What is wrong with its own options, in one sentence; undefined when nothing is. */
  check?(given: Readonly<Record<string, string | undefined>>): string | undefined;
  run(options: BenchOptions): Promise<BenchResult>;
}

/** One way to do the work that is measured. */
export interface Contender {
  readonly name: string;
  /** Does the work `operations` times. Returns something that depends on all of it. */
  readonly run: (operations: number) => number;
}

/** Nanoseconds per operation over all rounds. */
export interface Timing {
  readonly minNs: number;
  readonly medianNs: number;
  readonly maxNs: number;
}

/** The outcome of a race. */
export interface Race {
  /** Throws when no contender has this name. */
  timing(name: string): Timing;
  /** How many times longer `slower` takes than `faster`: the median over rounds. Throws when no contender has the name. */
  ratio(slower: string, faster: string): number;
  /** Operations per second at the median. Throws when no contender has this name. */
  perSecond(name: string): number;
}

/** Operations are doubled at most this often to fill a round: an operation of no time at all would never do it. */
const doublingsMax = 40;

/** Warms the contenders up, then measures them in alternating rounds. Takes about contenders × (rounds + 2) × roundMs. */
export function race(contenders: readonly Contender[], options: BenchOptions): Race {
  const entries = contenders.map((contender) => {
    options.progress(`warming up: ${contender.name}`);
    return { contender, operations: operationsOfARound(contender, options), ns: [] as number[] };
  });
  for (let round = 0; round < options.rounds; round += 1) {
    options.progress(`round ${round + 1} of ${options.rounds}`);
    // Every second round runs backwards: nobody is always first after the pause, or always last when it gets hot.
    for (const { contender, operations, ns } of round % 2 === 0 ? entries : entries.toReversed()) {
      ns.push((timeOf(contender, operations, options) * 1e6) / operations);
    }
  }
  const nsOf = (name: string): readonly number[] => {
    const entry = entries.find(({ contender }) => contender.name === name);
    if (entry === undefined) throw new Error(`nobody in this race is called ${name}`);
    return entry.ns;
  };
  return {
    timing: (name) => summary(nsOf(name)),
    ratio: (slower, faster) => median(nsOf(slower).map((ns, round) => ns / (nsOf(faster)[round] ?? 0))),
    perSecond: (name) => 1e9 / median(nsOf(name)),
  };
}

/** Least, middle and most of some measurements; NaN when there are none. */
export function summary(ns: readonly number[]): Timing {
  return { minNs: percentile(ns, 0), medianNs: median(ns), maxNs: percentile(ns, 100) };
}

/** The middle value, or the mean of the two middle ones; NaN when there are none. */
export function median(values: readonly number[]): number {
  return (percentile(values, 50) + percentile(values, 50, Math.floor)) / 2;
}

/** The value that `percent` of the values do not exceed (nearest rank); NaN when there are none. */
export function percentile(values: readonly number[], percent: number, round = Math.ceil): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = round((percent / 100) * (sorted.length - 1));
  return sorted[rank] ?? Number.NaN;
}

/** Finds how many operations fill a round; the doubling rounds are the warm-up. */
function operationsOfARound(contender: Contender, options: BenchOptions): number {
  let operations = 1;
  for (let doubling = 0; doubling < doublingsMax; doubling += 1) {
    const ms = timeOf(contender, operations, options);
    if (ms >= options.roundMs) break;
    operations *= 2;
  }
  // The last doublings ran partly in unfinished machine code: measured once more, now at speed.
  const ms = Math.max(timeOf(contender, operations, options), Number.EPSILON);
  return Math.max(1, Math.min(2 ** doublingsMax, Math.round((operations * options.roundMs) / ms)));
}

/** What contenders returned; written and never read, which no compiler can know. */
const kept = new Float64Array(1);

function timeOf({ run }: Contender, operations: number, { now }: BenchOptions): number {
  const start = now();
  kept[0] = run(operations);
  return now() - start;
}
