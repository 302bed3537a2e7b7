import assert from "node:assert/strict";
import { it } from "node:test";
import * as swarm from "./index.ts";

it("exports what benchmarks and tests need to run a swarm, or a part of it", () => {
  const { HttpClient, learnGame, Observer, parseOptions, runCommand, Swarm, SocketTransport } = swarm;
  for (const part of [HttpClient, learnGame, Observer, parseOptions, runCommand, Swarm, SocketTransport]) {
    assert.equal(typeof part, "function");
  }
});
