import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VirtualTime } from "../platform/virtual-time.ts";
import { Directory } from "./directory.ts";

function start(capacity = 10, connectionsPerAddress = 3) {
  const time = new VirtualTime();
  const evicted: string[] = [];
  const directory = new Directory({
    capacity,
    connectionsPerAddress,
    isLoopbackFree: false,
    timers: time,
    evict: (gateway, nameKey) => evicted.push(`${nameKey} at ${gateway}`),
  });
  return { time, directory, evicted };
}

/** What a claim was answered so far. */
function watched(claim: Promise<string | undefined>) {
  const answers: string[] = [];
  void claim.then((refusal) => answers.push(refusal ?? "granted"));
  return answers;
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

suite("the session directory", () => {
  test("gives a name to one gateway, and to the next when the first lets go", async () => {
    const { directory, evicted } = start();
    assert.equal(await directory.claim(0, "ada"), undefined);
    assert.equal(await directory.claim(0, "ada"), undefined);
    const second = watched(directory.claim(1, "ada"));
    await settle();
    assert.deepEqual([second, evicted], [[], ["ada at 0"]]);
    directory.release(1, "ada");
    assert.equal(directory.holderOf("ada"), 0);
    directory.release(0, "ada");
    await settle();
    assert.deepEqual(second, ["granted"]);
    assert.equal(directory.holderOf("ada"), 1);
    directory.release(1, "ada");
    assert.equal(directory.holderOf("ada"), undefined);
    assert.equal(directory.size, 0);
  });

  test("ends a claim that waits when a newer one comes, or when nobody lets go", async () => {
    const { directory, time } = start();
    await directory.claim(0, "ada");
    const older = watched(directory.claim(1, "ada"));
    const newer = watched(directory.claim(2, "ada"));
    await settle();
    assert.deepEqual([older, newer], [["logged_in_elsewhere"], []]);
    time.advance(5000);
    await settle();
    assert.deepEqual(newer, ["zone_unavailable"]);
    directory.release(0, "ada");
    assert.equal(directory.holderOf("ada"), undefined);
  });

  test("holds as many names as it may, at all gateways together", async () => {
    const { directory } = start(2);
    await directory.claim(0, "a");
    await directory.claim(1, "b");
    assert.equal(await directory.claim(1, "c"), "server_full");
    directory.release(0, "a");
    assert.equal(await directory.claim(1, "c"), undefined);
  });

  test("lets a name go along with its session, and whoever waits waits for the new holder", async () => {
    const { directory, evicted } = start();
    await directory.claim(0, "ada");
    directory.move(1, 2, "ada");
    assert.equal(directory.holderOf("ada"), 0);
    directory.move(0, 1, "ada");
    assert.equal(directory.holderOf("ada"), 1);
    const claim = watched(directory.claim(2, "ada"));
    directory.move(1, 0, "ada");
    assert.deepEqual(evicted, ["ada at 1", "ada at 0"]);
    directory.release(0, "ada");
    await settle();
    assert.deepEqual(claim, ["granted"]);
  });

  test("counts the connections of an address at all gateways, and forgets a dead gateway's", async () => {
    const { directory } = start(10, 3);
    const at = "192.0.2.1";
    assert.deepEqual(
      [0, 1, 1, 0].map((gateway) => directory.enter(gateway, at)),
      [true, true, true, false],
    );
    directory.leave(0, at);
    // Without a connection there is nothing to take back.
    directory.leave(0, at);
    assert.equal(directory.enter(0, at), true);
    assert.equal(directory.enter(0, at), false);
    await directory.claim(1, "ada");
    const waiting = watched(directory.claim(2, "ada"));
    const gone = watched(directory.claim(1, "bo"));
    directory.forget(1);
    await settle();
    assert.deepEqual([waiting, gone], [["granted"], ["granted"]]);
    assert.equal(directory.holderOf("bo"), undefined);
    assert.deepEqual(
      [directory.enter(0, at), directory.enter(0, at), directory.enter(0, at)],
      [true, true, false],
    );
  });

  test("refuses the claim of a gateway that died while it waited", async () => {
    const { directory } = start();
    await directory.claim(0, "ada");
    const claim = watched(directory.claim(1, "ada"));
    directory.forget(1);
    await settle();
    assert.deepEqual(claim, ["left"]);
    directory.release(0, "ada");
    assert.equal(directory.holderOf("ada"), undefined);
  });
});
