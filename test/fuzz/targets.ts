/**
 * Every decoder of bytes that come from outside, each with valid samples and what it may answer.
 *
 * Invariant: a decoder answers with a value or with one of its codes (or false, or nothing), and never throws.
 */
import {
  angle,
  bool,
  ByteReader,
  clientMessageBytesMax,
  type ClientFrame,
  type Decoded,
  decodeClientFrame,
  decodeClientMessage,
  decodeCodes,
  decodeRecord,
  decodeServerText,
  type Descriptor,
  describe,
  encodeRecord,
  entityRef,
  finePosition,
  incompatibility,
  int,
  layoutsOf,
  oneOf,
  parseDescriptor,
  position,
  type RecordFields,
  RegionGrid,
  section,
  text,
  uint,
  unit,
  vector,
  ZoneReplica,
} from "@myriad/protocol";
import { decodeCharacter } from "../../packages/server/src/bus/character.ts";
import { readIntentBatch } from "../../packages/server/src/bus/intent-batch.ts";
import { sessionRowBytes } from "../../packages/server/src/bus/session-table.ts";
import { readTickFrame } from "../../packages/server/src/bus/tick-frame.ts";
import { KeptFrame } from "../../packages/server/src/gateway/kept-frame.ts";
import { WsReceiver } from "../../packages/server/src/gateway/ws-receiver.ts";
import { hash32 } from "../../packages/server/src/kernel/hash.ts";
import { deflate } from "../../packages/server/src/platform/deflate.ts";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { RegionTree } from "../../packages/server/src/replication/region-tree.ts";
import { Timers } from "../../packages/server/src/world/timers.ts";
import { decodeHandover } from "../../packages/server/src/zone/handover.ts";
import { decodeInputs } from "../../packages/server/src/zone/inputs.ts";
import { readZoneBatch } from "../../packages/server/src/zone/zone-batch.ts";
import { ZoneCore } from "../../packages/server/src/zone/zone-core.ts";
import { FrameHead } from "../../packages/swarm/src/frame-head.ts";
import { miniRealm, schema as miniSchema } from "../sim/mini-realm.ts";
import { Ring } from "../sim/probe.ts";
import type { Prepared, Target } from "./fuzz.ts";
import { bytesOf, characterSamples, clientSamples, zoneSamples } from "./samples.ts";

/** Fails when a decoder's answer is neither a value nor a code of the list. */
function demandAnswer(answer: Decoded<unknown>): void {
  if (answer.ok || Object.hasOwn(decodeCodes, answer.code)) return;
  throw new Error(`answered ${JSON.stringify(answer)}`);
}

function demandCode(code: string | undefined): void {
  if (code !== undefined && !Object.hasOwn(decodeCodes, code)) throw new Error(`answered ${code}`);
}

/** A decoder without a state. */
function plain(samples: readonly Uint8Array[], decode: (bytes: Uint8Array) => Decoded<unknown>): Prepared {
  return {
    samples,
    begin: () => (bytes) => demandAnswer(decode(bytes)),
    accepts: (sample) => decode(sample).ok,
  };
}

export const targets: readonly Target[] = [
  {
    name: "client-message",
    prepare: async () => plain((await clientSamples()).clientMessages, decodeClientMessage),
  },
  {
    name: "client-frame",
    prepare: async () => plain((await clientSamples()).clientFrames, decodeClientFrame),
  },
  { name: "server-text", prepare: async () => plain((await clientSamples()).serverTexts, decodeServerText) },
  { name: "ws-receiver", prepare: prepareReceiver },
  { name: "record", prepare: prepareRecord },
  { name: "descriptor", prepare: prepareDescriptor },
  { name: "replica", prepare: () => prepareReplica(true) },
  { name: "replica-empty", prepare: () => prepareReplica(false) },
  { name: "frame-head", prepare: prepareFrameHead },
  { name: "tick-frame", prepare: async () => plain((await zoneSamples()).tickFrames, readTickFrame) },
  { name: "kept-frame", prepare: prepareKeptFrame },
  { name: "intent-batch", prepare: async () => plain((await zoneSamples()).intentBatches, readIntentBatch) },
  { name: "zone-batch", prepare: async () => plain((await zoneSamples()).zoneBatches, readZoneBatch) },
  { name: "character", prepare: () => plain(characterSamples(), decodeCharacter) },
  { name: "inputs", prepare: async () => plain((await zoneSamples()).inputs, decodeInputs) },
  { name: "handover", prepare: prepareHandover },
  { name: "checkpoint", prepare: prepareCheckpoint },
  { name: "zone", prepare: prepareZone },
];

