/**
 * The smallest parts of the kernel: assertions, results, errors, "did you mean".
 */
import { deepEqual, equal, match, ok as isTrue, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailed, assert, unreachable } from "./assert.ts";
import { errorCodes, isMyriadError, MyriadError } from "./errors.ts";
import { editDistance, nearest } from "./nearest.ts";
import { err, ok, type Result } from "./result.ts";

test("an assertion that holds does nothing, one that fails throws its message", () => {
  assert(true, "never seen");
  throws(
    () => assert(false, "ticks only grow"),
    (error) => error instanceof AssertionFailed && error.message === "ticks only grow",
  );
});

test("an assertion narrows the type", () => {
  const value: unknown = "text";
  assert(typeof value === "string", "a text");
  equal(value.length, 4);
});

test("a value from outside its union ends in an assertion that shows it", () => {
  throws(() => unreachable("sideways" as never), { name: "AssertionFailed", message: /sideways/ });
});

test("a result carries a value or an error, never both", () => {
  const good: Result<number, string> = ok(7);
  const bad: Result<number, string> = err("name_taken");
  deepEqual(good, { ok: true, value: 7 });
  deepEqual(bad, { ok: false, error: "name_taken" });
});

test("an error carries its code, what happened and what to do", () => {
  const cause = new Error("EACCES");
  const error = new MyriadError("data_dir_unusable", "./data cannot be written", { cause });
  equal(error.name, "MyriadError");
  equal(error.code, "data_dir_unusable");
  match(error.message, /^the data directory cannot be used: \.\/data/);
  match(error.help, /MYRIAD_DATA_DIR/);
  equal(error.cause, cause);
});

test("an error is recognised by class and by code", () => {
  const error = new MyriadError("port_in_use", "8080");
  isTrue(isMyriadError(error));
  isTrue(isMyriadError(error, "port_in_use"));
  isTrue(!isMyriadError(error, "config_invalid"));
  isTrue(!isMyriadError(new Error("port_in_use")));
});

test("every code is snake_case and says what happened and what to do", () => {
  for (const [code, { what, help }] of Object.entries(errorCodes)) {
    match(code, /^[a-z]+(_[a-z]+)*$/);
    isTrue(what.length > 0 && !what.endsWith("."), `${code}: what is the beginning of a sentence`);
    isTrue(help.endsWith("."), `${code}: help is whole sentences`);
  }
});

test("a misspelt name finds the one that was meant", () => {
  const events = ["player.connected", "player.left", "zone.tick", "zone.started"];
  equal(nearest("player.conected", events), "player.connected");
  equal(nearest("Player.Left", events), "player.left");
  equal(nearest("zone.tcik", events), "zone.tick");
});

test("a name that is like nothing known finds nothing", () => {
  equal(nearest("inventory", ["zone.tick", "player.left"]), undefined);
  equal(nearest("a", []), undefined);
  equal(nearest("x".repeat(65), ["x".repeat(64)]), undefined);
  equal(nearest("x".repeat(64), ["x".repeat(65)]), undefined);
});

test("of equally near names the first one is taken", () => {
  equal(nearest("cat", ["bat", "hat"]), "bat");
});

test("a swap of neighbours is one mistake", () => {
  equal(editDistance("ab", "ba"), 1);
  equal(editDistance("attakc", "attack"), 1);
  equal(editDistance("", "abc"), 3);
  equal(editDistance("abc", ""), 3);
});

test("the edit distance is symmetric, zero only for equal texts, and at most the longer length", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (from, to) => {
      const distance = editDistance(from, to);
      equal(distance, editDistance(to, from));
      equal(distance === 0, from === to);
      isTrue(distance <= Math.max(from.length, to.length));
    }),
  );
});
