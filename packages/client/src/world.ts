/**
 * The world as one client sees it: a replica of each zone in view, over them the entities that games hold on to.
 *
 * Owns: identity across borders and renewals, the order in which a frame's parts take effect, the clocks of the zones.
 * Invariant: listeners hear of a frame when all of it was applied, so they never see half of a tick.
 * Invariant: no bytes make this throw; what cannot be applied answers with a code, and the connection asks for keyframes.
 */
import {
  ByteReader,
  type ClientFrame,
  type DecodeCode,
  dequantise,
  type EntityKind,
  type EntityRef,
  RegionGrid,
  type ReplicaEntity,
  type Schema,
  section,
  type SelfValue,
  type Vector,
  type Welcome,
  type WireType,
  wireRef,
  type ZoneInfo,
  zoneOf,
  type ZonePart,
  ZoneReplica,
} from "@myriad/protocol";
import type { Agreement } from "./agreement.ts";
import { Emitter } from "./emitter.ts";
import { EntityHandle, type KindView, kindViewOf, type WorldEntity } from "./entity-view.ts";
import { groupTicksMax, transitMsMax } from "./limits.ts";
import { type GroupMember, GroupView, SelfView } from "./self-view.ts";
import { TickClock } from "./tick-clock.ts";
import type { Pose } from "./track.ts";

export type WorldEvents = {
  /** A new entity; all its fields are set. */
  spawn: [entity: WorldEntity];
  /** Fields changed; bit n of `channels` stands for channel n of channelNames. */
  change: [entity: WorldEntity, channels: number];
  /** Gone from view. */
  vanish: [entity: WorldEntity];
  /** An entity goes by another name now: it crossed a border. */
  renamed: [entity: WorldEntity, before: EntityRef];
  /** The player's own fields changed. */
  self: [];
  /** The group's members changed. */
  group: [];
};

/** What a frame brought to light, for the connection to count and to answer. */
export interface Applied {
  readonly problems: readonly DecodeCode[];
  readonly mismatches: number;
}

interface Zone {
  readonly info: ZoneInfo;
  readonly replica: ZoneReplica;
  readonly clock: TickClock;
}

/** Ticks that are drawn later than stride and jitter ask for: the time between a frame and the next picture. */
const marginTicks = 0.35;
/** Longest delay for the sake of jitter, in ticks. */
const jitterTicksMax = 12;
const allChannels = 15;

export class World {
  readonly events = new Emitter<WorldEvents>();
  readonly tickRateHz: number;
  readonly #zones = new Map<number, Zone>();
  readonly #views: readonly (KindView | undefined)[];
  readonly #byRef = new Map<EntityRef, EntityHandle>();
  readonly #byKind = new Map<EntityKind, Set<EntityHandle>>();
  /** Handles without a record, by the name under which they are expected. */
  readonly #transit = new Map<EntityRef, { readonly handle: EntityHandle; readonly untilMs: number }>();
  readonly #self: SelfView;
  readonly #group: GroupView;
  #spawned: EntityHandle[] = [];
  #dirty: EntityHandle[] = [];
  #vanished: EntityHandle[] = [];
  #renamed: { handle: EntityHandle; before: EntityRef }[] = [];
  #homeZone = -1;
  #ownId = -1;
  #nowMs = 0;
  #groupChanged = false;
  /** True while everything is forgotten in order to come back: entities are kept for a while. */
  #renewing = false;

