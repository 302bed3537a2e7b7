import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  decodeClientFrame,
  decodeServerText,
  defaultChannelRates,
  encodeHello,
  encodeInput,
  levelsOf,
  section,
  type ZoneBounds,
  ZoneReplica,
} from "@myriad/protocol";
import fc from "fast-check";
import { SameThreadBus } from "../bus/same-thread.ts";
import { SeededRandom } from "../kernel/random.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { Gateway } from "./gateway.ts";
import { FakeConnection, FakeZone, testSchema } from "./testing.ts";
import { developmentTickets } from "./tickets.ts";

const bounds = [
  { x: 0, y: 0, width: 600, height: 500 },
  { x: 600, y: 0, width: 600, height: 500 },
  { x: 0, y: 500, width: 600, height: 500 },
];
const zones = bounds.map((rect, zone) => ({ zone, name: `zone ${zone}`, bounds: rect }));
const levels = levelsOf(defaultChannelRates, 20);

/** A client that decodes everything and compares each digest. */
class Witness {
  readonly connection: FakeConnection;
  readonly replicas = new Map<number, ZoneReplica>();
  frame = 0;
  frames = 0;
  digests = 0;
  regionsSeen = new Set<string>();
  resumeKey = "";
  session = 0;
  home = 0;
  #read = 0;
  isReading = true;

  constructor(connection: FakeConnection) {
    this.connection = connection;
  }

