/**
 * Crossing borders: entities that walked out of the zone are handed to the zone they walked into, with all they are.
 *
 * Invariant: one owner at any time. The sender lets go in the tick in which it sends; the receiver owns from its next on.
 * Invariant: a player is not handed over while a save or a ledger request of it is on its way back to this zone.
 */
import { ByteReader, ByteWriter, noEntity } from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import type { VectorColumn } from "../world/columns.ts";
import type { Table } from "../world/table.ts";
import { grantedRef } from "./borders.ts";
import { decodeHandover, encodeHandover, noGrant } from "./handover.ts";
import { zoneMessage } from "./zone-batch.ts";
import type { ZoneCore } from "./zone-core.ts";

/** Metres beyond its zone's edge at which an entity is handed over: so that nobody flickers at a border. */
export const handoverHysteresisM = 2;

export class Crossing {
  readonly #core: ZoneCore;

  constructor(core: ZoneCore) {
    this.#core = core;
  }

  /** Hands over who walked out of the zone into another one. */
  handOver(): void {
    const { bounds } = this.#core.definition;
    for (const table of this.#core.world.tables) {
      const position = (table.columns as Record<string, unknown>)["position"] as VectorColumn | undefined;
      if (position === undefined) continue;
      for (let row = table.next(-1); row >= 0; row = table.next(row)) {
        const x = position.x[row]!;
        const y = position.y[row]!;
        const isOut =
          x < bounds.x - handoverHysteresisM ||
          y < bounds.y - handoverHysteresisM ||
          x >= bounds.x + bounds.width + handoverHysteresisM ||
          y >= bounds.y + bounds.height + handoverHysteresisM;
        if (isOut) this.#handOverRow(table, row, x, y);
      }
    }
  }

  /** Gives a handed-over entity its new life here. */
  receive(zone: number, bytes: Uint8Array): void {
    const handover = decodeHandover(bytes, this.#core.world.timers);
    const table = this.#core.world.tables.find((candidate) => candidate.kind.name === handover?.kind);
    assert(
      handover !== undefined && table !== undefined,
      "a handover can be read by the zone that receives it",
    );
    // A zone that came back from an older state has let the player in from its last save meanwhile.
    const { session: player } = handover;
    if (player !== undefined && this.#core.sessions.bySession.has(player.record.session)) return;
    const hasGrant = handover.grantedId !== noGrant;
    if (hasGrant) this.#core.borders.grantUsed(zone, table.index, handover.grantedId & 0xffff);
    const row = hasGrant ? handover.grantedId & 0xffff : table.take(this.#core.tick);
    if (row < 0) {
      // No room: the entity is lost to the world, its player is told and keeps its last save.
      if (handover.session !== undefined) {
        const { session, gateway } = handover.session.record;
        this.#core.outbox.ended.push({
          session,
          gateway,
          how: "closed",
          reason: "server_full",
        });
      }
      return;
    }
    const ref = hasGrant ? table.fillReserved(row) : table.ref(row);
    const oldName = this.#core.world.localName(handover.oldRef);
    this.#core.borders.dropGhost(oldName);
    table.readRow(handover.row, row);
    table.mapRowRefs(row, (held) => (held === handover.oldRef ? ref : this.#core.world.localName(held)));
    this.#core.world.index(table, row);
    for (const { remainingTicks, timer } of handover.timers) {
      this.#core.localise(timer.type.fields, timer.args);
      this.#core.world.timers.set(this.#core.tick + remainingTicks, timer.type, timer.args, ref);
    }
    // Last, for its own timers may speak of it, too.
    this.#core.rename(oldName, ref);
    if (handover.session === undefined) return;
    const session = handover.session.record;
    session.player = ref;
    session.intentTick = this.#core.tick - handover.session.intentAgeTicks - 1;
    session.savedTick = this.#core.tick;
    session.areas = 0;
    this.#core.sessions.add(session);
  }

  #handOverRow(table: Table, row: number, x: number, y: number): void {
    const target = this.#core.options.zones.findIndex(
      ({ bounds: b }) => x >= b.x && y >= b.y && x < b.x + b.width && y < b.y + b.height,
    );
    if (target < 0 || target === this.#core.options.zone) return;
    const ref = table.ref(row);
    const session = this.#core.sessions.ofPlayer(ref);
    // A save or a ledger request on its way must come back to the zone that sent it.
    if (session !== undefined && (session.saveInFlight || session.pendingRequests > 0)) return;
    // The zone that receives finds out for itself what it enters.
    if (session !== undefined) this.#core.players.leaveAreas(session);
    const granted = this.#core.borders.takeGrant(target, table.index);
    const owned = this.#core.world.timers.removeOwned(ref);
    const bytes = encodeHandover({
      table,
      row,
      grantedId: granted < 0 ? noGrant : table.index * 65_536 + granted,
      timers: this.#core.world.timers,
      owned,
      tick: this.#core.tick,
      session,
    });
    this.#core.borders.send(target, zoneMessage.handover, bytes);
    const newRef = granted < 0 ? noEntity : grantedRef(target, table.index, granted);
    const isNear = newRef !== noEntity && this.#core.borders.links.get(target)?.isNeighbour === true;
    const copy = new ByteWriter(1024);
    if (isNear) table.writeRow(copy, row, (name) => table.kind.fields[name]!.audience !== "server");
    this.#core.world.remove(table, row);
    this.#core.moved.set(ref, newRef);
    if (newRef !== noEntity) this.#core.rename(ref, newRef);
    if (isNear)
      this.#core.borders.keepAsGhost(newRef, (ghostRow) =>
        table.readRow(new ByteReader(copy.view()), ghostRow),
      );
    if (session === undefined) return;
    this.#core.sessions.remove(session);
    this.#core.outbox.departed.push(session);
    const { gateway } = session;
    this.#core.outbox.ended.push({ session: session.session, gateway, how: "handedOver", zone: target });
  }
}
