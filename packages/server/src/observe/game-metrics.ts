/**
 * Metrics of game modules: counters, gauges and durations by name, write-only.
 *
 * Invariant: names are checked and their number is bounded: a module that makes up names cannot fill the memory. What is
 * over the limit, or another kind of metric under a name in use, is counted in `myriad_game_metrics_refused_total`.
 * Invariant: nothing here throws; a metric never ends a zone.
 */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What a module may do; the zone's own port has the same shape. */
export interface GameMetrics {
  /** Adds to a counter; what is negative or not finite is refused. */
  counter(name: string, by?: number): void;
  /** Sets a gauge. */
  gauge(name: string, value: number): void;
  /** Records a duration in milliseconds. */
  duration(name: string, ms: number): void;
}

/** Names of all modules together. */
const metricsMax = 256;
const namePattern = /^[a-z][a-z0-9_]{0,63}$/;
/** Milliseconds: from below a tick to a long fight. */
const durationBucketsMs = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 60_000];

export function gameMetrics(registry: Registry): GameMetrics {
  const metrics = new Map<string, Counter | Gauge | Histogram>();
  const refused = new Counter({
    name: "myriad_game_metrics_refused_total",
    help: "Metrics of game modules that were refused: bad names, too many, or values that are none",
    registers: [registry],
  });

  function find<T extends Counter | Gauge | Histogram>(
    name: string,
    value: number,
    type: abstract new (...given: never[]) => T,
    make: (fullName: string) => T,
  ): T | undefined {
    const known = metrics.get(name);
    const isNew = known === undefined && metrics.size < metricsMax && namePattern.test(name);
    if (!Number.isFinite(value) || !(isNew || known instanceof type)) {
      refused.inc();
      return undefined;
    }
    if (known instanceof type) return known;
    const metric = make(`myriad_game_${name}`);
    metrics.set(name, metric);
    return metric;
  }

  return {
    counter(name, by = 1) {
      const value = by >= 0 ? by : Number.NaN;
      const help = `Counter ${name} of a game module`;
      find(
        name,
        value,
        Counter,
        (full) => new Counter({ name: `${full}_total`, help, registers: [registry] }),
      )?.inc(value);
    },
    gauge(name, value) {
      const help = `Gauge ${name} of a game module`;
      find(name, value, Gauge, (full) => new Gauge({ name: full, help, registers: [registry] }))?.set(value);
    },
    duration(name, ms) {
      const help = `Duration ${name} of a game module, milliseconds`;
      const buckets = durationBucketsMs;
      find(
        name,
        ms,
        Histogram,
        (full) => new Histogram({ name: `${full}_ms`, help, buckets, registers: [registry] }),
      )?.observe(ms);
    },
  };
}
