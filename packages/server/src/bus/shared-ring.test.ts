import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { droppedIn, makeRing, RingReader, RingWriter } from "./shared-ring.ts";

function bytesOf(number: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (number + index) & 0xff);
}

function readAll(reader: RingReader): string[] {
  const read: string[] = [];
  reader.drain((kind, target, batch) => read.push(`${kind} ${target} ${Buffer.from(batch).toString("hex")}`));
  return read;
}

suite("a ring in shared memory", () => {
  test("gives back what was written, in its order, whatever the sizes; what has no room is dropped and counted", () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ drain: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: -3, max: 3 }), (steps, laps) => {
        const ring = makeRing(256);
        // Positions that are about to wrap at 2^31 and at 2^32.
        const start = laps === 0 ? 0 : (laps > 0 ? 2 ** 31 - 256 * laps : -256 * -laps) | 0;
        new Int32Array(ring, 0, 2).fill(start);
        const writer = new RingWriter(ring);
        const reader = new RingReader(ring);
        let [number, dropped] = [0, 0];
        let expected: string[] = [];
        for (const each of steps) {
          if ("write" in each) {
            number += 1;
            const batch = bytesOf(number, each.write);
            const target = number % 65_536;
            if (writer.write(number % 256, target, batch)) {
              expected.push(`${number % 256} ${target} ${Buffer.from(batch).toString("hex")}`);
            } else dropped += 1;
          } else {
            assert.deepEqual(readAll(reader), expected);
            expected = [];
          }
        }
        assert.deepEqual(readAll(reader), expected);
        assert.equal(droppedIn(ring), dropped);
      }),
    );
  });

  test("takes everything that it can hold", () => {
    const ring = makeRing(256);
    const writer = new RingWriter(ring);
    const reader = new RingReader(ring);
    for (let lap = 0; lap < 50; lap++) {
      assert.ok(writer.write(1, lap, bytesOf(lap, 100)));
      assert.ok(writer.write(1, lap, bytesOf(lap, 80)));
      assert.equal(readAll(reader).length, 2);
    }
    // All of it, wherever the last batch ended.
    for (let length = 0; length < 120; length += 7) {
      assert.ok(writer.write(1, 0, bytesOf(1, length)));
      assert.equal(readAll(reader).length, 1);
      assert.ok(writer.write(1, 0, bytesOf(1, 248)));
      assert.equal(writer.write(1, 0, bytesOf(1, 0)), false);
      assert.equal(readAll(reader).length, 1);
      // Nothing is lost of it by beginning at the front.
      for (let i = 0; i < 16; i++) assert.ok(writer.write(1, 0, bytesOf(1, 8)), `${length} ${i}`);
      assert.equal(readAll(reader).length, 16);
    }
    assert.equal(writer.write(1, 0, bytesOf(1, 249)), false);
  });

  test("lets a successor begin with what comes from then on", () => {
    const ring = makeRing(256);
    const writer = new RingWriter(ring);
    writer.write(1, 1, bytesOf(1, 10));
    const reader = new RingReader(ring);
    reader.skip();
    new RingWriter(ring).write(2, 2, bytesOf(2, 1));
    assert.deepEqual(readAll(reader), ["2 2 02"]);
  });

  test("carries batches between threads whole and in order, while both run", async () => {
    const ring = makeRing(4096);
    const worker = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       import(workerData.module).then(({ RingWriter }) => {
         const writer = new RingWriter(workerData.ring);
         let number = 0;
         const run = () => {
           for (let i = 0; i < 40; i++) {
             const length = (number * 37) % 500;
             if (writer.write(3, number % 65536, new Uint8Array(length).fill(number))) number += 1;
           }
           if (number < 20000) setImmediate(run); else parentPort.postMessage(number);
         };
         run();
       });`,
      { eval: true, workerData: { ring, module: new URL("./shared-ring.ts", import.meta.url).href } },
    );
    const reader = new RingReader(ring);
    let read = 0;
    const sent = { count: -1 };
    worker.once("message", (count: number) => (sent.count = count));
    while (sent.count < 0 || read < sent.count) {
      reader.drain((kind, target, batch) => {
        assert.equal(kind, 3);
        assert.equal(target, read % 65_536);
        assert.equal(batch.length, (read * 37) % 500);
        assert.ok(batch.every((byte) => byte === (read & 0xff)));
        read += 1;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(read >= 20_000);
    await worker.terminate();
  });
});