/**
 * What a socket reads, in two pieces: after a fault or a goodbye nothing may be heard, and what is kept of a message has a
 * bound. The samples hold the frames of the standard, with a mask of zeros so that their payloads are as they look.
 */
function prepareReceiver(): Prepared {
  const frame = (head: number, ...payload: number[]) => [head, 0x80 | payload.length, 0, 0, 0, 0, ...payload];
  const long = [0x82, 0xfe, 0, 200, 0, 0, 0, 0, ...new Array<number>(200).fill(7)];
  const samples = [
    [...frame(0x82, 1, 2, 3), ...frame(0x82), ...long],
    [...frame(0x02, 1), ...frame(0x89, 9), ...frame(0x00), ...frame(0x80, 2), ...frame(0x8a)],
    [...frame(0x82, 5), ...frame(0x88, 3, 0xe8, 0x62, 0x79, 0x65)],
    [0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2],
  ].map((bytes) => Uint8Array.from(bytes));
  const begin = () => {
    let isOver = false;
    let faults = 0;
    const say = (): void => {
      if (isOver) throw new Error("said something after the end");
    };
    const end = (): void => {
      say();
      isOver = true;
    };
    const receiver = new WsReceiver({
      received: say,
      pinged: say,
      ponged: say,
      parted: end,
      faulted: () => {
        faults += 1;
        end();
      },
    });
    const receive = (bytes: Uint8Array): boolean => {
      const whole = bytes.slice();
      const cut = hash32(bytes) % (whole.length + 1);
      for (const piece of [whole.subarray(0, cut), whole.subarray(cut)]) {
        if (receiver.receive(piece) !== piece.length) throw new Error("stopped without being asked to");
      }
      if (receiver.keptBytes > 2 * clientMessageBytesMax)
        throw new Error(`keeps ${receiver.keptBytes} bytes`);
      return faults === 0;
    };
    return receive;
  };
  return {
    samples,
    begin: () => {
      const receive = begin();
      return (bytes) => void receive(bytes);
    },
    accepts: (sample) => begin()(sample),
  };
}

const records: readonly RecordFields[] = [
  { a: uint(32), b: int(32), c: bool(), d: text(40) },
  { a: position(), b: finePosition(), c: vector({ max: 5 }), d: angle(8), e: unit(8) },
  { a: oneOf("x", "y", "z"), b: entityRef(), c: text(1024), d: entityRef() },
  ...miniSchema.intents.map((intent) => intent.fields),
  ...miniSchema.facts.map((fact) => fact.fields),
];

/** The first byte chooses the record's fields. */
function prepareRecord(): Prepared {
  const samples = records.map((fields, i) => {
    const value = { a: 7, b: { x: 1, y: 2 }, c: true, d: "words", e: 0.5, text: "hey", heading: 1 };
    return Uint8Array.of(i, ...encodeRecord(fields, value as never));
  });
  return plain(samples, (bytes) =>
    decodeRecord(records[(bytes[0] ?? 0) % records.length]!, bytes, Math.min(1, bytes.length)),
  );
}

