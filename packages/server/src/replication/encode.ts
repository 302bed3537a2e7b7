/**
 * Blocks, intros and keyframes: quantised columns to bits.
 *
 *   block     region  member?:1 [ leaves:γ { id to:2 [region | zone:12 id:24] }  enters:γ { id full:1 (record | rest) } ]
 *             rest, for each channel of the level that is not due: changed?:1 [ update ]
 *             then for each channel due: any?:1 [ list?:1 [near?:1] ( per member: changed?:1 [ update ] | count−1:γ { index update } ) ]
 *             update: which of the channel's fields (field-mask.ts of the protocol), then those fields
 *             near: of the critical channel, where near-position.ts says so: positions of all but those who came in this block
 *   intro     region  count:γ { id record }               record: all fields of the level's channels
 *   keyframe  region  [cell depth:3 { quadrant:2 }]  count:γ { id−previous−1:γ record }   record: all four channels' fields
 *   split     region 0:1 first quarter  members:γ { quadrant:2 }       merge  region 1:1 first quarter
 *
 * A region takes the grid's bits, an id is written as wire-id.ts of the protocol says. A level is due in a region when the
 * tick, shifted by the region's phase, is a multiple of the stride.
 * Each ends at a whole byte, so that neighbouring regions are neighbouring bytes.
 * Invariant: a block is a function of the quantised columns, the membership and (level, tick); nobody who watches is asked.
 * hot path
 */
import {
  type BitWriter,
  bitsFor,
  bitsOf,
  digestEntity,
  digestStart,
  type FieldLayout,
  type Frame,
  type Level,
  leaveTo,
  tellsNear,
  writeField,
  writeId,
  writeMask,
  writeNear,
} from "@myriad/protocol";
import type { EventLog, Membership, RegionMembers } from "./membership.ts";
import { type QuantisedKind, watchedChannels } from "./quantised.ts";

/** Where an entity is now that left a region: what a leave says. */
export type Whereabouts =
  | { readonly to: "gone" }
  | { readonly to: "region"; readonly region: number }
  | { readonly to: "zone"; readonly zone: number; readonly id: number };

/** What the encoder asks about entities. */
export interface EntitySource {
  readonly kinds: readonly (QuantisedKind | undefined)[];
  /** Tick at which an entity came so suddenly that no viewer can know it: spawn, teleport, double crossing. */
  suddenTick(id: number): number;
  /** Tick at which an entity came into its region. */
  enterTick(id: number): number;
  /** Tick up to which everyone who may know an entity that crossed was told of it, however long their strides. */
  toldTick(id: number): number;
  whereabouts(id: number): Whereabouts;
}

/** How a field is written, decided once per kind. */
const op = { number: 0, pair: 1, position: 2, other: 3 } as const;

interface FieldPlan {
  readonly field: FieldLayout;
  readonly op: number;
  readonly bits: number;
  readonly mask: number;
  readonly ticks: Int32Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
}

export class BlockEncoder {
  readonly #source: EntitySource;
  readonly #membership: Membership;
  readonly #levels: readonly Level[];
  /** Longest stride of any channel at each level: how far back a block may reach. */
  readonly #reaches: readonly number[];
  readonly #kinds: number;
  /** Plans by kind, then channel. */
  readonly #plans: readonly (readonly (readonly FieldPlan[])[])[];
  readonly #frame: Frame = { originX: 0, originY: 0, positionBits: 0, zone: 0 };
  #changed = new Int32Array(256);
  /** Parts that watchers see, by kind: what a digest is made of. */
  readonly #watchedParts: readonly (readonly number[])[];
  readonly #texts: string[] = [];
  readonly #scratch = new Int32Array(256);
  /** Ids that came or went, `#listed` of them. */
  #ids = new Int32Array(64);
  #listed = 0;
  /** How many of them came in the block at hand. */
  #came = 0;