  /** Throws RangeError when the welcome describes a world that cannot be. */
  constructor(schema: Schema, agreement: Agreement, welcome: Welcome) {
    this.tickRateHz = welcome.tickRateHz;
    if (!(welcome.tickRateHz > 0)) throw new RangeError(`a tick rate of ${welcome.tickRateHz} Hz`);
    this.#views = agreement.kinds.map((wire, index) => {
      const kind = schema.entities[index];
      return kind === undefined ? undefined : kindViewOf(kind, schema.kinds[index]!, wire);
    });
    for (const kind of schema.entities) this.#byKind.set(kind, new Set());
    this.#self = new SelfView(schema, agreement.kinds);
    this.#group = new GroupView(schema, agreement.kinds);
    for (const info of welcome.zones) this.#zones.set(info.zone, this.#newZone(info, agreement, welcome));
  }

  #newZone(info: ZoneInfo, agreement: Agreement, welcome: Welcome): Zone {
    const replica = new ZoneReplica({
      grid: new RegionGrid(info.zone, info.bounds, welcome.regionSizeM),
      kinds: agreement.kinds,
      levels: welcome.levels,
      listener: {
        appeared: (record) => this.#appeared(record),
        changed: (record, channel) => this.#changed(record, channel),
        vanished: (record, movedTo) => this.#recordVanished(record, movedTo),
      },
    });
    return { info, replica, clock: new TickClock(welcome.tickRateHz) };
  }

  /** The zones of the realm. */
  get zones(): readonly ZoneInfo[] {
    return [...this.#zones.values()].map((zone) => zone.info);
  }

  /** The zone that the player is in; −1 before the first frame. */
  get homeZone(): number {
    return this.#homeZone;
  }

  /** The clock of a zone; of the home zone unless said. Undefined before the first frame. */
  clock(zone = this.#homeZone): TickClock | undefined {
    return this.#zones.get(zone)?.clock;
  }

  /** The receiver's copy of a zone, for tools and tests. */
  replica(zone: number): ZoneReplica | undefined {
    return this.#zones.get(zone)?.replica;
  }

  /** Name of the own entity, 0 before it is known. */
  get ownRef(): EntityRef {
    return this.#ownId < 0 || this.#homeZone < 0 ? 0 : wireRef(this.#homeZone, this.#ownId);
  }

  /** The own entity; undefined while it is not in view or of another kind. */
  own<K extends EntityKind>(kind: K): WorldEntity<K> | undefined {
    const handle = this.#find(this.ownRef);
    return handle?.kind === kind ? (handle as unknown as WorldEntity<K>) : undefined;
  }

  /** The player's own fields; defaults before the first frame. */
  self<K extends EntityKind>(kind: K): SelfValue<K["fields"]> {
    const state = this.#self.state(kind);
    if (state === undefined) throw new RangeError(`${kind.name} is no kind of this schema`);
    return state;
  }

  /** The members of the player's group, the player included. */
  group<K extends EntityKind>(kind: K): GroupMember<K>[] {
    return this.#group.members(kind);
  }

  /** Entities of a kind, those on their way between two zones included. May be iterated while listeners run, not while a frame is applied. */
  entities<K extends EntityKind>(kind: K): Iterable<WorldEntity<K>> {
    return (this.#byKind.get(kind) ?? []) as unknown as Iterable<WorldEntity<K>>;
  }

  /** Entities in view, of all kinds. */
  get size(): number {
    let size = 0;
    for (const set of this.#byKind.values()) size += set.size;
    return size;
  }

  /** The entity of that name; undefined when it is not in view. */
  get(ref: EntityRef): WorldEntity | undefined {
    return this.#find(ref);
  }

  /** True when an entity is of that kind, for the compiler too. */
  is<K extends EntityKind>(entity: WorldEntity | undefined, kind: K): entity is WorldEntity<K> {
    return entity?.kind === kind;
  }

  /** Writes where to draw an entity at `nowMs` (of the connection's clock). Its position in the newest tick until more is known. */
  pose(entity: WorldEntity, nowMs: number, out: Pose): void {
    const handle = entity as EntityHandle;
    const clock = this.#zones.get(zoneOf(handle.record.ref))?.clock;
    if (clock === undefined) return;
    const delay = handle.strideTicks + Math.min(jitterTicksMax, clock.jitterTicks) + marginTicks;
    handle.track.pose(clock.tickAt(nowMs), delay, out);
  }

  /** Applies a frame's own part and all zones' parts. Listeners are called at the end. */
  apply(frame: ClientFrame, nowMs: number): Applied {
    this.#nowMs = nowMs;
    const problems: DecodeCode[] = [];
    let mismatches = 0;
    this.#zones.get(frame.homeZone)?.clock.observe(frame.tick, nowMs);
    for (const [place, part] of frame.zones.entries()) {
      const zone = this.#zones.get(part.zone);
      if (zone === undefined) {
        problems.push("out_of_range");
        continue;
      }
      // Of several ticks in one frame only the newest says what time it is: the others waited for it.
      if (frame.zones[place + 1]?.zone !== part.zone) zone.clock.observe(part.tick, nowMs);
      const problem = this.#applyPart(zone, part, frame.bytes);
      if (problem !== undefined) problems.push(problem);
      else mismatches += compareDigests(zone.replica, part, frame.bytes);
    }
    const problem = this.#applyOwn(frame);
    if (problem !== undefined) problems.push(problem);
    this.#renewing = false;
    this.#expire();
    this.#tell(frame);
    return { problems, mismatches };
  }

  /** Forgets what was received and keeps the entities for a second, until keyframes bring them back. */
  renew(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#renewing = true;
    for (const { replica } of this.#zones.values()) replica.clear();
    this.#renewing = false;
    // Not told before the next frame: until then the picture stands still.
  }

  #applyPart(zone: Zone, part: ZonePart, bytes: Uint8Array): DecodeCode | undefined {
    const { replica } = zone;
    for (const { kind, level, from, to } of part.sections) {
      let problem: DecodeCode | undefined;
      switch (kind) {
        case section.drops:
          replica.drop(readRegions(bytes, from, to));
          break;
        case section.reshapes:
          problem = replica.applyReshapes(bytes, from, to);
          break;
        case section.keyframes:
          problem = replica.applyKeyframes(part.tick, bytes, from, to);
          break;
        case section.packedKeyframes:
          problem = replica.applyPackedKeyframes(part.tick, bytes, from, to);
          break;
        case section.intros:
          problem = replica.applyIntros(level, part.tick, bytes, from, to);
          break;
        case section.blocks:
          problem = replica.applyBlocks(level, part.tick, bytes, from, to);
          break;
        case section.group:
          problem = this.#group.apply(part.zone, { bytes, from, to }, this.#nowMs);
          this.#groupChanged = true;
          break;
        default:
          // Digests speak of the whole part and are compared when it was applied.
          break;
      }
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #applyOwn(frame: ClientFrame): DecodeCode | undefined {
    this.#homeZone = frame.homeZone;
    if (frame.own !== undefined) this.#ownId = frame.own;
    if (frame.self === undefined) return undefined;
    return this.#self.apply(this.#ownId >>> 16, frame.bytes, frame.self.from, frame.self.to);
  }

  #appeared(record: ReplicaEntity): void {
    const view = this.#views[record.kind.index];
    // A kind that only the server knows.
    if (view === undefined) return;
    const waiting = this.#transit.get(record.ref)?.handle;
    this.#transit.delete(record.ref);
    const handle = waiting ?? new EntityHandle(view, record);
    if (waiting === undefined) {
      this.#byKind.get(view.kind)!.add(handle);
      this.#spawned.push(handle);
    } else {
      this.#adopt(handle, record);
    }
    this.#byRef.set(record.ref, handle);
    this.#pushTrack(handle);
  }

  #changed(record: ReplicaEntity, channel: number): void {
    const handle = this.#byRef.get(record.ref);
    if (handle === undefined) return;
    if (channel === 0) this.#pushTrack(handle);
    this.#markChanged(handle, 1 << channel);
  }

  #recordVanished(record: ReplicaEntity, movedTo: EntityRef): void {
    const handle = this.#byRef.get(record.ref);
    if (handle === undefined) return;
    this.#byRef.delete(record.ref);
    const target = movedTo === 0 ? record.ref : movedTo;
    const successor = movedTo === 0 ? undefined : this.#byRef.get(movedTo);
    if (successor !== undefined && successor !== handle) return this.#merge(handle, successor);
    const keep = movedTo !== 0 || this.#renewing;
    this.#transit.set(target, { handle, untilMs: keep ? this.#nowMs + transitMsMax : this.#nowMs });
    if (movedTo !== 0) this.#rename(handle, movedTo);
  }

  /** The other zone told of the entity first: the object that the game knows longer takes the place. */
  #merge(handle: EntityHandle, successor: EntityHandle): void {
    this.#rename(handle, successor.ref);
    this.#adopt(handle, successor.record);
    this.#byRef.set(successor.ref, handle);
    this.#pushTrack(handle);
    this.#remove(successor);
  }

  /** Gives a handle another record: its successor in another zone, or the same entity received anew. */
  #adopt(handle: EntityHandle, record: ReplicaEntity): void {
    const [before, after] = [handle.record, record].map(({ ref }) => this.#zones.get(zoneOf(ref))?.clock);
    if (before !== after && before !== undefined && after !== undefined) {
      handle.track.shift(after.tickAt(this.#nowMs) - before.tickAt(this.#nowMs));
    }
    handle.record = record;
    this.#markChanged(handle, allChannels);
  }

  #pushTrack(handle: EntityHandle): void {
    const { record, view, track } = handle;
    if (view.position === undefined) return;
    const position = dequantise(view.position.type as WireType, record.parts, view.position.part) as Vector;
    const { heading } = view;
    const angle =
      heading === undefined
        ? 0
        : (dequantise(heading.type as WireType, record.parts, heading.part) as number);
    track.push(record.tick, position, angle, record.strideTicks);
  }

  #remove(handle: EntityHandle): void {
    handle.isPresent = false;
    this.#byKind.get(handle.kind)?.delete(handle);
    // Nobody heard of a new one, so nobody needs to hear of its end.
    if (handle.isNew) this.#spawned.splice(this.#spawned.indexOf(handle), 1);
    else this.#vanished.push(handle);
  }

  #expire(): void {
    const ticksPerMs = this.clock()?.ticksPerMs ?? this.tickRateHz / 1000;
    if (this.#group.expire(this.#nowMs, groupTicksMax / ticksPerMs)) this.#groupChanged = true;
    for (const [ref, { handle, untilMs }] of this.#transit) {
      if (untilMs > this.#nowMs) continue;
      this.#transit.delete(ref);
      this.#remove(handle);
    }
  }

  #tell(frame: ClientFrame): void {
    const [spawned, dirty, vanished, renamed] = [this.#spawned, this.#dirty, this.#vanished, this.#renamed];
    this.#spawned = [];
    this.#dirty = [];
    this.#vanished = [];
    this.#renamed = [];
    for (const { handle, before } of renamed) this.events.emit("renamed", handle, before);
    for (const handle of spawned) this.events.emit("spawn", handle);
    for (const handle of dirty) {
      const channels = handle.changed;
      handle.changed = 0;
      if (handle.isPresent && !handle.isNew) this.events.emit("change", handle, channels);
    }
    for (const handle of spawned) handle.isNew = false;
    for (const handle of vanished) this.events.emit("vanish", handle);
    if (frame.self !== undefined) this.events.emit("self");
    if (this.#groupChanged) this.events.emit("group");
    this.#groupChanged = false;
  }

  #find(ref: EntityRef): EntityHandle | undefined {
    return this.#byRef.get(ref) ?? this.#transit.get(ref)?.handle;
  }

  #rename(handle: EntityHandle, ref: EntityRef): void {
    if (handle.ref === ref) return;
    this.#renamed.push({ handle, before: handle.ref });
    handle.ref = ref;
  }

  #markChanged(handle: EntityHandle, channels: number): void {
    if (handle.changed === 0) this.#dirty.push(handle);
    handle.changed |= channels;
  }
}

function readRegions(bytes: Uint8Array, from: number, to: number): number[] {
  const reader = new ByteReader(bytes, from, to);
  const regions: number[] = [];
  while (reader.remaining >= 2) regions.push(reader.u16());
  return regions;
}

/** Digests of a part: { region:u16 hash:u32 }. Returns how many regions look otherwise here. */
function compareDigests(replica: ZoneReplica, part: ZonePart, bytes: Uint8Array): number {
  let mismatches = 0;
  for (const { kind, level, from, to } of part.sections) {
    if (kind !== section.digests) continue;
    const reader = new ByteReader(bytes, from, to);
    while (reader.remaining >= 6) {
      const region = reader.u16();
      if (replica.digest(region, level) !== reader.u32()) mismatches++;
    }
  }
  return mismatches;
}
