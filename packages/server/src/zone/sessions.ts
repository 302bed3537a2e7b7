/**
 * Players at home in a zone: which session controls which entity, what was applied of its intents, what of it is saved.
 *
 * Invariant: part of the checkpoint. A session that left stays here until its character's last save was answered.
 */
import { type ByteReader, type ByteWriter, type EntityRef, rowOf } from "@myriad/protocol";

export interface PlayerSession {
  readonly session: number;
  /** Where the player is connected; changes when it comes back through another one. */
  gateway: number;
  readonly characterId: number;
  readonly name: string;
  readonly sessionEpoch: number;
  player: EntityRef;
  /** Version of the character's row that the next save builds on. */
  version: number;
  lastIntent: number;
  /** Tick at which the last intent was applied. */
  intentTick: number;
  /** Set through Sessions.setGroup, which counts. */
  group: number;
  absent: boolean;
  /** Areas the player stood in at the last tick, one bit each. */
  areas: number;
  savedTick: number;
  /** hash32 of the state that was saved or loaded last: the same again is not saved. */
  savedHash: number;
  saveInFlight: boolean;
  /** Ledger requests without a reply; the player is not handed over while there are any. */
  pendingRequests: number;
  /** Set when the player left: the state still to be saved, and why it left. */
  leaving: { readonly state: Uint8Array; readonly reason: string; sent: boolean } | undefined;
}

const nobody: readonly PlayerSession[] = [];

export class Sessions {
  readonly bySession = new Map<number, PlayerSession>();
  /** The same as a list, in the order in which they came: for who goes through them every tick. */
  readonly all: PlayerSession[] = [];
  /** By the row of the player's entity. */
  readonly #byRow: (PlayerSession | undefined)[] = [];
  /** Sessions with an entity by gateway, in the order in which they came. */
  readonly #byGateway = new Map<number, PlayerSession[]>();
  #playing = 0;
  #grouped = 0;

  add(session: PlayerSession): void {
    this.bySession.set(session.session, session);
    this.all.push(session);
    if (session.leaving !== undefined) return;
    const row = rowOf(session.player);
    // Filled up to the row: an array with holes is slower.
    while (this.#byRow.length <= row) this.#byRow.push(undefined);
    this.#byRow[row] = session;
    this.#playing++;
    if (session.group !== 0) this.#grouped++;
    this.#enterGateway(session);
  }

  /** The player came back through another gateway. */
  moveTo(session: PlayerSession, gateway: number): void {
    const plays = session.leaving === undefined;
    if (plays) this.#leaveGateway(session);
    session.gateway = gateway;
    if (plays) this.#enterGateway(session);
  }

  /** A gateway's sessions that have their entity here; a view that the next join or leave changes. */
  playingAt(gateway: number): readonly PlayerSession[] {
    return this.#byGateway.get(gateway) ?? nobody;
  }

  ofPlayer(player: EntityRef): PlayerSession | undefined {
    const session = this.#byRow[rowOf(player)];
    return session?.player === player ? session : undefined;
  }

  /** Players in the world; sessions that only wait for a save are not counted. */
  get playing(): number {
    return this.#playing;
  }

  /** Players in the world that are in a group. */
  get grouped(): number {
    return this.#grouped;
  }

  /** Puts a player into a group, 0 for none. */
  setGroup(session: PlayerSession, group: number): void {
    if (this.ofPlayer(session.player) === session)
      this.#grouped += Number(group !== 0) - Number(session.group !== 0);
    session.group = group;
  }

  /** Takes the entity from a session that leaves. */
  release(session: PlayerSession): void {
    if (this.ofPlayer(session.player) !== session) return;
    this.#byRow[rowOf(session.player)] = undefined;
    this.#playing--;
    if (session.group !== 0) this.#grouped--;
    this.#leaveGateway(session);
  }

  remove(session: PlayerSession): void {
    this.release(session);
    this.bySession.delete(session.session);
    this.all.splice(this.all.indexOf(session), 1);
  }

  #enterGateway(session: PlayerSession): void {
    const playing = this.#byGateway.get(session.gateway);
    if (playing === undefined) this.#byGateway.set(session.gateway, [session]);
    else playing.push(session);
  }

  #leaveGateway(session: PlayerSession): void {
    const playing = this.#byGateway.get(session.gateway)!;
    playing.splice(playing.indexOf(session), 1);
  }

  save(writer: ByteWriter): void {
    writer.v(this.bySession.size);
    for (const session of this.all) writeSession(writer, session);
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
  writer.u32(session.savedHash);
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
  const savedHash = reader.u32();
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
    savedHash,
    saveInFlight: (flags & 2) !== 0,
    pendingRequests,
    leaving,
  };
}
