/**
 * What tests and benches of the gateway stand on: a connection in memory, a zone that really replicates, a small schema.
 *
 * The zone simulates walkers that wander, jump, appear and vanish, and encodes them with the real Replicator; joins,
 * leaves and facts are as the test says. No clock and no chance but the seed.
 */
import {
  angle,
  ByteWriter,
  cosmetic,
  critical,
  defineSchema,
  detailed,
  entity,
  fact,
  idOf,
  intent,
  type Level,
  metadata,
  position,
  RegionGrid,
  text,
  uint,
  type ZoneInfo,
} from "@myriad/protocol";
import { decodeCharacter } from "../bus/character.ts";
import { batchKind, realmTag, writeHeader } from "../bus/header.ts";
import { type IntentBatch, readIntentBatch, type SessionInput } from "../bus/intent-batch.ts";
import type { Bus } from "../bus/port.ts";
import { SessionTableWriter } from "../bus/session-table.ts";
import {
  audience,
  ended,
  type FactRecord,
  type Letter,
  type News,
  packedFlag,
  planeFlag,
  type RegionSplit,
  type SessionEnd,
  type SessionPart,
  type TickFrame,
} from "../bus/tick-frame.ts";
import { assert } from "../kernel/assert.ts";
import { SeededRandom } from "../kernel/random.ts";
import { type CrowdOptions, Replicator } from "../replication/replicator.ts";
import { World } from "../world/world.ts";
import { type Connection, type ConnectionListener, frameRoomBytes } from "./transport.ts";

export const Walker = entity("walker", {
  position: critical(position()),
  heading: critical(angle(8)),
  action: detailed(uint(4)),
  emote: cosmetic(uint(4)),
  name: metadata(text(16)),
});
export const Move = intent("move", { heading: angle(8), speed: uint(2) });
export const Say = intent("say", { text: text(240) });
export const Heard = fact("heard", { text: text(240) });

export const testSchema = defineSchema({
  name: "test",
  version: "1",
  entities: [Walker],
  intents: [Move, Say],
  facts: [Heard],
});

/** A connection whose other end is the test. */
export class FakeConnection implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly origin: string | undefined;
  readonly offered: readonly string[];
  bufferedBytes = 0;
  /** Messages that arrived at the client, whole. */
  readonly received: Uint8Array[] = [];
  pings = 0;
  /** Milliseconds of each rest that was asked for; messages come all the same. */
  readonly rests: number[] = [];
  mayRest = true;
  closedWith: { code: number; reason: string } | undefined;
  /** Whether `sendFrame` keeps the bytes, as a congested socket does. */
  isKeeping = false;
  #listener: ConnectionListener | undefined;

  constructor(offered: readonly string[], origin?: string) {
    this.offered = offered;
    this.origin = origin;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
  }

  send(message: Uint8Array): void {
    if (this.closedWith === undefined) this.received.push(message.slice());
  }

  sendFrame(bytes: Uint8Array, start: number, end: number): boolean {
    // What a header does to the room before the message.
    bytes.fill(0xee, start - frameRoomBytes, start);
    this.send(bytes.subarray(start, end));
    return !this.isKeeping;
  }

  ping(): void {
    this.pings += 1;
  }

  rest(ms: number): boolean {
    this.rests.push(ms);
    return this.mayRest;
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
  }

  terminate(): void {
    this.closedWith ??= { code: 1006, reason: "" };
  }

  /** The client sends a message. */
  say(message: Uint8Array): void {
    if (this.closedWith === undefined) this.#listener?.message(message);
  }

  /** The client answers a ping. */
  pong(): void {
    this.#listener?.alive();
  }

  /** The client sends what is no binary message. */
  sayNonsense(reason: "message_malformed" | "message_too_large"): void {
    this.#listener?.refused(reason);
  }

  /** The socket breaks. */
  drop(): void {
    this.closedWith ??= { code: 1006, reason: "" };
    this.#listener?.closed();
  }
}

interface FakePlayer {
  readonly session: number;
  readonly ref: number;
  readonly name: string;
  lastIntent: number;
  absent: boolean;
  group: number;
  isNew: boolean;
  /** Tick at which its save is answered, once it leaves. */
  endsAt: number;
}

export interface FakeZoneOptions {
  readonly info: ZoneInfo;
  readonly realm: string;
  readonly bus: Bus;
  readonly gateway: number;
  readonly levels: readonly Level[];
  readonly regionSizeM: number;
  readonly seed: number;
  /** Walkers that wander. */
  readonly walkers: number;
  readonly epoch?: number;
  /** When regions split and merge. @default they never do */
  readonly crowds?: CrowdOptions | undefined;
  /** Ticks that a save takes. @default 2 */
  readonly saveTicks?: number;
}

