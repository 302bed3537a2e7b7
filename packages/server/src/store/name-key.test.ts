import { equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameKey } from "./name-key.ts";

test("one name in several spellings has one key", () => {
  const spellings = [
    ["Wren", "WREN", "ｗｒｅｎ"],
    ["Åsa", "A\u030Asa", "\u212Bsa"],
    ["Strauß", "STRAUSS", "strauẞ"],
    ["Οδυσσευς", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"],
    ["ﬁn", "FIN"],
  ];
  for (const [first, ...others] of spellings) {
    for (const other of others) equal(nameKey(other), nameKey(first as string), `${other} and ${first}`);
  }
});

test("different names have different keys", () => {
  notEqual(nameKey("Asa"), nameKey("Åsa"));
  notEqual(nameKey("Wren"), nameKey("Wren "));
});

test("the key of a name in capitals, and the key of a key, are the key of the name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      equal(nameKey(name.toUpperCase()), nameKey(name));
      equal(nameKey(nameKey(name)), nameKey(name));
    }),
  );
});
