/**
 * Ledger requests on their way: what was asked, on whose behalf, and what to do with the answer.
 *
 * Invariant: part of the checkpoint. A request is answered once; its operation id is (realm, zone, epoch, tick, ordinal)
 * of the tick that first ran it, so asking again after a restore is asking for the same thing.
 */
import type { ByteReader, ByteWriter, EntityRef, RecordFields, RecordValue } from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import type { Operation } from "../ledger/port.ts";
import { readLossless, writeLossless } from "../world/lossless.ts";
import type { ReplyType } from "./definitions.ts";

export interface LedgerRequest {
  readonly number: number;
  readonly operation: Operation;
  readonly reply: ReplyType;
  readonly args: RecordValue<RecordFields>;
  readonly owner: EntityRef;
}

/** Requests in flight per zone: more means that the store is away, and new ones are refused by the game's reply. */
export const requestsMax = 4096;

export class Requests {
  readonly #pending = new Map<number, LedgerRequest>();
  readonly #replies: ReadonlyMap<string, ReplyType>;
  #next = 1;

  constructor(replies: readonly ReplyType[]) {
    this.#replies = new Map(replies.map((reply) => [reply.name, reply]));
  }

  get isFull(): boolean {
    return this.#pending.size >= requestsMax;
  }

  /** Requests without an answer, oldest first. */
  pending(): Iterable<LedgerRequest> {
    return this.#pending.values();
  }

  /** A number that was never given before: for requests and for ids of the game. */
  takeNumber(): number {
    return this.#next++;
  }

  add(request: Omit<LedgerRequest, "number">): LedgerRequest {
    assert(
      this.#replies.get(request.reply.name) === request.reply,
      `the reply ${request.reply.name} is declared by a module`,
    );
    const numbered = { ...request, number: this.takeNumber() };
    this.#pending.set(numbered.number, numbered);
    return numbered;
  }

  /** Takes the request that an answer belongs to; undefined when it was answered before. */
  take(number: number): LedgerRequest | undefined {
    const request = this.#pending.get(number);
    this.#pending.delete(number);
    return request;
  }

  save(writer: ByteWriter): void {
    writer.f64(this.#next);
    writer.v(this.#pending.size);
    for (const request of this.#pending.values()) {
      writer.f64(request.number);
      writer.text(JSON.stringify(request.operation));
      writer.text(request.reply.name);
      writer.f64(request.owner);
      writeLossless(writer, request.reply.fields, request.args);
    }
  }

  restore(reader: ByteReader): boolean {
    this.#next = reader.f64();
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const number = reader.f64();
      const operation = parseOperation(reader.text(4096));
      const reply = this.#replies.get(reader.text(128));
      if (operation === undefined || reply === undefined) return false;
      const owner = reader.f64();
      this.#pending.set(number, {
        number,
        operation,
        reply,
        owner,
        args: readLossless(reader, reply.fields),
      });
    }
    return !reader.failed;
  }
}

/** An operation that `save` wrote; what it asks for was checked when it was made, and will be by the store. */
function parseOperation(json: string): Operation | undefined {
  try {
    const data = JSON.parse(json) as Operation | null;
    return typeof data?.operationId === "string" ? data : undefined;
  } catch {
    return undefined;
  }
}