/** As JSON, and with parts of it exchanged for others. */
function prepareDescriptor(): Prepared {
  const own = describe(miniSchema);
  const utf8 = new TextEncoder();
  const samples = [utf8.encode(JSON.stringify(own))];
  const read = (data: unknown): void => {
    const answer = parseDescriptor(data);
    demandAnswer(answer);
    if (!answer.ok) return;
    demandAnswer(layoutsOf(answer.value));
    incompatibility(own, answer.value);
    incompatibility(answer.value, own);
  };
  return {
    samples,
    begin: () => (bytes) => {
      let data: unknown;
      try {
        data = JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        data = misshapen(own, new SeededRandom(hash32(bytes)));
      }
      read(data);
    },
    accepts: (sample) => parseDescriptor(JSON.parse(new TextDecoder().decode(sample))).ok,
  };
}

/** A copy of a descriptor in which something is another thing. */
function misshapen(own: Descriptor, random: SeededRandom): unknown {
  const copy = JSON.parse(JSON.stringify(own)) as unknown;
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const key of Object.keys(node)) {
      places.push({ holder: node as Record<string, unknown>, key });
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(copy);
  const types = [
    "uint:33",
    "uint:8",
    "array:3:uint:8",
    "array:1:array:1:bool",
    "oneOf:a,b",
    "oneOf:",
    "text:9999",
    "vector:9:",
    "x",
  ];
  const others: (() => unknown)[] = [
    () => null,
    () => random.int(1000),
    () => [],
    () => ({}),
    () => types[random.int(types.length)],
    () => places[random.int(places.length)]!.holder,
    () => new Array(300).fill(0),
    () => "__proto__",
  ];
  for (let left = 1 + random.int(3); left > 0; left--) {
    const { holder, key } = places[random.int(places.length)]!;
    holder[key] = others[random.int(others.length)]!();
  }
  return copy;
}

/** Sections of real frames, applied to a replica that is at that point or to an empty one. The first two bytes choose. */
async function prepareReplica(hasState: boolean): Promise<Prepared> {
  const { clientFrames, welcome } = await clientSamples();
  const info = welcome.zones[0]!;
  const grid = new RegionGrid(info.zone, info.bounds, welcome.regionSizeM);
  const make = () => new ZoneReplica({ grid, kinds: miniRealm.schema.kinds, levels: welcome.levels });
  const live = make();
  const samples: Uint8Array[] = [];
  const states: Uint8Array[] = [];
  for (const bytes of clientFrames) {
    const read = decodeClientFrame(bytes);
    if (!read.ok) continue;
    for (const { kind, level, from, to } of sectionsOf(read.value, info.zone)) {
      const state = bytesOf((writer) => live.save(writer));
      if (apply(live, kind, level, read.value.tick, bytes.subarray(from, to)) !== undefined) continue;
      if (!isRegions(kind)) continue;
      samples.push(Uint8Array.of((kind << 4) | level, read.value.tick, ...bytes.subarray(from, to)));
      states.push(state);
      if (kind !== section.keyframes) continue;
      // The same as it comes when it is long: packed, behind its length.
      const packed = bytesOf((writer) => {
        const deflated = deflate(bytes.subarray(from, to));
        writer.v(deflated.length);
        writer.bytes(deflated);
      });
      samples.push(Uint8Array.of(section.packedKeyframes << 4, read.value.tick, ...packed));
      states.push(state);
    }
  }
  return {
    samples,
    begin: (random) => {
      const replica = make();
      if (hasState) replica.restore(new ByteReader(states[random.int(states.length)]!));
      return (bytes) => {
        const head = bytes[0] ?? 0;
        demandCode(apply(replica, head >>> 4, head & 15, bytes[1] ?? 0, bytes.subarray(2)));
        for (let level = 0; level < welcome.levels.length; level++) replica.digest(0, level);
      };
    },
    accepts: (sample, index) => {
      const replica = make();
      replica.restore(new ByteReader(states[index]!));
      return apply(replica, sample[0]! >>> 4, sample[0]! & 15, sample[1]!, sample.subarray(2)) === undefined;
    },
  };
}

/** Sections that tell a replica of regions, beside drops, which cannot be wrong. */
function isRegions(kind: number): boolean {
  return (kind >= section.keyframes && kind <= section.blocks) || kind === section.reshapes;
}

