/**
 * A histogram of times: HDR, three significant digits, microseconds inside and milliseconds outside.
 *
 * Invariant: 85 KiB whatever is recorded. The package's WebAssembly stays unused: recording is 75 ns without it.
 */
import { build, type Histogram } from "hdr-histogram-js";
import { latencyMsMax } from "./limits.ts";

/** What is reported of a histogram, milliseconds; zeros when nothing was recorded. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class Latency {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: latencyMsMax * 1000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Records a time `times` times. Below 0 counts as 0 (two clocks of whole milliseconds), above ten minutes as that. */
  record(ms: number, times = 1): void {
    const us = Math.round(ms * 1000);
    const value = us < 0 ? 0 : us > latencyMsMax * 1000 ? latencyMsMax * 1000 : us;
    if (times === 1) this.#histogram.recordValue(value);
    else this.#histogram.recordValueWithCount(value, times);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** The time that `percent` of the records do not exceed, in milliseconds. */
  at(percent: number): number {
    return this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percent) / 1000;
  }

  percentiles(): Percentiles {
    const max = this.count === 0 ? 0 : this.#histogram.maxValue / 1000;
    return { p50: this.at(50), p90: this.at(90), p99: this.at(99), p999: this.at(99.9), max };
  }
}
