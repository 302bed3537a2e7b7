/**
 * Players at home in a zone: which session controls which entity, what was applied of its intents, what of it is saved.
 *
 * Invariant: part of the checkpoint. A session that left stays here until its character's last save was answered.
 */
import type { ByteReader, ByteWriter, EntityRef } from "@myriad/protocol";

export interface PlayerSession {
  readonly session: number;
  readonly gateway: number;
  readonly characterId: number;
  readonly name: string;
  readonly sessionEpoch: number;
  player: EntityRef;
  /** Version of the character's row that the next save builds on. */
  version: number;
  lastIntent: number;
  /** Tick at which the last intent was applied. */
  intentTick: number;
  group: number;
  absent: boolean;
  /** Areas the player stood in at the last tick, one bit each. */
  areas: number;
  savedTick: number;
  saveInFlight: boolean;
  /** Ledger requests without a reply; the player is not handed over while there are any. */
  pendingRequests: number;
  /** Set when the player left: the state still to be saved, and why it left. */
  leaving: { readonly state: Uint8Array; readonly reason: string; sent: boolean } | undefined;
}

export class Sessions {
  readonly bySession = new Map<number, PlayerSession>();
  readonly #byPlayer = new Map<EntityRef, PlayerSession>();

  add(session: PlayerSession): void {
    this.bySession.set(session.session, session);
    if (session.leaving === undefined) this.#byPlayer.set(session.player, session);
  }

  ofPlayer(player: EntityRef): PlayerSession | undefined {
    return this.#byPlayer.get(player);
  }

  /** Players in the world; sessions that only wait for a save are not counted. */
  get playing(): number {
    return this.#byPlayer.size;
  }

  /** Takes the entity from a session that leaves. */
  release(session: PlayerSession): void {
    this.#byPlayer.delete(session.player);
  }

  remove(session: PlayerSession): void {
    this.release(session);
    this.bySession.delete(session.session);
  }

  save(writer: ByteWriter): void {
    writer.v(this.bySession.size);
    for (const session of this.bySession.values()) writeSession(writer, session);
  }

  restore(reader: ByteReader): boolean {
    for (let left = reader.v(); left > 0 && !reader.failed; left--) this.add(readSession(reader));
    return !reader.failed;
  }
}

/** Writes a session whole: for checkpoints and handovers. */
export function writeSession(writer: ByteWriter, session: PlayerSession): void {
  writer.u32(session.session);
  writer.u16(session.gateway);
  writer.f64(session.characterId);
  writer.text(session.name);
  writer.v(session.sessionEpoch);
  writer.f64(session.player);
  writer.v(session.version);
  writer.u32(session.lastIntent);
  writer.f64(session.intentTick);
  writer.f64(session.group);
  writer.u8(
    (session.absent ? 1 : 0) |
      (session.saveInFlight ? 2 : 0) |
      (session.leaving ? 4 : 0) |
      (session.leaving?.sent ? 8 : 0),
  );
  writer.u32(session.areas);
  writer.f64(session.savedTick);
  writer.v(session.pendingRequests);
  if (session.leaving !== undefined) {
    writer.text(session.leaving.reason);
    writer.v(session.leaving.state.length);
    writer.bytes(session.leaving.state);
  }
}

export function readSession(reader: ByteReader): PlayerSession {
  const session = reader.u32();
  const gateway = reader.u16();
  const characterId = reader.f64();
  const name = reader.text(256);
  const sessionEpoch = reader.v();
  const player = reader.f64();
  const version = reader.v();
  const lastIntent = reader.u32();
  const intentTick = reader.f64();
  const group = reader.f64();
  const flags = reader.u8();
  const areas = reader.u32();
  const savedTick = reader.f64();
  const pendingRequests = reader.v();
  const leaving =
    flags & 4
      ? { reason: reader.text(64), state: reader.view(reader.v()).slice(), sent: (flags & 8) !== 0 }
      : undefined;
  return {
    session,
    gateway,
    characterId,
    name,
    sessionEpoch,
    player,
    version,
    lastIntent,
    intentTick,
    group,
    absent: (flags & 1) !== 0,
    areas,
    savedTick,
    saveInFlight: (flags & 2) !== 0,
    pendingRequests,
    leaving,
  };
}
