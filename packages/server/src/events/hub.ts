/** INTERIM hub of the lead so that the zone runs; the events engineer replaces this file (same methods: emit, has, flush, client, object, emitObject, listensToObjects). */
import { AssertionFailed } from "../kernel/assert.ts";
import { type EventControl, type EventType, eventType } from "./event-type.ts";
import type { Listener } from "./listen.ts";

export class EventHub<C> {
  readonly #handlers = new Map<string, Listener<C>[]>();
  readonly #queue: { type: EventType<never>; payload: object }[] = [];
  readonly #report: (problem: { module: string; event: string; error: unknown }) => void;
  readonly #types = new Map<string, EventType<never>>();
  constructor(options: {
    modules: readonly { module: string; listeners: readonly Listener<C>[] }[];
    intents: readonly { module: string; intents: readonly string[] }[];
    kinds: readonly string[];
    report: (problem: { module: string; event: string; error: unknown }) => void;
  }) {
    this.#report = options.report;
    for (const { listeners } of options.modules) {
      for (const listener of listeners) {
        const key = `${listener.family}:${listener.name}`;
        const list = this.#handlers.get(key) ?? [];
        list.push(listener);
        list.sort((a, b) => b.priority - a.priority);
        this.#handlers.set(key, list);
      }
    }
  }
  get listensToObjects(): boolean { return false; }
  has(type: { family: string; name: string }): boolean { return this.#handlers.has(`${type.family}:${type.name}`); }
  client(module: string, intent: string): EventType<never> | undefined {
    const name = `${module}.${intent}`;
    if (!this.#handlers.has(`client:${name}`)) return undefined;
    let type = this.#types.get(name);
    if (type === undefined) this.#types.set(name, (type = eventType("client", name, { answer: "cancellable", delivery: "immediate", overflow: "critical" })));
    return type;
  }
  object(_kind: number, _channel: number): undefined { return undefined; }
  emitObject(_type: unknown, _context: C, _entity: number): void {}
  emit(type: EventType<never>, context: C, payload: object): boolean {
    if (!this.has(type)) return true;
    if (type.contract.delivery === "batched") { this.#queue.push({ type, payload }); return true; }
    return this.#dispatch(type, context, payload);
  }
  flush(context: C): void { for (const { type, payload } of this.#queue.splice(0)) this.#dispatch(type, context, payload); }
  #dispatch(type: EventType<never>, context: C, payload: object): boolean {
    let cancelled = false;
    const control: EventControl = { cancel() { cancelled = true; } };
    for (const listener of this.#handlers.get(`${type.family}:${type.name}`) ?? []) {
      try { listener.handler(context, payload as never, control); } catch (error) {
        if (error instanceof AssertionFailed) throw error;
        this.#report({ module: "", event: type.name, error });
      }
      if (cancelled) return false;
    }
    return true;
  }
}
