/**
 * Everything that can change a zone, for one tick: what a journal writes and a replay reads.
 *
 * Order of application: other zones by number, then the store's replies, then gateways by number, then the end.
 * Invariant: a zone is a function of its state and these. Encoding and decoding are exact inverses.
 */
import { ByteReader, ByteWriter, type Decoded, refused } from "@myriad/protocol";
import { readIntentBatch, type SessionInput, writeIntentBatch } from "../bus/intent-batch.ts";
import { batchKind } from "../bus/header.ts";
import type { ItemId, Outcome } from "../ledger/port.ts";

/** An answer of the store. */
export type StoreReply =
  | { readonly kind: "saved"; readonly session: number; readonly version: number }
  | { readonly kind: "saveRefused"; readonly session: number; readonly code: string }
  | { readonly kind: "ledger"; readonly request: number; readonly outcome: Outcome };

export interface TickInputs {
  /** Batches of other zones, whole, in order of arrival; any number of each. */
  readonly zones: readonly Uint8Array[];
  readonly replies: readonly StoreReply[];
  readonly gateways: readonly { readonly gateway: number; readonly inputs: readonly SessionInput[] }[];
  /** The zone is about to stop: everybody is let go, with this close code. */
  readonly drain?: string;
}

export const noInputs: TickInputs = { zones: [], replies: [], gateways: [] };

export function encodeInputs(inputs: TickInputs): Uint8Array {
  const writer = new ByteWriter(1024);
  writer.v(inputs.zones.length);
  for (const batch of inputs.zones) {
    writer.v(batch.length);
    writer.bytes(batch);
  }
  writer.v(inputs.replies.length);
  for (const reply of inputs.replies) writer.text(JSON.stringify(reply));
  writer.v(inputs.gateways.length);
  for (const { gateway, inputs: given } of inputs.gateways) {
    const header = { kind: batchKind.intents, realm: 0, zone: 0, peer: gateway, epoch: 0, sequence: 0 };
    const inner = new ByteWriter(512);
    writeIntentBatch(inner, { header, wantsDigests: false, keyframes: [], selves: [], inputs: given });
    writer.v(inner.at);
    writer.bytes(inner.view());
  }
  writer.u8(inputs.drain === undefined ? 0 : 1);
  if (inputs.drain !== undefined) writer.text(inputs.drain);
  return writer.copy();
}

export function decodeInputs(bytes: Uint8Array): Decoded<TickInputs> {
  const reader = new ByteReader(bytes);
  const zones: Uint8Array[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) zones.push(reader.view(reader.v()));
  const replies: StoreReply[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) {
    const reply = parseReply(reader.text(4096));
    if (reply === undefined) return refused(reader.failed ? "truncated" : "json_malformed");
    replies.push(reply);
  }
  const gateways: { gateway: number; inputs: readonly SessionInput[] }[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) {
    const batch = readIntentBatch(reader.view(reader.v()));
    if (!batch.ok) return batch;
    gateways.push({ gateway: batch.value.header.peer, inputs: batch.value.inputs });
  }
  const drain = reader.u8() === 1 ? { drain: reader.text(64) } : {};
  return reader.failed ? refused("truncated") : { ok: true, value: { zones, replies, gateways, ...drain } };
}

function parseReply(json: string): StoreReply | undefined {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return undefined;
  }
  const reply = data as Record<string, unknown> | null;
  switch (reply?.["kind"]) {
    case "saved":
      return isWhole(reply["session"]) && isWhole(reply["version"])
        ? { kind: "saved", session: reply["session"], version: reply["version"] }
        : undefined;
    case "saveRefused":
      return isWhole(reply["session"]) && typeof reply["code"] === "string"
        ? { kind: "saveRefused", session: reply["session"], code: reply["code"] }
        : undefined;
    case "ledger":
      return isWhole(reply["request"]) && isOutcome(reply["outcome"])
        ? { kind: "ledger", request: reply["request"], outcome: reply["outcome"] }
        : undefined;
    default:
      return undefined;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isOutcome(value: unknown): value is Outcome {
  const outcome = value as { status?: unknown; itemId?: unknown; code?: unknown } | null;
  if (outcome?.status === "done") return isWhole(outcome.itemId as ItemId);
  return outcome?.status === "refused" && typeof outcome.code === "string";
}
