/**
 * Composes client frames: a head of the session's own, then ranges of bytes that the zones encoded once for everyone.
 *
 *   82 | frame:u32 | flags:u8 | timeMs:u32 | home zone:v | tick:u32 | lastIntent:v | ticksSince:u8
 *      | [own] [moved] [self] [dilation] [facts]
 *      | zone parts: zone:v tick:u32 length:v { head:u8 = kind << 4 | level, length:v, bytes }
 *   sections of a part, in this order: drops, keyframes, intros by level, blocks by level, digests by level, group
 *
 * Invariant: one client frame per tick of the home zone. Another zone's part continues what the client has of it, tick
 * by tick; where a tick is missing, its regions wait for a keyframe.
 * Cost of a steady tick: a few copies per due level; no work per entity, no allocation but the transport's. // hot path
 */
import { ByteWriter, clientFrameBytesMax, frameFlag, section, serverMessage } from "@myriad/protocol";
import { sessionFlag } from "../bus/tick-frame.ts";
import type { KeptFrame, KeptPlane, SessionRecord } from "./kept-frame.ts";
import { keyframeBytesPerFrameMax, keyframeRetryTicks } from "./limits.ts";
import type { Link, Session, Viewer } from "./session.ts";
import { frameRoomBytes, type Connection } from "./transport.ts";
import type { Views } from "./views.ts";
import type { Runs } from "./zone-view.ts";

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

