import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cleanText } from "./text.ts";

test("what can be read stays", () => {
  for (const text of ["hello", "Grüße, Ånna!", "你好", "שלום", "👩‍🚀 <b>&amp;"]) equal(cleanText(text), text);
});

test("blanks become one and vanish at the ends", () => {
  equal(cleanText("  a \t\n b  "), "a b");
  equal(cleanText("\u2800 \u3000"), "");
});

test("controls and marks that turn the text around are gone", () => {
  equal(cleanText("a\u0000b\u001b[31mc"), "a b [31mc");
  equal(cleanText("\u202eevil\u2066"), "evil");
  equal(cleanText("\u200b\ufeff\u2028"), "");
});

test("cleaning twice is cleaning once, and adds nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const clean = cleanText(text);
      equal(cleanText(clean), clean);
      ok(clean.length <= text.length);
      ok(!/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(clean));
    }),
  );
});
