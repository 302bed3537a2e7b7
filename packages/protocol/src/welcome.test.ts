import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeCodes } from "./codes.ts";
import { describe as describeSchema } from "./descriptor.ts";
import { position } from "./fields.ts";
import { ByteWriter, formatVersion, serverMessage } from "./frame.ts";
import { defaultChannelRates, levelsOf } from "./levels.ts";
import { critical, defineSchema, entity } from "./schema.ts";
import { decodeServerText, encodeNotice, encodePong, encodeWelcome, type Welcome } from "./welcome.ts";
import { anyText, edgy } from "./values-contract.ts";

const kind = entity("a", { position: critical(position()) });
const schema = describeSchema(
  defineSchema({ name: "g", version: "1", entities: [kind], intents: [], facts: [] }),
);
const welcome: Welcome = {
  formatVersion,
  realm: "realm",
  server: "0.1.0",
  gameVersion: "1",
  session: 0xffffffff,
  resumeKey: "key",
  resumeSeconds: 120,
  resumed: false,
  character: { id: Number.MAX_SAFE_INTEGER, name: "Ada 😀" },
  tickRateHz: 20,
  regionSizeM: 64,
  levels: levelsOf(defaultChannelRates, 20),
  zones: [{ zone: 0, name: "town", bounds: { x: -1.5, y: 0, width: 100, height: 100 } }],
  schemaHash: "0123456789abcdef",
  schema,
};

function said(data: unknown): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(serverMessage.welcome);
  writer.u8(formatVersion);
  writer.text(typeof data === "string" ? data : JSON.stringify(data));
  return writer.copy();
}

function refusal(bytes: Uint8Array): string {
  const read = decodeServerText(bytes);
  return read.ok ? "accepted" : read.code;
}

describe("a server's text", () => {
  test("welcomes with everything a client must know", () => {
    assert.deepEqual(decodeServerText(encodeWelcome(welcome)), {
      ok: true,
      value: { kind: "welcome", welcome },
    });
    const { schema: _, ...same } = welcome;
    assert.deepEqual(decodeServerText(encodeWelcome(same)), {
      ok: true,
      value: { kind: "welcome", welcome: same },
    });
  });

  test("answers pings and gives notice", () => {
    fc.assert(
      fc.property(edgy(0, 2 ** 32 - 1), fc.string({ maxLength: 16 }), anyText, (nonce, code, words) => {
        assert.deepEqual(decodeServerText(encodePong(nonce)), { ok: true, value: { kind: "pong", nonce } });
        const text = words.slice(0, 300).toWellFormed();
        assert.deepEqual(decodeServerText(encodeNotice(code, text)), {
          ok: true,
          value: { kind: "notice", code, text },
        });
      }),
    );
  });

  test("is refused when a part of the welcome is missing or of another shape", () => {
    const wrong: Record<string, unknown[]> = {
      realm: [undefined, 1],
      server: [null],
      gameVersion: [2],
      resumeKey: [undefined],
      schemaHash: [7],
      session: ["1", null],
      resumeSeconds: [undefined],
      tickRateHz: ["20"],
      regionSizeM: [null],
      character: [undefined, null, {}, { id: 1 }, { id: 1.5, name: "x" }, { id: "1", name: "x" }],
      levels: [
        undefined,
        {},
        [null],
        [{ radiusM: 1, strideTicks: 1.5, channelStrides: [] }],
        [{ radiusM: "1", strideTicks: 1, channelStrides: [] }],
        [{ radiusM: 1, strideTicks: 1, channelStrides: [-1] }],
        [{ radiusM: 1, strideTicks: 1, channelStrides: [1.5] }],
        [{ radiusM: 1, strideTicks: 1 }],
      ],
      zones: [
        null,
        [null],
        [{ zone: 0.5, name: "x", bounds: welcome.zones[0]!.bounds }],
        [{ zone: 0, bounds: welcome.zones[0]!.bounds }],
        [{ zone: 0, name: "x" }],
        [{ zone: 0, name: "x", bounds: { x: 0, y: 0, width: "1", height: 1 } }],
        new Array(4097).fill(welcome.zones[0]),
      ],
      schema: [1, {}, { ...schema, entities: 1 }],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        assert.equal(
          refusal(said({ ...welcome, [name]: value })),
          "json_malformed",
          `${name}: ${JSON.stringify(value)}`,
        );
      }
    }
    for (const data of ["null", "1", "[]", "{", "", `${"[".repeat(5000)}`])
      assert.equal(refusal(said(data)), "json_malformed");
  });

  test("is refused when it is of another version, cut or of no known kind", () => {
    const bytes = encodeWelcome(welcome);
    const other = bytes.slice();
    other[1] = formatVersion + 1;
    assert.equal(refusal(other), "version_unknown");
    assert.equal(refusal(bytes.subarray(0, 1)), "truncated");
    assert.equal(refusal(bytes.subarray(0, bytes.length - 1)), "truncated");
    assert.equal(refusal(encodePong(1).subarray(0, 3)), "truncated");
    assert.equal(refusal(encodeNotice("a", "b").subarray(0, 3)), "truncated");
    assert.equal(refusal(new Uint8Array(0)), "truncated");
    assert.equal(refusal(Uint8Array.of(0x01)), "unknown_type");
    assert.equal(refusal(encodeNotice("x".repeat(65), "")), "truncated");
  });

  test("of any bytes is a text or a code", () => {
    const heads = fc.constantFrom(...Object.values(serverMessage), 0, 255);
    fc.assert(
      fc.property(heads, fc.uint8Array({ maxLength: 80 }), (head, rest) => {
        const read = decodeServerText(Uint8Array.of(head, ...rest));
        assert.ok(read.ok || read.code in decodeCodes);
      }),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        assert.equal(decodeServerText(said({ ...welcome, schema: data })).ok, false);
      }),
      { numRuns: 60 },
    );
  });
});
