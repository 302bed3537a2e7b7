import assert from "node:assert/strict";
import { test } from "node:test";
import { peers } from "./messages.ts";
import { readPeersOptions } from "./options.ts";

test("without options all peers climb from 250 to 10,000", () => {
  const options = readPeersOptions({});
  assert.ok(typeof options !== "string");
  assert.deepEqual(options.only, peers);
  assert.deepEqual([options.players[0], options.players.at(-1)], [250, 10_000]);
});

test("counts, peers and the length are taken as given, peers in their own order", () => {
  assert.deepEqual(readPeersOptions({ players: "100,7", only: "ws,myriad", seconds: "3" }), {
    players: [100, 7],
    only: ["myriad", "ws"],
    seconds: 3,
  });
});

test("what is wrong is said in a sentence that names the option", () => {
  for (const players of ["", "0", "1.5", "-3", "a", "20001", Array(33).fill("1").join(",")])
    assert.match(String(readPeersOptions({ players })), /^--players is/);
  for (const only of ["", "uws", "myriad,"])
    assert.match(String(readPeersOptions({ only })), /^--only is some of/);
  for (const seconds of ["", "0", "601", "x"])
    assert.match(String(readPeersOptions({ seconds })), /^--seconds is/);
});
