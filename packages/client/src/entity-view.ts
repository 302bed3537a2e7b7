/**
 * Entities as a game sees them: an object that stays the same while the entity is known, with typed getters over the
 * quantised integers that were received. The getters of a kind are built once; reading allocates nothing but {x, y}.
 *
 * Invariant: identity outlives a border: when an entity moves to another zone its object stays and its `ref` changes.
 * Invariant: a field that the server does not know reads as its default.
 */
import {
  angle,
  type ArrayType,
  defaultOf,
  dequantise,
  type EntityKind,
  type EntityRef,
  type EntityValue,
  type FieldLayout,
  type KindLayout,
  type ReplicaEntity,
  type WireType,
} from "@myriad/protocol";
import { Track } from "./track.ts";

/** An entity in view. */
export interface WorldEntity<K extends EntityKind = EntityKind> {
  readonly kind: K;
  /** Its name now; changes when it crosses into another zone. */
  readonly ref: EntityRef;
  /** The watchers' fields, read live. */
  readonly state: EntityValue<K["fields"]>;
  /** False once it vanished. Its state can still be read. */
  readonly isPresent: boolean;
  /** Tick (of its zone) of the last change to its critical fields. */
  readonly tick: number;
  /** Ticks between two updates of it at its present distance. */
  readonly strideTicks: number;
}

/** The integers and texts that getters read. */
export interface Parts {
  readonly parts: Int32Array;
  readonly texts: readonly string[];
  /** Grows when they change; needed for arrays alone. */
  readonly version?: number;
}

/** Makes objects whose getters read `source.record`. */
export type StateFactory = (source: { readonly record: Parts }) => object;

/** How one kind is seen: the game's declaration over the server's layout. */
export interface KindView {
  readonly kind: EntityKind;
  readonly wire: KindLayout;
  readonly newState: StateFactory;
  /** First angle among the critical fields: which way it looks. */
  readonly heading: FieldLayout | undefined;
  readonly position: FieldLayout | undefined;
}

export function kindViewOf(kind: EntityKind, mine: KindLayout, wire: KindLayout): KindView {
  const watched = mine.channels.slice(0, 4).flat();
  const critical = wire.channels[0] ?? [];
  return {
    kind,
    wire,
    newState: stateFactory(watched, wire),
    heading: critical.find((field) => field.type.type === angle().type),
    position: critical.find((field) => field.type.type === "position"),
  };
}

/** A factory of objects with one getter for each of `fields`, found by name in the server's layout. */
export function stateFactory(fields: readonly FieldLayout[], wire: KindLayout): StateFactory {
  class State {
    readonly #source: { readonly record: Parts };
    constructor(source: { readonly record: Parts }) {
      this.#source = source;
    }
    static recordOf(state: State): Parts {
      return state.#source.record;
    }
  }
  for (const field of fields) {
    const read = readerOf(
      field.type,
      wire.fields.find((other) => other.name === field.name),
    );
    Object.defineProperty(State.prototype, field.name, {
      enumerable: true,
      get(this: State) {
        return read(State.recordOf(this));
      },
    });
  }
  return (source) => new State(source);
}

function readerOf(type: WireType | ArrayType, wire: FieldLayout | undefined): (record: Parts) => unknown {
  if (type.type === "array") return arrayReader(type, wire);
  if (wire === undefined) {
    const value = defaultOf(type);
    return () => value;
  }
  const { part, text } = wire;
  return text >= 0 ? (record) => record.texts[text] ?? "" : (record) => dequantise(type, record.parts, part);
}

/** Arrays are decoded once for each version of the record. */
function arrayReader(type: ArrayType, wire: FieldLayout | undefined): (record: Parts) => unknown {
  const item = type.item as WireType;
  const known = wire?.type.type === "array" ? Math.min(type.length, wire.type.length) : 0;
  const cached: { of?: Parts; version: number; values: unknown[] } = { version: -1, values: [] };
  return (record) => {
    const version = record.version ?? 0;
    if (cached.of === record && cached.version === version) return cached.values;
    cached.of = record;
    cached.version = version;
    cached.values = Array.from({ length: type.length }, (_, i) =>
      i < known ? dequantise(item, record.parts, wire!.part + i) : defaultOf(item),
    );
    return cached.values;
  };
}

/** The object behind WorldEntity. The world alone changes it. */
export class EntityHandle implements WorldEntity {
  readonly view: KindView;
  readonly state: EntityValue<EntityKind["fields"]>;
  readonly track = new Track();
  record: ReplicaEntity;
  ref: EntityRef;
  isPresent = true;
  /** True until its listeners heard of it. */
  isNew = true;
  /** Bits of the channels that changed in the frame that is being applied. */
  changed = 0;

  constructor(view: KindView, record: ReplicaEntity) {
    this.view = view;
    this.record = record;
    this.ref = record.ref;
    this.state = view.newState(this) as EntityValue<EntityKind["fields"]>;
  }

  get kind(): EntityKind {
    return this.view.kind;
  }

  get tick(): number {
    return this.record.tick;
  }

  get strideTicks(): number {
    return this.record.strideTicks;
  }
}
