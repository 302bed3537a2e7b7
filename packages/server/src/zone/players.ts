/**
 * Players of a zone: how they come, which areas they stand in, when they are saved, how they go.
 *
 * Owns: a player's entity from its join or to its end, the rhythm of saves. What players ask for is decided by modules, who
 * is at home here is written down in sessions.ts.
 * Invariant: a session that left ends when its last save is answered, never before.
 */
import { ByteReader, ByteWriter, type EntityRef } from "@myriad/protocol";
import { decodeCharacter } from "../bus/character.ts";
import type { SessionInput } from "../bus/intent-batch.ts";
import { coreEvents } from "../events/core-events.ts";
import { hash32 } from "../kernel/hash.ts";
import type { VectorColumn } from "../world/columns.ts";
import type { Selection, Table } from "../world/table.ts";
import { handoverHysteresisM } from "./crossing.ts";
import type { StoreReply } from "./inputs.ts";
import type { PlayerSession } from "./sessions.ts";
import type { ZoneCore } from "./zone-core.ts";

export class Players {
  /** Items of the player that is connecting right now. */
  connectingItems: readonly { itemId: number; itemType: number; slot: number }[] = [];
  readonly table: Table;
  readonly #core: ZoneCore;
  readonly #position: VectorColumn;
  readonly #savedFields: Selection;
  readonly #stateWriter = new ByteWriter(512);

  constructor(core: ZoneCore) {
    const { player } = core.options.program.realm;
    this.#core = core;
    this.table = core.world.table(player) as unknown as Table;
    this.#position = (this.table.columns as Record<string, unknown>)["position"] as VectorColumn;
    this.#savedFields = this.table.selection((name) => name === "position" || player.fields[name]!.saved);
  }

  /** Gives a character an entity, at the place that its ticket or its last save names, else at the realm's spawn point. */
  join(gateway: number, input: SessionInput & { kind: "join" }): void {
    const { api, hub, options, outbox, sessions, tick, world } = this.#core;
    const { session } = input;
    const decoded = decodeCharacter(input.character);
    const row = decoded.ok ? this.table.take(tick) : -1;
    if (!decoded.ok || row < 0) {
      const reason = decoded.ok ? "server_full" : "store_unavailable";
      outbox.ended.push({ session, gateway, how: "closed", reason });
      return;
    }
    const character = decoded.value;
    const { x, y } = this.#position;
    const isKnown = character.state.length > 0 && this.table.readRow(new ByteReader(character.state), row);
    const { place } = character;
    const isPlaced = place !== undefined && this.#isInside(place.x, place.y);
    if (isPlaced) {
      x[row] = place.x;
      y[row] = place.y;
    } else if (!isKnown || !this.#isInside(x[row]!, y[row]!)) {
      const point = options.program.realm.spawnPoint(options.zones, world.random.float());
      x[row] = point.x;
      y[row] = point.y;
    }
    world.index(this.table, row);
    const player = this.table.ref(row);
    sessions.add({
      session,
      gateway,
      characterId: character.characterId,
      name: character.name,
      sessionEpoch: character.sessionEpoch,
      player,
      version: character.version,
      lastIntent: input.lastIntent,
      intentTick: tick,
      group: 0,
      absent: false,
      areas: 0,
      savedTick: tick,
      savedHash: hash32(character.state),
      saveInFlight: false,
      pendingRequests: 0,
      leaving: undefined,
    });
    this.connectingItems = character.items;
    hub.emit(coreEvents["player.connected"], api, { player, isPlaced });
    this.connectingItems = [];
  }

  /** Takes a player out of the world; its session waits for the last save. */
  end(session: PlayerSession, reason: string): void {
    const { api, hub, outbox, sessions, world } = this.#core;
    hub.emit(coreEvents["player.left"], api, { player: session.player, reason });
    this.leaveAreas(session);
    const state = this.#encodeState(session.player);
    sessions.release(session);
    outbox.departed.push(session);
    session.leaving = { state, reason, sent: false };
    world.despawn(session.player);
  }

