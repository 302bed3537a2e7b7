/**
 * Writes what a zone sends after a tick: tick frames for gateways and batches for other zones. Layouts: bus/tick-frame.ts,
 * zone/zone-batch.ts.
 *
 * Invariant: the part for all is written once and copied for each gateway. Buffers are reused; views hold until the next call.
 */
import { BitWriter, ByteWriter, section, writeField, absoluteFrame, selfChannel } from "@myriad/protocol";
import { batchKind, writeHeader } from "../bus/header.ts";
import {
  audience,
  ended,
  type FactRecord,
  type Letter,
  type News,
  type SessionEnd,
  sessionFlag,
} from "../bus/tick-frame.ts";
import type { QuantisedKind } from "../replication/quantised.ts";
import type { EncodedPlane, Replicator } from "../replication/replicator.ts";
import type { Link } from "./borders.ts";
import { zoneBatchFlag } from "./zone-batch.ts";

/** What every batch of a zone begins with. */
export interface Sender {
  readonly realm: number;
  readonly zone: number;
  readonly epoch: number;
}

/** One session's record in a tick frame. */
export interface SessionRecord {
  readonly session: number;
  readonly own: number | undefined;
  readonly position: { readonly x: number; readonly y: number } | undefined;
  readonly self: Uint8Array | undefined;
  readonly selfFull: boolean;
  readonly group: number;
  readonly lastIntent: number;
  readonly ticksSince: number;
  readonly facts: readonly FactRecord[];
}

export interface GatewayPart {
  readonly gateway: number;
  readonly sessions: readonly SessionRecord[];
  readonly ended: readonly SessionEnd[];
  readonly letters: readonly Letter[];
}

export class FrameWriter {
  readonly #sender: Sender;
  readonly #writer = new ByteWriter(64 * 1024);
  readonly #zoneWriter = new ByteWriter(16 * 1024);

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Writes the part for all; `forGateway` then completes it for each. */
  common(frame: {
    tick: number;
    timeMs: number;
    dilation: number;
    regions: number;
    planes: readonly EncodedPlane[];
    wantsDigests: boolean;
    keyframes: readonly { region: number; bytes: Uint8Array }[];
    news: readonly News[];
    groups: readonly { group: number; bytes: Uint8Array }[];
    trace?: Uint8Array | undefined;
  }): number {
    const writer = this.#writer;
    writer.reset();
    writeHeader(writer, {
      ...this.#sender,
      kind: batchKind.tickFrame,
      peer: 0,
      sequence: frame.tick,
      trace: frame.trace,
    });
    writer.f64(frame.timeMs);
    writer.u8(frame.dilation);
    writer.u16(frame.regions);
    writer.u8(frame.planes.length);
    for (const plane of frame.planes) {
      writer.u8(plane.level);
      writer.u8(frame.wantsDigests ? 1 : 0);
      writePlane(writer, plane.blockOffsets, plane.blocks);
      writePlane(writer, plane.introOffsets, plane.intros);
      if (frame.wantsDigests) for (const digest of plane.digests) writer.u32(digest);
    }
    writer.u16(frame.keyframes.length);
    for (const { region, bytes } of frame.keyframes) {
      writer.u16(region);
      writer.u32(bytes.length);
      writer.bytes(bytes);
    }
    // Importance of regions: none yet, every region weighs the same.
    writer.u16(0);
    writer.v(frame.news.length);
    for (const item of frame.news) writeNews(writer, item);
    writer.v(frame.groups.length);
    for (const { group, bytes } of frame.groups) {
      writer.f64(group);
      writer.v(bytes.length);
      writer.bytes(bytes);
    }
    return writer.at;
  }

  /** Completes the frame for one gateway; a view until the next call. `commonBytes` is what `common` answered. */
  forGateway(commonBytes: number, part: GatewayPart): Uint8Array {
    const writer = this.#writer;
    writer.at = commonBytes;
    writer.buffer[peerOffset] = part.gateway;
    writer.buffer[peerOffset + 1] = part.gateway >>> 8;
    writer.v(part.letters.length);
    for (const letter of part.letters) {
      writer.u32(letter.fromSession);
      writer.text(letter.toName);
      writeFact(writer, letter.fact);
      writeFact(writer, letter.otherwise);
    }
    writer.v(part.sessions.length);
    for (const session of part.sessions) writeSession(writer, session);
    writer.v(part.ended.length);
    for (const end of part.ended) {
      writer.u32(end.session);
      writer.u8(end.how === "handedOver" ? ended.handedOver : ended.closed);
      if (end.how === "handedOver") writer.u16(end.zone);
      else writer.text(end.reason);
    }
    return writer.view();
  }

