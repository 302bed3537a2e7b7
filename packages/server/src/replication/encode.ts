/**
 * Blocks, intros and keyframes: quantised columns to bits.
 *
 *   block     region:16  member?:1 [ leaves:γ { id:24 to:2 [region:16 | zone:12 id:24] }  enters:γ { id:24 full:1 [record] } ]
 *             then for each channel due: any?:1 [ list?:1 ( per member: changed?:1 [ update ] | count−1:γ { index update } ) ]
 *             update: a mask of the channel's fields (none if it has one field), then the masked fields
 *   intro     region:16  count:γ { id:24 record }         record: all fields of the level's channels
 *   keyframe  region:16  count:γ { id−previous−1:γ record }  record: all fields of the four channels
 *
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
  positionMarginSteps,
  writeField,
} from "@myriad/protocol";
import type { Membership, RegionMembers } from "./membership.ts";
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
  /** Plans by kind, then channel. */
  readonly #plans: readonly (readonly (readonly FieldPlan[])[])[];
  readonly #frame: Frame = { originX: 0, originY: 0, positionBits: 0, zone: 0 };
  #changed = new Int32Array(256);
  readonly #scratch = new Int32Array(256);
  readonly #strideMax = new Map<Level, number>();

  constructor(source: EntitySource, membership: Membership) {
    this.#source = source;
    this.#membership = membership;
    this.#plans = source.kinds.map((kind) =>
      kind === undefined
        ? []
        : kind.layout.channels
            .slice(0, watchedChannels)
            .map((fields) => fields.map((field) => planOf(kind, field))),
    );
  }

  /** Writes the block of a region at a level, or nothing when nothing changed in its windows. */
  writeBlock(writer: BitWriter, region: number, level: Level, tick: number): void {
    const members = this.#membership.regions[region]!;
    if (members.activeTick <= tick - this.#strideMaxOf(level)) return;
    const hasEvents =
      members.eventTick > tick - level.strideTicks && this.#hasEvents(members, tick - level.strideTicks);
    const start = writer.mark();
    this.#membership.grid.frameOf(region, this.#frame);
    writer.bits(region, 16);
    writer.bits(hasEvents ? 1 : 0, 1);
    if (hasEvents) this.#writeMembership(writer, members, level, tick);
    let isEmpty = !hasEvents;
    for (let channel = 0; channel < watchedChannels; channel++) {
      const stride = level.channelStrides[channel]!;
      if (stride === 0 || tick % stride !== 0) continue;
      if (this.#writeChannel(writer, members, channel, level, tick, stride)) isEmpty = false;
    }
    if (isEmpty) writer.truncate(start);
    else writer.align();
  }

  /** Writes full records of who crossed into a region in the level's window, or nothing. */
  writeIntro(writer: BitWriter, region: number, level: Level, tick: number): void {
    const members = this.#membership.regions[region]!;
    const since = tick - level.strideTicks;
    if (members.eventTick <= since) return;
    const ids = newcomers(members, since).filter((id) => this.#source.suddenTick(id) <= since);
    if (ids.length === 0) return;
    this.#membership.grid.frameOf(region, this.#frame);
    writer.bits(region, 16);
    writer.gamma(ids.length);
    for (const id of ids) {
      writer.bits(id, 24);
      this.#writeRecord(writer, id, level);
    }
    writer.align();
  }

  /** Writes a region's whole state. */
  writeKeyframe(writer: BitWriter, region: number): void {
    const members = this.#membership.regions[region]!;
    this.#membership.grid.frameOf(region, this.#frame);
    writer.bits(region, 16);
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

  /** Hash of a region's state as a level shows it: what a viewer holds after this tick's block. */
  digest(region: number, level: Level): number {
    const members = this.#membership.regions[region]!;
    let hash = digestStart;
    for (let i = 0; i < members.count; i++) {
      const id = members.ids[i]!;
      const kind = this.#source.kinds[id >>> 16]!;
      const row = id & 0xffff;
      const parts = this.#scratch;
      for (let part = 0; part < kind.layout.parts; part++) parts[part] = kind.parts[part]![row]!;
      const texts = kind.texts.map((column) => column[row] ?? "");
      hash = digestEntity(hash, id, kind.layout, level, parts, texts);
    }
    return hash >>> 0;
  }

  /** Longest stride of any channel at a level: how far back a block may reach. */
  #strideMaxOf(level: Level): number {
    let longest = this.#strideMax.get(level);
    if (longest === undefined) {
      longest = Math.max(...level.channelStrides);
      this.#strideMax.set(level, longest);
    }
    return longest;
  }

  #hasEvents(members: RegionMembers, since: number): boolean {
    for (let i = members.leaves.length - 1; i >= 0 && members.leaves[i]!.tick > since; i--) {
      if (!members.has(members.leaves[i]!.id)) return true;
    }
    for (let i = members.enters.length - 1; i >= 0 && members.enters[i]!.tick > since; i--) {
      if (members.has(members.enters[i]!.id)) return true;
    }
    return false;
  }

  #writeMembership(writer: BitWriter, members: RegionMembers, level: Level, tick: number): void {
    const since = tick - level.strideTicks;
    const left = distinct(members.leaves, since).filter((id) => !members.has(id));
    writer.gamma(left.length);
    for (const id of left) this.#writeLeave(writer, id);
    const came = newcomers(members, since);
    writer.gamma(came.length);
    for (const id of came) {
      writer.bits(id, 24);
      if (this.#source.suddenTick(id) > since) {
        writer.bits(1, 1);
        this.#writeRecord(writer, id, level);
      } else {
        writer.bits(0, 1);
      }
    }
  }

  /** Says where the entity is now, not where it went when it left: viewers may meet this leave late. */
  #writeLeave(writer: BitWriter, id: number): void {
    const now = this.#source.whereabouts(id);
    writer.bits(id, 24);
    writer.bits(leaveTo[now.to], 2);
    if (now.to === "region") writer.bits(now.region, 16);
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
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const kind = kinds[id >>> 16]!;
      if (kind.channelTicks[channel]![id & 0xffff]! > since && this.#source.suddenTick(id) <= enteredSince)
        changed[total++] = i;
    }
    if (total === 0) {
      writer.bits(0, 1);
      return false;
    }
    const indexBits = bitsFor(count - 1);
    // A list costs its indices, a bitmap one bit a member; the count of a list is a few bits and left out of the comparison.
    const isList = total * indexBits + 8 < count;
    writer.bits(isList ? 3 : 1, 2);
    if (isList) {
      writer.gamma(total - 1);
      for (let i = 0; i < total; i++) {
        const index = changed[i]!;
        writer.bits(index, indexBits);
        this.#writeUpdate(writer, ids[index]!, channel, since);
      }
      return true;
    }
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (at < total && changed[at] === i) {
        at++;
        writer.bits(1, 1);
        this.#writeUpdate(writer, ids[i]!, channel, since);
      } else {
        writer.bits(0, 1);
      }
    }
    return true;
  }

  #writeUpdate(writer: BitWriter, id: number, channel: number, since: number): void {
    const plans = this.#plans[id >>> 16]![channel]!;
    const row = id & 0xffff;
    const count = plans.length;
    if (count === 1) return this.#writeValue(writer, plans[0]!, id >>> 16, row);
    let mask = 0;
    for (let i = 0; i < count; i++) if (plans[i]!.ticks[row]! > since) mask |= 1 << i;
    writer.bits(mask, count);
    for (let i = 0; i < count; i++)
      if ((mask & (1 << i)) !== 0) this.#writeValue(writer, plans[i]!, id >>> 16, row);
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
        writer.bits(clamp(plan.low[row]! - frame.originX + positionMarginSteps, max), frame.positionBits);
        writer.bits(clamp(plan.high[row]! - frame.originY + positionMarginSteps, max), frame.positionBits);
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

/** Ids that entered after `since` and are still members, in order of their last enter. */
function newcomers(members: RegionMembers, since: number): number[] {
  return distinct(members.enters, since).filter((id) => members.has(id));
}

function distinct(events: readonly { tick: number; id: number }[], since: number): number[] {
  const ids: number[] = [];
  for (let i = events.length - 1; i >= 0 && events[i]!.tick > since; i--) {
    if (!ids.includes(events[i]!.id)) ids.push(events[i]!.id);
  }
  return ids.reverse();
}

function clamp(value: number, max: number): number {
  return value < 0 ? 0 : value > max ? max : value;
}