  endAll(reason: string): void {
    for (const session of [...this.#core.sessions.all])
      if (session.leaving === undefined) this.end(session, reason);
  }

  /** Takes everybody out who was in a state that is not theirs any more; nothing of it is saved. */
  forgetAll(reason: string): void {
    const { outbox, sessions } = this.#core;
    for (const session of [...sessions.all]) {
      if (session.leaving === undefined) this.end(session, reason);
      sessions.remove(session);
    }
    outbox.departed.length = 0;
  }

  /** Asks for the saves that are due: of who left at once, of the others every so often and when something changed. */
  requestSaves(): void {
    const { options, sessions, tick } = this.#core;
    const saveEveryTicks = this.#core.ticks(options.saveEveryMs);
    for (const session of sessions.all) {
      if (session.saveInFlight) continue;
      if (session.leaving !== undefined) {
        if (session.leaving.sent) continue;
        session.leaving.sent = true;
        this.#requestSave(session, session.leaving.state);
        continue;
      }
      // Counted from each join, so that saves do not come in waves.
      if (tick - session.savedTick < saveEveryTicks) continue;
      session.savedTick = tick;
      const state = this.#encodeState(session.player);
      // Who stands and does nothing is saved already. A hash that is equal by chance waits for the next change.
      const hash = hash32(state);
      if (hash === session.savedHash) continue;
      session.savedHash = hash;
      this.#requestSave(session, state);
    }
  }

  /** The store has answered a save: who left is gone now, and who plays elsewhere leaves. */
  hearSave(reply: Exclude<StoreReply, { kind: "ledger" }>): void {
    const { outbox, sessions } = this.#core;
    const session = sessions.bySession.get(reply.session);
    if (session === undefined) return;
    session.saveInFlight = false;
    if (reply.kind === "saved") session.version = reply.version;
    if (reply.kind === "saveRefused" && session.leaving === undefined) {
      // Somebody newer plays this character: what this zone holds of it is void.
      this.end(session, "logged_in_elsewhere");
      session.leaving!.sent = true;
    }
    if (!session.leaving?.sent) return;
    const { gateway, leaving } = session;
    outbox.ended.push({ session: session.session, gateway, how: "closed", reason: leaving.reason });
    sessions.remove(session);
  }

  /** Raises `area.left` for every area a player stood in: it leaves the zone. */
  leaveAreas(session: PlayerSession): void {
    this.#changeAreas(session, 0);
  }

  /** Raises `area.entered` and `area.left` for who walked. */
  updateAreas(): void {
    const { areas, sessions } = this.#core;
    if (areas.names.length === 0) return;
    const { x, y } = this.#position;
    for (const session of sessions.all) {
      if (session.leaving !== undefined) continue;
      const row = this.table.row(session.player);
      const mask = areas.maskAt(x[row]!, y[row]!);
      if (mask !== session.areas) this.#changeAreas(session, mask);
    }
  }

  #changeAreas(session: PlayerSession, mask: number): void {
    const { api, areas, hub } = this.#core;
    const changed = mask ^ session.areas;
    session.areas = mask;
    for (let bit = 0; bit < areas.names.length; bit++) {
      if ((changed & (1 << bit)) === 0) continue;
      const event = (mask & (1 << bit)) !== 0 ? coreEvents["area.entered"] : coreEvents["area.left"];
      hub.emit(event, api, { area: areas.names[bit]!, entity: session.player });
    }
  }

  #requestSave(session: PlayerSession, state: Uint8Array): void {
    session.saveInFlight = true;
    this.#core.outbox.saves.push({
      session: session.session,
      characterId: session.characterId,
      expectedVersion: session.version,
      sessionEpoch: session.sessionEpoch,
      zone: this.#core.options.zone,
      state,
    });
  }

  /** A player's saved fields and place, by name. */
  #encodeState(player: EntityRef): Uint8Array {
    const writer = this.#stateWriter;
    writer.reset();
    this.table.writeFields(writer, this.table.row(player), this.#savedFields);
    return writer.copy();
  }

  /** True where an entity of this zone can stand: also a little outside, before it is handed over. */
  #isInside(x: number, y: number): boolean {
    const { x: left, y: top, width, height } = this.#core.definition.bounds;
    const slack = handoverHysteresisM;
    return x >= left - slack && y >= top - slack && x < left + width + slack && y < top + height + slack;
  }
}