export class FakeZone {
  readonly world: World;
  readonly grid: RegionGrid;
  readonly replicator: Replicator;
  readonly players = new Map<number, FakePlayer>();
  /** Every input of every batch, in order. */
  readonly inputs: SessionInput[] = [];
  batches = 0;
  lastBatch: IntentBatch | undefined;
  /** Whether a leave is answered. */
  isSaving = true;
  /** Whether players stand in the tick frame. */
  isReporting = true;
  /** Said in the next tick frame. */
  news: News[] = [];
  letters: Letter[] = [];
  groups: { group: number; bytes: Uint8Array }[] = [];
  facts = new Map<number, FactRecord[]>();
  ended: SessionEnd[] = [];
  dilation = 100;
  epoch: number;
  readonly random: SeededRandom;
  readonly #options: FakeZoneOptions;
  readonly #detach: () => void;

  constructor(options: FakeZoneOptions) {
    const { info, levels, regionSizeM, seed } = options;
    this.#options = options;
    this.epoch = options.epoch ?? 1;
    this.random = new SeededRandom(seed, info.zone);
    this.world = new World({
      zone: info.zone,
      bounds: info.bounds,
      tickRateHz: 20,
      schema: testSchema,
      seed,
      timers: [],
      states: [],
      rowsMax: { walker: Math.max(512, options.walkers * 4) },
    });
    this.grid = new RegionGrid(info.zone, info.bounds, regionSizeM);
    this.replicator = new Replicator({
      grid: this.grid,
      levels,
      schema: testSchema,
      tables: this.world.tables,
      regionHysteresisM: 2,
      crowds: options.crowds,
    });
    for (let i = 0; i < options.walkers; i++) this.#spawnWalker();
    this.#detach = options.bus.onIntents(info.zone, (batch) => this.#takeBatch(batch));
  }

  get zone(): number {
    return this.#options.info.zone;
  }

  get tick(): number {
    return this.world.tick;
  }

  close(): void {
    this.#detach();
  }

  /** One tick, sent to the gateway. `isLost` loses the tick frame on the way. */
  step(isLost = false): void {
    this.world.tick += 1;
    this.#wander();
    this.replicator.observe(this.tick, new Map());
    const frame = this.#frame();
    if (!isLost) this.#options.bus.sendTickFrame(this.#options.gateway, tickFrameBytes(frame));
  }

  /** Puts a player somewhere else. */
  movePlayer(session: number, x: number, y: number): void {
    const { position: place } = this.world.table(Walker).columns;
    const row = this.#rowOf(session);
    place.x[row] = x;
    place.y[row] = y;
  }

  placeOf(session: number): { readonly x: number; readonly y: number } {
    const { position: place } = this.world.table(Walker).columns;
    const row = this.#rowOf(session);
    return { x: place.x[row]!, y: place.y[row]! };
  }

  /** Gives a player to another zone, at the same place. */
  handOver(session: number, to: FakeZone): void {
    const player = this.players.get(session);
    assert(player !== undefined, "the session is in this zone");
    to.#enter(session, { name: player.name, lastIntent: player.lastIntent, ...this.placeOf(session) });
    this.world.despawn(player.ref);
    this.players.delete(session);
    this.ended.push({ session, how: "handedOver", zone: to.zone });
  }

