import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { MyriadError } from "../kernel/errors.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import { type BreakerOptions, withBreaker } from "./breaker.ts";
import type { Call } from "./calls.ts";
import type { Store } from "./port.ts";
import { storeOver } from "./store-over.ts";

interface Lab {
  readonly store: Store;
  readonly time: VirtualTime;
  /** What the breaker said. */
  readonly said: string[];
  /** What the database does with the next calls. */
  answer: (call: Call) => Promise<unknown>;
  sent: number;
}

const works = async (): Promise<unknown> => undefined;
const fails = async (): Promise<never> => {
  throw new MyriadError("store_failed", "the disk is gone");
};

function lab(options: Partial<BreakerOptions> = {}): Lab {
  const time = new VirtualTime();
  const said: string[] = [];
  const adapter = {
    carry(call: Call): Promise<unknown> {
      made.sent += 1;
      return made.answer(call);
    },
    close: async () => {},
    nowMs: () => time.nowMs(),
  };
  const metrics = {
    state: (state: string) => said.push(state),
    refused: (method: string) => said.push(`refused ${method}`),
    failed: (method: string) => said.push(`failed ${method}`),
  };
  const made: Lab = {
    store: storeOver(
      withBreaker(adapter, { timers: time, metrics, failuresMax: 3, pauseMs: 100, ...options }),
    ),
    time,
    said,
    answer: works,
    sent: 0,
  };
  return made;
}

const failed = { code: "store_failed" };
const away = { code: "store_away" };

async function failThrice({ store }: Lab): Promise<void> {
  for (let n = 0; n < 3; n += 1) await rejects(store.findCharacter("Wren"), failed);
}

test("a circuit opens after failures in a row, and refuses without sending", async () => {
  const one = lab();
  one.answer = fails;
  await failThrice(one);
  await rejects(one.store.findCharacter("Wren"), away);
  equal(one.sent, 3);
  deepEqual(one.said, [
    "failed findCharacter",
    "failed findCharacter",
    "failed findCharacter",
    "open",
    "refused findCharacter",
  ]);
});

test("failures that others' successes come between do not open it", async () => {
  const one = lab();
  for (let n = 0; n < 20; n += 1) {
    one.answer = fails;
    await rejects(one.store.findCharacter("Wren"), failed);
    one.answer = works;
    await one.store.findCharacter("Lark");
  }
  equal(one.said.includes("open"), false);
});

test("after the pause one call is tried, and the others go through when it succeeded", async () => {
  const one = lab();
  one.answer = fails;
  await failThrice(one);
  one.time.advance(100);
  const pending = Promise.withResolvers<unknown>();
  one.answer = () => pending.promise;
  const tried = one.store.findCharacter("Wren");
  await rejects(one.store.findCharacter("Lark"), away);
  pending.resolve(undefined);
  await tried;
  one.answer = works;
  await one.store.findCharacter("Lark");
  deepEqual(one.said.slice(3), ["open", "half_open", "refused findCharacter", "closed"]);
});

test("a try that fails opens it again, for twice as long, up to a limit", async () => {
  const one = lab({ pauseMsMax: 300 });
  one.answer = fails;
  await failThrice(one);
  for (const pauseMs of [100, 200, 300, 300]) {
    one.time.advance(pauseMs - 1);
    await rejects(one.store.findCharacter("Wren"), away);
    one.time.advance(1);
    await rejects(one.store.findCharacter("Wren"), failed);
  }
  one.answer = works;
  one.time.advance(300);
  await one.store.findCharacter("Wren");
  one.answer = fails;
  await failThrice(one);
  one.time.advance(100);
  await rejects(one.store.findCharacter("Wren"), failed);
});

test("health is asked of the database itself, and its answer closes the circuit", async () => {
  const one = lab();
  one.answer = fails;
  await failThrice(one);
  equal((await one.store.health()).ok, false);
  equal(one.sent, 4);
  one.answer = works;
  equal((await one.store.health()).ok, true);
  await one.store.findCharacter("Wren");
  equal(one.said.at(-1), "closed");
});

test("a call that is not answered in time counts as failed", async () => {
  const one = lab({ answerMsMax: 1000, failuresMax: 1 });
  one.answer = () => new Promise(() => {});
  const call = one.store.findCharacter("Wren");
  await new Promise((resolve) => void setImmediate(resolve));
  one.time.advance(1000);
  await rejects(call, { code: "store_failed", message: /not answered in 1000 ms/ });
  await rejects(one.store.findCharacter("Wren"), away);
});

test("what the database refuses shows that it is there, and a full queue shows nothing", async () => {
  const one = lab();
  const refuses = (code: "zone_fenced" | "store_overloaded") => async (): Promise<never> => {
    throw new MyriadError(code, "no");
  };
  for (const code of ["zone_fenced", "store_overloaded"] as const) {
    one.answer = refuses(code);
    for (let n = 0; n < 5; n += 1) await rejects(one.store.findCharacter("Wren"), { code });
  }
  deepEqual(one.said, []);
  one.answer = fails;
  await rejects(one.store.findCharacter("Wren"), failed);
  await rejects(one.store.findCharacter("Wren"), failed);
  one.answer = refuses("store_overloaded");
  await rejects(one.store.findCharacter("Wren"), { code: "store_overloaded" });
  one.answer = fails;
  await rejects(one.store.findCharacter("Wren"), failed);
  equal(one.said.at(-1), "open");
});
