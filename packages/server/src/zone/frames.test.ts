import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultChannelRates, levelsOf, RegionGrid } from "@myriad/protocol";
import fc from "fast-check";
import { readTickFrame, type TickFrame } from "../bus/tick-frame.ts";
import { type EncodedPlane, Replicator } from "../replication/replicator.ts";
import { setUp, testSchema, Walker } from "../replication/testing.ts";
import type { Letter, SessionEnd } from "../bus/tick-frame.ts";
import { FrameWriter, type SessionRecord } from "./frames.ts";

const plain = { noNullPrototype: true } as const;
const bytes = fc.uint8Array({ maxLength: 12 });
const u32 = fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1);
const fact = fc.record({ type: fc.nat(4000), record: bytes }, plain);
const optional = <T>(given: fc.Arbitrary<T>) => fc.option(given, { nil: undefined });
const coordinate = fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31));

/** What a crowd makes of a zone: nothing split yet, a tick in which regions split, and later. */
function replicators(): readonly Replicator[] {
  return [0, 1, 40].map((ticksAfter) => {
    const { world, replicator } = setUp(1, {
      crowds: { splitAbove: 5, mergeBelow: 3, regionSizeMinM: 2 },
    });
    for (let i = 0; i < 40; i++) world.spawn(Walker, { position: { x: 1005 + i, y: -490 }, health: 1 });
    const step = () => {
      world.tick += 1;
      world.table(Walker).columns.position.x[world.tick % 40]! += 1;
      replicator.observe(world.tick, new Map());
    };
    step();
    for (let left = ticksAfter; left > 0; ) {
      step();
      if (replicator.tree.version > 0) left--;
    }
    return replicator;
  });
}
const crowds = replicators();
assert.deepEqual(
  crowds.map(({ tree }) => tree.version > 0),
  [false, true, true],
);
assert.equal(crowds[1]!.reshapes.length, 1);

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
interface GatewayPart {
  readonly gateway: number;
  readonly letters: readonly Letter[];
  readonly sessions: readonly SessionRecord[];
  readonly ended: readonly SessionEnd[];
}
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
/** Offsets and digests have room for every number; those of the regions in use are filled. */
const planeOf = (regions: number) =>
  fc
    .record({
      level: fc.nat(15),
      blocks: fc.array(bytes, { minLength: regions, maxLength: regions }),
      intros: bytes,
    })
    .map(({ level, blocks, intros }): EncodedPlane => {
      const offsets = new Uint32Array(regions + 8);
      blocks.forEach((block, i) => {
        offsets[i + 1] = offsets[i]! + block.length;
      });
      return {
        level,
        blockOffsets: offsets,
        blocks: Uint8Array.from(blocks.flatMap((block) => [...block])),
        introOffsets: new Uint32Array(regions + 8).fill(intros.length, regions),
        intros,
        digests: Uint32Array.from({ length: regions + 7 }, (_, region) => 2 ** 32 - 1 - region),
      };
    });
const commonOf = (replicator: Replicator) =>
  fc.record(
    {
      replicator: fc.constant(replicator),
      tick: u32,
      timeMs: fc.constantFrom(0, 1.8e12),
      dilation: fc.nat(255),
      planes: fc.array(planeOf(replicator.tree.used), { maxLength: 3 }),
      wantsDigests: fc.boolean(),
      keyframes: fc.array(
        fc.record(
          { region: fc.nat(65_534), bytes, packed: bytes },
          { ...plain, requiredKeys: ["region", "bytes"] },
        ),
        { maxLength: 3 },
      ),
      news: fc.array(news, { maxLength: 4 }),
      groups: fc.array(fc.record({ group: fc.constantFrom(1, 2 ** 50), bytes }, plain), { maxLength: 2 }),
      trace: fc.constantFrom(undefined, new Uint8Array(25).fill(7)),
    },
    plain,
  );

test("what is written for all and for one gateway is read back whole, for each gateway in turn", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...crowds).chain(commonOf),
      fc.array(part, { minLength: 1, maxLength: 3 }),
      (given, parts) => {
        const writer = new FrameWriter({ realm: 9, zone: 8, epoch: 7 });
        const length = writer.common(given);
        for (const own of parts) {
          writer.beginGateway(length, own.gateway, own.letters);
          writer.beginSessions(own.sessions.length);
          for (const session of own.sessions) writer.session(session);
          const read = readTickFrame(writer.endGateway(own.ended));
          assert.ok(read.ok, read.ok ? "" : read.code);
          const { header, ...said } = read.value;
          assert.deepEqual([header.realm, header.zone, header.epoch, header.peer], [9, 8, 7, own.gateway]);
          assert.deepEqual(header.trace, given.trace);
          const { tree, reshapes, loads, importance } = given.replicator;
          const regions = tree.used;
          const splits: { region: number; first: number }[] = [];
          tree.eachSplit((region, first) => splits.push({ region, first }));
          const expected: Omit<TickFrame, "header"> = {
            tick: given.tick,
            timeMs: given.timeMs,
            dilation: given.dilation,
            regions,
            splits,
            reshapes: [...reshapes],
            planes: given.planes.map((one) => ({
              level: one.level,
              blocks: { offsets: one.blockOffsets.slice(0, regions + 1), bytes: one.blocks },
              intros: { offsets: one.introOffsets.slice(0, regions + 1), bytes: one.intros },
              digests: given.wantsDigests ? one.digests.slice(0, regions) : undefined,
            })),
            weights: Uint8Array.of(...loads.subarray(0, regions), ...importance.subarray(0, regions)),
            keyframes: given.keyframes,
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
      },
    ),
    { numRuns: 150 },
  );
});

test("a zone of more regions than two bytes of weights could count is read back whole", () => {
  const bounds = { x: 0, y: 0, width: 400, height: 100 };
  const grid = new RegionGrid(8, bounds, 1);
  const levels = levelsOf(defaultChannelRates, 20);
  const replicator = new Replicator({ grid, levels, schema: testSchema, tables: [], regionHysteresisM: 0 });
  replicator.observe(1, new Map());
  const writer = new FrameWriter({ realm: 9, zone: 8, epoch: 7 });
  const length = writer.common({
    tick: 1,
    timeMs: 0,
    dilation: 100,
    replicator,
    planes: replicator.encode(false),
    wantsDigests: false,
    keyframes: [],
    news: [],
    groups: [],
  });
  writer.beginGateway(length, 0, []);
  writer.beginSessions(0);
  const read = readTickFrame(writer.endGateway([]));
  assert.ok(read.ok, read.ok ? "" : read.code);
  assert.equal(read.value.weights.length, 80_000);
});
