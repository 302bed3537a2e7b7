import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contentOf, parseContent } from "./content.ts";
import { slotsOf } from "./limits.ts";
import { contentDigest, legId, operationId } from "./operation.ts";
import type { Holder, HolderKind, ItemId, Operation, Place } from "./port.ts";

const id = operationId({ realm: "vale", zone: 3, epoch: 2, tick: 1200, ordinal: 0 });
const inBag: Place = { kind: "character", id: 7, slot: 0 };
const onGround: Place = { kind: "ground", id: 3, slot: 900 };

const kind = fc.constantFrom(...(Object.keys(slotsOf) as HolderKind[]));
const count = fc.nat({ max: 2 ** 40 });
const holder = fc.record({ kind, id: count }).map(({ kind: k, id: i }): Holder => ({ kind: k, id: i }));
const place = fc
  .record({ holder, slot: fc.nat({ max: 65_535 }) })
  .map(({ holder: h, slot }): Place => ({ ...h, slot }));
const itemId = count.map((n) => (n + 1) as ItemId);
const itemType = fc.nat({ max: 0xffff_ffff });
const name = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
const money = fc.record({
  currency: fc.nat({ max: 65_535 }),
  amount: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
});
const moneyFrom = fc.record({ money, from: holder }).map((one) => ({ ...one.money, from: one.from }));
const parts = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 });
const base = { operationId: fc.constant(id) };

const written: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("mint" as const), ...base, itemType, to: place }),
  fc.record({ kind: fc.constant("move" as const), ...base, itemId, from: place, to: place }),
  fc.record({ kind: fc.constant("destroy" as const), ...base, itemId, from: place }),
  fc.record({
    kind: fc.constant("trade" as const),
    ...base,
    items: parts(fc.record({ itemId, from: place, to: place })),
    payments: parts(fc.record({ one: moneyFrom, to: holder }).map(({ one, to }) => ({ ...one, to }))),
  }),
  fc.record({
    kind: fc.constantFrom("mail" as const, "send" as const),
    ...base,
    items: parts(fc.record({ itemId, from: place })),
    payments: parts(moneyFrom),
    to: holder,
  }),
  fc.record({
    kind: fc.constant("purchase" as const),
    ...base,
    itemType,
    to: place,
    price: moneyFrom,
    sink: name,
  }),
  fc
    .record({ money, mint: name, to: holder })
    .map((one): Operation => ({ kind: "issue", operationId: id, ...one.money, mint: one.mint, to: one.to })),
  fc
    .record({ one: moneyFrom, sink: name })
    .map(({ one, sink }): Operation => ({ kind: "retire", operationId: id, ...one, sink })),
  fc.record({
    kind: fc.constant("receive" as const),
    ...base,
    items: parts(fc.record({ itemId, itemType })),
    payments: parts(money),
    to: holder,
  }),
  fc.record({ kind: fc.constant("settle" as const), ...base, transferId: base.operationId }),
  fc.record({
    kind: fc.constant("giveBack" as const),
    ...base,
    transferId: base.operationId,
    items: parts(fc.record({ itemId, itemType, from: place })),
    payments: parts(moneyFrom),
  }),
);

/** Objects as code makes them: fast-check's have no prototype. */
const operation = written.map((one) => JSON.parse(JSON.stringify(one)) as Operation);

test("a content is read as it was written, whatever the operation", () =>
  fc.assert(
    fc.property(operation, (one) => deepEqual(parseContent(one.operationId, contentOf(one)), one)),
    { numRuns: 1000 },
  ));

test("different contents are different texts", () =>
  fc.assert(
    fc.property(operation, operation, (left, right) => {
      equal(
        contentOf(left) === contentOf(right),
        JSON.stringify(canonical(left)) === JSON.stringify(canonical(right)),
      );
    }),
    { numRuns: 1000 },
  ));

/** The operation with its keys in order. */
function canonical(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, canonical(v)]),
  );
}

test("contents that stand in databases keep their form and their digest", () => {
  const move: Operation = { kind: "move", operationId: id, itemId: 5 as ItemId, from: onGround, to: inBag };
  equal(contentOf(move), "move 5 ground:3:900 > character:7:0");
  equal(contentDigest(move), "613bf63b78a93bae");
  equal(
    contentOf({
      kind: "trade",
      operationId: id,
      items: [{ itemId: 5 as ItemId, from: inBag, to: { kind: "character", id: 8, slot: 1 } }],
      payments: [
        { currency: 1, amount: 10, from: { kind: "character", id: 8 }, to: { kind: "character", id: 7 } },
      ],
    }),
    "trade; 5 character:7:0 > character:8:1; 10x1 character:8 > character:7",
  );
  equal(
    contentOf({ kind: "settle", operationId: legId(id, "settle"), transferId: id }),
    "settle vale/3/2/1200/0",
  );
});

test("a text that no operation has is no content", () => {
  const bad = [
    "",
    "steal 5 character:7:0",
    "constructor 5",
    "toString",
    "mint 12",
    "mint 12 > pocket:3:900",
    "mint 012 > ground:3:900",
    "mint 12 > ground:3:900; 1",
    "move 5 ground:3:900",
    "move 5 ground:3:900 > character:7:0; more",
    "destroy 5",
    "destroy 5 character:7:0; more",
    "trade; nonsense",
    "trade 5",
    "mail",
    "send character:8",
    "purchase 12 > character:7:0",
    "purchase 12",
    "issue 10x1 > character:7",
    "issue 10x1 loot > character:7; more",
    "retire 10x1",
    "retire 10x1 character:7 > repair; more",
    "receive character:8",
    "settle a; b",
    "giveBack a; b",
  ];
  for (const text of bad) equal(parseContent(id, text), undefined, text);
});

test("any text is read without throwing", () =>
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseContent(id, text);
    }),
  ));
