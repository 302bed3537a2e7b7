/**
 * Composes client frames: a head of the session's own, then ranges of bytes that the zones encoded once for everyone.
 *
 *   82 | frame:u32 | flags:u8 | timeMs:u32 | home zone:v | tick:u32 | lastIntent:v | ticksSince:u8
 *      | [own] [moved] [self] [dilation] [facts]
 *      | zone parts: zone:v tick:u32 length:v { head:u8 = kind << 4 | level, length:v, bytes }
 *   sections of a part, in this order: drops, reshapes, keyframes, packed keyframes, intros by level,
 *   blocks by level, digests by level, group
 *
 * Invariant: at most one client frame per tick of the home zone; it holds what the ticks since the last one said. A zone's
 * part continues what the client has of it, tick by tick; where a tick is missing, its regions wait for a keyframe.
 * Cost of a steady tick: a few copies per due level; no work per entity, no allocation but the transport's. // hot path
 */
import { ByteWriter, clientFrameBytesMax, frameFlag, section, serverMessage } from "@myriad/protocol";
import { sessionFlag } from "../bus/session-table.ts";
import type { KeptFrame, KeptPlane, KeptReshape, SessionRecord } from "./kept-frame.ts";
import { keyframeBytesPerFrameMax, keyframeRetryTicks } from "./limits.ts";
import type { Link, Session, Viewer } from "./session.ts";
import { frameRoomBytes, type Connection } from "./transport.ts";
import type { Views } from "./views.ts";
import type { Runs } from "./runs.ts";

/**
 * Bytes of frames that are composed before they are written to their sockets. A burst of writes costs a third of the
 * same writes with composing in between: the receivers wake once, and both loops stay in the processor's caches.
 */
const burstBytes = 256 * 1024;
/** Room beyond a burst for the frame that ends it; the buffer grows when that is larger. */
const burstRoomBytes = 64 * 1024;
/** A part's length is written before its sections are; two bytes hold what nearly every part has. */
const lengthBytes = 2;

export interface Composed {
  readonly bytes: number;
  readonly keyframeBytes: number;
}

/** Frames of a session's home zone that it has not got, oldest first, and where its record stands in each. Reused. */
export interface Records {
  count: number;
  readonly frames: KeptFrame[];
  readonly ats: number[];
}

