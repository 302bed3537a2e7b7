/**
 * What goes between the store's thread and the one that asks.
 *
 * Invariant: requests of one thread are answered in their order, each once; several may be answered by one message.
 * Invariant: all of it is plain data, because classes do not survive the way between threads.
 */
import type { MessagePort } from "node:worker_threads";
import { type ErrorCode, MyriadError } from "../../kernel/errors.ts";
import type { Call } from "../calls.ts";
import type { Reply } from "./core.ts";
import { type PackedCall, packAnswer } from "./packing.ts";

/** What the worker is started with. */
export interface WorkerOptions {
  readonly dataDir: string;
  readonly realmId: string;
  readonly idShard?: number;
}

/** To the worker: one call, the end, or a port over which another thread calls. */
export type Request =
  | PackedCall
  | { readonly method: "close" }
  | { readonly method: "attach"; readonly port: MessagePort };

export interface PlainError {
  readonly code: ErrorCode;
  readonly detail: string;
}

export type PlainReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: PlainError };

/** From the worker: it can be used, it cannot be used, or answers to the oldest requests without one. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "unusable"; readonly error: PlainError }
  | { readonly kind: "replies"; readonly replies: readonly PlainReply[] };

/** The reply to a call as it crosses threads. */
export function toPlainReply(method: Call["method"], reply: Reply): PlainReply {
  if (!reply.ok) return { ok: false, error: toPlainError(reply.error) };
  return { ok: true, value: packAnswer(method, reply.value) };
}

/** Any error as code and detail; one without a code is `store_failed`. Never throws. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof MyriadError) return { code: error.code, detail: error.detail };
  return { code: "store_failed", detail: error instanceof Error ? error.message : String(error) };
}

export function fromPlainError({ code, detail }: PlainError): MyriadError {
  return new MyriadError(code, detail);
}