  #rowOf(session: number): number {
    const player = this.players.get(session);
    assert(player !== undefined, "the session is in this zone");
    return this.world.table(Walker).row(player.ref);
  }

  #takeBatch(bytes: Uint8Array): void {
    const batch = readIntentBatch(bytes.slice());
    assert(batch.ok, "the gateway sends whole batches");
    this.batches += 1;
    this.lastBatch = batch.value;
    for (const input of batch.value.inputs) {
      this.inputs.push(input);
      this.#apply(input);
    }
  }

  #apply(input: SessionInput): void {
    const player = this.players.get(input.session);
    switch (input.kind) {
      case "join": {
        const character = decodeCharacter(input.character);
        assert(character.ok, "a join holds a character");
        const { bounds } = this.#options.info;
        const x = bounds.x + bounds.width / 2;
        const y = bounds.y + bounds.height / 2;
        this.#enter(input.session, { name: character.value.name, lastIntent: input.lastIntent, x, y });
        return;
      }
      case "leave":
        if (player !== undefined) player.endsAt = this.tick + (this.#options.saveTicks ?? 2);
        return;
      case "intent":
        if (player !== undefined) player.lastIntent = Math.max(player.lastIntent, input.seq);
        return;
      case "absent":
        if (player !== undefined) player.absent = input.absent;
    }
  }

  #enter(session: number, who: { name: string; lastIntent: number; x: number; y: number }): void {
    const { name, lastIntent, x, y } = who;
    const ref = this.world.spawn(Walker, { position: { x, y }, name });
    const endsAt = Number.POSITIVE_INFINITY;
    this.players.set(session, {
      session,
      ref,
      name,
      lastIntent,
      absent: false,
      group: 0,
      isNew: true,
      endsAt,
    });
  }

  #spawnWalker(): void {
    const { bounds } = this.#options.info;
    const x = bounds.x + this.random.float() * bounds.width;
    const y = bounds.y + this.random.float() * bounds.height;
    this.world.spawn(Walker, { position: { x, y }, name: `w${this.random.int(1000)}` });
  }

  #wander(): void {
    const { random, world } = this;
    const { bounds } = this.#options.info;
    const table = world.table(Walker);
    const { columns } = table;
    const players = new Set([...this.players.values()].map(({ ref }) => table.row(ref)));
    for (let row = table.next(-1); row >= 0; row = table.next(row)) {
      if (random.chance(0.1)) columns.heading[row] = random.float() * 6;
      if (random.chance(0.1)) columns.action[row] = random.int(16);
      if (random.chance(0.05)) columns.emote[row] = random.int(16);
      if (random.chance(0.01)) columns.name[row] = `n${random.int(1000)}`;
      if (players.has(row)) continue;
      if (random.chance(0.01)) {
        world.despawn(table.ref(row));
        continue;
      }
      const jumps = random.chance(0.01);
      const reach = jumps ? 400 : 8;
      columns.position.x[row] = within(columns.position.x[row]!, reach, bounds.x, bounds.width, random);
      columns.position.y[row] = within(columns.position.y[row]!, reach, bounds.y, bounds.height, random);
    }
    while (table.count < this.#options.walkers) this.#spawnWalker();
  }

  #frame(): Omit<TickFrame, "header"> & {
    header: { realm: number; zone: number; epoch: number; peer: number };
  } {
    const { info, realm, gateway } = this.#options;
    const wantsDigests = this.lastBatch?.wantsDigests ?? false;
    const { tree } = this.replicator;
    const planes = this.replicator.encode(wantsDigests).map((plane) => ({
      level: plane.level,
      blocks: { offsets: plane.blockOffsets.subarray(0, tree.used + 1), bytes: plane.blocks },
      intros: { offsets: plane.introOffsets.subarray(0, tree.used + 1), bytes: plane.intros },
      digests: wantsDigests ? plane.digests.subarray(0, tree.used) : undefined,
    }));
    const splits: RegionSplit[] = [];
    tree.eachSplit((region, first) => splits.push({ region, first }));
    const asked = [...new Set(this.lastBatch?.keyframes)].filter((region) => tree.isLeaf(region));
    const keyframes = asked.map((region) => ({
      region,
      bytes: this.replicator.keyframe(region).slice(),
    }));
    const selves = new Set(this.lastBatch?.selves);
    this.lastBatch = undefined;
    for (const player of this.players.values()) {
      if (!this.isSaving || player.endsAt > this.tick) continue;
      this.world.despawn(player.ref);
      this.players.delete(player.session);
      this.ended.push({ session: player.session, how: "closed", reason: "left" });
    }
    const sessions: SessionPart[] = [];
    for (const player of this.isReporting ? this.players.values() : []) {
      if (player.endsAt === Number.POSITIVE_INFINITY) sessions.push(this.#record(player, selves));
    }
    const frame = {
      header: { realm: realmTag(realm), zone: info.zone, epoch: this.epoch, peer: gateway },
      tick: this.tick,
      timeMs: 1_800_000_000_000 + this.tick * 50,
      dilation: this.dilation,
      regions: tree.used,
      splits,
      reshapes: this.replicator.reshapes,
      planes,
      keyframes,
      weights: Uint8Array.of(
        ...this.replicator.loads.subarray(0, tree.used),
        ...this.replicator.importance.subarray(0, tree.used),
      ),
      news: this.news,
      groups: this.groups,
      letters: this.letters,
      sessions,
      ended: this.ended,
    };
    this.news = [];
    this.letters = [];
    this.groups = [];
    this.ended = [];
    this.facts = new Map();
    return frame;
  }

  #record(player: FakePlayer, selves: ReadonlySet<number>): SessionPart {
    const table = this.world.table(Walker);
    const row = table.row(player.ref);
    const isFull = player.isNew || selves.has(player.session);
    player.isNew = false;
    return {
      session: player.session,
      own: isFull ? idOf(player.ref) : undefined,
      position: {
        x: Math.round(table.columns.position.x[row]! * 1024),
        y: Math.round(table.columns.position.y[row]! * 1024),
      },
      // The gateway is blind: any bytes will do.
      self: isFull ? Uint8Array.of(0xff, 1, 2) : this.tick % 3 === 0 ? Uint8Array.of(1) : undefined,
      selfFull: isFull,
      group: player.group === 0 ? undefined : player.group,
      lastIntent: player.lastIntent,
      ticksSince: 1,
      facts: this.facts.get(player.session) ?? [],
    };
  }
}

