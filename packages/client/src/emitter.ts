/**
 * Typed listeners. A listener that throws is reported as an uncaught error and harms neither the others nor the caller:
 * the picture of the world must not depend on what a page does with it.
 */

/** What hears of one event. */
export type EventListener<A extends readonly unknown[]> = (...args: A) => void;
/** Listeners by name, as an option. */
export type EventListeners<E> = {
  readonly [K in keyof E]?: E[K] extends readonly unknown[] ? EventListener<E[K]> : never;
};

export class Emitter<E extends { [K in keyof E]: readonly unknown[] }> {
  readonly #listeners = new Map<keyof E, Set<(...args: readonly unknown[]) => void>>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void = reportLater) {
    this.#report = report;
  }

  /** Adds a listener; returns what removes it. */
  on<K extends keyof E>(name: K, listener: EventListener<E[K]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    const plain = listener as unknown as (...args: readonly unknown[]) => void;
    this.#listeners.set(name, listeners);
    listeners.add(plain);
    return () => listeners.delete(plain);
  }

  /** Calls the listeners in the order in which they came. Never throws. */
  emit<K extends keyof E>(name: K, ...args: E[K]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(...args);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}

function reportLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
