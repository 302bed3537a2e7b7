import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientMessageBytesMax } from "@myriad/protocol";
import fc from "fast-check";
import { fragmentsMax, WsReceiver } from "./ws-receiver.ts";

/** What a receiver said, in order, as text: easy to compare. */
class Heard {
  readonly said: string[] = [];
  /** Called for each message, in the middle of it. */
  onMessage: () => void = () => {};

  received(bytes: Uint8Array, from: number, to: number): void {
    this.said.push(`message ${Buffer.from(bytes.subarray(from, to)).toString("hex")}`);
    this.onMessage();
  }
  pinged(bytes: Uint8Array, from: number, to: number): void {
    this.said.push(`ping ${Buffer.from(bytes.subarray(from, to)).toString("hex")}`);
  }
  ponged(): void {
    this.said.push("pong");
  }
  parted(code: number): void {
    this.said.push(`goodbye ${code}`);
  }
  faulted({ reason, code }: { reason: string; code: number | undefined }): void {
    this.said.push(`fault ${reason} ${code}`);
  }
}

interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly isFinal?: boolean;
  readonly mask?: number;
}

/** A client's frame as it travels. */
function frame({ opcode, payload, isFinal = true, mask = 0x1234_5678 }: Frame): Uint8Array {
  const { length } = payload;
  const key = [mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff];
  const size =
    length < 126
      ? [0x80 | length]
      : length < 65_536
        ? [0x80 | 126, length >>> 8, length & 0xff]
        : [0x80 | 127, 0, 0, 0, 0, 0, length >>> 16, (length >>> 8) & 0xff, length & 0xff];
  const head = [(isFinal ? 0x80 : 0) | opcode, ...size, ...key];
  return Uint8Array.from([...head, ...payload.map((byte, i) => byte ^ key[i & 3]!)]);
}

function hear(...chunks: readonly Uint8Array[]): string[] {
  const heard = new Heard();
  const receiver = new WsReceiver(heard);
  for (const chunk of chunks) receiver.receive(chunk.slice());
  return heard.said;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7);

const small = fc.uint8Array({ maxLength: 200 });
const mask = fc.nat(0xffff_ffff);
const control = fc.uint8Array({ maxLength: 125 });
/** A message in fragments, with control frames between them, and what is to be heard of it. */
const message = fc
  .tuple(fc.array(small, { minLength: 1, maxLength: 5 }), mask, fc.array(fc.tuple(fc.nat(5), control)))
  .map(([parts, key, pings]) => {
    const wire: Uint8Array[] = [];
    const said: string[] = [];
    for (const [index, payload] of parts.entries()) {
      for (const [at, ping] of pings) {
        if (at !== index) continue;
        wire.push(frame({ opcode: 9, payload: ping, mask: key }));
        said.push(`ping ${hex(ping)}`);
      }
      const isFinal = index === parts.length - 1;
      wire.push(frame({ opcode: index === 0 ? 2 : 0, payload, isFinal, mask: key }));
    }
    said.push(`message ${parts.map(hex).join("")}`);
    return { wire: Buffer.concat(wire), said };
  });

