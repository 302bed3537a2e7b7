import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter, section } from "@myriad/protocol";
import { batchKind, writeHeader } from "../bus/header.ts";
import { readZoneBatch, zoneBatchFlag, zoneMessage } from "./zone-batch.ts";

/** A batch by hand, from nothing but the drawing in the header of zone-batch.ts. */
function batch(kind: number = batchKind.zone, hasGhosts = 1, head = section.blocks << 4): Uint8Array {
  const writer = new ByteWriter();
  writeHeader(writer, { kind, realm: 1, zone: 2, peer: 3, epoch: 4, sequence: 5 });
  writer.u8(zoneBatchFlag.restart | zoneBatchFlag.wantsKeyframes);
  writer.u32(11);
  writer.u32(12);
  writer.u32(99);
  writer.v(2);
  writer.u32(7);
  writer.u8(zoneMessage.game);
  writer.v(2);
  writer.bytes(Uint8Array.of(1, 2));
  writer.u32(8);
  writer.u8(zoneMessage.grant);
  writer.v(0);
  writer.u8(hasGhosts);
  if (hasGhosts !== 1) return writer.copy();
  writer.v(2);
  writer.u32(5);
  writer.v(4);
  writer.u8(head);
  writer.v(2);
  writer.bytes(Uint8Array.of(8, 9));
  return writer.copy();
}

function code(bytes: Uint8Array): string {
  const read = readZoneBatch(bytes);
  return read.ok ? "accepted" : read.code;
}

test("a zone batch written by hand is read as it was meant", () => {
  const bytes = batch();
  const read = readZoneBatch(bytes);
  assert.ok(read.ok);
  const { header, flags, life, peerLife, ack, messages, ghosts } = read.value;
  assert.deepEqual([header.zone, header.peer, header.sequence, flags, ack], [2, 3, 5, 3, 99]);
  assert.deepEqual([life, peerLife], [11, 12]);
  assert.deepEqual(messages, [
    { number: 7, kind: zoneMessage.game, bytes: Uint8Array.of(1, 2) },
    { number: 8, kind: zoneMessage.grant, bytes: new Uint8Array(0) },
  ]);
  assert.deepEqual([ghosts!.zone, ghosts!.tick, ghosts!.sections.length], [2, 5, 1]);
  const { from, to } = ghosts!.sections[0]!;
  assert.deepEqual(ghosts!.bytes.slice(from, to), Uint8Array.of(8, 9));
  const without = readZoneBatch(batch(batchKind.zone, 0));
  assert.ok(without.ok && without.value.ghosts === undefined);
});

test("a zone batch that is cut, of another kind or with sections that there are not is refused", () => {
  const bytes = batch();
  for (let length = 0; length < bytes.length; length++)
    assert.equal(code(bytes.subarray(0, length)), "truncated", `${length}`);
  assert.equal(code(batch(batchKind.intents)), "unknown_type");
  assert.equal(code(bytes.with(0, 0)), "unknown_type");
  assert.equal(code(batch(batchKind.zone, 1, 0xf0)), "unknown_type");
});