function within(value: number, reach: number, start: number, size: number, random: SeededRandom): number {
  const moved = value + (random.float() - 0.5) * reach;
  return Math.min(start + size - 0.1, Math.max(start, moved));
}

/** Encodes a tick frame; `header.sequence` is the tick. */
export function tickFrameBytes(
  frame: Omit<TickFrame, "header"> & {
    header: { realm: number; zone: number; epoch: number; peer: number };
  },
): Uint8Array {
  const writer = new ByteWriter(64 * 1024);
  writeHeader(writer, { ...frame.header, kind: batchKind.tickFrame, sequence: frame.tick });
  writer.f64(frame.timeMs);
  writer.u8(frame.dilation);
  writer.u16(frame.regions);
  writer.u16(frame.splits.length);
  for (const { region, first } of frame.splits) {
    writer.u16(region);
    writer.u16(first);
  }
  writer.u8(frame.reshapes.length);
  for (const { region, first, isMerge, bytes } of frame.reshapes) {
    writer.u16(region);
    writer.u16(first);
    writer.u8(isMerge ? 1 : 0);
    writer.v(bytes.length);
    writer.bytes(bytes);
  }
  writer.u8(frame.planes.length);
  for (const { level, blocks, intros, digests } of frame.planes) {
    writer.u8(level);
    writer.u8(planeFlag.intros | (digests === undefined ? 0 : planeFlag.digests));
    for (const { offsets, bytes } of [blocks, intros]) {
      for (const offset of offsets) writer.u32(offset);
      writer.u32(bytes.length);
      writer.bytes(bytes);
    }
    for (const digest of digests ?? []) writer.u32(digest);
  }
  writer.u16(frame.keyframes.length);
  for (const { region, bytes, packed } of frame.keyframes) {
    writer.u16(region);
    writer.u32(bytes.length + (packed === undefined ? 0 : packedFlag));
    writer.bytes(bytes);
    if (packed === undefined) continue;
    writer.u32(packed.length);
    writer.bytes(packed);
  }
  writer.v(frame.weights.length);
  writer.bytes(frame.weights);
  writeMany(writer, frame.news, (news) => {
    writer.u8(audience[news.to]);
    if (news.to === "region") {
      writer.u16(news.region);
      writer.u8(news.level);
    } else if (news.to === "group") writer.f64(news.group);
    writeFact(writer, news);
  });
  writeMany(writer, frame.groups, ({ group, bytes }) => {
    writer.f64(group);
    writer.v(bytes.length);
    writer.bytes(bytes);
  });
  writeMany(writer, frame.letters, (letter) => {
    writer.u32(letter.fromSession);
    writer.text(letter.toName);
    writeFact(writer, letter.fact);
    writeFact(writer, letter.otherwise);
  });
  const table = new SessionTableWriter();
  table.begin(writer, frame.sessions.length);
  for (const part of frame.sessions) table.add(writer, part);
  table.end(writer);
  writeMany(writer, frame.ended, (end) => {
    writer.u32(end.session);
    writer.u8(ended[end.how]);
    if (end.how === "handedOver") writer.u16(end.zone);
    else writer.text(end.reason);
  });
  return writer.copy();
}

function writeMany<T>(writer: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  writer.v(items.length);
  for (const item of items) write(item);
}

function writeFact(writer: ByteWriter, { type, record }: FactRecord): void {
  writer.v(type);
  writer.v(record.length);
  writer.bytes(record);
}
