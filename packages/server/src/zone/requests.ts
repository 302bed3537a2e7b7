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

/** What an answer goes to. */
export interface UnnumberedRequest {
  readonly reply: ReplyType;
  readonly args: RecordValue<RecordFields>;
  readonly owner: EntityRef;
}

export interface LedgerRequest extends UnnumberedRequest {
  readonly number: number;
  readonly operation: Operation;
}

/** Requests in flight per zone: more means that the store is away, and new ones are refused at the next tick. */
export const requestsMax = 4096;
/** Requests that are refused in one tick: more than a full zone's players can make, so more is a bug in the game. */
const refusedMax = 65_536;

export class Requests {
  readonly #pending = new Map<number, LedgerRequest>();
  readonly #replies: ReadonlyMap<string, ReplyType>;
  /** Requests for which there was no room, until the next tick tells who asked. */
  #refused: UnnumberedRequest[] = [];
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

  /** Keeps a request that is not made, for lack of room, until the next tick. */
  refuse(request: UnnumberedRequest): void {
    assert(this.#refused.length < refusedMax, `a tick refuses at most ${refusedMax} ledger requests`);
    this.#refused.push(request);
  }

  /** Takes the requests that were refused, in their order. */
  takeRefused(): readonly UnnumberedRequest[] {
    if (this.#refused.length === 0) return nothing;
    const refused = this.#refused;
    this.#refused = [];
    return refused;
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
      writeAddressee(writer, request);
    }
    writer.v(this.#refused.length);
    for (const request of this.#refused) writeAddressee(writer, request);
  }

  restore(reader: ByteReader): boolean {
    this.#next = reader.f64();
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const number = reader.f64();
      const operation = parseOperation(reader.text(4096));
      const addressee = this.#readAddressee(reader);
      if (operation === undefined || addressee === undefined) return false;
      this.#pending.set(number, { number, operation, ...addressee });
    }
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const addressee = this.#readAddressee(reader);
      if (addressee === undefined) return false;
      this.#refused.push(addressee);
    }
    return !reader.failed;
  }

  #readAddressee(reader: ByteReader): UnnumberedRequest | undefined {
    const reply = this.#replies.get(reader.text(128));
    if (reply === undefined) return undefined;
    const owner = reader.f64();
    return { reply, owner, args: readLossless(reader, reply.fields) };
  }
}

function writeAddressee(writer: ByteWriter, { reply, owner, args }: UnnumberedRequest): void {
  writer.text(reply.name);
  writer.f64(owner);
  writeLossless(writer, reply.fields, args);
}

const nothing: readonly UnnumberedRequest[] = [];

/** An operation that `save` wrote; what it asks for was checked when it was made, and will be by the store. */
function parseOperation(json: string): Operation | undefined {
  try {
    const data = JSON.parse(json) as Operation | null;
    return typeof data?.operationId === "string" ? data : undefined;
  } catch {
    return undefined;
  }
}
