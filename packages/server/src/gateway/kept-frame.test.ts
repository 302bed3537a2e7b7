import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { levelsMax } from "@myriad/protocol";
import { sessionRowBytes } from "../bus/session-table.ts";
import { readTickFrame, type SessionPart, type TickFrame } from "../bus/tick-frame.ts";
import { type FrameVisitor, KeptFrame, type KeptFact } from "./kept-frame.ts";
import { tickFrameBytes } from "./testing.ts";

/** Cells of the zone's grid, and how many numbers its regions may have. */
const cells = 6;
const capacity = 22;
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const id24 = fc.integer({ min: 0, max: 0xff_ffff });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const factRecord = { type: fc.integer({ min: 0, max: 200 }), record: bytes(20) };
const planeOf = (regions: number) =>
  fc.array(bytes(9), { minLength: regions, maxLength: regions }).map((parts) => {
    const offsets = Uint32Array.from({ length: regions + 1 }, (_, i) =>
      parts.slice(0, i).reduce((sum, part) => sum + part.length, 0),
    );
    return { offsets, bytes: Uint8Array.from(parts.flatMap((part) => [...part])) };
  });

const frameWith = (regions: number): fc.Arbitrary<Omit<TickFrame, "header">> =>
  fc.record({
    tick: fc.integer({ min: 0, max: 2 ** 31 }),
    timeMs: fc.integer({ min: 0, max: 2 ** 42 }),
    dilation: fc.integer({ min: 10, max: 100 }),
    regions: fc.constant(regions),
    splits: fc.array(fc.record({ region: fc.nat(regions - 1), first: fc.nat(regions - 4) }), {
      maxLength: Math.floor(capacity / 4),
    }),
    reshapes: fc.array(
      fc.oneof(
        fc.record({
          region: fc.nat(regions - 1),
          first: fc.nat(regions - 4),
          isMerge: fc.boolean(),
          bytes: bytes(9),
        }),
        // What a merge took back may be used no more.
        fc.record({
          region: fc.nat(regions - 1),
          first: fc.nat(capacity - 4),
          isMerge: fc.constant(true),
          bytes: bytes(9),
        }),
      ),
      { maxLength: 4 },
    ),
    planes: fc.uniqueArray(fc.integer({ min: 0, max: levelsMax - 1 }), { maxLength: 4 }).chain((levels) =>
      fc.tuple(
        ...levels
          .toSorted((a, b) => a - b)
          .map((level) =>
            fc.record({
              level: fc.constant(level),
              blocks: planeOf(regions),
              intros: planeOf(regions),
              digests: optional(
                fc.array(u32, { minLength: regions, maxLength: regions }).map((all) => Uint32Array.from(all)),
              ),
            }),
          ),
      ),
    ),
    keyframes: fc.uniqueArray(
      fc.record(
        { region: fc.integer({ min: 0, max: regions - 1 }), bytes: bytes(30), packed: bytes(20) },
        { requiredKeys: ["region", "bytes"] },
      ),
      {
        selector: ({ region }) => region,
      },
    ),
    weights: fc
      .constantFrom(0, 2 * regions)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    news: fc.array(
      fc.oneof(
        fc.record({
          to: fc.constant("region" as const),
          region: fc.nat(cells - 1),
          level: fc.nat(7),
          ...factRecord,
        }),
        fc.record({ to: fc.constant("zone" as const), ...factRecord }),
        fc.record({ to: fc.constant("group" as const), group: fc.maxSafeNat(), ...factRecord }),
      ),
      { maxLength: 3 },
    ),
    groups: fc.array(fc.record({ group: fc.maxSafeNat(), bytes: bytes(9) }), { maxLength: 3 }),
    letters: fc.array(
      fc.record({
        fromSession: u32,
        toName: fc.string({ maxLength: 20 }).map((text) => text.toWellFormed()),
        fact: fc.record(factRecord),
        otherwise: fc.record(factRecord),
      }),
      { maxLength: 2 },
    ),
    sessions: fc.array(
      fc.record({
        session: u32,
        own: optional(id24),
        position: optional(fc.record({ x: i32, y: i32 })),
        self: optional(bytes(20)),
        selfFull: fc.boolean(),
        group: optional(fc.maxSafeNat()),
        lastIntent: u32,
        ticksSince: fc.integer({ min: 0, max: 255 }),
        facts: fc.array(fc.record(factRecord), { maxLength: 3 }),
      }),
      { maxLength: 4 },
    ),
    ended: fc.array(
      fc.oneof(
        fc.record({
          session: u32,
          how: fc.constant("closed" as const),
          reason: fc.constantFrom("left", "x"),
        }),
        fc.record({ session: u32, how: fc.constant("handedOver" as const), zone: fc.nat(4095) }),
      ),
      { maxLength: 3 },
    ),
  });

