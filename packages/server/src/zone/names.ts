/**
 * Names that changed: an entity that crosses a border gets another reference; who still uses the old one is understood.
 *
 * Invariant: bounded in number and time; part of the checkpoint.
 */
import { type ByteReader, type ByteWriter, type EntityRef, idOf, noEntity, zoneOf } from "@myriad/protocol";
import type { World } from "../world/world.ts";

/** Ticks for which an old name is understood: ten seconds at 20 Hz, longer than any client lags. */
const rememberedTicks = 200;
const rememberedMax = 4096;

export class Names {
  readonly #world: World;
  readonly #renamed = new Map<EntityRef, { readonly to: EntityRef; readonly tick: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** An entity has another name now: everywhere it is held, and for late comers. */
  rename(from: EntityRef, to: EntityRef): void {
    this.#world.rename(from, to);
    if (this.#renamed.size >= rememberedMax) this.#renamed.delete(this.#renamed.keys().next().value!);
    this.#renamed.set(from, { to, tick: this.#world.tick });
  }

  /** The live entity that a name means, following one change of name; noEntity when there is none. */
  meant(ref: EntityRef): EntityRef {
    const found = this.#world.resolve(ref);
    if (found !== noEntity || ref === 0) return found;
    let latest: EntityRef = noEntity;
    for (const [from, { to, tick }] of this.#renamed) {
      if (this.#world.tick - tick > rememberedTicks) this.#renamed.delete(from);
      // An id may have had several holders: who had it last is meant.
      else if (zoneOf(from) === zoneOf(ref) && idOf(from) === idOf(ref)) latest = to;
    }
    return this.#world.resolve(latest);
  }

  save(writer: ByteWriter): void {
    writer.v(this.#renamed.size);
    for (const [from, { to, tick }] of this.#renamed) {
      writer.f64(from);
      writer.f64(to);
      writer.f64(tick);
    }
  }

  restore(reader: ByteReader): boolean {
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      this.#renamed.set(reader.f64(), { to: reader.f64(), tick: reader.f64() });
    }
    return !reader.failed;
  }
}
