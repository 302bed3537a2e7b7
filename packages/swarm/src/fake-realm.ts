/**
 * A realm without a world: two zones of creatures that walk in circles, everything in view of everyone. It speaks the
 * protocol from the server's side, so that the swarm can be tried, and its own cost measured, without a server.
 *
 * Owns no clock and no socket: `advance` is one tick (`step`, then `send` to everyone), `join` a connection. Absent on purpose: borders, strides, budgets.
 * Invariant: what it says of its state is the truth, digests included, unless a test asks for a lie.
 */
import {
  angle,
  BitWriter,
  bool,
  ByteWriter,
  critical,
  decodeClientMessage,
  decodeRecord,
  defineSchema,
  describe,
  digestEntity,
  digestStart,
  encodeWelcome,
  entity,
  entityRef,
  fact,
  type Frame,
  frameFlag,
  intent,
  type KindLayout,
  type Level,
  metadata,
  oneOf,
  phaseOf,
  position,
  positionStepsPerM,
  quantise,
  RegionGrid,
  schemaHash,
  section,
  self,
  serverMessage,
  text,
  uint,
  unit,
  writeField,
  writeMask,
  type ZoneInfo,
} from "@myriad/protocol";

const Player = entity("player", {
  position: critical(position()),
  health: critical(unit(8)),
  name: metadata(text(24)),
  level: self(uint(7)),
  hitPoints: self(uint(16)),
});
const Creature = entity("creature", {
  position: critical(position()),
  heading: critical(angle(8)),
  health: critical(unit(8)),
  name: metadata(text(16)),
});
const Loot = entity("loot", { position: critical(position()), item: metadata(uint(16)) });

/** The schema that the fake speaks. Its intents are those that bots use. */
export const fakeSchema = defineSchema({
  name: "fake",
  version: "1.0.0",
  entities: [Player, Creature, Loot],
  intents: [
    intent("move", { direction: angle(8), moving: bool() }),
    intent("attack", { target: entityRef(), on: bool() }),
    intent("say", { text: text(120) }),
    intent("zoneChat", { text: text(120) }),
    intent("emote", { emote: oneOf("none", "wave", "bow") }),
    intent("comeBack", {}),
    intent("pickUp", { loot: entityRef() }),
  ],
  facts: [fact("chat", { text: text(120) })],
});

/** A connection as the fake sees it. */
export interface FakePeer {
  /** The bytes are valid during the call only. */
  readonly send: (bytes: Uint8Array) => void;
  readonly close: (code: number, reason: string) => void;
}

/** One player's session. */
export interface FakeSession {
  readonly index: number;
  readonly name: string;
  readonly key: string;
  peer: FakePeer | undefined;
  /** Whether the connection has said hello. */
  isGreeted: boolean;
  wantsDigests: boolean;
  lastFactTold: number;
  frame: number;
  ackedFrame: number;
  lastIntent: number;
  /** Number of the intent that the next frame acknowledges. */
  pendingIntent: number;
  needsKeyframes: boolean;
  needsSelf: boolean;
  hitPoints: number;
  resyncs: number;
  /** Metres. */
  x: number;
  y: number;
  /** When the last message came, and the longest time between two. */
  heardMs: number;
  silenceMs: number;
}

interface FakeEntity {
  readonly id: number;
  readonly kind: KindLayout;
  readonly parts: Int32Array;
  readonly texts: string[];
  readonly x: number;
  readonly y: number;
}

/** What a test may ask the fake to do wrong. */
export interface FakeFaults {
  /** A creature moves and nobody is told. */
  losesUpdate: boolean;
  /** Blocks name a region that there is not. */
  breaksBlocks: boolean;
  /** No intent is ever acknowledged. */
  isDeaf: boolean;
  /** No frame is sent. */
  isSilent: boolean;
  /** The welcome brings no schema, whatever the client knows. */
  hidesSchema: boolean;
}

const regionSizeM = 100;
const zoneSizeM = 200;
const levels: readonly Level[] = [{ radiusM: 64, strideTicks: 1, channelStrides: [1, 2, 4, 1] }];
const factEveryTicks = 16;
const keyPrefix = "key-";
const descriptor = describe(fakeSchema);
const descriptorHash = schemaHash(descriptor);

