import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { operationId } from "../../ledger/operation.ts";
import type { Operation, Outcome } from "../../ledger/port.ts";
import type { Call } from "../calls.ts";
import { toCharacterId } from "../ids.ts";
import type { CharacterSave } from "../port.ts";
import { batch, commitOf, eventOf } from "../zones-contract.ts";
import { packAnswer, packCall, unpackAnswer, unpackCall } from "./packing.ts";

const fence = { zone: 3, epoch: 2 };
const mint: Operation = {
  kind: "mint",
  operationId: operationId({ realm: "vale", zone: 3, epoch: 1, tick: 1, ordinal: 0 }),
  itemType: 1,
  to: { kind: "ground", id: 3, slot: 0 },
};
const save = fc
  .record({
    id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    expectedVersion: fc.nat(),
    step: fc.integer({ min: 1, max: 1000 }),
    sessionEpoch: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
    zone: fc.nat({ max: 4095 }),
    schemaVersion: fc.nat(),
    state: fc.uint8Array(),
  })
  .map(
    ({ id, expectedVersion, step, sessionEpoch, zone, schemaVersion, state }): CharacterSave => ({
      characterId: toCharacterId(id),
      expectedVersion,
      version: expectedVersion + step,
      ...(sessionEpoch === undefined ? {} : { sessionEpoch }),
      zone,
      schemaVersion,
      state: new Uint8Array(state),
    }),
  );

/** The call after a journey between threads. */
function carried(call: Call): Call {
  const { message, transfer } = packCall(call);
  return unpackCall(structuredClone(message, { transfer }));
}

test("saves arrive as they were sent, whatever is in them", () =>
  fc.assert(
    fc.property(fc.array(save), (saves) => {
      const call: Call = { method: "saveCharacters", argument: { saves, fence } };
      deepEqual(carried(call), call);
    }),
  ));

test("every part of a tick arrives, and the sender keeps its bytes", () =>
  fc.assert(
    fc.property(fc.array(save, { maxLength: 3 }), (saves) => {
      const journal = { ...batch(1, 2), bytes: new Uint8Array([1, 2, 3]) };
      const events = [eventOf("e", 0)];
      const call: Call = {
        method: "commitTick",
        argument: commitOf(fence, { journal, operations: [mint], saves, events }),
      };
      deepEqual(carried(call), call);
      equal(journal.bytes.length, 3);
    }),
  ));

test("a view takes its own bytes along and not those around it", () => {
  const around = new Uint8Array(10_000);
  const initial = { zone: 0, schemaVersion: 1, state: around.subarray(5, 8) };
  const { message, transfer } = packCall({
    method: "openCharacter",
    argument: { accountId: 1 as never, name: "Wren", initial },
  });
  equal(transfer[0]?.byteLength, 3);
  notEqual((message.argument as { initial: { state: Uint8Array } }).initial.state.buffer, around.buffer);
});

test("outcomes come back as they were, alone and within a tick", () => {
  const outcomes: Outcome[] = [{ status: "refused", code: "slot_taken" }];
  const back = (method: Call["method"], value: unknown) =>
    unpackAnswer(method, structuredClone(packAnswer(method, value)));
  deepEqual(back("applyOperations", outcomes), outcomes);
  const committed = { outcomes, saves: [{ ok: true, version: 2 }] };
  deepEqual(back("commitTick", committed), committed);
  deepEqual(back("items", [{ slot: 1 }]), [{ slot: 1 }]);
});
