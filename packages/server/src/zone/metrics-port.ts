/** The write-only handle through which game code counts. Reading back is impossible, so metrics cannot steer a simulation. */
export interface Metrics {
  /** Adds to a counter. */
  counter(name: string, by?: number): void;
  /** Sets a gauge. */
  gauge(name: string, value: number): void;
  /** Records a duration in milliseconds of simulated time. */
  duration(name: string, ms: number): void;
}

/** Counts nothing: for replays and tests. */
export const noMetrics: Metrics = { counter() {}, gauge() {}, duration() {} };
