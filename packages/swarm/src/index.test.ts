import assert from "node:assert/strict";
import { it } from "node:test";
import * as swarm from "./index.ts";

it("exports what a benchmark needs to run a swarm", () => {
  const { HttpClient, parseOptions, runCommand, Swarm, WsTransport } = swarm;
  for (const part of [HttpClient, parseOptions, runCommand, Swarm, WsTransport]) {
    assert.equal(typeof part, "function");
  }
});