  read(zonesAt: readonly FakeZone[], seed: number): void {
    if (!this.isReading) return;
    for (; this.#read < this.connection.received.length; this.#read++) {
      const bytes = this.connection.received[this.#read]!;
      if (bytes[0] !== 0x82) {
        const text = decodeServerText(bytes);
        assert.ok(text.ok);
        if (text.value.kind === "welcome") {
          this.resumeKey = text.value.welcome.resumeKey;
          this.session = text.value.welcome.session;
          this.replicas.clear();
        }
        continue;
      }
      const decoded = decodeClientFrame(bytes);
      assert.ok(decoded.ok, `seed ${seed}: frame decodes`);
      const { value } = decoded;
      assert.ok(value.frame > this.frame, "frame numbers grow");
      this.frame = value.frame;
      this.home = value.homeZone;
      this.frames++;
      for (const part of value.zones) {
        let replica = this.replicas.get(part.zone);
        if (replica === undefined) {
          replica = new ZoneReplica({ grid: zonesAt[part.zone]!.grid, kinds: testSchema.kinds, levels });
          this.replicas.set(part.zone, replica);
        }
        for (const { kind, level, from, to } of part.sections) {
          const where = `seed ${seed}, frame ${value.frame}, zone ${part.zone}, tick ${part.tick}, level ${level}`;
          if (kind === section.drops) {
            const view = new DataView(bytes.buffer, bytes.byteOffset);
            const regions: number[] = [];
            for (let at = from; at < to; at += 2) regions.push(view.getUint16(at, true));
            replica.drop(regions);
          } else if (kind === section.keyframes)
            assert.equal(replica.applyKeyframes(part.tick, bytes, from, to), undefined, where);
          else if (kind === section.intros)
            assert.equal(replica.applyIntros(level, part.tick, bytes, from, to), undefined, where);
          else if (kind === section.blocks)
            assert.equal(replica.applyBlocks(level, part.tick, bytes, from, to), undefined, where);
          else if (kind === section.digests) {
            const view = new DataView(bytes.buffer, bytes.byteOffset);
            for (let at = from; at < to; at += 6) {
              const region = view.getUint16(at, true);
              assert.equal(
                replica.digest(region, level),
                view.getUint32(at + 2, true),
                `${where}, region ${region}`,
              );
              this.digests++;
              this.regionsSeen.add(`${part.zone}:${region}`);
            }
          }
        }
      }
    }
  }

  acknowledge(): void {
    this.connection.say(encodeInput(this.frame, []));
  }
}

function distanceTo(rect: ZoneBounds, x: number, y: number): number {
  const dx = Math.max(rect.x - x, 0, x - (rect.x + rect.width));
  const dy = Math.max(rect.y - y, 0, y - (rect.y + rect.height));
  return Math.sqrt(dx * dx + dy * dy);
}

const hello = (lastFact = 0) =>
  encodeHello({ formatVersion: 1, schemaHash: "0".repeat(16), wantsDigests: true, lastFact, client: "test" });

async function setUp(seed: number) {
  const time = new VirtualTime();
  const bus = new SameThreadBus();
  const random = new SeededRandom(seed, 1);
  const realm = "test";
  const randomBytes = (count: number) => Uint8Array.from({ length: count }, () => random.int(256));
  const { verifier, issuer } = await developmentTickets({ realm, clock: time, randomBytes });
  const store = createMemoryStore();
  const fakes = zones.map(
    (info) => new FakeZone({ info, realm, bus, gateway: 0, levels, regionSizeM: 64, seed, walkers: 120 }),
  );
  const gateway = new Gateway({
    index: 0,
    realm,
    version: "test",
    schema: testSchema,
    tickRateHz: 20,
    regionSizeM: 64,
    levels,
    hysteresisPercent: 10,
    viewStepM: 2,
    zones,
    capacity: 100,
    limits: {
      messagesPerSecond: 60,
      messagesBurst: 120,
      handshakeMs: 5000,
      idleMs: 60_000,
      heartbeatMs: 25_000,
      resumeSeconds: 120,
    },
    isOriginAllowed: () => true,
    newCharacter: () => ({ zone: 0, schemaVersion: 1, state: new Uint8Array(0) }),
    bus,
    store,
    tickets: verifier,
    clock: time,
    timers: time,
    randomBytes,
    onFailure: (error) => {
      throw error;
    },
  });
  const tick = (lost: (zone: number) => boolean = () => false) => {
    time.advance(50);
    gateway.sendIntents();
    for (const fake of fakes) fake.step(lost(fake.zone));
    gateway.flush();
  };
  const connect = async (name: string) => {
    const { ticket } = await issuer.issue(name);
    const connection = new FakeConnection(["myriad.1", `ticket.${ticket}`]);
    gateway.accept(connection);
    connection.say(hello());
    // The signature is checked on another thread: real time passes.
    for (let i = 0; i < 10_000 && connection.received.length === 0; i++) await setTimeout(1);
    assert.equal(connection.closedWith, undefined);
    return new Witness(connection);
  };
  return { time, gateway, fakes, tick, connect, random, store };
}

test("whatever a client walks, misses or resumes, what it holds is what the zones say", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
      const { gateway, fakes, tick, connect, random } = await setUp(seed);
      const witnesses = [await connect("Ada"), await connect("Bob"), await connect("Cid")];
      const places = witnesses.map(() => ({ x: 300, y: 250 }));
      tick();
      tick();
      for (const witness of witnesses) witness.read(fakes, seed);
      for (let t = 0; t < 300; t++) {
        for (const [index, witness] of witnesses.entries()) {
          const place = places[index]!;
          const home = fakes.find((fake) => fake.players.has(witness.session));
          if (home !== undefined) {
            const step = random.chance(0.02) ? 300 : 12;
            place.x = Math.min(1199, Math.max(0, place.x + (random.float() - 0.5) * step));
            place.y = Math.min(999, Math.max(0, place.y + (random.float() - 0.5) * step));
            if (place.x >= 600 && place.y >= 500) place.y = 499;
            home.movePlayer(witness.session, place.x, place.y);
            const next = fakes.find(
              ({ grid: { bounds: b } }) =>
                place.x >= b.x && place.x < b.x + b.width && place.y >= b.y && place.y < b.y + b.height,
            )!;
            if (next !== home) home.handOver(witness.session, next);
          }
          if (random.chance(0.01)) witness.isReading = !witness.isReading;
          if (random.chance(0.005)) {
            witness.connection.drop();
            const connection = new FakeConnection(["myriad.1", `resume.${witness.resumeKey}`]);
            gateway.accept(connection);
            connection.say(hello());
            const again = new Witness(connection);
            again.read(fakes, seed);
            again.session = witness.session;
            again.frames = witness.frames;
            again.digests = witness.digests;
            witnesses[index] = again;
            assert.equal(connection.closedWith, undefined);
          }
        }
        tick(() => random.chance(0.02));
        for (const witness of witnesses) {
          witness.read(fakes, seed);
          if (witness.isReading && random.chance(0.3)) witness.acknowledge();
        }
      }
      // A quiet while later everyone holds exactly what is near: all of it within the radius, nothing beyond the reach.
      for (let t = 0; t < 100; t++) {
        tick();
        for (const witness of witnesses) {
          witness.isReading = true;
          witness.read(fakes, seed);
          witness.acknowledge();
        }
      }
      for (const [index, witness] of witnesses.entries()) {
        for (const { grid, zone } of fakes) {
          const held = witness.replicas.get(zone)?.members;
          for (let region = 0; region < grid.count; region++) {
            const { x, y } = places[index]!;
            // The last column and row reach beyond the zone, where nobody is.
            const distance = Math.max(grid.distanceTo(region, x, y), distanceTo(grid.bounds, x, y));
            const where = `seed ${seed}, ${distance} m to region ${region} of zone ${zone}`;
            // The view may lag behind by its step of 2 m.
            if (distance < 254) assert.ok(held?.has(region), `${where} is missing`);
            if (distance > 256 * 1.1 + 2) assert.ok(held?.has(region) !== true, `${where} is left over`);
          }
        }
      }
      for (const witness of witnesses) {
        assert.ok(witness.frames > 50, `frames ${witness.frames}`);
        assert.ok(witness.digests > 100, `digests ${witness.digests}`);
      }
      gateway.close();
    }),
    { numRuns: 12 },
  );
});