suite("a receiver", () => {
  test("hears the same whatever pieces it comes in", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat()), (messages, cuts) => {
        const wire = Buffer.concat(messages.map((one) => one.wire));
        const places = cuts.map((cut) => cut % (wire.length + 1)).sort((a, b) => a - b);
        const chunks = [0, ...places].map((from, i) => wire.subarray(from, places[i] ?? wire.length));
        assert.deepEqual(
          hear(...chunks),
          messages.flatMap((one) => one.said),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("takes messages of every length up to the largest, and none above", () => {
    for (const length of [0, 1, 125, 126, 127, 4096, clientMessageBytesMax]) {
      const payload = bytesOf(length);
      const wire = frame({ opcode: 2, payload });
      assert.deepEqual(hear(wire), [`message ${hex(payload)}`]);
      assert.deepEqual(hear(...Array.from(wire, (byte) => Uint8Array.of(byte))), [`message ${hex(payload)}`]);
    }
    const tooLarge = ["fault message_too_large 4012"];
    assert.deepEqual(hear(frame({ opcode: 2, payload: bytesOf(clientMessageBytesMax + 1) })), tooLarge);
    // Before a byte of it came, and however much is promised.
    assert.deepEqual(
      hear(Uint8Array.of(0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
      tooLarge,
    );
    const half = bytesOf(clientMessageBytesMax / 2 + 1);
    const pieces = [{ opcode: 2, isFinal: false }, { opcode: 0 }].map((one) =>
      frame({ ...one, payload: half }),
    );
    assert.deepEqual(hear(...pieces), tooLarge, "in sum");
  });

  test("takes as many fragments as there may be, empty ones too, and no more", () => {
    const fragments = (count: number) =>
      Array.from({ length: count }, (_, i) =>
        frame({ opcode: i === 0 ? 2 : 0, isFinal: i === count - 1, payload: new Uint8Array(0) }),
      );
    assert.deepEqual(hear(...fragments(fragmentsMax)), ["message "]);
    assert.deepEqual(hear(...fragments(fragmentsMax + 1)), ["fault message_too_large 4012"]);
  });

  test("finds every fault against the standard, at once, and hears nothing after it", () => {
    const payload = Uint8Array.of(1);
    const after = frame({ opcode: 2, payload });
    const open = frame({ opcode: 2, payload, isFinal: false });
    const faults: [string, Uint8Array][] = [
      ["a reserved bit", Uint8Array.of(0xc2)],
      ["an opcode for data that there is not", Uint8Array.of(0x83)],
      ["an opcode for control that there is not", Uint8Array.of(0x8b)],
      ["no mask", Uint8Array.of(0x82, 0x01, 0x00)],
      ["a control frame in fragments", Uint8Array.of(0x09)],
      ["a long control frame", Uint8Array.of(0x89, 0xfe)],
      ["a continuation of nothing", Uint8Array.of(0x80)],
      ["a message within a message", Buffer.concat([open, Uint8Array.of(0x82)])],
      ["a goodbye of one byte", frame({ opcode: 8, payload })],
      ["a goodbye with a code that is not said", frame({ opcode: 8, payload: Uint8Array.of(3, 0xed) })],
    ];
    for (const [what, wire] of faults)
      assert.deepEqual(hear(Buffer.concat([wire, after]), after), ["fault message_malformed 1002"], what);
    const badText = frame({ opcode: 8, payload: Uint8Array.of(3, 0xe8, 0xff) });
    assert.deepEqual(hear(badText), ["fault message_malformed 1007"]);
    assert.deepEqual(hear(frame({ opcode: 1, payload })), ["fault message_malformed undefined"]);
  });

  test("hears a goodbye with its code, or 1005 without one, and nothing after it", () => {
    const after = frame({ opcode: 9, payload: new Uint8Array(0) });
    const said = (...payload: number[]) =>
      hear(frame({ opcode: 8, payload: Uint8Array.from(payload) }), after);
    assert.deepEqual(said(), ["goodbye 1005"]);
    assert.deepEqual(said(3, 0xe8), ["goodbye 1000"]);
    assert.deepEqual(said(0x0f, 0xa0, 0x62, 0x79, 0x65), ["goodbye 4000"]);
    const allowed = Array.from({ length: 5001 }, (_, code) => code).filter(
      (code) => said(code >>> 8, code & 0xff)[0] === `goodbye ${code}`,
    );
    const named = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    assert.deepEqual(allowed.slice(0, named.length), named);
    assert.equal(allowed.length, named.length + 2000);
  });

  test("rests when it is told to, in the middle of what it was given, and goes on where it stopped", () => {
    const heard = new Heard();
    const receiver = new WsReceiver(heard);
    heard.onMessage = () => {
      receiver.isResting = true;
    };
    const long = bytesOf(300);
    const wire = Buffer.concat([
      frame({ opcode: 2, payload: Uint8Array.of(1) }),
      frame({ opcode: 2, payload: long }),
      frame({ opcode: 2, payload: Uint8Array.of(3) }),
    ]);
    let at = 0;
    for (const expected of ["message 01", `message ${hex(long)}`, "message 03"]) {
      receiver.isResting = false;
      at = receiver.receive(wire, at);
      assert.equal(heard.said.at(-1), expected);
    }
    assert.equal(at, wire.length);
    assert.equal(heard.said.length, 3);
  });

  test("keeps no more than came of a message, and nothing once it is whole or over", () => {
    const receiver = new WsReceiver(new Heard());
    const wire = frame({ opcode: 2, payload: bytesOf(clientMessageBytesMax) });
    receiver.receive(wire.slice(0, 100));
    assert.ok(receiver.keptBytes <= 512);
    receiver.receive(wire.slice(100, 10_000));
    assert.ok(receiver.keptBytes > 9000 && receiver.keptBytes <= clientMessageBytesMax);
    receiver.receive(wire.slice(10_000));
    assert.equal(receiver.keptBytes, 0);
    receiver.receive(wire.slice(0, 5000));
    receiver.end();
    assert.equal(receiver.keptBytes, 0);
    assert.ok(receiver.isOver);
  });

  test("never throws, and says one thing at most after which nothing comes, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        const said = hear(...chunks);
        const end = said.findIndex((one) => one.startsWith("fault") || one.startsWith("goodbye"));
        assert.ok(end < 0 || end === said.length - 1);
      }),
      { numRuns: 3000 },
    );
  });
});