/** Of a zone with no region split, some, and all that can be. */
const frameOf = fc.constantFrom(cells, cells + 4, capacity).chain(frameWith);

const header = { realm: 1, zone: 2, epoch: 3, peer: 4 };

/** What a kept frame shows, in the shape of the bus's own reader. */
function shown(frame: KeptFrame): Omit<TickFrame, "header"> {
  const { regionsUsed: regions } = frame;
  const planes = frame.planes.slice(0, frame.planeCount).map((plane) => {
    const planeBytes = (offsets: Uint32Array) => ({
      offsets: offsets.slice(0, regions + 1).map((offset) => offset - offsets[0]!),
      bytes: new Uint8Array(frame.bytes.subarray(offsets[0], offsets[regions])),
    });
    const none = { offsets: new Uint32Array(regions + 1), bytes: new Uint8Array(0) };
    return {
      level: plane.level,
      blocks: planeBytes(plane.blocks),
      intros: plane.hasIntros ? planeBytes(plane.intros) : none,
      digests: plane.hasDigests ? plane.digests.slice(0, regions) : undefined,
    };
  });
  const part = ({ from, to }: { from: number; to: number }) => new Uint8Array(frame.bytes.subarray(from, to));
  const fact = (kept: KeptFact) => ({ type: kept.type, record: part(kept) });
  const seen = {
    news: [] as TickFrame["news"][number][],
    letters: [] as TickFrame["letters"][number][],
    sessions: [] as SessionPart[],
    ended: [] as TickFrame["ended"][number][],
  };
  const showSession = (at: number): void => {
    const record = { ...frame.recordAt(at) };
    const facts: { type: number; record: Uint8Array }[] = [];
    frame.eachFact(record, (kept) => facts.push(fact(kept)));
    seen.sessions.push({
      session: record.session,
      own: record.flags & 1 ? record.own : undefined,
      position: record.flags & 2 ? { x: record.x, y: record.y } : undefined,
      self: record.flags & 4 ? part({ from: record.selfFrom, to: record.selfTo }) : undefined,
      selfFull: (record.flags & 8) !== 0,
      group: record.flags & 16 ? record.group : undefined,
      lastIntent: record.lastIntent,
      ticksSince: record.ticksSince,
      facts,
    });
  };
  const visitor: FrameVisitor = {
    regionNews: (region, level, kept) => seen.news.push({ to: "region", region, level, ...fact(kept) }),
    zoneNews: (kept) => seen.news.push({ to: "zone", ...fact(kept) }),
    groupNews: (group, kept) => seen.news.push({ to: "group", group, ...fact(kept) }),
    letter: (fromSession, toName, kept, otherwise) =>
      seen.letters.push({ fromSession, toName, fact: fact(kept), otherwise: fact(otherwise) }),
    sessions(first, count) {
      for (let at = first; at < first + count * sessionRowBytes; at += sessionRowBytes) showSession(at);
    },
    closed: (session, reason) => seen.ended.push({ session, how: "closed", reason }),
    handedOver: (session, zone) => seen.ended.push({ session, how: "handedOver", zone }),
  };
  frame.visit(visitor);
  return {
    tick: frame.tick,
    timeMs: frame.timeMs,
    dilation: frame.dilation,
    regions,
    splits: Array.from({ length: frame.splitCount }, (_, i) => ({
      region: frame.splits[2 * i]!,
      first: frame.splits[2 * i + 1]!,
    })),
    reshapes: frame.reshapes.slice(0, frame.reshapeCount).map((reshape) => ({
      region: reshape.region,
      first: reshape.first,
      isMerge: reshape.isMerge,
      bytes: part(reshape),
    })),
    planes,
    weights:
      frame.weightsAt < 0
        ? new Uint8Array(0)
        : part({ from: frame.weightsAt, to: frame.weightsAt + 2 * regions }),
    keyframes: frame.keyframes.map((region) => {
      const plain = part({ from: frame.keyframeFrom(region), to: frame.keyframeTo(region) });
      const from = frame.packedFrom(region);
      if (from < 0) return { region, bytes: plain };
      return { region, bytes: plain, packed: part({ from, to: frame.packedTo(region) }) };
    }),
    groups: [],
    ...seen,
  };
}

test("a kept frame shows what the bus's own reader reads, whatever was in it before", () => {
  const frame = new KeptFrame(cells, capacity);
  fc.assert(
    fc.property(frameOf, (content) => {
      const batch = tickFrameBytes({ header, ...content });
      const read = readTickFrame(batch);
      assert.ok(read.ok);
      assert.ok(frame.load(batch));
      const { header: _, groups, ...expected } = read.value;
      assert.deepEqual(shown(frame), { ...expected, groups: [] });
      assert.equal(frame.epoch, 3);
      for (const { group } of groups) {
        const first = groups.find((other) => other.group === group)!;
        const state = frame.groupState(group)!;
        assert.deepEqual(
          new Uint8Array(frame.bytes.subarray(state.from, state.to)),
          new Uint8Array(first.bytes),
        );
      }
      assert.equal(frame.groupState(-1), undefined);
    }),
    { numRuns: 300 },
  );
});

