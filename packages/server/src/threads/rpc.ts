/**
 * Calls between two threads over a message port: each side offers methods with one argument of plain data.
 *
 * Invariant: calls arrive in their order; an answer belongs to its call, and a call whose other side ended is rejected.
 * Invariant: bounded by what the callers do: whoever calls without waiting uses `tell`, which needs no answer.
 */
import { isMyriadError, type ErrorCode, MyriadError } from "../kernel/errors.ts";

/** The part of a worker or of a message port that is used here. */
export interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

/** Methods that one side offers, by name. */
export type Offer = { readonly [method: string]: (argument: never) => unknown };

type ArgumentOf<O extends Offer, M extends keyof O> = Parameters<O[M]>[0];
type AnswerOf<O extends Offer, M extends keyof O> = Awaited<ReturnType<O[M]>>;

type Message =
  | { readonly what: "call"; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly what: "tell"; readonly method: string; readonly argument: unknown }
  | { readonly what: "answer"; readonly id: number; readonly value: unknown }
  | {
      readonly what: "failure";
      readonly id: number;
      readonly code: ErrorCode | undefined;
      readonly detail: string;
    };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One end of a port: `Mine` is offered to the other side, `Theirs` may be called there. */
export class Rpc<Theirs extends Offer> {
  readonly #port: Port;
  readonly #offer: Offer;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onFailure: (error: unknown) => void;
  #next = 1;
  #ended: Error | undefined;

  /** @param options.onFailure Told of methods that failed although nobody waits for their answer. */
  constructor(options: { port: Port; offer: Offer; onFailure: (error: unknown) => void }) {
    this.#port = options.port;
    this.#offer = options.offer;
    this.#onFailure = options.onFailure;
  }

  /** Calls a method of the other side. Rejects when it fails there or the other side ends. */
  call<M extends keyof Theirs & string>(
    method: M,
    argument: ArgumentOf<Theirs, M>,
    transfer?: ArrayBuffer[],
  ): Promise<AnswerOf<Theirs, M>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#next++;
    this.#post({ what: "call", id, method, argument }, transfer);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Calls a method of the other side without waiting for it. */
  tell<M extends keyof Theirs & string>(
    method: M,
    argument: ArgumentOf<Theirs, M>,
    transfer?: ArrayBuffer[],
  ): void {
    if (this.#ended === undefined) this.#post({ what: "tell", method, argument }, transfer);
  }

  /** To be called with every message of the port. */
  hear(message: unknown): void {
    const given = message as Message;
    switch (given.what) {
      case "call":
        void this.#answer(given.id, given.method, given.argument);
        return;
      case "tell":
        void this.#run(given.method, given.argument).catch(this.#onFailure);
        return;
      case "answer":
        this.#take(given.id)?.resolve(given.value);
        return;
      case "failure": {
        const { code, detail } = given;
        this.#take(given.id)?.reject(code === undefined ? new Error(detail) : new MyriadError(code, detail));
      }
    }
  }

  /** The other side is gone: who waits is rejected, and whoever calls later. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #post(message: Message, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  async #run(method: string, argument: unknown): Promise<unknown> {
    const run = this.#offer[method];
    if (run === undefined) throw new Error(`there is no method ${method}`);
    return run(argument as never);
  }

  async #answer(id: number, method: string, argument: unknown): Promise<void> {
    try {
      const value = await this.#run(method, argument);
      this.#post({ what: "answer", id, value });
    } catch (error) {
      const code = isMyriadError(error) ? error.code : undefined;
      const detail = isMyriadError(error)
        ? error.detail
        : error instanceof Error
          ? error.message
          : String(error);
      this.#post({ what: "failure", id, code, detail });
    }
  }
}
