/**
 * Writes what a zone sends after a tick: tick frames for gateways and batches for other zones. Layouts: bus/tick-frame.ts,
 * zone/zone-batch.ts.
 *
 * Invariant: the part for all is written once and copied for each gateway. Buffers are reused; views hold until the next call.
 */
import { BitWriter, ByteWriter, section, writeField, absoluteFrame, selfChannel } from "@myriad/protocol";
import { batchKind, writeHeader } from "../bus/header.ts";
import { SessionTableWriter } from "../bus/session-table.ts";
import {
  audience,
  ended,
  type FactRecord,
  type Letter,
  type News,
  packedFlag,
  planeFlag,
  type SessionEnd,
  type SessionPart,
} from "../bus/tick-frame.ts";
import type { QuantisedKind } from "../replication/quantised.ts";
import type { RegionTree } from "../replication/region-tree.ts";
import type { EncodedPlane, Replicator } from "../replication/replicator.ts";
import type { Link } from "./borders.ts";
import { zoneBatchFlag } from "./zone-batch.ts";

/** What every batch of a zone begins with. */
export interface Sender {
  readonly realm: number;
  readonly zone: number;
  readonly epoch: number;
}

/** One session's record in a tick frame; group 0 is none. */
export type SessionRecord = SessionPart;