function sectionsOf(frame: ClientFrame, zone: number) {
  return frame.zones.filter((part) => part.zone === zone).flatMap((part) => part.sections);
}

function apply(
  replica: ZoneReplica,
  kind: number,
  level: number,
  tick: number,
  bytes: Uint8Array,
): string | undefined {
  switch (kind) {
    case section.keyframes:
      return replica.applyKeyframes(tick, bytes);
    case section.packedKeyframes:
      return replica.applyPackedKeyframes(tick, bytes);
    case section.intros:
      return replica.applyIntros(level, tick, bytes);
    case section.reshapes:
      return replica.applyReshapes(bytes);
    default:
      return replica.applyBlocks(level, tick, bytes);
  }
}

async function prepareFrameHead(): Promise<Prepared> {
  const { clientFrames } = await clientSamples();
  return {
    samples: clientFrames,
    begin: () => {
      const head = new FrameHead();
      return (bytes) => {
        if (typeof head.read(bytes) !== "boolean") throw new Error("answered neither true nor false");
      };
    },
    accepts: (sample) => new FrameHead().read(sample),
  };
}

/** The gateway's own reader of tick frames; what it accepts it must be able to visit, and its tree to follow. */
async function prepareKeptFrame(): Promise<Prepared> {
  const { tickFrames } = await zoneSamples();
  // The grid of the zones of these samples.
  const grid = new RegionGrid(0, { x: 0, y: 0, width: 200, height: 200 }, 64);
  const tree = new RegionTree(grid);
  const nothing = () => {};
  const visitor = {
    regionNews: nothing,
    zoneNews: nothing,
    groupNews: nothing,
    letter: nothing,
    sessions: nothing,
    closed: nothing,
    handedOver: nothing,
  };
  return {
    samples: tickFrames,
    begin: () => {
      const kept = new KeptFrame(grid.count, grid.capacity);
      const sessions = (first: number, count: number): void => {
        for (let at = first; at < first + count * sessionRowBytes; at += sessionRowBytes)
          kept.eachFact(kept.recordAt(at), nothing);
      };
      return (bytes) => {
        if (!kept.load(bytes)) return;
        kept.visit({ ...visitor, sessions });
        for (const region of kept.keyframes) kept.keyframeFrom(region);
        tree.follow(kept.splits, kept.splitCount, kept.tick);
        if (tree.used > grid.capacity) throw new Error("more regions than there are numbers");
      };
    },
    accepts: (sample) => new KeptFrame(grid.count, grid.capacity).load(sample),
  };
}

async function prepareHandover(): Promise<Prepared> {
  const { handovers } = await zoneSamples();
  return {
    samples: handovers,
    begin: () => {
      const timers = new Timers([Ring]);
      return (bytes) => void decodeHandover(bytes, timers);
    },
    accepts: (sample) => decodeHandover(sample, new Timers([Ring])) !== undefined,
  };
}

/** A zone that can be restored must be one that can be saved again. */
async function prepareCheckpoint(): Promise<Prepared> {
  const { checkpoints, options } = await zoneSamples();
  return {
    samples: checkpoints,
    begin: () => {
      const core = new ZoneCore(options);
      return (bytes) => {
        if (core.restore(bytes)) core.save();
      };
    },
    accepts: (sample) => new ZoneCore(options).restore(sample),
  };
}

/** A zone at work that is told by its gateways and its store whatever can be decoded. */
async function prepareZone(): Promise<Prepared> {
  const { inputs, checkpoints, options } = await zoneSamples();
  return {
    samples: inputs,
    begin: (random) => {
      const core = new ZoneCore(options);
      core.restore(checkpoints[random.int(checkpoints.length)]!);
      return (bytes) => {
        const decoded = decodeInputs(bytes);
        // What other zones say is not for strangers: they share the realm's fate.
        if (decoded.ok) core.step({ ...decoded.value, zones: [] });
      };
    },
    accepts: (sample) => decodeInputs(sample).ok,
  };
}
