import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter, critical, entity, metadata, packRef, position, text, uint } from "@myriad/protocol";
import { Table } from "../world/table.ts";
import { Timers, type TimerType } from "../world/timers.ts";
import { decodeHandover, encodeHandover, noGrant } from "./handover.ts";
import type { PlayerSession } from "./sessions.ts";

const Thing = entity("thing", { position: critical(position()), name: metadata(text(9)) });
const Ring: TimerType = { name: "ring", fields: { count: uint(8) } };
const session: PlayerSession = {
  session: 0xffffffff,
  gateway: 255,
  characterId: Number.MAX_SAFE_INTEGER,
  name: "Ada 😀",
  sessionEpoch: 3,
  player: packRef(2, 1, 0, 0),
  version: 4,
  lastIntent: 0xfffffffe,
  intentTick: 95,
  group: 2 ** 45,
  absent: true,
  areas: 0xffffffff,
  savedTick: 90,
  savedHash: 0xfedc_ba98,
  saveInFlight: true,
  pendingRequests: 2,
  leaving: undefined,
};

function encoded(withSession: PlayerSession | undefined, grantedId = 7): Uint8Array {
  const table = new Table(Thing, { index: 0, zone: 2, capacity: 2 });
  const row = table.take(0);
  table.columns.position.x[row] = 1 / 3;
  table.columns.name[row] = "thing";
  const timers = new Timers([Ring]);
  timers.set(110, Ring, { count: 5 }, table.ref(row));
  const owned = timers.removeOwned(table.ref(row));
  const asTable = table as unknown as Table;
  return encodeHandover({ table: asTable, row, grantedId, timers, owned, tick: 100, session: withSession });
}

test("a handover carries row, timers and session, in ticks from now", () => {
  const read = decodeHandover(encoded(session), new Timers([Ring]));
  assert.ok(read !== undefined);
  assert.deepEqual([read.oldRef, read.grantedId, read.kind], [packRef(2, 1, 0, 0), 7, "thing"]);
  assert.deepEqual(
    read.timers.map(({ remainingTicks, timer }) => [remainingTicks, timer.type, timer.args]),
    [[10, Ring, { count: 5 }]],
  );
  assert.deepEqual(read.session, { record: session, intentAgeTicks: 5 });
  const table = new Table(Thing, { index: 0, zone: 3, capacity: 2 });
  const row = table.take(0);
  assert.equal(table.readRow(read.row, row), true);
  assert.deepEqual([table.columns.position.x[row], table.columns.name[row]], [1 / 3, "thing"]);
});

test("a handover without session or grant says so; timers that nobody knows stay behind", () => {
  const read = decodeHandover(encoded(undefined, noGrant), new Timers([]));
  assert.ok(read !== undefined);
  assert.deepEqual([read.session, read.grantedId, read.timers], [undefined, noGrant, []]);
});

test("a session that leaves keeps its last state", () => {
  const leaving = { reason: "left", state: Uint8Array.of(1, 2), sent: true };
  const read = decodeHandover(
    encoded({ ...session, leaving, absent: false, saveInFlight: false }),
    new Timers([Ring]),
  );
  assert.deepEqual(read?.session?.record.leaving, leaving);
  assert.deepEqual([read.session.record.absent, read.session.record.saveInFlight], [false, false]);
});

test("a handover that is cut is none", () => {
  const bytes = encoded(session);
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeHandover(bytes.subarray(0, length), new Timers([Ring])), undefined, `${length}`);
  const writer = new ByteWriter();
  writer.f64(1);
  assert.equal(decodeHandover(writer.copy(), new Timers([Ring])), undefined);
});
