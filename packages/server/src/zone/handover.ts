/**
 * An entity on its way to another zone, as bytes: everything its new owner needs to go on as if nothing had happened.
 *
 *   oldRef:f64 grantedId:u32 (ffffffff none)  kind:text  row (all fields by name)
 *   timers  count:v { remaining ticks:f64, timer }     session? :u8 [ session, intent age:f64 ]
 *
 * Invariant: references inside are as the sender names them; the receiver passes each through `localName`.
 */
import { ByteReader, ByteWriter, type EntityRef } from "@myriad/protocol";
import type { Table } from "../world/table.ts";
import type { Timer, Timers } from "../world/timers.ts";
import { type PlayerSession, readSession, writeSession } from "./sessions.ts";

export const noGrant = 0xffffffff;

/** Takes the granted id out of a handover that was written before: its receiver does not keep that row any more. */
export function withoutGrant(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  // Behind the old reference; noGrant is the same in every order of bytes.
  changed.fill(0xff, 8, 12);
  return changed;
}

export interface Handover {
  readonly oldRef: EntityRef;
  /** 24-bit id in the receiver's zone that it granted before, or noGrant. */
  readonly grantedId: number;
  readonly kind: string;
  /** Stands at the row's fields. */
  readonly row: ByteReader;
  readonly timers: readonly { readonly remainingTicks: number; readonly timer: Timer }[];
  readonly session: { readonly record: PlayerSession; readonly intentAgeTicks: number } | undefined;
}

export function encodeHandover(handover: {
  table: Table;
  row: number;
  grantedId: number;
  timers: Timers;
  owned: readonly Timer[];
  tick: number;
  session: PlayerSession | undefined;
}): Uint8Array {
  const { table, row, tick, session } = handover;
  const writer = new ByteWriter(1024);
  writer.f64(table.ref(row));
  writer.u32(handover.grantedId);
  writer.text(table.kind.name);
  const fields = new ByteWriter(1024);
  table.writeRow(fields, row, () => true);
  writer.v(fields.at);
  writer.bytes(fields.view());
  writer.v(handover.owned.length);
  for (const timer of handover.owned) {
    writer.f64(timer.dueTick - tick);
    handover.timers.writeTimer(writer, timer);
  }
  writer.u8(session === undefined ? 0 : 1);
  if (session !== undefined) {
    writeSession(writer, session);
    writer.f64(tick - session.intentTick);
  }
  return writer.copy();
}

/** Reads a handover; undefined when the bytes are broken. Never throws. */
export function decodeHandover(bytes: Uint8Array, timers: Timers): Handover | undefined {
  const reader = new ByteReader(bytes);
  const oldRef = reader.f64();
  const grantedId = reader.u32();
  const kind = reader.text(256);
  const length = reader.v();
  const from = reader.skip(length);
  const row = new ByteReader(bytes, from, from + length);
  const carried: { remainingTicks: number; timer: Timer }[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) {
    const remainingTicks = reader.f64();
    const timer = timers.readTimer(reader, 0);
    if (timer !== undefined) carried.push({ remainingTicks, timer });
  }
  const session =
    reader.u8() === 1 ? { record: readSession(reader), intentAgeTicks: reader.f64() } : undefined;
  return reader.failed ? undefined : { oldRef, grantedId, kind, row, timers: carried, session };
}