  /** Writes the batch for another zone; a view until the next call. */
  forZone(
    link: Link,
    batch: {
      tick: number;
      messages: readonly { number: number; kind: number; bytes: Uint8Array }[];
      /** The nearest level's plane, when blocks of it are due for neighbours this tick. */
      plane: EncodedPlane | undefined;
      replicator: Replicator;
    },
  ): Uint8Array {
    const writer = this.#zoneWriter;
    writer.reset();
    writeHeader(writer, { ...this.#sender, kind: batchKind.zone, peer: link.zone, sequence: batch.tick });
    const restarts = link.isNeighbour && link.owesKeyframes;
    writer.u8(
      (restarts ? zoneBatchFlag.restart : 0) | (link.wantsKeyframes ? zoneBatchFlag.wantsKeyframes : 0),
    );
    writer.u32(link.lastApplied);
    writer.v(batch.messages.length);
    for (const message of batch.messages) {
      writer.u32(message.number);
      writer.u8(message.kind);
      writer.v(message.bytes.length);
      writer.bytes(message.bytes);
    }
    writer.u8(link.isNeighbour ? 1 : 0);
    if (!link.isNeighbour) return writer.view();
    writer.v(this.#sender.zone);
    writer.u32(batch.tick);
    const inner = new ByteWriter(4096);
    if (restarts) {
      link.owesKeyframes = false;
      writeSection(inner, section.keyframes, 0, (target) => {
        for (const { start, end } of link.watchedRuns) {
          for (let region = start; region < end; region++) target.bytes(batch.replicator.keyframe(region));
        }
      });
    } else if (batch.plane !== undefined) {
      const { plane } = batch;
      writeRuns(inner, section.intros, plane.introOffsets, plane.intros, link.watchedRuns);
      writeRuns(inner, section.blocks, plane.blockOffsets, plane.blocks, link.watchedRuns);
    }
    writer.v(inner.at);
    writer.bytes(inner.view());
    return writer.view();
  }
}

/** Offset of `peer` in a header: after magic, format, kind, realm and zone. */
const peerOffset = 10;

function writePlane(writer: ByteWriter, offsets: Uint32Array, bytes: Uint8Array): void {
  for (const offset of offsets) writer.u32(offset);
  writer.u32(bytes.length);
  writer.bytes(bytes);
}

function writeRuns(
  writer: ByteWriter,
  kind: number,
  offsets: Uint32Array,
  bytes: Uint8Array,
  runs: readonly { start: number; end: number }[],
): void {
  if (runs.every(({ start, end }) => offsets[start] === offsets[end])) return;
  writeSection(writer, kind, 0, (target) => {
    for (const { start, end } of runs) target.bytes(bytes, offsets[start]!, offsets[end]!);
  });
}

function writeSection(
  writer: ByteWriter,
  kind: number,
  level: number,
  fill: (writer: ByteWriter) => void,
): void {
  const inner = new ByteWriter(4096);
  fill(inner);
  writer.u8((kind << 4) | level);
  writer.v(inner.at);
  writer.bytes(inner.view());
}

function writeFact(writer: ByteWriter, fact: FactRecord): void {
  writer.v(fact.type);
  writer.v(fact.record.length);
  writer.bytes(fact.record);
}

function writeNews(writer: ByteWriter, news: News): void {
  writer.u8(audience[news.to]);
  if (news.to === "region") {
    writer.u16(news.region);
    writer.u8(news.level);
  } else if (news.to === "group") {
    writer.f64(news.group);
  }
  writeFact(writer, news);
}

function writeSession(writer: ByteWriter, part: SessionRecord): void {
  writer.u32(part.session);
  writer.u8(
    (part.own === undefined ? 0 : sessionFlag.own) |
      (part.position === undefined ? 0 : sessionFlag.moved) |
      (part.self === undefined ? 0 : sessionFlag.self) |
      (part.selfFull ? sessionFlag.full : 0) |
      (part.group === 0 ? 0 : sessionFlag.group),
  );
  if (part.own !== undefined) {
    writer.u16(part.own);
    writer.u8(part.own >>> 16);
  }
  if (part.position !== undefined) {
    writer.u32(part.position.x);
    writer.u32(part.position.y);
  }
  if (part.self !== undefined) {
    writer.v(part.self.length);
    writer.bytes(part.self);
  }
  if (part.group !== 0) writer.f64(part.group);
  writer.u32(part.lastIntent);
  writer.u8(part.ticksSince);
  writer.v(part.facts.length);
  for (const fact of part.facts) writeFact(writer, fact);
}

const selfWriter = new BitWriter(256);
const scratch = new Int32Array(256);

/** Encodes a player's own fields that changed at `tick`, or all of them; undefined when nothing changed. */
export function encodeSelf(
  kind: QuantisedKind,
  row: number,
  tick: number,
  isFull: boolean,
): Uint8Array | undefined {
  const fields = kind.layout.channels[selfChannel]!;
  let mask = 0;
  for (let i = 0; i < fields.length; i++)
    if (isFull || kind.fieldTicks[fields[i]!.index]![row] === tick) mask |= 1 << i;
  // A whole state is said even when the kind keeps nothing for its player: the gateway waits for it.
  if (mask === 0 && !isFull) return undefined;
  selfWriter.reset();
  selfWriter.bits(mask, fields.length);
  for (let i = 0; i < fields.length; i++) {
    if ((mask & (1 << i)) === 0) continue;
    const field = fields[i]!;
    for (let part = 0; part < field.parts; part++) scratch[part] = kind.parts[field.part + part]![row]!;
    const text = field.text < 0 ? "" : (kind.texts[field.text]![row] ?? "");
    writeField(selfWriter, field.type, scratch, 0, text, absoluteFrame);
  }
  return selfWriter.bytes();
}

/** Encodes a group member's shared fields: entity zone:12 id:24, then the kind's group fields. */
export function encodeMember(kind: QuantisedKind, row: number, zone: number, id: number): Uint8Array {
  selfWriter.reset();
  selfWriter.bits(zone, 12);
  selfWriter.bits(id, 24);
  for (const field of kind.layout.group) {
    for (let part = 0; part < field.parts; part++) scratch[part] = kind.parts[field.part + part]![row]!;
    const text = field.text < 0 ? "" : (kind.texts[field.text]![row] ?? "");
    writeField(selfWriter, field.type, scratch, 0, text, absoluteFrame);
  }
  return selfWriter.bytes();
}
