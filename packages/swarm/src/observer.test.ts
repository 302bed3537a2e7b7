import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteWriter, decodeClientFrame, decodeServerText, encodeHello, section } from "@myriad/protocol";
import { FakeRealm } from "./fake-realm.ts";
import { learnGame } from "./game.ts";
import { resyncQuietMs } from "./limits.ts";
import { Meters } from "./meters.ts";
import { Observer } from "./observer.ts";

/** An observer beside a fake realm: `frame` ticks and applies, and answers what was observed. */
function watch() {
  const realm = new FakeRealm();
  const received: Uint8Array[] = [];
  const connection = realm.join(
    { name: "Eyes" },
    { send: (bytes) => received.push(bytes.slice()), close: () => {} },
    () => 0,
  );
  const hello = {
    formatVersion: 1,
    schemaHash: "0".repeat(16),
    wantsDigests: true,
    lastFact: 0,
    client: "test",
  };
  connection.message(encodeHello(hello));
  const text = decodeServerText(received.shift()!);
  assert.ok(text.ok && text.value.kind === "welcome");
  const learnt = learnGame(text.value.welcome);
  assert.ok(learnt.ok);
  const meters = new Meters();
  const observer = new Observer(learnt.game, meters);
  const apply = (bytes: Uint8Array, nowMs: number, at?: { x: number; y: number }) => {
    const decoded = decodeClientFrame(bytes);
    assert.ok(decoded.ok);
    const { updates, digests, mismatches } = observer.apply(decoded.value, nowMs, at);
    return { updates, digests, mismatches: [...mismatches] };
  };
  const frame = (nowMs = 0, at?: { x: number; y: number }) => {
    realm.advance(nowMs);
    return apply(received.pop()!, nowMs, at);
  };
  return { realm, observer, frame, apply, connection, meters };
}

describe("Observer", () => {
  it("counts each entity once in a frame and agrees with the server's digests", () => {
    const { frame, observer } = watch();
    // Two zones of 12 creatures and 3 things, 4 regions each.
    assert.deepEqual(frame(), { updates: 30, digests: 8, mismatches: [] });
    for (let i = 0; i < 50; i++) assert.deepEqual(frame(), { updates: 24, digests: 8, mismatches: [] });
    assert.equal(observer.replicas.get(1)?.entities.size, 15);
  });

  it("sees an update that got lost, asks anew and is right again", () => {
    const { realm, frame, connection } = watch();
    frame();
    realm.faults.losesUpdate = true;
    const { mismatches } = frame(100);
    assert.ok(mismatches.length > 0);
    const { zone, tick, level, what } = mismatches[0]!;
    assert.deepEqual({ zone, tick, level, what }, { zone: 0, tick: 2, level: 0, what: "digest" });
    realm.faults.losesUpdate = false;
    // Until the keyframes come nothing fits, and nothing of that is news.
    assert.deepEqual(frame(150).mismatches, []);
    connection.message(Uint8Array.of(3));
    assert.deepEqual(frame(200).mismatches, []);
    for (let i = 0; i < 10; i++) {
      assert.deepEqual(frame(100 + resyncQuietMs + i), { updates: 24, digests: 8, mismatches: [] });
    }
  });

  it("says so again when keyframes do not come in time", () => {
    const { realm, frame } = watch();
    frame();
    realm.faults.losesUpdate = true;
    assert.ok(frame(100).mismatches.length > 0);
    assert.equal(frame(99 + resyncQuietMs).mismatches.length, 0);
    assert.equal(frame(100 + resyncQuietMs).mismatches[0]?.what, "state_mismatch");
  });

  it("knows whether it is equal to the zone now", () => {
    const { realm, frame, observer } = watch();
    assert.equal(observer.isEqual, false);
    frame();
    assert.equal(observer.isEqual, true);
    realm.faults.losesUpdate = true;
    frame(100);
    assert.equal(observer.isEqual, false);
  });

  it("measures how long each entity goes without news, of all and of the thirty nearest", () => {
    const { frame, meters, observer } = watch();
    const at = { x: 20, y: 20 };
    frame(0);
    assert.equal(meters.everyGap.count, 0, "not measured yet");
    for (const nowMs of [1000, 1100, 1400]) frame(nowMs, at);
    // Two zones of 15, twice; all of them are among the nearest.
    assert.equal(meters.everyGap.count, 60);
    assert.equal(meters.nearestGap.count, 60);
    assert.ok(Math.abs(meters.everyGap.at(40) - 100) < 1 && Math.abs(meters.everyGap.at(60) - 300) < 1);
    observer.closeGaps(2000);
    assert.equal(meters.everyGap.count, 60, "what is younger than a second was just on its way");
    observer.closeGaps(4400);
    assert.equal(meters.everyGap.count, 90);
    assert.ok(Math.abs(meters.everyGap.at(100) - 3000) < 5);
  });

  it("reports blocks that cannot be decoded, and does not compare after them", () => {
    const { realm, frame } = watch();
    frame();
    realm.faults.breaksBlocks = true;
    const { mismatches, digests } = frame();
    assert.deepEqual([mismatches.map(({ what }) => what), digests], [["out_of_range", "out_of_range"], 0]);
  });

  it("reports a zone that is not on the map and a digest of a region that it does not hold", () => {
    const { apply, frame } = watch();
    frame();
    const write = (zone: number, kind: number, bytes: readonly number[]) => {
      const writer = new ByteWriter();
      for (const byte of [0x82, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]) writer.u8(byte);
      writer.v(zone);
      writer.u32(77);
      writer.v(bytes.length + 2);
      writer.u8(kind << 4);
      writer.v(bytes.length);
      for (const byte of bytes) writer.u8(byte);
      return writer.copy();
    };
    const unknown = apply(write(9, section.group, []), 0).mismatches;
    assert.deepEqual(unknown, [{ zone: 9, tick: 77, frame: 9, region: -1, level: 0, what: "out_of_range" }]);
    const dropped = watch();
    dropped.frame();
    assert.deepEqual(dropped.apply(write(0, section.drops, [2, 0]), 0).mismatches, []);
    const notHeld = dropped.apply(write(0, section.digests, [2, 0, 1, 2, 3, 4]), 0).mismatches;
    assert.deepEqual(notHeld, [{ zone: 0, tick: 77, frame: 9, region: 2, level: 0, what: "not_held" }]);
  });

  it("applies intros like the server means them", () => {
    const { apply, frame } = watch();
    frame();
    const writer = new ByteWriter();
    for (const byte of [0x82, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]) writer.u8(byte);
    writer.v(0);
    writer.u32(5);
    // One intro section of level 7, which this realm does not have.
    for (const byte of [2, (section.intros << 4) | 7, 0]) writer.u8(byte);
    assert.equal(apply(writer.copy(), 0).mismatches[0]?.what, "out_of_range");
  });
});
