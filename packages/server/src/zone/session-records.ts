/**
 * What a tick says to each session: its entity, its place, its own fields, the intent last applied, its facts.
 *
 * Owns: what each session was last told of its own entity. Derived: a restored zone tells everything again.
 * Invariant: nothing is allocated for a session whose place and acknowledgement alone changed.
 * hot path
 */
import { finePositionStepsPerM, idOf } from "@myriad/protocol";
import type { FactRecord } from "../bus/tick-frame.ts";
import type { QuantisedKind } from "../replication/quantised.ts";
import type { VectorColumn } from "../world/columns.ts";
import { encodeSelf, type FrameWriter, type SessionRecord } from "./frames.ts";
import type { PlayerSession } from "./sessions.ts";
import type { ZoneCore } from "./zone-core.ts";

const noFacts: readonly FactRecord[] = [];

export class SessionRecords {
  readonly #core: ZoneCore;
  readonly #kind: QuantisedKind;
  readonly #position: VectorColumn;
  /** By the player's row: whom it was told to, the entity's reference, the place in 1/1024 m. */
  readonly #toldSession: Float64Array;
  readonly #toldRef: Float64Array;
  readonly #toldX: Int32Array;
  readonly #toldY: Int32Array;
  readonly #place = { x: 0, y: 0 };
  /** The one record, filled anew for each session. */
  readonly #record: { -readonly [Key in keyof SessionRecord]: SessionRecord[Key] } = {
    session: 0,
    own: undefined,
    position: undefined,
    self: undefined,
    selfFull: false,
    group: 0,
    lastIntent: 0,
    ticksSince: 0,
    facts: noFacts,
  };

  constructor(core: ZoneCore) {
    this.#core = core;
    const table = core.world.table(core.options.program.realm.player);
    this.#kind = core.replicator.kinds[table.index]!;
    this.#position = (table.columns as Record<string, unknown>)["position"] as VectorColumn;
    this.#toldSession = new Float64Array(table.capacity).fill(-1);
    this.#toldRef = new Float64Array(table.capacity);
    this.#toldX = new Int32Array(table.capacity);
    this.#toldY = new Int32Array(table.capacity);
  }

  /** Writes the records of one gateway's sessions; those in `selves` are told everything. */
  write(frames: FrameWriter, gateway: number, selves: ReadonlySet<number>): void {
    const { departed } = this.#core.outbox;
    const playing = this.#core.sessions.playingAt(gateway);
    let count = playing.length;
    for (let i = 0; i < departed.length; i++) if (departed[i]!.gateway === gateway) count++;
    frames.beginSessions(count);
    for (let i = 0; i < playing.length; i++) this.#writePlaying(frames, playing[i]!, selves);
    for (let i = 0; i < departed.length; i++)
      if (departed[i]!.gateway === gateway) this.#writeLastWords(frames, departed[i]!);
  }

  #writePlaying(frames: FrameWriter, state: PlayerSession, selves: ReadonlySet<number>): void {
    const record = this.#record;
    const { session, player } = state;
    const row = this.#kind.table.row(player);
    const x = Math.round(this.#position.x[row]! * finePositionStepsPerM) | 0;
    const y = Math.round(this.#position.y[row]! * finePositionStepsPerM) | 0;
    const isKnown = this.#toldRef[row] === player && this.#toldSession[row] === session;
    const isFull = !isKnown || (selves.size > 0 && selves.has(session));
    const hasMoved = isFull || this.#toldX[row] !== x || this.#toldY[row] !== y;
    if (hasMoved) {
      this.#toldX[row] = x;
      this.#toldY[row] = y;
      this.#place.x = x;
      this.#place.y = y;
    }
    if (isFull) {
      this.#toldRef[row] = player;
      this.#toldSession[row] = session;
    }
    record.own = isFull ? idOf(player) : undefined;
    record.position = hasMoved ? this.#place : undefined;
    record.self = encodeSelf(this.#kind, row, this.#core.tick, isFull);
    record.selfFull = isFull && record.self !== undefined;
    this.#finish(frames, state);
  }

  /** What a session is told in the tick in which it left: facts and acknowledgement, nothing of an entity. */
  #writeLastWords(frames: FrameWriter, state: PlayerSession): void {
    const record = this.#record;
    record.own = undefined;
    record.position = undefined;
    record.self = undefined;
    record.selfFull = false;
    this.#finish(frames, state);
  }

  #finish(frames: FrameWriter, state: PlayerSession): void {
    const record = this.#record;
    const { facts } = this.#core.outbox;
    record.session = state.session;
    record.group = state.group;
    record.lastIntent = state.lastIntent;
    record.ticksSince = Math.min(255, this.#core.tick - state.intentTick + 1);
    record.facts = facts.size === 0 ? noFacts : (facts.get(state.session) ?? noFacts);
    frames.session(record);
  }
}