export class Composer {
  readonly #views: Views;
  readonly #links: readonly Link[];
  #writer = new ByteWriter(burstBytes + burstRoomBytes);
  /** Frames of the burst: whose, and where they stand in the writer's buffer. */
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
   * Composes the frame for one tick of the session's home zone. It is sent with the burst that it belongs to.
   * @param at Where the session's record stands in `home`.
   * @param isLast Whether other zones are brought up to date with this frame; older ticks of home take only their own.
   * @returns Its size, or undefined when it would be larger than a client accepts; nothing is sent then.
   */
  compose(options: {
    session: Session;
    connection: Connection;
    home: KeptFrame;
    at: number;
    isLast: boolean;
  }): Composed | undefined {
    const { session, connection, home, at, isLast } = options;
    this.#keyframeBytes = 0;
    const writer = this.#writer;
    writer.reserve(frameRoomBytes);
    const startAt = writer.at + frameRoomBytes;
    writer.at = startAt;
    this.#writeHead(session, home, home.recordAt(at));
    // Backwards: a viewer whose last drops are told goes away.
    for (let i = session.viewers.length - 1; i >= 0; i--) {
      const viewer = session.viewers[i]!;
      if (viewer.link === session.home) this.#composeUpTo(viewer, home.tick);
      else if (isLast) this.#composeUpTo(viewer, Number.POSITIVE_INFINITY);
    }
    if (isLast && session.group !== 0) this.#composeGroupElsewhere(session);
    session.homeTick = home.tick;
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

  #writeHead(session: Session, home: KeptFrame, record: SessionRecord): void {
    const writer = this.#writer;
    writer.u8(serverMessage.frame);
    writer.u32(session.flow.sent + 1);
    const flagsAt = writer.at;
    let flags = 0;
    writer.u8(0);
    writer.u32(home.timeMs % 2 ** 32);
    writer.v(session.home.zone);
    writer.u32(home.tick);
    writer.v(record.lastIntent);
    writer.u8(record.ticksSince);
    if (record.flags & sessionFlag.own) {
      flags |= frameFlag.own;
      writer.u16(record.own);
      writer.u8(record.own >>> 16);
    }
    if (record.flags & sessionFlag.moved) {
      flags |= frameFlag.moved;
      writer.u32(record.x);
      writer.u32(record.y);
    }
    if (this.#takesSelf(session, home, record)) {
      flags |= frameFlag.self;
      writer.v(record.selfTo - record.selfFrom);
      writer.bytes(home.bytes, record.selfFrom, record.selfTo);
    }
    if (home.dilation !== session.dilationTold) {
      flags |= frameFlag.dilation;
      writer.u8(home.dilation);
      session.dilationTold = home.dilation;
    }
    if (session.facts.unsent > 0) {
      flags |= frameFlag.facts;
      writer.u32(session.facts.firstUnsent);
      writer.v(session.facts.unsent);
      session.facts.send(session.flow.sent + 1, this.#writeFact);
    }
    writer.buffer[flagsAt] = flags;
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

  #composeUpTo(viewer: Viewer, tickMax: number): void {
    const { link, view, session } = viewer;
    for (;;) {
      const frame = link.frameAfter(view.lastTick);
      if (frame === undefined || frame.tick > tickMax) return;
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
    if (view.lastTick !== tick - 1) view.skipTo(tick);
    if (view.unsettled > 0) {
      this.#link = link;
      const left = keyframeBytesPerFrameMax - this.#keyframeBytes;
      this.#keyframeBytes += view.settle(frame, left, this.#request);
    }
    view.refresh(tick);
    const startAt = writer.at;
    this.#beginPart(link.zone, tick);
    const bodyAt = writer.at;
    if (view.drops.length > 0) this.#writeDrops(view.drops);
    if (view.keyframes.length > 0) this.#writeKeyframes(frame, view.keyframes);
    for (let i = 0; i < frame.planeCount; i++) {
      const plane = frame.planes[i]!;
      if (!plane.hasIntros) continue;
      const runs = view.introsAt(tick);
      this.#writeRuns((section.intros << 4) | plane.level, frame, plane.intros, runs, plane.level);
    }
    for (let i = 0; i < frame.planeCount; i++) {
      const plane = frame.planes[i]!;
      this.#writeRuns((section.blocks << 4) | plane.level, frame, plane.blocks, view.blocks, plane.level);
    }
    if (session.wantsDigests) {
      for (let i = 0; i < frame.planeCount; i++) this.#writeDigests(viewer, frame.planes[i]!);
    }
    if (session.group !== 0 && frame.groupCount > 0) this.#writeGroup(frame, session.group);
    if (writer.at === bodyAt) writer.at = startAt;
    else this.#endPart(bodyAt);
    view.composed(tick);
  }

  /** State of group members in zones that the session does not watch. */
  #composeGroupElsewhere(session: Session): void {
    for (const link of this.#links) {
      const frame = link.newest;
      if (frame.tick <= link.flushedTick || frame.groupCount === 0) continue;
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

  /** Writes the length before the body, which moves a little when the length takes more or fewer bytes. */
  #endPart(bodyAt: number): void {
    const writer = this.#writer;
    const length = writer.at - bodyAt;
    const width = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
    const shift = width - lengthBytes;
    if (shift > 0) writer.reserve(shift);
    if (shift !== 0) writer.buffer.copyWithin(bodyAt + shift, bodyAt, writer.at);
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

  #writeKeyframes(frame: KeptFrame, regions: readonly number[]): void {
    const writer = this.#writer;
    let bytes = 0;
    for (let i = 0; i < regions.length; i++)
      bytes += frame.keyframeTo(regions[i]!) - frame.keyframeFrom(regions[i]!);
    writer.u8(section.keyframes << 4);
    writer.v(bytes);
    for (let i = 0; i < regions.length; i++) {
      writer.bytes(frame.bytes, frame.keyframeFrom(regions[i]!), frame.keyframeTo(regions[i]!));
    }
  }

  /** One section: the ranges of a plane that the runs of a level name. Nothing is written when all are empty. */
  #writeRuns(head: number, frame: KeptFrame, offsets: Uint32Array, runs: Runs, level: number): void {
    const { spans } = runs;
    const start = runs.starts[level] ?? 0;
    const end = runs.ends[level] ?? 0;
    let bytes = 0;
    for (let i = start; i < end; i += 2) bytes += offsets[spans[i + 1]!]! - offsets[spans[i]!]!;
    if (bytes === 0) return;
    const writer = this.#writer;
    writer.u8(head);
    writer.v(bytes);
    writer.reserve(bytes);
    const { buffer } = writer;
    const source = frame.bytes;
    let { at } = writer;
    for (let i = start; i < end; i += 2) {
      const from = offsets[spans[i]!]!;
      const to = offsets[spans[i + 1]!]!;
      if (from === to) continue;
      copyRange(source, from, to, buffer, at);
      at += to - from;
    }
    writer.at = at;
  }

  /** Hashes of the regions whose blocks of this level the client just got, and of those that came whole. */
  #writeDigests(viewer: Viewer, plane: KeptPlane): void {
    if (!plane.hasDigests) return;
    const { view } = viewer;
    const writer = this.#writer;
    const { spans } = view.blocks;
    const start = view.blocks.starts[plane.level] ?? 0;
    const end = view.blocks.ends[plane.level] ?? 0;
    let count = 0;
    for (let i = start; i < end; i += 2) count += spans[i + 1]! - spans[i]!;
    for (const region of view.keyframes) if (view.levelAt(region) === plane.level) count++;
    if (count === 0) return;
    writer.u8((section.digests << 4) | plane.level);
    writer.v(count * 6);
    for (let i = start; i < end; i += 2) {
      for (let region = spans[i]!; region < spans[i + 1]!; region++) {
        writer.u16(region);
        writer.u32(plane.digests[region]!);
      }
    }
    for (const region of view.keyframes) {
      if (view.levelAt(region) !== plane.level) continue;
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

/** Below this many bytes a loop is quicker than the call that copies. */
const loopBytesMax = 12;

function copyRange(source: Buffer, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from <= loopBytesMax) {
    for (let i = from, j = at; i < to; i++, j++) target[j] = source[i]!;
    return;
  }
  source.copy(target, at, from, to);
}
