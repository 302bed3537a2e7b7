import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTickFrame, type TickFrame } from "../bus/tick-frame.ts";
import type { EncodedPlane } from "../replication/replicator.ts";
import { FrameWriter, type GatewayPart } from "./frames.ts";

const plain = { noNullPrototype: true } as const;
const bytes = fc.uint8Array({ maxLength: 12 });
const u32 = fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1);
const fact = fc.record({ type: fc.nat(4000), record: bytes }, plain);
const optional = <T>(given: fc.Arbitrary<T>) => fc.option(given, { nil: undefined });
const coordinate = fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31));
const regions = 3;

const record = fc
  .record(
    {
      session: u32,
      own: optional(fc.nat(0xffffff)),
      position: optional(fc.record({ x: coordinate, y: coordinate }, plain)),
      self: optional(bytes),
      isFull: fc.boolean(),
      group: fc.constantFrom(0, 1, 2 ** 50),
      lastIntent: u32,
      ticksSince: fc.nat(255),
      facts: fc.array(fact, { maxLength: 3 }),
    },
    plain,
  )
  .map(({ isFull, ...rest }) => ({ ...rest, selfFull: isFull && rest.self !== undefined }));
const part: fc.Arbitrary<GatewayPart> = fc.record(
  {
    gateway: fc.constantFrom(0, 255, 65_535),
    sessions: fc.array(record, { maxLength: 4 }),
    letters: fc.array(
      fc.record({ fromSession: u32, toName: fc.string({ maxLength: 24 }), fact, otherwise: fact }, plain),
      { maxLength: 2 },
    ),
    ended: fc.array(
      fc.oneof(
        fc.record(
          { session: u32, how: fc.constant("closed" as const), reason: fc.constantFrom("left", "") },
          plain,
        ),
        fc.record({ session: u32, how: fc.constant("handedOver" as const), zone: fc.nat(4094) }, plain),
      ),
      { maxLength: 3 },
    ),
  },
  plain,
);
const news = fc.oneof(
  fc.record(
    {
      to: fc.constant("region" as const),
      region: fc.nat(65_534),
      level: fc.nat(7),
      type: fc.nat(99),
      record: bytes,
    },
    plain,
  ),
  fc.record({ to: fc.constant("zone" as const), type: fc.nat(99), record: bytes }, plain),
  fc.record(
    {
      to: fc.constant("group" as const),
      group: fc.constantFrom(1, 2 ** 50),
      type: fc.nat(99),
      record: bytes,
    },
    plain,
  ),
);
const plane = fc
  .record({
    level: fc.nat(7),
    blocks: fc.array(bytes, { minLength: regions, maxLength: regions }),
    intros: bytes,
  })
  .map(({ level, blocks, intros }): EncodedPlane => {
    const offsets = new Uint32Array(regions + 1);
    blocks.forEach((block, i) => {
      offsets[i + 1] = offsets[i]! + block.length;
    });
    return {
      level,
      blockOffsets: offsets,
      blocks: Uint8Array.from(blocks.flatMap((block) => [...block])),
      introOffsets: Uint32Array.of(0, 0, 0, intros.length),
      intros,
      digests: Uint32Array.of(1, 2 ** 32 - 1, 3),
    };
  });
const common = fc.record(
  {
    tick: u32,
    timeMs: fc.constantFrom(0, 1.8e12),
    dilation: fc.nat(255),
    regions: fc.constant(regions),
    planes: fc.array(plane, { maxLength: 3 }),
    wantsDigests: fc.boolean(),
    keyframes: fc.array(fc.record({ region: fc.nat(65_534), bytes }, plain), { maxLength: 3 }),
    news: fc.array(news, { maxLength: 4 }),
    groups: fc.array(fc.record({ group: fc.constantFrom(1, 2 ** 50), bytes }, plain), { maxLength: 2 }),
    trace: fc.constantFrom(undefined, new Uint8Array(25).fill(7)),
  },
  plain,
);

test("what is written for all and for one gateway is read back whole, for each gateway in turn", () => {
  fc.assert(
    fc.property(common, fc.array(part, { minLength: 1, maxLength: 3 }), (given, parts) => {
      const writer = new FrameWriter({ realm: 9, zone: 8, epoch: 7 });
      const length = writer.common(given);
      for (const own of parts) {
        const read = readTickFrame(writer.forGateway(length, own));
        assert.ok(read.ok, read.ok ? "" : read.code);
        const { header, ...said } = read.value;
        assert.deepEqual([header.realm, header.zone, header.epoch, header.peer], [9, 8, 7, own.gateway]);
        assert.deepEqual(header.trace, given.trace);
        const expected: Omit<TickFrame, "header"> = {
          tick: given.tick,
          timeMs: given.timeMs,
          dilation: given.dilation,
          regions,
          planes: given.planes.map((one) => ({
            level: one.level,
            blocks: { offsets: one.blockOffsets, bytes: one.blocks },
            intros: { offsets: one.introOffsets, bytes: one.intros },
            digests: given.wantsDigests ? one.digests : undefined,
          })),
          keyframes: given.keyframes,
          importance: new Uint8Array(0),
          news: given.news,
          groups: given.groups,
          letters: own.letters,
          sessions: own.sessions.map(({ group, ...rest }) => ({
            ...rest,
            group: group === 0 ? undefined : group,
          })),
          ended: own.ended,
        };
        assert.deepEqual(said, expected);
      }
    }),
    { numRuns: 150 },
  );
});