  constructor(source: EntitySource, membership: Membership, levels: readonly Level[]) {
    this.#watchedParts = source.kinds.map((kind) =>
      (kind?.layout.channels ?? [])
        .slice(0, watchedChannels)
        .flatMap((fields) =>
          fields.flatMap(({ part, parts }) => Array.from({ length: parts }, (_, k) => part + k)),
        ),
    );
    this.#source = source;
    this.#membership = membership;
    this.#levels = levels;
    this.#reaches = levels.map((level) => Math.max(...level.channelStrides));
    this.#kinds = source.kinds.length;
    this.#plans = source.kinds.map((kind) =>
      kind === undefined
        ? []
        : kind.layout.channels
            .slice(0, watchedChannels)
            .map((fields) => fields.map((field) => planOf(kind, field))),
    );
  }

  /** Writes the block of a region at a level that is due there, or nothing when nothing changed in its windows. */
  writeBlock(writer: BitWriter, region: number, levelIndex: number, tick: number): void {
    const members = this.#membership.regions[region]!;
    if (members.activeTick <= tick - this.#reaches[levelIndex]!) return;
    const level = this.#levels[levelIndex]!;
    const since = tick - level.strideTicks;
    const hasEvents = members.eventTick > since && this.#hasEvents(members, since);
    const start = writer.mark();
    this.#begin(writer, region);
    writer.bits(hasEvents ? 1 : 0, 1);
    this.#came = 0;
    const localTick = tick + this.#membership.tree.phases[region]!;
    if (hasEvents) this.#writeMembership(writer, members, level, { tick, localTick });
    let isEmpty = !hasEvents;
    for (let channel = 0; channel < watchedChannels; channel++) {
      const stride = level.channelStrides[channel]!;
      if (stride === 0 || localTick % stride !== 0) continue;
      if (this.#writeChannel(writer, members, channel, level, tick, stride)) isEmpty = false;
    }
    if (isEmpty) writer.truncate(start);
    else writer.align();
  }

  /** Writes full records of who crossed into a region in the level's window, or nothing. */
  writeIntro(writer: BitWriter, region: number, levelIndex: number, tick: number): void {
    const members = this.#membership.regions[region]!;
    const level = this.#levels[levelIndex]!;
    const since = tick - level.strideTicks;
    if (members.eventTick <= since) return;
    this.#listNewcomers(members, since);
    let count = 0;
    // Who came suddenly is in the block with all there is.
    for (let i = 0; i < this.#listed; i++)
      if (!this.#isSudden(this.#ids[i]!, since)) this.#ids[count++] = this.#ids[i]!;
    if (count === 0) return;
    this.#begin(writer, region);
    writer.gamma(count);
    for (let i = 0; i < count; i++) {
      writeId(writer, this.#ids[i]!, this.#kinds);
      this.#writeRecord(writer, this.#ids[i]!, level);
    }
    writer.align();
  }

  /** Writes a region's whole state. */
  writeKeyframe(writer: BitWriter, region: number): void {
    const { grid, tree, regions } = this.#membership;
    const members = regions[region]!;
    this.#begin(writer, region);
    if (region >= grid.count) {
      const { cell, depth, path } = tree.pathOf(region);
      writer.bits(cell, bitsFor(grid.count - 1));
      writer.bits(depth, 3);
      writer.bits(path, 2 * depth);
    }
    writer.gamma(members.count);
    let previous = -1;
    for (let i = 0; i < members.count; i++) {
      const id = members.ids[i]!;
      writer.gamma(id - previous - 1);
      previous = id;
      this.#writeRecord(writer, id, undefined);
    }
    writer.align();
  }

  /** Writes that a region's members go into four quarters; call before it is split. */
  writeSplit(writer: BitWriter, region: number, first: number, quadrantOf: (id: number) => number): void {
    const { grid, regions } = this.#membership;
    const members = regions[region]!;
    writer.bits(region, grid.regionBits);
    writer.bits(0, 1);
    writer.bits(first, grid.regionBits);
    writer.gamma(members.count);
    for (let i = 0; i < members.count; i++) writer.bits(quadrantOf(members.ids[i]!), 2);
    writer.align();
  }

  /** Writes that four quarters are one region again. */
  writeMerge(writer: BitWriter, region: number, first: number): void {
    const { regionBits } = this.#membership.grid;
    writer.bits(region, regionBits);
    writer.bits(1, 1);
    writer.bits(first, regionBits);
    writer.align();
  }

  /** Hash of a region's state as a level shows it: what a viewer holds after this tick's block. */
  digest(region: number, level: Level): number {
    const members = this.#membership.regions[region]!;
    let hash = digestStart;
    for (let i = 0; i < members.count; i++) {
      const id = members.ids[i]!;
      const kind = this.#source.kinds[id >>> 16]!;
      const row = id & 0xffff;
      const parts = this.#scratch;
      const watched = this.#watchedParts[id >>> 16]!;
      for (let k = 0; k < watched.length; k++) parts[watched[k]!] = kind.parts[watched[k]!]![row]!;
      const texts = this.#texts;
      for (let text = 0; text < kind.texts.length; text++) texts[text] = kind.texts[text]![row] ?? "";
      hash = digestEntity(hash, id, kind.layout, level, parts, texts);
    }
    return hash >>> 0;
  }

  #begin(writer: BitWriter, region: number): void {
    const { grid, tree } = this.#membership;
    grid.aim(this.#frame, tree.shapeOf(region));
    writer.bits(region, grid.regionBits);
  }

  #isSudden(id: number, since: number): boolean {
    return this.#source.suddenTick(id) > since;
  }

  #hasEvents(members: RegionMembers, since: number): boolean {
    const { leaves, enters } = members;
    for (let i = leaves.count - 1; i >= 0 && leaves.ticks[i]! > since; i--) {
      if (!members.has(leaves.ids[i]!)) return true;
    }
    for (let i = enters.count - 1; i >= 0 && enters.ticks[i]! > since; i--) {
      if (members.has(enters.ids[i]!)) return true;
    }
    return false;
  }

  #writeMembership(
    writer: BitWriter,
    members: RegionMembers,
    level: Level,
    { tick, localTick }: { tick: number; localTick: number },
  ): void {
    const since = tick - level.strideTicks;
    this.#list(members.leaves, since, members, false);
    writer.gamma(this.#listed);
    for (let i = 0; i < this.#listed; i++) this.#writeLeave(writer, this.#ids[i]!);
    this.#listNewcomers(members, since);
    this.#came = this.#listed;
    writer.gamma(this.#listed);
    for (let i = 0; i < this.#listed; i++) {
      const id = this.#ids[i]!;
      writeId(writer, id, this.#kinds);
      if (this.#isSudden(id, since)) {
        writer.bits(1, 1);
        this.#writeRecord(writer, id, level);
      } else {
        writer.bits(0, 1);
        this.#writeCatchUp(writer, id, level, localTick);
      }
    }
  }

  /** Changes of a newcomer in channels that are not due now, which its old region's viewers may not have got. */
  #writeCatchUp(writer: BitWriter, id: number, level: Level, localTick: number): void {
    const since = this.#source.toldTick(id);
    const { channelTicks } = this.#source.kinds[id >>> 16]!;
    for (let channel = 0; channel < watchedChannels; channel++) {
      const stride = level.channelStrides[channel]!;
      if (stride === 0 || localTick % stride === 0) continue;
      const isChanged = channelTicks[channel]![id & 0xffff]! > since;
      writer.bits(isChanged ? 1 : 0, 1);
      if (isChanged) this.#writeUpdate(writer, id, channel, since, 0);
    }
  }

  /** Lists who entered after `since` and is still a member, newest first. */
  #listNewcomers(members: RegionMembers, since: number): void {
    this.#list(members.enters, since, members, true);
  }

  /** Lists the distinct ids of a log after `since` that are members, or are none, newest first. */
  #list(log: EventLog, since: number, members: RegionMembers, areMembers: boolean): void {
    let listed = 0;
    for (let i = log.count - 1; i >= 0 && log.ticks[i]! > since; i--) {
      const id = log.ids[i]!;
      if (members.has(id) !== areMembers || isAmong(this.#ids, listed, id)) continue;
      if (listed === this.#ids.length) {
        const wider = new Int32Array(listed * 2);
        wider.set(this.#ids);
        this.#ids = wider;
      }
      this.#ids[listed++] = id;
    }
    this.#listed = listed;
  }

  /** Says where the entity is now, not where it went when it left: viewers may meet this leave late. */
  #writeLeave(writer: BitWriter, id: number): void {
    const now = this.#source.whereabouts(id);
    writeId(writer, id, this.#kinds);
    writer.bits(leaveTo[now.to], 2);
    if (now.to === "region") writer.bits(now.region, this.#membership.grid.regionBits);
    if (now.to === "zone") {
      writer.bits(now.zone, 12);
      writer.bits(now.id, 24);
    }
  }

  /** Writes one channel's changes; false when there were none (one zero bit is written). */
  #writeChannel(
    writer: BitWriter,
    members: RegionMembers,
    channel: number,
    level: Level,
    tick: number,
    stride: number,
  ): boolean {
    const since = tick - stride;
    const { ids, count } = members;
    const { kinds } = this.#source;
    const enteredSince = tick - level.strideTicks;
    if (this.#changed.length < count) this.#changed = new Int32Array(count * 2);
    const changed = this.#changed;
    let total = 0;
    const mayBeNear = channel === 0 && tellsNear(level.nearBits, this.#frame.positionBits);
    let areNear = mayBeNear;
    const hasNewcomers = members.eventTick > since;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const changedTick = kinds[id >>> 16]!.channelTicks[channel]![id & 0xffff]!;
      const from = hasNewcomers ? this.#since(id, since) : since;
      if (changedTick <= from || this.#source.suddenTick(id) > enteredSince) continue;
      changed[total++] = i;
      if (areNear && kinds[id >>> 16]!.leapTicks[id & 0xffff]! > since) areNear = this.#hasCome(id);
    }
    if (total === 0) {
      writer.bits(0, 1);
      return false;
    }
    const indexBits = bitsFor(count - 1);
    // A list costs its indices, a bitmap one bit a member; the count of a list is a few bits and left out of the comparison.
    const isList = total * indexBits + 8 < count;
    writer.bits(isList ? 3 : 1, 2);
    if (mayBeNear) writer.bits(areNear ? 1 : 0, 1);
    const nearBits = areNear ? level.nearBits! : 0;
    if (isList) {
      writer.gamma(total - 1);
      for (let i = 0; i < total; i++) {
        const index = changed[i]!;
        writer.bits(index, indexBits);
        const from = hasNewcomers ? this.#since(ids[index]!, since) : since;
        this.#writeUpdate(writer, ids[index]!, channel, from, nearBits);
      }
      return true;
    }
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (at < total && changed[at] === i) {
        at++;
        writer.bits(1, 1);
        const from = hasNewcomers ? this.#since(ids[i]!, since) : since;
        this.#writeUpdate(writer, ids[i]!, channel, from, nearBits);
      } else {
        writer.bits(0, 1);
      }
    }
    return true;
  }

  /**
   * Where an entity's window begins. Who came within the window came from a region that a viewer may get more seldom, or
   * ran through regions between two of their blocks: it is brought up to date from when everyone was told.
   */
  #since(id: number, since: number): number {
    return this.#source.enterTick(id) > since ? Math.min(since, this.#source.toldTick(id)) : since;
  }

  /** Whether an entity came in the block at hand. Few do. */
  #hasCome(id: number): boolean {
    return isAmong(this.#ids, this.#came, id);
  }

  #writeUpdate(writer: BitWriter, id: number, channel: number, since: number, nearBits: number): void {
    const plans = this.#plans[id >>> 16]![channel]!;
    const row = id & 0xffff;
    const count = plans.length;
    let mask = 1;
    if (count > 1) {
      mask = 0;
      for (let i = 0; i < count; i++) if (plans[i]!.ticks[row]! > since) mask |= 1 << i;
      writeMask(writer, mask, count);
    }
    const isNear = nearBits > 0 && !(this.#came > 0 && this.#hasCome(id));
    for (let i = 0; i < count; i++) {
      if ((mask & (1 << i)) === 0) continue;
      const plan = plans[i]!;
      if (isNear && plan.op === op.position) writeNear(writer, plan.low[row]!, plan.high[row]!, nearBits);
      else this.#writeValue(writer, plan, id >>> 16, row);
    }
  }

  #writeValue(writer: BitWriter, plan: FieldPlan, kindIndex: number, row: number): void {
    switch (plan.op) {
      case op.number:
        writer.bits(plan.low[row]! & plan.mask, plan.bits);
        return;
      case op.pair:
        writer.bits(plan.low[row]! & plan.mask, plan.bits);
        writer.bits(plan.high[row]! & plan.mask, plan.bits);
        return;
      case op.position: {
        const frame = this.#frame;
        const max = (1 << frame.positionBits) - 1;
        writer.bits(clamp(plan.low[row]! - frame.originX, max), frame.positionBits);
        writer.bits(clamp(plan.high[row]! - frame.originY, max), frame.positionBits);
        return;
      }
      default:
        this.#writeOther(writer, plan.field, kindIndex, row);
    }
  }

  #writeOther(writer: BitWriter, field: FieldLayout, kindIndex: number, row: number): void {
    const kind = this.#source.kinds[kindIndex]!;
    const scratch = this.#scratch;
    for (let i = 0; i < field.parts; i++) scratch[i] = kind.parts[field.part + i]![row]!;
    const text = field.text < 0 ? "" : (kind.texts[field.text]![row] ?? "");
    writeField(writer, field.type, scratch, 0, text, this.#frame);
  }

  /** All fields of the level's channels, or of all four. */
  #writeRecord(writer: BitWriter, id: number, level: Level | undefined): void {
    const plans = this.#plans[id >>> 16]!;
    for (let channel = 0; channel < watchedChannels; channel++) {
      if (level !== undefined && level.channelStrides[channel] === 0) continue;
      for (const plan of plans[channel]!) this.#writeValue(writer, plan, id >>> 16, id & 0xffff);
    }
  }
}

function planOf(kind: QuantisedKind, field: FieldLayout): FieldPlan {
  const type = field.type;
  const bits = type.type === "vector" ? type.bits : type.type === "array" ? 0 : bitsOf(type);
  const kindOfWrite =
    type.type === "position"
      ? op.position
      : type.type === "vector"
        ? op.pair
        : field.parts === 1 && bits > 0
          ? op.number
          : op.other;
  return {
    field,
    op: kindOfWrite,
    bits,
    mask: bits === 32 ? -1 : 2 ** bits - 1,
    ticks: kind.fieldTicks[field.index]!,
    low: kind.parts[field.part] ?? none,
    high: kind.parts[field.part + 1] ?? none,
  };
}

const none = new Int32Array(0);

function isAmong(ids: Int32Array, count: number, id: number): boolean {
  for (let i = 0; i < count; i++) if (ids[i] === id) return true;
  return false;
}

function clamp(value: number, max: number): number {
  return value < 0 ? 0 : value > max ? max : value;
}
