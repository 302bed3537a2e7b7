/**
 * What members of groups share with each other wherever they are: at the groups' stride, or when a group's number changed.
 *
 * Owns: how many members each group had here at the last tick. Derived, in no checkpoint.
 * Invariant: a zone without groups pays nothing.
 */
import { idOf } from "@myriad/protocol";
import { encodeMember } from "./frames.ts";
import type { PlayerSession } from "./sessions.ts";
import type { ZoneCore } from "./zone-core.ts";

/** Ticks between two group states: 5 Hz at 20. */
const groupStrideTicks = 4;

export interface GroupBytes {
  readonly group: number;
  readonly bytes: Uint8Array;
}

const none: readonly GroupBytes[] = [];

export class GroupStates {
  readonly #core: ZoneCore;
  readonly #members: PlayerSession[] = [];
  #counts = new Map<number, number>();
  #lastCounts = new Map<number, number>();

  constructor(core: ZoneCore) {
    this.#core = core;
  }

  /** The groups that are due at this tick, in the order in which their first members joined. */
  gather(): readonly GroupBytes[] {
    const { sessions } = this.#core;
    if (sessions.grouped === 0 && this.#lastCounts.size === 0) return none;
    const members = this.#members;
    members.length = 0;
    for (const session of sessions.all)
      if (session.group !== 0 && session.leaving === undefined) members.push(session);
    const counts = this.#counts;
    counts.clear();
    for (const { group } of members) counts.set(group, (counts.get(group) ?? 0) + 1);
    const due = this.#dueBytes(counts);
    this.#counts = this.#lastCounts;
    this.#lastCounts = counts;
    return due;
  }

  #dueBytes(counts: ReadonlyMap<number, number>): readonly GroupBytes[] {
    const core = this.#core;
    const { program, zone } = core.options;
    const kind = core.replicator.kinds[core.world.table(program.realm.player).index]!;
    const isTime = core.tick % groupStrideTicks === 0;
    const parts = new Map<number, Uint8Array[]>();
    for (const { group, player } of this.#members) {
      if (!isTime && this.#lastCounts.get(group) === counts.get(group)) continue;
      const bytes = encodeMember(kind, kind.table.row(player), zone, idOf(player));
      const list = parts.get(group);
      if (list === undefined) parts.set(group, [bytes]);
      else list.push(bytes);
    }
    return [...parts].map(([group, list]) => ({ group, bytes: concat(list) }));
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