export class FrameWriter {
  readonly #sender: Sender;
  readonly #writer = new ByteWriter(64 * 1024);
  readonly #zoneWriter = new ByteWriter(16 * 1024);
  readonly #sessions = new SessionTableWriter();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Writes the part for all; `forGateway` then completes it for each. */
  common(frame: {
    tick: number;
    timeMs: number;
    dilation: number;
    replicator: Replicator;
    planes: readonly EncodedPlane[];
    wantsDigests: boolean;
    keyframes: readonly { region: number; bytes: Uint8Array; packed?: Uint8Array | undefined }[];
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
    this.#shapes(frame.replicator);
    const regions = frame.replicator.tree.used;
    writer.u8(frame.planes.length);
    for (const plane of frame.planes) {
      const hasIntros = plane.intros.length > 0;
      writer.u8(plane.level);
      writer.u8((frame.wantsDigests ? planeFlag.digests : 0) | (hasIntros ? planeFlag.intros : 0));
      writePlane(writer, plane.blockOffsets, regions, plane.blocks);
      if (hasIntros) writePlane(writer, plane.introOffsets, regions, plane.intros);
      if (frame.wantsDigests)
        for (let region = 0; region < regions; region++) writer.u32(plane.digests[region]!);
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
    writer.v(2 * regions);
    writer.bytes(frame.replicator.loads, 0, regions);
    writer.bytes(frame.replicator.importance, 0, regions);
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

  /** Which regions are split, and what became of them since the tick before. */
  #shapes({ tree, reshapes }: Replicator): void {
    const writer = this.#writer;
    writer.u16(tree.used);
    const countAt = writer.at;
    let count = 0;
    writer.u16(0);
    tree.eachSplit((region, first) => {
      count++;
      writer.u16(region);
      writer.u16(first);
    });
    writer.buffer[countAt] = count;
    writer.buffer[countAt + 1] = count >>> 8;
    writer.u8(reshapes.length);
    for (const { region, first, isMerge, bytes } of reshapes) {
      writer.u16(region);
      writer.u16(first);
      writer.u8(isMerge ? 1 : 0);
      writer.v(bytes.length);
      writer.bytes(bytes);
    }
  }

  /** Begins the part of one gateway behind the part for all: `commonBytes` is what `common` answered. */
  beginGateway(commonBytes: number, gateway: number, letters: readonly Letter[]): void {
    const writer = this.#writer;
    writer.at = commonBytes;
    writer.buffer[peerOffset] = gateway;
    writer.buffer[peerOffset + 1] = gateway >>> 8;
    writer.v(letters.length);
    for (const letter of letters) {
      writer.u32(letter.fromSession);
      writer.text(letter.toName);
      writeFact(writer, letter.fact);
      writeFact(writer, letter.otherwise);
    }
  }

  /** Says how many calls of `session` follow. */
  beginSessions(count: number): void {
    this.#sessions.begin(this.#writer, count);
  }

  /** Writes one session's record; nothing of it is kept. */
  session(record: SessionRecord): void {
    this.#sessions.add(this.#writer, record);
  }

  /** Completes the frame; a view until the next call. */
  endGateway(ends: readonly SessionEnd[]): Uint8Array {
    const writer = this.#writer;
    this.#sessions.end(writer);
    writer.v(ends.length);
    for (const end of ends) {
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
      /** Which life of the zone this is. */
      life: number;
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
    writer.u32(batch.life);
    writer.u32(link.peerLife);
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
    const inner = sectionsWriter;
    inner.reset();
    const { tree } = batch.replicator;
    if (restarts) {
      link.owesKeyframes = false;
      writeSection(inner, section.keyframes, 0, (target) => {
        link.eachWatched(tree, (region) => target.bytes(batch.replicator.keyframe(region)));
      });
    } else {
      writeReshapes(inner, batch.replicator, link);
      const { plane } = batch;
      if (plane !== undefined && plane.intros.length > 0)
        writeWatched(inner, section.intros, plane.introOffsets, plane.intros, { link, tree });
      if (plane !== undefined)
        writeWatched(inner, section.blocks, plane.blockOffsets, plane.blocks, { link, tree });
    }
    writer.v(inner.at);
    writer.bytes(inner.view());
    return writer.view();
  }
}

/** What a batch's sections are written to before their lengths are known: all of them, and the one at hand. */
const sectionsWriter = new ByteWriter(16 * 1024);
const sectionWriter = new ByteWriter(16 * 1024);

/** Offset of `peer` in a header: after magic, format, kind, realm and zone. */
const peerOffset = 10;

function writePlane(writer: ByteWriter, offsets: Uint32Array, regions: number, bytes: Uint8Array): void {
  for (let region = 0; region <= regions; region++) writer.u32(offsets[region]!);
  writer.u32(bytes.length);
  writer.bytes(bytes);
}

/** What a neighbour is told of splits and merges: those of cells that it watches. */
function writeReshapes(writer: ByteWriter, { reshapes, tree }: Replicator, link: Link): void {
  const told = reshapes.filter(({ region }) => link.watches(tree.pathOf(region).cell));
  if (told.length === 0) return;
  writeSection(writer, section.reshapes, 0, (target) => {
    for (const { bytes } of told) target.bytes(bytes);
  });
}

function writeWatched(
  writer: ByteWriter,
  kind: number,
  offsets: Uint32Array,
  bytes: Uint8Array,
  { link, tree }: { link: Link; tree: RegionTree },
): void {
  let total = 0;
  link.eachWatched(tree, (region) => {
    total += offsets[region + 1]! - offsets[region]!;
  });
  if (total === 0) return;
  writeSection(writer, kind, 0, (target) => {
    // Regions that follow each other are copied at once.
    let from = 0;
    let to = 0;
    link.eachWatched(tree, (region) => {
      const start = offsets[region]!;
      const end = offsets[region + 1]!;
      if (start === end) return;
      if (start !== to) {
        if (to > from) target.bytes(bytes, from, to);
        from = start;
      }
      to = end;
    });
    if (to > from) target.bytes(bytes, from, to);
  });
}

function writeSection(
  writer: ByteWriter,
  kind: number,
  level: number,
  fill: (writer: ByteWriter) => void,
): void {
  const inner = sectionWriter;
  inner.reset();
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

const selfWriter = new BitWriter(256);
const scratch = new Int32Array(256);

/** Encodes a player's own fields that changed at `tick`, or all of them; undefined when nothing changed. */
export function encodeSelf(
  kind: QuantisedKind,
  row: number,
  tick: number,
  isFull: boolean,
): Uint8Array | undefined {
  // Most players' own fields change seldom: one look, not one for each field.
  if (!isFull && kind.channelTicks[selfChannel]![row] !== tick) return undefined;
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