export class FakeRealm {
  readonly sessions: FakeSession[] = [];
  /** Intents that were received, by name. */
  readonly intents = new Map<string, number>();
  readonly faults: FakeFaults = {
    losesUpdate: false,
    breaksBlocks: false,
    isDeaf: false,
    isSilent: false,
    hidesSchema: false,
  };
  tick = 0;
  readonly #grids = [0, 1].map(
    (zone) =>
      new RegionGrid(zone, { x: zone * zoneSizeM, y: 0, width: zoneSizeM, height: zoneSizeM }, regionSizeM),
  );
  readonly #entities: readonly FakeEntity[][];
  readonly #bits = new BitWriter(4096);
  readonly #place: Frame = { originX: 0, originY: 0, positionBits: 0, zone: 0 };

  readonly #tickRateHz: number;
  readonly #countsIntents: boolean;
  readonly #writer = new ByteWriter(4096);
  /** What is the same for all who want the same is encoded once a tick, as a real server does. */
  readonly #parts = new Map<number, Uint8Array>();

  /**
   * @param options.creatures per zone
   * @param options.countsIntents whether intents are decoded and counted by name
   */
  constructor({ creatures = 12, tickRateHz = 20, countsIntents = true } = {}) {
    this.#tickRateHz = tickRateHz;
    this.#countsIntents = countsIntents;
    this.#entities = this.#grids.map((grid) => populate(grid, creatures));
  }

  /** A connection with a name (as a ticket would say) or with a resume key. Answers what takes its messages. */
  join(credential: { name: string } | { key: string }, peer: FakePeer, nowMs: () => number) {
    const known =
      "key" in credential ? this.sessions[Number(credential.key.slice(keyPrefix.length))] : undefined;
    if ("key" in credential && known === undefined) {
      peer.close(4008, "session_unknown");
      return { message: () => {}, closed: () => {} };
    }
    const session = known ?? this.#newSession("name" in credential ? credential.name : "", nowMs());
    session.peer = peer;
    session.isGreeted = false;
    return {
      message: (bytes: Uint8Array) => this.#message(session, bytes, nowMs(), known !== undefined),
      closed: () => {
        if (session.peer === peer) session.peer = undefined;
      },
    };
  }

  /** One tick: creatures move, everyone gets a frame. */
  advance(wallMs: number): void {
    this.step();
    this.send(wallMs);
  }

  /** Creatures move. */
  step(): void {
    this.tick++;
    this.#parts.clear();
    this.#moveAll();
  }

  /** Sends the tick's frame to every `share`th session, beginning with number `first`. */
  send(wallMs: number, first = 0, share = 1): void {
    for (let i = first; i < this.sessions.length; i += share) {
      const session = this.sessions[i]!;
      if (session.peer === undefined || !session.isGreeted || this.faults.isSilent) continue;
      const wants = (session.needsKeyframes ? 1 : 0) | (session.wantsDigests ? 2 : 0);
      const zones = this.#parts.get(wants) ?? this.#zones(session);
      this.#parts.set(wants, zones);
      session.peer.send(this.#frame(session, zones, wallMs));
      session.needsKeyframes = false;
      session.needsSelf = false;
    }
  }

  #newSession(name: string, nowMs: number): FakeSession {
    const index = this.sessions.length;
    const session: FakeSession = {
      index,
      name,
      key: `${keyPrefix}${index}`,
      peer: undefined,
      isGreeted: false,
      wantsDigests: false,
      lastFactTold: 0,
      frame: 0,
      ackedFrame: 0,
      lastIntent: 0,
      pendingIntent: 0,
      needsKeyframes: true,
      needsSelf: true,
      hitPoints: 100,
      resyncs: 0,
      x: 20 + (index % 10),
      y: 20 + (Math.floor(index / 10) % 10),
      heardMs: nowMs,
      silenceMs: 0,
    };
    this.sessions.push(session);
    return session;
  }

  #message(session: FakeSession, bytes: Uint8Array, nowMs: number, isResume: boolean): void {
    const decoded = decodeClientMessage(bytes);
    if (!decoded.ok) return session.peer?.close(4011, "message_malformed");
    const message = decoded.value;
    session.silenceMs = Math.max(session.silenceMs, nowMs - session.heardMs);
    session.heardMs = nowMs;
    switch (message.kind) {
      case "hello":
        session.isGreeted = true;
        session.wantsDigests = message.hello.wantsDigests;
        session.lastFactTold = message.hello.lastFact;
        session.needsKeyframes = true;
        session.needsSelf = true;
        session.peer?.send(this.welcomeFor(session, message.hello.schemaHash, isResume));
        return;
      case "input":
        session.ackedFrame = Math.max(session.ackedFrame, message.ackFrame);
        for (const { seq, type, from, to } of message.intents) {
          session.pendingIntent = Math.max(session.pendingIntent, seq);
          if (this.#countsIntents) this.#count(type, bytes.subarray(from, to));
        }
        return;
      case "resync":
        session.resyncs++;
        session.needsKeyframes = true;
        return;
      case "bye":
        return session.peer?.close(4021, "left");
      default:
        return;
    }
  }

  #count(type: number, record: Uint8Array): void {
    const known = fakeSchema.intents[type];
    const isGood = known !== undefined && decodeRecord(known.fields, record).ok;
    const name = isGood ? known.name : "malformed";
    this.intents.set(name, (this.intents.get(name) ?? 0) + 1);
  }

  /** Where its zones lie. */
  get zones(): readonly ZoneInfo[] {
    return this.#grids.map(({ zone, bounds }) => ({ zone, name: `zone ${zone}`, bounds }));
  }

  /** The welcome of a session, with the schema unless the client knows it. */
  welcomeFor(session: FakeSession, clientHash = "", resumed = false): Uint8Array {
    return encodeWelcome({
      formatVersion: 1,
      realm: "fake",
      server: "fake 1",
      gameVersion: "1.0.0",
      session: session.index,
      resumeKey: session.key,
      resumeSeconds: 120,
      resumed,
      character: { id: 1, name: session.name },
      tickRateHz: this.#tickRateHz,
      regionSizeM,
      levels,
      zones: this.zones,
      schemaHash: descriptorHash,
      ...(clientHash === descriptorHash || this.faults.hidesSchema ? {} : { schema: descriptor }),
    });
  }

  #moveAll(): void {
    const turn = this.tick / this.#tickRateHz;
    for (const entities of this.#entities) {
      for (const { kind, parts, x, y } of entities) {
        if (kind.name !== "creature") continue;
        parts[0] = Math.round((x + 3 * Math.cos(turn)) * positionStepsPerM);
        parts[1] = Math.round((y + 3 * Math.sin(turn)) * positionStepsPerM);
        parts[2] = (this.tick * 2) & 255;
      }
    }
  }

  #frame(session: FakeSession, zones: Uint8Array, wallMs: number): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    const isFirst = session.frame === 0;
    const hasFact = this.tick % factEveryTicks === 0;
    if (!this.faults.isDeaf) session.lastIntent = session.pendingIntent;
    session.frame++;
    writer.u8(serverMessage.frame);
    writer.u32(session.frame);
    writer.u8(
      (isFirst ? frameFlag.own : 0) |
        frameFlag.moved |
        (session.needsSelf ? frameFlag.self : 0) |
        (isFirst ? frameFlag.dilation : 0) |
        (hasFact ? frameFlag.facts : 0),
    );
    writer.u32(wallMs);
    writer.v(0);
    writer.u32(this.tick);
    writer.v(session.lastIntent);
    writer.u8(1);
    if (isFirst) {
      writer.u16(session.index);
      writer.u8(0);
    }
    writer.u32(Math.round(session.x * 1024));
    writer.u32(Math.round(session.y * 1024));
    if (session.needsSelf) sized(writer, this.#self(session));
    if (isFirst) writer.u8(100);
    if (hasFact) {
      writer.u32(this.tick / factEveryTicks);
      writer.v(1);
      writer.v(0);
      sized(writer, new Uint8Array(1));
    }
    writer.bytes(zones);
    return writer.view();
  }

  /** Both self fields, level first. */
  #self(session: FakeSession): Uint8Array {
    const writer = new BitWriter(16);
    writer.bits(0b11, 2);
    writer.bits(1, 7);
    writer.bits(session.hitPoints, 16);
    return writer.bytes();
  }

  #zones(session: FakeSession): Uint8Array {
    const writer = new ByteWriter(4096);
    for (const grid of this.#grids) {
      const inner = new ByteWriter(2048);
      const state = session.needsKeyframes ? this.#keyframes(grid) : this.#blocks(grid);
      const kind = session.needsKeyframes ? section.keyframes : section.blocks;
      inner.u8(kind << 4);
      sized(inner, state);
      if (session.wantsDigests) {
        inner.u8(section.digests << 4);
        sized(inner, this.#digests(grid));
      }
      writer.v(grid.zone);
      writer.u32(this.tick);
      sized(writer, inner.view());
    }
    return writer.copy();
  }

  #keyframes(grid: RegionGrid): Uint8Array {
    const bits = this.#bits;
    bits.reset();
    for (let region = 0; region < grid.count; region++) {
      const members = this.#membersOf(grid, region);
      grid.aim(this.#place, grid.shapeOf(region));
      bits.bits(region, grid.regionBits);
      bits.gamma(members.length);
      let before = -1;
      for (const member of members) {
        bits.gamma(member.id - before - 1);
        before = member.id;
        for (let channel = 0; channel < 4; channel++) this.#write(member, channel);
      }
      bits.align();
    }
    return bits.bytes();
  }

  #blocks(grid: RegionGrid): Uint8Array {
    const bits = this.#bits;
    bits.reset();
    for (let region = 0; region < grid.count; region++) {
      const members = this.#membersOf(grid, region);
      grid.aim(this.#place, grid.shapeOf(region));
      bits.bits(this.faults.breaksBlocks ? grid.capacity : region, grid.regionBits);
      bits.bits(0, 1);
      const isMoving = (member: FakeEntity) => member.kind.name === "creature";
      bits.bits(members.some(isMoving) ? 1 : 0, 1);
      if (members.some(isMoving)) this.#writeMoves(members, isMoving);
      // Detailed and cosmetic have nothing to say when they are due, metadata never.
      const localTick = this.tick + phaseOf(grid, region);
      for (const stride of levels[0]!.channelStrides.slice(1)) {
        if (localTick % stride === 0) bits.bits(0, 1);
      }
      bits.align();
    }
    return bits.bytes();
  }

  #writeMoves(members: readonly FakeEntity[], isMoving: (member: FakeEntity) => boolean): void {
    const bits = this.#bits;
    let isLost = this.faults.losesUpdate;
    bits.bits(0, 1);
    for (const member of members) {
      const isTold = isMoving(member) && !isLost;
      if (isMoving(member)) isLost = false;
      bits.bits(isTold ? 1 : 0, 1);
      if (!isTold) continue;
      const fields = member.kind.channels[0]!.length;
      writeMask(bits, 2 ** fields - 1, fields);
      this.#write(member, 0);
    }
  }

  #digests(grid: RegionGrid): Uint8Array {
    const writer = new ByteWriter(64);
    for (let region = 0; region < grid.count; region++) {
      let hash = digestStart;
      for (const { id, kind, parts, texts } of this.#membersOf(grid, region)) {
        hash = digestEntity(hash, id, kind, levels[0]!, parts, texts);
      }
      writer.u16(region);
      writer.u32(hash >>> 0);
    }
    return writer.copy();
  }

  #membersOf(grid: RegionGrid, region: number): FakeEntity[] {
    return this.#entities[grid.zone]!.filter(({ x, y }) => grid.at(x, y) === region);
  }

  #write({ kind, parts, texts }: FakeEntity, channel: number): void {
    for (const { type, part, text: place } of kind.channels[channel]!) {
      writeField(this.#bits, type, parts, part, place < 0 ? "" : texts[place]!, this.#place);
    }
  }
}

/** Creatures on a lattice, a thing beside every fourth; ids ascend by kind and row. */
function populate(grid: RegionGrid, creatures: number): FakeEntity[] {
  const kinds = fakeSchema.kinds;
  const entities: FakeEntity[] = [];
  for (const index of [1, 2]) {
    for (let row = 0; row < creatures; row++) {
      if (index === 2 && row % 4 !== 0) continue;
      const kind = kinds[index]!;
      const x = grid.bounds.x + 10 + ((row * 37) % 180) + index;
      const y = grid.bounds.y + 10 + ((row * 53) % 180);
      const parts = new Int32Array(kind.parts);
      quantise(position(), { x, y }, parts, 0);
      if (index === 1) parts[3] = 200;
      const texts = new Array<string>(kind.texts).fill(`${kind.name} ${row}`);
      entities.push({ id: (index << 16) | row, kind, parts, texts, x, y });
    }
  }
  return entities;
}

function sized(writer: ByteWriter, bytes: Uint8Array): void {
  writer.v(bytes.length);
  writer.bytes(bytes);
}
