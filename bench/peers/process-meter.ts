/**
 * A process measures itself: CPU of all its threads, and its largest memory.
 */
import type { ProcessFigures } from "./messages.ts";

/** Milliseconds between two looks at the memory: each costs a file read. */
const lookMs = 500;

export class ProcessMeter {
  #startUs = 0;
  #startMs = 0;
  #rssBytesMax = 0;
  #timer: NodeJS.Timeout | undefined;

  begin(): void {
    this.#startUs = cpuUs();
    this.#startMs = performance.now();
    this.#rssBytesMax = process.memoryUsage.rss();
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  end(): ProcessFigures {
    clearInterval(this.#timer);
    this.#look();
    const ms = performance.now() - this.#startMs;
    return {
      cpuPercent: (cpuUs() - this.#startUs) / (ms * 10),
      rssMbMax: this.#rssBytesMax / 2 ** 20,
    };
  }

  #look(): void {
    this.#rssBytesMax = Math.max(this.#rssBytesMax, process.memoryUsage.rss());
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
