import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "@myriad/protocol";
import fc from "fast-check";
import { busFormatVersion, headerBytes, readHeader, realmTag, traceBytes, writeHeader } from "./header.ts";

const header = fc.record(
  {
    kind: fc.nat(255),
    realm: fc.constantFrom(0, 1, 2 ** 32 - 1),
    zone: fc.constantFrom(0, 1, 4094, 65_535),
    peer: fc.constantFrom(0, 255, 65_535),
    epoch: fc.constantFrom(0, 1, 2 ** 32 - 1),
    sequence: fc.constantFrom(0, 1, 2 ** 32 - 1),
    trace: fc.option(
      fc
        .uint8Array({ minLength: traceBytes, maxLength: traceBytes })
        .filter((bytes) => bytes.some((byte) => byte !== 0)),
      { nil: undefined },
    ),
  },
  { noNullPrototype: true },
);

test("a header comes back as it was written, and the reader stands behind it", () => {
  fc.assert(
    fc.property(header, (given) => {
      const writer = new ByteWriter();
      writeHeader(writer, given);
      assert.equal(writer.at, headerBytes);
      writer.u8(0xab);
      const reader = new ByteReader(writer.copy());
      assert.deepEqual(readHeader(reader), { ok: true, value: given });
      assert.equal(reader.u8(), 0xab);
    }),
  );
});

test("a header that is cut, of something else or of another format is refused", () => {
  const writer = new ByteWriter();
  writeHeader(writer, { kind: 1, realm: 1, zone: 1, peer: 1, epoch: 1, sequence: 1 });
  const bytes = writer.copy();
  const code = (given: Uint8Array) => {
    const read = readHeader(new ByteReader(given));
    return read.ok ? "accepted" : read.code;
  };
  for (let length = 0; length < headerBytes; length++)
    assert.equal(code(bytes.subarray(0, length)), "truncated");
  assert.equal(code(bytes), "accepted");
  assert.equal(code(bytes.with(0, 0)), "unknown_type");
  assert.equal(code(bytes.with(1, 0)), "unknown_type");
  assert.equal(code(bytes.with(2, busFormatVersion + 1)), "version_unknown");
});

test("a realm's tag is 32 bits of its name", () => {
  const tags = ["", "a", "b", "realm", "realm2"].map(realmTag);
  assert.equal(new Set(tags).size, tags.length);
  for (const tag of tags) assert.ok(tag >= 0 && tag < 2 ** 32 && Number.isInteger(tag));
});
