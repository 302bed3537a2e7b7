import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MyriadError } from "../kernel/errors.ts";
import { type Offer, type Port, Rpc } from "./rpc.ts";

type Sums = {
  readonly add: (pair: readonly [number, number]) => number;
  readonly fail: (how: string) => never;
};

/** Two ends of one line; what is posted arrives as a copy, a turn later. */
function pair(offer: Offer) {
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => failures.push(error);
  const ends: Rpc<Sums>[] = [];
  const port = (to: number): Port => ({
    postMessage: (message) => void setImmediate(() => ends[to]!.hear(structuredClone(message))),
  });
  ends.push(new Rpc<Sums>({ port: port(1), offer: {}, onFailure }));
  ends.push(new Rpc<Sums>({ port: port(0), offer, onFailure }));
  return { caller: ends[0]!, failures };
}

const offer: Offer = {
  add: ([a, b]: readonly [number, number]) => a + b,
  fail: (how: string) => {
    if (how === "coded") throw new MyriadError("port_in_use", "here");
    throw new Error(how);
  },
};

suite("calls between threads", () => {
  test("are answered each with its own answer", async () => {
    const { caller } = pair(offer);
    const sums = await Promise.all([1, 2, 3].map((value) => caller.call("add", [value, 10])));
    assert.deepEqual(sums, [11, 12, 13]);
  });

  test("are rejected with the code and the words of what failed there", async () => {
    const { caller, failures } = pair(offer);
    await assert.rejects(caller.call("fail", "coded"), {
      name: "MyriadError",
      code: "port_in_use",
      detail: "here",
    });
    await assert.rejects(caller.call("fail", "words"), { name: "Error", message: "words" });
    await assert.rejects(caller.call("nothing" as "add", [1, 2]), { message: "there is no method nothing" });
    caller.tell("fail", "unheard");
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((failures[0] as Error).message, "unheard");
  });

  test("are rejected when the other side ends, those that wait and those that come", async () => {
    const { caller } = pair({ add: () => new Promise(() => {}) });
    const waiting = caller.call("add", [1, 2]);
    caller.end(new Error("gone"));
    await assert.rejects(waiting, { message: "gone" });
    await assert.rejects(caller.call("add", [1, 2]), { message: "gone" });
    caller.tell("add", [1, 2]);
  });
});