test("a frame that ends early, goes on after its end, or has bytes changed never throws, and is refused when it cannot be", () => {
  const frame = new KeptFrame(cells, capacity);
  fc.assert(
    fc.property(frameOf, fc.nat(), fc.nat(255), (content, place, value) => {
      const batch = tickFrameBytes({ header, ...content });
      assert.equal(frame.load(batch.subarray(0, place % batch.length)), false);
      assert.equal(frame.tick, -1);
      assert.equal(frame.load(Uint8Array.from([...batch, 0])), false);
      const changed = batch.slice();
      changed[place % batch.length] = value;
      if (frame.load(changed)) shown(frame);
      assert.ok(frame.load(batch), "a good frame after a bad one");
    }),
    { numRuns: 300 },
  );
});

test("junk is refused", () => {
  const frame = new KeptFrame(cells, capacity);
  fc.assert(
    fc.property(bytes(400), (junk) => {
      assert.equal(frame.load(junk), false);
    }),
    { numRuns: 2000 },
  );
});

test("a frame of another size, with levels in disorder or a keyframe twice is refused", () => {
  const regions = cells + 4;
  const content = fc.sample(frameWith(regions), 1)[0]!;
  const frame = new KeptFrame(cells, capacity);
  const empty = { offsets: new Uint32Array(regions + 1), bytes: new Uint8Array(0) };
  const plane = (level: number) => ({ level, blocks: empty, intros: empty, digests: undefined });
  const keyframe = { region: 1, bytes: new Uint8Array(3) };
  assert.equal(frame.load(tickFrameBytes({ header, ...content })), true);
  assert.equal(new KeptFrame(regions + 1, capacity).load(tickFrameBytes({ header, ...content })), false);
  assert.equal(new KeptFrame(cells, regions - 1).load(tickFrameBytes({ header, ...content })), false);
  assert.equal(frame.load(tickFrameBytes({ header, ...content, planes: [plane(1), plane(0)] })), false);
  assert.equal(frame.load(tickFrameBytes({ header, ...content, planes: [plane(levelsMax)] })), false);
  assert.equal(frame.load(tickFrameBytes({ header, ...content, keyframes: [keyframe, keyframe] })), false);
  const outside = { ...keyframe, region: regions };
  assert.equal(frame.load(tickFrameBytes({ header, ...content, keyframes: [outside] })), false);
  const disorder = { offsets: Uint32Array.of(0, 2, 1, 3, 3, 3, 3, 3, 3, 3, 3), bytes: new Uint8Array(3) };
  assert.equal(
    frame.load(tickFrameBytes({ header, ...content, planes: [{ ...plane(0), blocks: disorder }] })),
    false,
  );
  const weights = new Uint8Array(2 * regions - 1);
  assert.equal(frame.load(tickFrameBytes({ header, ...content, weights })), false);
});

test("a frame that speaks of regions without a place in its planes is refused", () => {
  const regions = cells + 4;
  const content = fc.sample(frameWith(regions), 1)[0]!;
  const frame = new KeptFrame(cells, capacity);
  const accepts = (changed: Partial<typeof content>) =>
    frame.load(tickFrameBytes({ header, ...content, ...changed }));
  const bytesOf = new Uint8Array(2);
  assert.equal(accepts({ splits: [{ region: 0, first: cells }] }), true);
  assert.equal(accepts({ splits: [{ region: 0, first: cells + 1 }] }), false);
  assert.equal(accepts({ splits: [{ region: regions, first: cells }] }), false);
  const many = Array.from({ length: Math.floor(capacity / 4) + 1 }, () => ({ region: 0, first: cells }));
  assert.equal(accepts({ splits: many }), false);
  const reshaped = (region: number, first: number, isMerge: boolean) =>
    accepts({ reshapes: [{ region, first, isMerge, bytes: bytesOf }] });
  assert.equal(reshaped(0, cells, false), true);
  assert.equal(reshaped(0, cells + 4, false), false);
  assert.equal(reshaped(0, cells + 4, true), true, "what a merge took back is used no more");
  assert.equal(reshaped(regions, cells, true), false);
  assert.equal(reshaped(0, capacity - 3, true), false);
  const outside = { to: "region" as const, region: cells, level: 0, type: 0, record: bytesOf };
  assert.equal(accepts({ news: [outside] }), false, "news are of a cell");
});
