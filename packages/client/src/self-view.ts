/**
 * What the player alone sees of its own entity, and what a group sees of its members: bits outside of any region.
 *
 *   self   a mask with one bit for each self field of the kind (always there), then the masked fields
 *   group  until the end: { zone:12 id:24, the kind's group fields, padding to a byte }
 *
 * Both with absolute positions and full references. Invariant: reading never throws.
 */
import {
  absoluteFrame,
  BitReader,
  type DecodeCode,
  type EntityKind,
  type EntityRef,
  type EntityValue,
  type KindLayout,
  readField,
  type Schema,
  selfChannel,
  type SelfValue,
  wireRef,
} from "@myriad/protocol";
import { type Parts, stateFactory, type StateFactory } from "./entity-view.ts";

/** A member of the player's group, wherever it is. */
export interface GroupMember<K extends EntityKind = EntityKind> {
  readonly kind: K;
  readonly ref: EntityRef;
  /** The kind's group fields; others are absent. */
  readonly state: Partial<EntityValue<K["fields"]> & SelfValue<K["fields"]>>;
}

interface MutableParts extends Parts {
  readonly parts: Int32Array;
  readonly texts: string[];
  version: number;
}

/** The player's own fields, one set for each kind that a player was. */
export class SelfView {
  readonly #schema: Schema;
  readonly #wires: readonly KindLayout[];
  readonly #held = new Map<number, { readonly record: MutableParts; readonly state: object }>();
  readonly #reader = new BitReader(new Uint8Array(0));

  constructor(schema: Schema, wires: readonly KindLayout[]) {
    this.#schema = schema;
    this.#wires = wires;
  }

  /** Applies the self bits of a frame, all that it holds, to the fields of kind number `kind`. */
  apply(kind: number, bytes: Uint8Array, from: number, to: number): DecodeCode | undefined {
    const wire = this.#wires[kind];
    const fields = wire?.channels[selfChannel];
    const held = this.#of(kind);
    if (fields === undefined || held === undefined) return "out_of_range";
    const reader = this.#reader;
    reader.reset(bytes, from, to);
    // A frame for several ticks holds the changes of each, oldest first, every one a whole number of bytes.
    do {
      const mask = reader.bits(fields.length);
      for (let i = 0; i < fields.length && !reader.failed; i++) {
        if ((mask & (1 << i)) === 0) continue;
        const { type, part, text } = fields[i]!;
        const value = readField(reader, type, held.record.parts, part, absoluteFrame);
        if (text >= 0) held.record.texts[text] = value;
      }
      reader.align();
    } while (reader.remainingBits >= 8 && fields.length > 0 && !reader.failed);
    held.record.version++;
    return reader.failed ? "truncated" : undefined;
  }

  /** The self fields of a kind; defaults before anything was received. Undefined for a kind of another schema. */
  state<K extends EntityKind>(kind: K): SelfValue<K["fields"]> | undefined {
    const index = this.#schema.entities.indexOf(kind);
    return this.#of(index)?.state as SelfValue<K["fields"]> | undefined;
  }

  #of(kind: number): { readonly record: MutableParts; readonly state: object } | undefined {
    const known = this.#held.get(kind);
    const wire = this.#wires[kind];
    const mine = this.#schema.kinds[kind];
    if (known !== undefined || wire === undefined || mine === undefined) return known;
    const record = emptyParts(wire);
    const state = stateFactory(mine.channels[selfChannel] ?? [], wire)({ record });
    const made = { record, state };
    this.#held.set(kind, made);
    return made;
  }
}

/** The group's members. Each zone tells those that are in it, all of them whenever it tells any. */
export class GroupView {
  readonly #schema: Schema;
  readonly #wires: readonly KindLayout[];
  readonly #factories = new Map<number, StateFactory>();
  readonly #zones = new Map<number, { readonly members: readonly GroupMember[]; readonly toldMs: number }>();
  readonly #reader = new BitReader(new Uint8Array(0));

  constructor(schema: Schema, wires: readonly KindLayout[]) {
    this.#schema = schema;
    this.#wires = wires;
  }

  /** All members of a kind, in the order of zones and of the wire. */
  members<K extends EntityKind>(kind: K): GroupMember<K>[] {
    const all = [...this.#zones.values()].flatMap(({ members }) => members);
    return all.filter((member) => member.kind === kind) as unknown as GroupMember<K>[];
  }

  /** Forgets zones that have told nothing for longer; returns whether any did. */
  expire(nowMs: number, silenceMsMax: number): boolean {
    let isChanged = false;
    for (const [zone, { toldMs }] of this.#zones) {
      if (nowMs - toldMs <= silenceMsMax) continue;
      this.#zones.delete(zone);
      isChanged = true;
    }
    return isChanged;
  }

  /** Applies a zone's group section, which came at `toldMs`. */
  apply(
    zone: number,
    range: { bytes: Uint8Array; from: number; to: number },
    toldMs: number,
  ): DecodeCode | undefined {
    const { bytes, from, to } = range;
    const reader = this.#reader;
    const members: GroupMember[] = [];
    reader.reset(bytes, from, to);
    while (reader.remainingBits >= 8) {
      const memberZone = reader.bits(12);
      const id = reader.bits(24);
      const wire = this.#wires[id >>> 16];
      if (reader.failed) return "truncated";
      if (wire === undefined) return "out_of_range";
      const record = emptyParts(wire);
      for (const { type, part, text } of wire.group) {
        const value = readField(reader, type, record.parts, part, absoluteFrame);
        if (text >= 0) record.texts[text] = value;
      }
      if (reader.failed) return "truncated";
      reader.align();
      const kind = this.#schema.entities[wire.index];
      if (kind === undefined) continue;
      const state = this.#factory(wire)({ record }) as GroupMember["state"];
      members.push({ kind, ref: wireRef(memberZone, id), state });
    }
    this.#zones.set(zone, { members, toldMs });
    return undefined;
  }

  #factory(wire: KindLayout): StateFactory {
    const known = this.#factories.get(wire.index);
    if (known !== undefined) return known;
    const mine = this.#schema.kinds[wire.index]!;
    const made = stateFactory(mine.group, wire);
    this.#factories.set(wire.index, made);
    return made;
  }
}

function emptyParts(wire: KindLayout): MutableParts {
  return { parts: new Int32Array(wire.parts), texts: new Array<string>(wire.texts).fill(""), version: 0 };
}
