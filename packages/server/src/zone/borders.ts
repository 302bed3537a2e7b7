/**
 * A zone's dealings with the others: ghosts of their border entities, numbered messages, handing entities over.
 *
 * Owns: one link per other zone (outbox, acknowledgements, granted ids, the replica behind the ghosts). Refuses: deciding
 * anything about an entity that another zone owns.
 * Invariant: everything here is state of the zone and part of its checkpoint; batches come in as inputs.
 * Invariant: ghosts are decoded from the same blocks that clients get, so seeing across a border costs the owner nothing new.
 */
import {
  type ByteReader,
  type ByteWriter,
  type EntityRef,
  kindOf,
  type Level,
  RegionGrid,
  type ReplicaEntity,
  type Schema,
  section,
  wireRef,
  type ZoneBounds,
  ZoneReplica,
  zoneOf,
} from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import type { RegionTree } from "../replication/region-tree.ts";
import type { World } from "../world/world.ts";
import { GhostFields } from "./ghost-fields.ts";
import { withoutGrant } from "./handover.ts";
import { type ZoneBatch, zoneBatchFlag, zoneMessage } from "./zone-batch.ts";

/** Ids that a zone keeps ready for each neighbour's handovers, per kind. */
const grantsPerKind = 32;
/** Ticks after which an unacknowledged message is sent again. */
const repeatTicks = 20;
const notSent = -1;
/** Ticks for which a ghost lives that its new owner has not confirmed. */
const provisionalTicks = 40;
/** Messages to one zone without acknowledgement: more means that it is down for minutes. */
const outboxMax = 65_536;

interface Outgoing {
  readonly number: number;
  readonly kind: number;
  readonly bytes: Uint8Array;
  /** Tick of the last sending. Not saved: who restores sends again, the receiver applies once. */
  sentTick: number;
}

/** What this zone shares with one other zone. */
export interface Link {
  readonly zone: number;
  readonly isNeighbour: boolean;
  /** Whether the other zone keeps ghosts of what is in a cell of this zone's grid. */
  watches(cell: number): boolean;
  /** Shows the regions of those cells, as the tree splits them now. */
  eachWatched(tree: RegionTree, show: (region: number) => void): void;
  readonly replica: ZoneReplica | undefined;
  readonly outgoing: Outgoing[];
  /** Which life of the other zone is known here. */
  peerLife: number;
  nextNumber: number;
  lastApplied: number;
  /** Rows in the other zone that this zone may hand entities to, by kind. */
  readonly granted: number[][];
  /** Rows here that the other zone may use and has not, by kind. */
  readonly grantedOut: Set<number>[];
  /** This zone must send keyframes of the watched regions. */
  owesKeyframes: boolean;
  /** This zone's ghosts are not whole: the other must send keyframes. */
  wantsKeyframes: boolean;
  ghostTick: number;
}

export interface BordersHooks {
  /** An entity's name changed: it crossed a border. */
  renamed(from: EntityRef, to: EntityRef): void;
}

export class Borders {
  readonly links: ReadonlyMap<number, Link>;
  /** The epoch under which the zone came back from an older state; 0 when it never did. */
  life = 0;
  readonly #world: World;
  readonly #hooks: BordersHooks;
  /** How ghosts of each kind get their values. */
  readonly #fields: readonly GhostFields[];
  /** Ghosts made at a handover, until the new owner's blocks speak of them: reference → last tick. */
  readonly #provisional = new Map<EntityRef, number>();

