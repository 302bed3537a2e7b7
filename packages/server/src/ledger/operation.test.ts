import { deepEqual, equal, notEqual, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assertHolder, assertOperations } from "./checks.ts";
import { contentDigest, isRealmId, operationId, routingKey, sameHolder, samePlace } from "./operation.ts";
import type { Holder, ItemId, Operation, Place } from "./port.ts";

const id = operationId({ realm: "vale", zone: 3, epoch: 2, tick: 1200, ordinal: 0 });
const inBag: Place = { kind: "character", id: 7, slot: 0 };
const onGround: Place = { kind: "ground", id: 3, slot: 900 };
const mint: Operation = { kind: "mint", operationId: id, itemType: 12, to: onGround };
const move: Operation = { kind: "move", operationId: id, itemId: 5 as ItemId, from: onGround, to: inBag };
const destroy: Operation = { kind: "destroy", operationId: id, itemId: 5 as ItemId, from: inBag };
const bug = { name: "AssertionFailed" };

test("an operation id names realm, zone, epoch, tick and ordinal", () => {
  equal(id, "vale/3/2/1200/0");
});

test("different parts give different ids", () => {
  const parts = fc.record({
    realm: fc.constantFrom("a", "a-1", "1"),
    zone: fc.nat({ max: 12 }),
    epoch: fc.nat({ max: 12 }),
    tick: fc.nat({ max: 112 }),
    ordinal: fc.nat({ max: 12 }),
  });
  fc.assert(
    fc.property(parts, parts, (left, right) => {
      equal(operationId(left) === operationId(right), JSON.stringify(left) === JSON.stringify(right));
    }),
  );
});

test("an id of parts out of range is a bug", () => {
  const good = { realm: "vale", zone: 0, epoch: 0, tick: 0, ordinal: 0 };
  for (const realm of ["", "Vale", "a/b", "-a", "x".repeat(33)])
    throws(() => operationId({ ...good, realm }), bug);
  throws(() => operationId({ ...good, zone: 4096 }), bug);
  for (const bad of [-1, 0.5, 2 ** 53]) {
    for (const part of ["zone", "epoch", "tick", "ordinal"])
      throws(() => operationId({ ...good, [part]: bad }), bug);
  }
  ok(isRealmId("x".repeat(32)));
});

test("the digest covers everything but the id", () => {
  const otherId = operationId({ realm: "vale", zone: 3, epoch: 2, tick: 1201, ordinal: 0 });
  for (const operation of [mint, move, destroy]) {
    equal(contentDigest({ ...operation, operationId: otherId }), contentDigest(operation));
  }
  const others: Operation[] = [
    { ...mint, itemType: 13 },
    { ...mint, to: { ...onGround, slot: 901 } },
    { ...move, itemId: 6 as ItemId },
    { ...move, from: { ...onGround, id: 4 } },
    { ...move, to: { ...inBag, kind: "ground" } },
    { ...destroy, itemId: 6 as ItemId },
    { ...destroy, from: { ...inBag, slot: 1 } },
  ];
  const digests = new Set([mint, move, destroy, ...others].map(contentDigest));
  equal(digests.size, 3 + others.length);
});

test("an operation is filed where the item is, or comes to be", () => {
  deepEqual(routingKey(mint), { kind: "ground", id: 3 });
  deepEqual(routingKey(move), { kind: "ground", id: 3 });
  deepEqual(routingKey(destroy), { kind: "character", id: 7 });
});

test("places and holders are compared by value", () => {
  ok(samePlace(inBag, { ...inBag }));
  ok(!samePlace(inBag, { ...inBag, slot: 1 }));
  ok(!samePlace(inBag, { ...inBag, id: 8 }));
  const besideIt: Place = { ...inBag, slot: 1 };
  ok(sameHolder(inBag, besideIt));
  ok(!sameHolder(inBag, { ...inBag, kind: "ground" }));
});

test("operations that a zone may send pass", () => {
  assertOperations([]);
  assertOperations([mint, move, destroy]);
  assertOperations(Array.from({ length: 1024 }, () => mint));
});

test("operations that no zone may send are bugs", () => {
  const bad: Operation[] = [
    { ...mint, operationId: "x" as Operation["operationId"] },
    { ...mint, itemType: -1 },
    { ...mint, itemType: 2 ** 32 },
    { ...mint, to: { ...inBag, slot: 24 } },
    { ...mint, to: { ...onGround, slot: 65_536 } },
    { ...move, itemId: 0 as ItemId },
    { ...move, from: { ...inBag, slot: -1 } },
    { ...move, to: { ...inBag, slot: 0.5 } },
    { ...destroy, from: { ...inBag, id: -1 } },
    { ...destroy, from: { ...inBag, kind: "pocket" as Holder["kind"] } },
  ];
  for (const operation of bad) throws(() => assertOperations([operation]), bug);
  throws(() => assertOperations(Array.from({ length: 1025 }, () => mint)), bug);
  throws(() => assertHolder({ kind: "toString" as Holder["kind"], id: 1 }), bug);
});

test("a swap of contents never keeps the digest by chance in a thousand tries", () => {
  const slot = fc.integer({ min: 0, max: 23 });
  fc.assert(
    fc.property(slot, slot, (from, to) => {
      fc.pre(from !== to);
      const there = contentDigest({ ...move, from: { ...inBag, slot: from }, to: { ...inBag, slot: to } });
      const back = contentDigest({ ...move, from: { ...inBag, slot: to }, to: { ...inBag, slot: from } });
      notEqual(there, back);
    }),
    { numRuns: 1000 },
  );
});
