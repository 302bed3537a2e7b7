import assert from "node:assert/strict";
import { test } from "node:test";
import {
  agree,
  agreementOf,
  backoffMs,
  ConnectionStats,
  connect,
  Emitter,
  newPose,
  Outbox,
  Predictor,
  playUrl,
  requestTicket,
  TickClock,
  Track,
  World,
} from "./index.ts";

test("the package offers what a game's client is made of", () => {
  const functions = { agree, agreementOf, backoffMs, connect, newPose, playUrl, requestTicket };
  const classes = { ConnectionStats, Emitter, Outbox, Predictor, TickClock, Track, World };
  for (const [name, part] of Object.entries({ ...functions, ...classes })) {
    assert.equal(typeof part, "function", name);
  }
});