  constructor(options: {
    world: World;
    schema: Schema;
    grid: RegionGrid;
    levels: readonly Level[];
    zones: readonly ZoneBounds[];
    /** Metres around a zone from which its neighbours see: one attack and notice range. */
    borderDepthM: number;
    hooks: BordersHooks;
  }) {
    this.#world = options.world;
    this.#hooks = options.hooks;
    this.#fields = options.world.tables.map(
      (table) => new GhostFields(options.world, table, options.schema.kinds[table.index]!),
    );
    const links = new Map<number, Link>();
    options.zones.forEach((bounds, zone) => {
      if (zone === options.world.zone) return;
      const isNeighbour = distanceBetween(bounds, options.world.bounds) <= 0.001;
      const link: Link = {
        zone,
        isNeighbour,
        ...watching(isNeighbour ? cellsNear(options.grid, bounds, options.borderDepthM) : []),
        replica: isNeighbour ? this.#replicaOf(zone, bounds, options) : undefined,
        outgoing: [],
        peerLife: 0,
        nextNumber: 1,
        lastApplied: 0,
        granted: options.schema.entities.map(() => []),
        grantedOut: options.schema.entities.map(() => new Set<number>()),
        owesKeyframes: true,
        wantsKeyframes: false,
        ghostTick: -1,
      };
      links.set(zone, link);
    });
    this.links = links;
  }

  /** Queues a message for another zone. */
  send(zone: number, kind: number, bytes: Uint8Array): void {
    const link = this.links.get(zone);
    assert(link !== undefined, `zone ${zone} is part of the realm`);
    assert(link.outgoing.length < outboxMax, `at most ${outboxMax} messages wait for one zone`);
    link.outgoing.push({ number: link.nextNumber++, kind, bytes, sentTick: notSent });
  }

  /** Tops up what neighbours may use of this zone's ids. Call once a tick. */
  grant(): void {
    for (const link of this.links.values()) {
      if (!link.isNeighbour) continue;
      for (const table of this.#world.tables) {
        const out = link.grantedOut[table.index]!;
        const missing = grantsPerKind - out.size;
        // In lots, so that a grant is not a message per crossing.
        if (missing < grantsPerKind / 4 && this.#world.tick > 0) continue;
        const rows: number[] = [];
        while (rows.length < missing) {
          const row = table.reserve(this.#world.tick);
          if (row < 0) break;
          rows.push(row);
        }
        if (rows.length === 0) continue;
        for (const row of rows) out.add(row);
        this.send(
          link.zone,
          zoneMessage.grant,
          Uint8Array.from([table.index, ...rows.flatMap((row) => [row & 0xff, row >>> 8])]),
        );
      }
    }
  }

  /** A row in the other zone for an entity of this kind; −1 when none was granted (the owner there finds one). */
  takeGrant(zone: number, kind: number): number {
    return this.links.get(zone)?.granted[kind]?.shift() ?? -1;
  }

  /** Notes a grant that arrived. */
  acceptGrant(zone: number, bytes: Uint8Array): void {
    const rows = this.links.get(zone)?.granted[bytes[0] ?? 255];
    if (rows === undefined) return;
    for (let at = 1; at + 1 < bytes.length; at += 2) rows.push(bytes[at]! | (bytes[at + 1]! << 8));
  }

  /** Notes that a granted row was used by the other zone. */
  grantUsed(zone: number, kind: number, row: number): void {
    this.links.get(zone)?.grantedOut[kind]?.delete(row);
  }

  /**
   * This zone came back from an older state. What was agreed with other zones since is not known here, so nothing of it
   * holds: numbers begin at 1, granted rows are free. Each other zone does the same when it hears of this life.
   */
  beginAnew(life: number): void {
    this.life = life;
    for (const link of this.links.values()) {
      link.outgoing.length = 0;
      this.#forgetPair(link);
    }
  }

  /**
   * Compares the lives of which a batch speaks. Another zone that began anew is met anew.
   * @returns Whether the batch's messages and acknowledgement are between the present lives of both.
   */
  meet(zone: number, life: number, peerLife: number): boolean {
    const link = this.links.get(zone);
    if (link === undefined || life < link.peerLife) return false;
    if (life > link.peerLife) {
      link.peerLife = life;
      this.#forgetPair(link);
    }
    return peerLife === this.life;
  }

  /** What still has to be sent is numbered from 1 again. */
  #forgetPair(link: Link): void {
    const waiting = link.outgoing.filter(({ kind }) => kind !== zoneMessage.grant);
    link.outgoing.length = 0;
    link.nextNumber = 1;
    link.lastApplied = 0;
    link.owesKeyframes = true;
    for (const rows of link.granted) rows.length = 0;
    link.grantedOut.forEach((rows, kind) => {
      for (const row of rows) this.#world.tables[kind]!.unreserve(row, this.#world.tick);
      rows.clear();
    });
    for (const { kind, bytes } of waiting)
      this.send(link.zone, kind, kind === zoneMessage.handover ? withoutGrant(bytes) : bytes);
  }

  /**
   * Takes the acknowledgement and the ghosts of a batch in. Messages are applied by the caller, for those that `isNew`
   * says yes to.
   */
  receive(batch: ZoneBatch): void {
    const link = this.links.get(batch.header.zone);
    if (link === undefined) return;
    if (batch.peerLife === this.life && batch.life === link.peerLife)
      while (link.outgoing.length > 0 && link.outgoing[0]!.number <= batch.ack) link.outgoing.shift();
    if (batch.flags & zoneBatchFlag.wantsKeyframes) link.owesKeyframes = true;
    if (batch.ghosts === undefined || link.replica === undefined) return;
    const restarts = (batch.flags & zoneBatchFlag.restart) !== 0;
    if (restarts) link.wantsKeyframes = false;
    else if (batch.header.sequence !== link.ghostTick + 1) link.wantsKeyframes = true;
    link.ghostTick = batch.header.sequence;
    if (link.wantsKeyframes) return;
    if (restarts) link.replica.clear();
    const { tick, sections } = batch.ghosts;
    const bytes = batch.ghosts.bytes;
    for (const part of sections) {
      const problem =
        part.kind === section.keyframes
          ? link.replica.applyKeyframes(tick, bytes, part.from, part.to)
          : part.kind === section.intros
            ? link.replica.applyIntros(part.level, tick, bytes, part.from, part.to)
            : part.kind === section.blocks
              ? link.replica.applyBlocks(part.level, tick, bytes, part.from, part.to)
              : part.kind === section.reshapes
                ? link.replica.applyReshapes(bytes, part.from, part.to)
                : undefined;
      if (problem !== undefined) {
        link.wantsKeyframes = true;
        return;
      }
    }
  }

  /** True once for each message of a batch, in order of their numbers. */
  isNew(zone: number, number: number): boolean {
    const link = this.links.get(zone);
    if (link === undefined || number !== link.lastApplied + 1) return false;
    link.lastApplied = number;
    return true;
  }

  /** Keeps seeing an entity that was just handed over, until its new owner speaks of it. */
  keepAsGhost(ref: EntityRef, copyFrom: (row: number) => void): void {
    const table = this.#world.tables[kindOf(ref)]!;
    if (table.row(ref) >= 0) return;
    const row = table.takeGhost(ref, this.#world.tick);
    if (row < 0) return;
    copyFrom(row);
    this.#world.index(table, row);
    this.#provisional.set(ref, this.#world.tick + provisionalTicks);
  }

  /** Ends a ghost: its entity is owned here now. */
  dropGhost(ref: EntityRef): void {
    const table = this.#world.tables[kindOf(ref)];
    const row = table?.row(ref) ?? -1;
    if (table !== undefined && table.isGhost(row)) this.#world.remove(table, row);
    this.#provisional.delete(ref);
  }

  /** Ends ghosts whose new owner never spoke of them. */
  expire(): void {
    for (const [ref, lastTick] of this.#provisional) if (lastTick <= this.#world.tick) this.dropGhost(ref);
  }

  /** Messages to be sent to a zone at this tick: new ones, and old ones without acknowledgement. */
  dueMessages(link: Link, tick: number): Outgoing[] {
    const due = link.outgoing.filter(
      (message) => message.sentTick === notSent || tick - message.sentTick >= repeatTicks,
    );
    for (const message of due) message.sentTick = tick;
    return due;
  }

  save(writer: ByteWriter): void {
    writer.u32(this.life);
    writer.v(this.links.size);
    for (const link of this.links.values()) {
      writer.u16(link.zone);
      writer.u32(link.peerLife);
      writer.u32(link.nextNumber);
      writer.u32(link.lastApplied);
      writer.v(link.outgoing.length);
      for (const message of link.outgoing) {
        writer.u32(message.number);
        writer.u8(message.kind);
        writer.v(message.bytes.length);
        writer.bytes(message.bytes);
      }
      for (const rows of link.granted) {
        writer.v(rows.length);
        for (const row of rows) writer.u16(row);
      }
      for (const rows of link.grantedOut) {
        writer.v(rows.size);
        for (const row of rows) writer.u16(row);
      }
      writer.f64(link.ghostTick);
      writer.u8(link.wantsKeyframes ? 1 : 0);
      if (link.replica !== undefined) link.replica.save(writer);
    }
    writer.v(this.#provisional.size);
    for (const [ref, tick] of this.#provisional) {
      writer.f64(ref);
      writer.f64(tick);
    }
  }

  restore(reader: ByteReader): boolean {
    this.life = reader.u32();
    if (reader.v() !== this.links.size) return false;
    for (const link of this.links.values()) {
      if (reader.u16() !== link.zone) return false;
      link.peerLife = reader.u32();
      link.nextNumber = reader.u32();
      link.lastApplied = reader.u32();
      for (let left = reader.v(); left > 0 && !reader.failed; left--) {
        const number = reader.u32();
        const kind = reader.u8();
        const bytes = reader.view(reader.v()).slice();
        link.outgoing.push({ number, kind, bytes, sentTick: notSent });
      }
      for (const rows of link.granted)
        for (let left = reader.v(); left > 0 && !reader.failed; left--) rows.push(reader.u16());
      for (const rows of link.grantedOut)
        for (let left = reader.v(); left > 0 && !reader.failed; left--) rows.add(reader.u16());
      link.ghostTick = reader.f64();
      link.wantsKeyframes = reader.u8() === 1;
      if (link.replica !== undefined && !link.replica.restore(reader)) return false;
    }
    for (let left = reader.v(); left > 0 && !reader.failed; left--)
      this.#provisional.set(reader.f64(), reader.f64());
    return !reader.failed;
  }

  #replicaOf(
    zone: number,
    bounds: ZoneBounds,
    options: { schema: Schema; levels: readonly Level[]; grid: RegionGrid },
  ): ZoneReplica {
    return new ZoneReplica({
      grid: new RegionGrid(zone, bounds, options.grid.sizeM),
      kinds: options.schema.kinds,
      levels: options.levels,
      listener: {
        appeared: (entity) => this.#appeared(entity),
        changed: (entity, channel) => this.#changed(entity, channel),
        vanished: (entity, movedTo) => this.#vanished(entity, movedTo),
      },
    });
  }

  #appeared(entity: ReplicaEntity): void {
    const table = this.#world.tables[entity.kind.index]!;
    this.#provisional.delete(entity.ref);
    let row = table.row(entity.ref);
    const isNew = row < 0;
    if (isNew) row = table.takeGhost(entity.ref, this.#world.tick);
    if (row < 0) return;
    for (let channel = 0; channel < 4; channel++) this.#fields[entity.kind.index]!.copy(entity, channel, row);
    if (isNew) this.#world.index(table, row);
  }

  #changed(entity: ReplicaEntity, channel: number): void {
    const table = this.#world.tables[entity.kind.index]!;
    // The row is remembered on the entity, and right as long as it still holds its name.
    if (entity.tag < 0 || table.refs[entity.tag] !== entity.ref) entity.tag = table.row(entity.ref);
    if (entity.tag >= 0) this.#fields[entity.kind.index]!.copy(entity, channel, entity.tag);
  }

  #vanished(entity: ReplicaEntity, movedTo: EntityRef): void {
    const table = this.#world.tables[entity.kind.index]!;
    const row = table.row(entity.ref);
    if (row >= 0 && table.isGhost(row)) this.#world.remove(table, row);
    // Handed to this very zone: the handover itself renames, with the generation.
    if (movedTo !== 0 && zoneOf(movedTo) !== this.#world.zone) this.#hooks.renamed(entity.ref, movedTo);
  }
}

/** A wire reference of a row that another zone granted. */
export function grantedRef(zone: number, kind: number, row: number): EntityRef {
  return wireRef(zone, kind * 65_536 + row);
}

function distanceBetween(a: ZoneBounds, b: ZoneBounds): number {
  const dx = Math.max(a.x - (b.x + b.width), 0, b.x - (a.x + a.width));
  const dy = Math.max(a.y - (b.y + b.height), 0, b.y - (a.y + a.height));
  return Math.sqrt(dx * dx + dy * dy);
}

/** Cells of a grid within `depthM` of a rectangle. */
function cellsNear(grid: RegionGrid, bounds: ZoneBounds, depthM: number): number[] {
  const cells: number[] = [];
  for (let cell = 0; cell < grid.count; cell++) {
    const rectangle = { x: grid.left(cell), y: grid.top(cell), width: grid.sizeM, height: grid.sizeM };
    if (distanceBetween(rectangle, bounds) < depthM) cells.push(cell);
  }
  return cells;
}

function watching(cells: readonly number[]): Pick<Link, "watches" | "eachWatched"> {
  const watched = new Set(cells);
  const eachOf = (tree: RegionTree, region: number, show: (region: number) => void): void => {
    const first = tree.firstOf(region);
    if (first === 0) show(region);
    else for (let quarter = first; quarter < first + 4; quarter++) eachOf(tree, quarter, show);
  };
  return {
    watches: (cell) => watched.has(cell),
    eachWatched: (tree, show) => {
      for (const cell of cells) eachOf(tree, cell, show);
    },
  };
}