export class Composer {
  readonly #views: Views;
  readonly #links: readonly Link[];
  #writer = new ByteWriter(burstBytes + burstRoomBytes);
  /** Frames of the burst: whose, and where they stand in the writer's buffer. */
  readonly #digestRegions: number[] = [];
  readonly #connections: Connection[] = [];
  readonly #ranges: number[] = [];
  #keyframeBytes = 0;
  #link: Link | undefined;
  /** Bound once: `settle` is given a function for every view that is not settled. */
  readonly #request = (region: number): void => {
    (this.#link as Link).askKeyframe(region);
  };
  readonly #writeFact = (type: number, record: Uint8Array): void => {
    this.#writer.v(type);
    this.#writer.v(record.length);
    this.#writer.bytes(record);
  };

  constructor(views: Views, links: readonly Link[]) {
    this.#views = views;
    this.#links = links;
  }

  /**
   * Composes the frame that brings a session up to the newest tick of its home zone; other zones are brought up to date
   * with it. It is sent with the burst that it belongs to.
   * @param records Frames of the home zone with the session's records that it was not sent, oldest first, at least one.
   * @returns Its size, or undefined when it would be larger than a client accepts; nothing is sent then.
   */
  compose(options: { session: Session; connection: Connection; records: Records }): Composed | undefined {
    const { session, connection, records } = options;
    this.#keyframeBytes = 0;
    const writer = this.#writer;
    writer.reserve(frameRoomBytes);
    const startAt = writer.at + frameRoomBytes;
    writer.at = startAt;
    this.#writeHead(session, records);
    const headEndsAt = writer.at;
    // Backwards: a viewer whose last drops are told goes away.
    for (let i = session.viewers.length - 1; i >= 0; i--) {
      this.#composeViewer(session.viewers[i]!);
    }
    session.room.noteSent(writer.at - headEndsAt - this.#keyframeBytes);
    if (session.group !== 0) this.#composeGroupElsewhere(session);
    session.homeTick = records.frames[records.count - 1]!.tick;
    const bytes = writer.at - startAt;
    if (bytes > clientFrameBytesMax) {
      writer.at = startAt - frameRoomBytes;
      return undefined;
    }
    this.#connections.push(connection);
    this.#ranges.push(startAt, writer.at);
    if (writer.at >= burstBytes) this.sendBurst();
    return { bytes, keyframeBytes: this.#keyframeBytes };
  }

  /** Writes the composed frames to their sockets. */
  sendBurst(): void {
    const { buffer } = this.#writer;
    const connections = this.#connections;
    let isFree = true;
    for (let i = 0; i < connections.length; i++) {
      const start = this.#ranges[2 * i]!;
      if (!connections[i]!.sendFrame(buffer, start, this.#ranges[2 * i + 1]!)) isFree = false;
    }
    connections.length = 0;
    this.#ranges.length = 0;
    // A socket that could not take all of it keeps the buffer; the next burst gets another.
    if (!isFree || buffer.length > 2 * (burstBytes + burstRoomBytes))
      this.#writer = new ByteWriter(burstBytes + burstRoomBytes);
    this.#writer.at = 0;
  }

  #writeHead(session: Session, records: Records): void {
    const writer = this.#writer;
    const newest = records.count - 1;
    const home = records.frames[newest]!;
    let flags = 0;
    let own = 0;
    let x = 0;
    let y = 0;
    let lastIntent = 0;
    let ticksSince = 0;
    for (let i = 0; i <= newest; i++) {
      const record = records.frames[i]!.recordAt(records.ats[i]!);
      flags |= record.flags;
      if (record.flags & sessionFlag.own) own = record.own;
      if (record.flags & sessionFlag.moved) {
        x = record.x;
        y = record.y;
      }
      lastIntent = record.lastIntent;
      ticksSince = record.ticksSince;
    }
    writer.u8(serverMessage.frame);
    writer.u32(session.flow.sent + 1);
    const flagsAt = writer.at;
    let told = 0;
    writer.u8(0);
    writer.u32(home.timeMs % 2 ** 32);
    writer.v(session.home.zone);
    writer.u32(home.tick);
    writer.v(lastIntent);
    writer.u8(ticksSince);
    if (flags & sessionFlag.own) {
      told |= frameFlag.own;
      writer.u16(own);
      writer.u8(own >>> 16);
    }
    if (flags & sessionFlag.moved) {
      told |= frameFlag.moved;
      writer.u32(x);
      writer.u32(y);
    }
    if (this.#writeSelf(session, records)) told |= frameFlag.self;
    if (home.dilation !== session.dilationTold) {
      told |= frameFlag.dilation;
      writer.u8(home.dilation);
      session.dilationTold = home.dilation;
    }
    if (session.facts.unsent > 0) {
      told |= frameFlag.facts;
      writer.u32(session.facts.firstUnsent);
      writer.v(session.facts.unsent);
      session.facts.send(session.flow.sent + 1, this.#writeFact);
    }
    writer.buffer[flagsAt] = told;
  }

  /** Writes the changes of `self` of all records, one after the other; false when there are none. */
  #writeSelf(session: Session, records: Records): boolean {
    const writer = this.#writer;
    let bytes = 0;
    let first = records.count;
    for (let i = 0; i < records.count; i++) {
      const record = records.frames[i]!.recordAt(records.ats[i]!);
      if (!this.#takesSelf(session, records.frames[i]!, record)) continue;
      // What came before a whole one is in it.
      if (record.flags & sessionFlag.full || first === records.count) {
        first = i;
        bytes = 0;
      }
      bytes += record.selfTo - record.selfFrom;
    }
    if (bytes === 0) return false;
    writer.v(bytes);
    for (let i = first; i < records.count; i++) {
      const frame = records.frames[i]!;
      const record = frame.recordAt(records.ats[i]!);
      if (record.flags & sessionFlag.self) writer.bytes(frame.bytes, record.selfFrom, record.selfTo);
    }
    return true;
  }

  /** Changes of `self` make sense to a client that has it whole; until then a whole one is asked for. */
  #takesSelf(session: Session, home: KeptFrame, record: SessionRecord): boolean {
    const has = (record.flags & sessionFlag.self) !== 0;
    if (!session.needsSelf) return has;
    if (has && (record.flags & sessionFlag.full) !== 0) {
      session.needsSelf = false;
      session.selfAskedTick = Number.NEGATIVE_INFINITY;
      return true;
    }
    const waited = home.tick - session.selfAskedTick;
    if (waited >= keyframeRetryTicks || waited < 0) {
      session.home.askSelf(session.id);
      session.selfAskedTick = home.tick;
    }
    return false;
  }

  #composeViewer(viewer: Viewer): void {
    const { link, view, session } = viewer;
    for (;;) {
      let frame = link.frameAfter(view.lastTick);
      if (frame === undefined) return;
      if (frame.tick !== view.lastTick + 1) {
        // Behind a gap regions are what the tree says, which is as of the newest frame.
        frame = link.newest;
        view.skipTo(frame.tick);
      } else if (frame.reshapeCount > 0) view.reshape(frame);
      if (view.isIdleIn(frame) && !(session.group !== 0 && frame.groupCount > 0)) {
        view.lastTick = frame.tick;
        continue;
      }
      this.#composePart(viewer, frame);
      if (viewer.isLeaving) {
        this.#views.removeLeft(session, viewer);
        return;
      }
    }
  }

  #composePart(viewer: Viewer, frame: KeptFrame): void {
    const { view, session, link } = viewer;
    const writer = this.#writer;
    const { tick } = frame;
    if (view.canSettle(frame)) {
      this.#link = link;
      const left = keyframeBytesPerFrameMax - this.#keyframeBytes;
      this.#keyframeBytes += view.settle(frame, left, this.#request);
    }
    view.refresh();
    const startAt = writer.at;
    this.#beginPart(link.zone, tick);
    const bodyAt = writer.at;
    if (view.drops.length > 0) this.#writeDrops(view.drops);
    if (view.reshapes.length > 0) this.#writeReshapes(frame, view.reshapes);
    if (view.keyframes.length > 0) this.#writeKeyframes(frame, view.keyframes, session.unpacks);
    const { levelBits } = view;
    for (let i = 0; i < frame.planeCount; i++) {
      const plane = frame.planes[i]!;
      if (!plane.hasIntros || (levelBits & (1 << plane.level)) === 0) continue;
      const runs = view.introsAt(tick);
      this.#writeRuns((section.intros << 4) | plane.level, frame, plane.intros, runs, plane.level);
    }
    for (let i = 0; i < frame.planeCount; i++) {
      const plane = frame.planes[i]!;
      if ((levelBits & (1 << plane.level)) === 0) continue;
      this.#writeRuns((section.blocks << 4) | plane.level, frame, plane.blocks, view.blocks, plane.level);
    }
    if (session.wantsDigests) {
      for (let i = 0; i < frame.planeCount; i++) this.#writeDigests(viewer, frame, frame.planes[i]!);
    }
    if (session.group !== 0 && frame.groupCount > 0) this.#writeGroup(frame, session.group);
    if (writer.at === bodyAt) writer.at = startAt;
    else this.#endPart(bodyAt);
    view.composed(tick);
  }

  /** State of group members in zones that the session does not watch. */
  #composeGroupElsewhere(session: Session): void {
    // Zones tick at different times: what was sent of each is remembered by zone.
    session.groupTold ??= new Float64Array(this.#links.length).fill(-1);
    const told = session.groupTold;
    for (let i = 0; i < this.#links.length; i++) {
      const link = this.#links[i]!;
      // A zone whose owner changed may live through ticks again.
      if (told[i]! > link.newest.tick) told[i] = -1;
      const frame = link.groupsAfter(told[i]!);
      if (frame === undefined) continue;
      told[i] = frame.tick;
      if (session.viewerOf(link) !== undefined) continue;
      const startAt = this.#writer.at;
      this.#beginPart(link.zone, frame.tick);
      const bodyAt = this.#writer.at;
      this.#writeGroup(frame, session.group);
      if (this.#writer.at === bodyAt) this.#writer.at = startAt;
      else this.#endPart(bodyAt);
    }
  }

  #beginPart(zone: number, tick: number): void {
    const writer = this.#writer;
    writer.v(zone);
    writer.u32(tick);
    writer.reserve(lengthBytes);
    writer.at += lengthBytes;
  }

  /** Writes the length before the body; a body of 16 KiB or more moves to make room. */
  #endPart(bodyAt: number): void {
    const writer = this.#writer;
    const length = writer.at - bodyAt;
    const { buffer } = writer;
    if (length < 0x4000) {
      writePadded(buffer, bodyAt - lengthBytes, length);
      return;
    }
    const shift = (length < 0x20_0000 ? 3 : 4) - lengthBytes;
    writer.reserve(shift);
    writer.buffer.copyWithin(bodyAt + shift, bodyAt, writer.at);
    const end = writer.at + shift;
    writer.at = bodyAt - lengthBytes;
    writer.v(length);
    writer.at = end;
  }

  #writeDrops(drops: readonly number[]): void {
    const writer = this.#writer;
    writer.u8(section.drops << 4);
    writer.v(drops.length * 2);
    for (let i = 0; i < drops.length; i++) writer.u16(drops[i]!);
  }

  #writeKeyframes(frame: KeptFrame, regions: readonly number[], unpacks: boolean): void {
    const writer = this.#writer;
    const plain = unpacks ? regions.filter((region) => frame.packedFrom(region) < 0) : regions;
    let bytes = 0;
    for (let i = 0; i < plain.length; i++)
      bytes += frame.keyframeTo(plain[i]!) - frame.keyframeFrom(plain[i]!);
    if (plain.length > 0) {
      writer.u8(section.keyframes << 4);
      writer.v(bytes);
    }
    for (let i = 0; i < plain.length; i++)
      writer.bytes(frame.bytes, frame.keyframeFrom(plain[i]!), frame.keyframeTo(plain[i]!));
    if (plain.length < regions.length) this.#writePacked(frame, regions);
  }

  /** What a client that unpacks gets packed. */
  #writePacked(frame: KeptFrame, regions: readonly number[]): void {
    const writer = this.#writer;
    writer.u8(section.packedKeyframes << 4);
    writer.reserve(lengthBytes);
    writer.at += lengthBytes;
    const bodyAt = writer.at;
    for (const region of regions) {
      const from = frame.packedFrom(region);
      if (from < 0) continue;
      const to = frame.packedTo(region);
      writer.v(to - from);
      writer.bytes(frame.bytes, from, to);
      this.#keyframeBytes -= frame.keyframeTo(region) - frame.keyframeFrom(region) - (to - from);
    }
    this.#endPart(bodyAt);
  }

  /** One section: the ranges of a plane that the runs of a level name. Nothing is written when all are empty. */
  #writeRuns(head: number, frame: KeptFrame, offsets: Uint32Array, runs: Runs, level: number): void {
    const { spans, starts, ends } = runs;
    const end = ends[level]!;
    const writer = this.#writer;
    writer.reserve(1 + lengthBytes);
    const headAt = writer.at;
    const source = frame.bytes;
    let at = headAt + 1 + lengthBytes;
    for (let i = starts[level]!; i < end; i += 2) {
      const from = offsets[spans[i]!]!;
      const bytes = offsets[spans[i + 1]!]! - from;
      if (bytes === 0) continue;
      if (at + bytes > writer.buffer.length) {
        writer.at = at;
        writer.reserve(bytes);
      }
      copyRange(source, from, from + bytes, writer.buffer, at);
      at += bytes;
    }
    const length = at - headAt - 1 - lengthBytes;
    if (length === 0) {
      writer.at = headAt;
      return;
    }
    writer.buffer[headAt] = head;
    writer.at = at;
    this.#endPart(headAt + 1 + lengthBytes);
  }

  #writeReshapes(frame: KeptFrame, reshapes: readonly KeptReshape[]): void {
    const writer = this.#writer;
    let bytes = 0;
    for (let i = 0; i < reshapes.length; i++) bytes += reshapes[i]!.to - reshapes[i]!.from;
    writer.u8(section.reshapes << 4);
    writer.v(bytes);
    for (let i = 0; i < reshapes.length; i++) writer.bytes(frame.bytes, reshapes[i]!.from, reshapes[i]!.to);
  }

  /** Hashes of the regions whose blocks of this level the client just got, and of those that came whole. */
  #writeDigests(viewer: Viewer, frame: KeptFrame, plane: KeptPlane): void {
    if (!plane.hasDigests) return;
    const { view } = viewer;
    const writer = this.#writer;
    const regions = this.#digestRegions;
    const { phases } = view.tree;
    const mask = view.plan.levels[plane.level]!.strideTicks - 1;
    // A region without a digest at this tick has a zero there.
    const isDue = (region: number) =>
      ((frame.tick + phases[region]!) & mask) === 0 && plane.digests[region] !== 0;
    regions.length = 0;
    const end = view.blocks.ends[plane.level] ?? 0;
    for (let i = view.blocks.starts[plane.level] ?? 0; i < end; i += 2) {
      for (let region = view.blocks.spans[i]!; region < view.blocks.spans[i + 1]!; region++)
        if (isDue(region)) regions.push(region);
    }
    for (const region of view.keyframes)
      if (view.levelAt(region) === plane.level && isDue(region)) regions.push(region);
    if (regions.length === 0) return;
    writer.u8((section.digests << 4) | plane.level);
    writer.v(regions.length * 6);
    for (const region of regions) {
      writer.u16(region);
      writer.u32(plane.digests[region]!);
    }
  }

  #writeGroup(frame: KeptFrame, group: number): void {
    const state = frame.groupState(group);
    if (state === undefined) return;
    this.#writer.u8(section.group << 4);
    this.#writer.v(state.to - state.from);
    this.#writer.bytes(frame.bytes, state.from, state.to);
  }
}

/** Writes a number below 2^14 as LEB128 in two bytes, whether or not one would do: so nothing moves. */
function writePadded(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = (value & 0x7f) | 0x80;
  buffer[at + 1] = value >>> 7;
}

/** Below this many bytes a loop is quicker than the call that copies. */
const loopBytesMax = 12;

function copyRange(source: Buffer, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from <= loopBytesMax) {
    for (let i = from, j = at; i < to; i++, j++) target[j] = source[i]!;
    return;
  }
  source.copy(target, at, from, to);
}
