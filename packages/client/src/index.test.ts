import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "./index.ts";

test("the package offers what a game's client is made of", () => {
  const functions = [
    "connect",
    "requestTicket",
    "agree",
    "agreementOf",
    "backoffMs",
    "playUrl",
    "newPose",
  ] as const;
  const classes = [
    "World",
    "Predictor",
    "Track",
    "TickClock",
    "Emitter",
    "Outbox",
    "ConnectionStats",
  ] as const;
  for (const name of [...functions, ...classes]) assert.equal(typeof sdk[name], "function", name);
});
