/**
 * The codec on both ends: a region of 30 entities of which all moved, encoded as a block and applied by a receiver,
 * against protobufjs encoding and decoding the same records.
 */
import {
  angle,
  critical,
  defaultChannelRates,
  defineSchema,
  entity,
  levelsOf,
  position,
  RegionGrid,
  unit,
  ZoneReplica,
} from "@myriad/protocol";
import protobuf from "protobufjs";
import { Replicator } from "../packages/server/src/replication/replicator.ts";
import { World } from "../packages/server/src/world/world.ts";
import { type BenchOptions, type BenchResult, race } from "./harness.ts";

const Walker = entity("walker", {
  position: critical(position()),
  heading: critical(angle(8)),
  health: critical(unit(8)),
});
const schema = defineSchema({ name: "codec", version: "1", entities: [Walker], intents: [], facts: [] });
const count = 30;
const bounds = { x: 0, y: 0, width: 64, height: 64 };

export async function run(options: BenchOptions): Promise<BenchResult> {
  const world = new World({
    zone: 0,
    bounds,
    tickRateHz: 20,
    schema,
    seed: 1,
    timers: [],
    states: [],
    rowsMax: { walker: 64 },
  });
  const grid = new RegionGrid(0, bounds, 64);
  const levels = levelsOf(defaultChannelRates, 20);
  const replicator = new Replicator({ grid, levels, schema, tables: world.tables, regionHysteresisM: 2 });
  const table = world.table(Walker);
  for (let i = 0; i < count; i++) world.spawn(Walker, { position: { x: 2 * i + 1, y: 30 }, health: 1 });
  let tick = 1;
  replicator.observe(tick, new Map());
  replicator.encode(false);
  const view = new ZoneReplica({ grid, kinds: schema.kinds, levels });
  view.applyKeyframes(tick, replicator.keyframe(0).slice());
  /** Everybody takes a step to and fro, so that nobody leaves the region. */
  const step = () => {
    const { x } = table.columns.position;
    const by = tick % 2 === 0 ? 0.25 : -0.25;
    for (let row = 0; row < count; row++) x[row] = x[row]! + by;
    // Odd ticks only have the nearest level due: one block.
    tick += 2;
    world.tick = tick;
  };
  step();
  replicator.observe(tick, new Map());
  const block = replicator.encode(false)[0]!.blocks.slice();
  const { root } = protobuf.parse(`syntax = "proto3";
    message Update { uint32 id = 1; sint32 x = 2; sint32 y = 3; uint32 heading = 4; uint32 health = 5; }
    message Frame { repeated Update records = 1; }`);
  const message = root.lookupType("Frame");
  const records = Array.from({ length: count }, (_, id) => ({
    id,
    x: (2 * id + 1) * 64,
    y: 1920,
    heading: 3,
    health: 255,
  }));
  const encoded = message.encode({ records }).finish();
  const timings = race(
    [
      {
        name: "findAndEncode",
        run: (operations) => {
          let bytes = 0;
          for (let i = 0; i < operations; i++) {
            step();
            replicator.observe(tick, new Map());
            bytes += replicator.encode(false)[0]!.blocks.length;
          }
          return bytes;
        },
      },
      {
        name: "apply",
        run: (operations) => {
          let problems = 0;
          for (let i = 0; i < operations; i++) if (view.applyBlocks(0, tick, block) !== undefined) problems++;
          return problems;
        },
      },
      {
        name: "protobufEncode",
        run: (operations) => {
          let bytes = 0;
          for (let i = 0; i < operations; i++) bytes += message.encode({ records }).finish().length;
          return bytes;
        },
      },
      {
        name: "protobufDecode",
        run: (operations) => {
          let bytes = 0;
          for (let i = 0; i < operations; i++) bytes += message.decode(encoded).toJSON === undefined ? 0 : 1;
          return bytes;
        },
      },
    ],
    options,
  );
  const perRecord = (name: string) => timings.timing(name).medianNs / count;
  return {
    results: {
      findAndEncodeNsPerRecord: perRecord("findAndEncode"),
      applyNsPerRecord: perRecord("apply"),
      bytesPerRecord: block.length / count,
    },
    references: {
      protobufjsEncodeNsPerRecord: perRecord("protobufEncode"),
      protobufjsDecodeNsPerRecord: perRecord("protobufDecode"),
      protobufjsBytesPerRecord: encoded.length / count,
    },
    ratios: {
      encode: timings.ratio("protobufEncode", "findAndEncode"),
      decode: timings.ratio("protobufDecode", "apply"),
      bytes: encoded.length / block.length,
    },
  };
}
