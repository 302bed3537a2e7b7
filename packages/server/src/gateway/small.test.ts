import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ByteReader, ByteWriter, RegionGrid } from "@myriad/protocol";
import fc from "fast-check";
import { VirtualTime } from "../platform/virtual-time.ts";
import { AddressCounter, addressKey, isLoopback } from "./addresses.ts";
import { FactQueue } from "./fact-queue.ts";
import { IntentQueue } from "./intent-queue.ts";
import { cleanName } from "./names.ts";
import { originPolicy, ownOrigins } from "./origin.ts";
import { isSameSecret, readResumeKey, resumeKey } from "./resume-key.ts";
import { ViewerIndex } from "./viewer-index.ts";
import { isWithin } from "./within.ts";

suite("names", () => {
  test("letters of any script, digits, and single blanks, apostrophes and hyphens between them are names", () => {
    for (const name of [
      "Ada",
      "O'Brien",
      "Jean-Luc",
      "Bot 12",
      "李雷",
      "Ελένη",
      "Çağla",
      "ab",
      "x".repeat(24),
    ]) {
      assert.equal(cleanName(name), name);
    }
    assert.equal(cleanName("  Ada \n"), "Ada");
    assert.equal(cleanName("e\u0301ric"), "éric");
    assert.equal(cleanName("राम"), "राम");
  });

  test("everything else is none", () => {
    for (const name of [
      "",
      "A",
      "x".repeat(25),
      "x".repeat(300),
      "a  b",
      "a--b",
      "-ab",
      "ab-",
      "a\u0000b",
      "a\u202eb",
      "a\u200bb",
      "\ufeffab\u2066",
      "a\u00adb",
      "ㅤㅤ",
      "a_b",
      "<b>",
      "a\nb",
      "😀😀",
      "a".concat("\u0301".repeat(5)),
      "\u0301ab",
      "'ab",
    ]) {
      assert.equal(cleanName(name), undefined, JSON.stringify(name));
    }
  });

  test("whatever is given, a name that passes passes again as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (raw) => {
        const name = cleanName(raw);
        if (name !== undefined) assert.equal(cleanName(name), name);
      }),
      { numRuns: 5000 },
    );
  });
});

suite("origins", () => {
  test("are compared exactly; none is a client that is no browser", () => {
    const isAllowed = originPolicy(["https://play.example.org"]);
    assert.ok(isAllowed(undefined));
    assert.ok(isAllowed("https://play.example.org"));
    for (const origin of [
      "null",
      "",
      "http://play.example.org",
      "https://play.example.org.evil.org",
      "https://evil.org/https://play.example.org",
      "https://PLAY.example.org",
      "https://play.example.org/",
      "https://play.example.org:443",
      "https://play.example.org:8443",
      "https://xplay.example.org",
      " https://play.example.org",
      "https://play.example.org ",
      "https://play.example.org,https://evil.org",
    ]) {
      assert.equal(isAllowed(origin), false, origin);
    }
  });

  test("a server's own are its host and this machine's names, or all addresses", () => {
    assert.deepEqual(ownOrigins("127.0.0.1", 8080, ["192.0.2.7"]), [
      "http://127.0.0.1:8080",
      "http://localhost:8080",
      "http://[::1]:8080",
    ]);
    assert.ok(ownOrigins("0.0.0.0", 80, ["192.0.2.7"]).includes("http://192.0.2.7"));
    assert.ok(ownOrigins("::", 81, ["[fe80::1]"]).includes("http://[fe80::1]:81"));
    assert.ok(ownOrigins("fe80::2", 81, []).includes("http://[fe80::2]:81"));
  });
});

suite("addresses", () => {
  test("have as many connections as they may, and one more once one is gone", () => {
    const counter = new AddressCounter({ perAddressMax: 3, isLoopbackFree: true });
    const answers = [1, 2, 3, 4].map(() => counter.enter("192.0.2.1"));
    assert.deepEqual(answers, [true, true, true, false]);
    assert.ok(counter.enter("192.0.2.2"));
    counter.leave("192.0.2.1");
    assert.ok(counter.enter("192.0.2.1"));
    for (let i = 0; i < 3; i++) counter.leave("192.0.2.1");
    counter.leave("192.0.2.2");
    assert.equal(counter.size, 0);
  });

  test("this machine may open any number where that is allowed", () => {
    const free = new AddressCounter({ perAddressMax: 1, isLoopbackFree: true });
    const counted = new AddressCounter({ perAddressMax: 1, isLoopbackFree: false });
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      assert.ok(isLoopback(address));
      assert.ok(free.enter(address) && free.enter(address));
    }
    assert.ok(counted.enter("127.0.0.1"));
    assert.equal(counted.enter("::ffff:127.0.0.1"), false);
    assert.equal(isLoopback("128.0.0.1"), false);
  });

  test("of IPv6 are counted by their first half", () => {
    assert.equal(addressKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
    assert.equal(addressKey("2001:db8::6"), "2001:db8:0:0");
    assert.equal(addressKey("fe80::1%eth0"), "fe80:0:0:0");
    assert.equal(addressKey("::1"), "0:0:0:0");
    assert.equal(addressKey("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(addressKey("192.0.2.1"), "192.0.2.1");
    assert.equal(addressKey(""), "");
  });

  test("are bounded in number", () => {
    const counter = new AddressCounter({ perAddressMax: 1, isLoopbackFree: true });
    for (let i = 0; i < 65_536; i++) counter.enter(`10.1.${i >> 8}.${i & 255}`);
    assert.equal(counter.enter("192.0.2.1"), false);
  });
});

suite("resume keys", () => {
  test("carry a gateway, a session and a secret", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.uint8Array({ minLength: 24, maxLength: 24 }),
        fc.integer({ min: 0, max: 255 }),
        (id, secret, gateway) => {
          const parts = readResumeKey(resumeKey({ gateway, session: id, secret }))!;
          assert.equal(parts.session, id);
          assert.equal(parts.gateway, gateway);
          assert.ok(isSameSecret(parts.secret, secret));
          for (let i = 0; i < 24; i++) {
            const other = secret.slice();
            other[i]! ^= 1;
            assert.equal(isSameSecret(parts.secret, other), false);
          }
        },
      ),
    );
    assert.equal(isSameSecret(new Uint8Array(24), new Uint8Array(23)), false);
  });
});

suite("a queue of facts", () => {
  const record = Uint8Array.of(1);
  const sent = (queue: FactQueue, frame: number) => {
    const types: number[] = [];
    queue.send(frame, (type) => types.push(type));
    return types;
  };

  test("behaves like a list of numbered facts, whatever comes", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("push" as const), count: fc.nat(40) }),
      fc.record({ do: fc.constant("send" as const) }),
      fc.record({ do: fc.constant("ack" as const), back: fc.nat(4) }),
      fc.record({ do: fc.constant("resume" as const), back: fc.nat(30) }),
      fc.record({ do: fc.constant("drop" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = new FactQueue();
        let model: { number: number; type: number; frame: number }[] = [];
        let [next, frame] = [1, 0];
        for (const action of steps) {
          if (action.do === "push") {
            for (let i = 0; i < action.count; i++) {
              const isTaken = queue.push(next % 7, record);
              assert.equal(isTaken, model.length < 512);
              if (isTaken) model.push({ number: next, type: next++ % 7, frame: 0 });
            }
          } else if (action.do === "send") {
            frame++;
            const waiting = model.filter((fact) => fact.frame === 0);
            if (waiting.length > 0) assert.equal(queue.firstUnsent, waiting[0]!.number);
            assert.deepEqual(
              sent(queue, frame),
              waiting.map(({ type }) => type),
            );
            for (const fact of waiting) fact.frame = frame;
          } else if (action.do === "ack") {
            queue.acknowledge(frame - action.back);
            model = model.filter((fact) => fact.frame === 0 || fact.frame > frame - action.back);
          } else if (action.do === "resume") {
            const lastFact = Math.max(0, next - 1 - action.back);
            const hasAll = queue.resume(lastFact);
            const first = model[0]?.number ?? next;
            assert.equal(hasAll, lastFact >= first - 1);
            model = model.filter(({ number }) => number > lastFact);
            for (const fact of model) fact.frame = 0;
          } else {
            queue.dropOldest();
            model.shift();
          }
          assert.equal(queue.length, model.length);
          assert.equal(queue.unsent, model.filter((fact) => fact.frame === 0).length);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("is bounded in bytes, too", () => {
    const queue = new FactQueue();
    assert.ok(queue.push(0, new Uint8Array(65_536)));
    assert.equal(queue.push(0, record), false);
    sent(queue, 1);
    queue.acknowledge(1);
    assert.ok(queue.push(0, record));
  });
});

suite("a queue of intents", () => {
  const push = (queue: IntentQueue, seq: number, type = 0, record = new Uint8Array(0)) =>
    queue.push(seq, type, { bytes: Uint8Array.of(99, ...record, 99), from: 1, to: record.length + 1 });
  const drain = (queue: IntentQueue) => {
    const seqs: number[] = [];
    while (queue.next()) seqs.push(new ByteReader(queue.bytes, queue.from, queue.to).u32());
    return seqs;
  };

  test("gives each once, keeps what is not acknowledged, and repeats that when it is told to", () => {
    const queue = new IntentQueue();
    for (const seq of [1, 2, 5]) assert.equal(push(queue, seq), "taken");
    assert.equal(push(queue, 5), "old");
    assert.deepEqual(drain(queue), [1, 2, 5]);
    assert.deepEqual(drain(queue), []);
    queue.acknowledge(2);
    push(queue, 6);
    queue.repeat();
    assert.deepEqual(drain(queue), [5, 6]);
    queue.acknowledge(9);
    assert.equal(queue.length, 0);
    push(queue, 10);
    queue.acknowledge(10);
    assert.equal(queue.unsent, 0, "acknowledged before it was sent");
  });

  test("is bounded, and a refused one may come again", () => {
    const queue = new IntentQueue();
    for (let seq = 1; seq <= 64; seq++) push(queue, seq);
    assert.equal(push(queue, 65), "full");
    queue.acknowledge(1);
    assert.equal(push(queue, 65), "taken");
  });

  test("does what a list would do, whatever comes in whatever order, and shows the bytes of a batch", () => {
    const record = fc.uint8Array({ maxLength: 300 });
    const step = fc.oneof(
      fc.record({ do: fc.constant("push" as const), add: fc.nat(3), type: fc.nat(300), record }),
      fc.record({ do: fc.constant("next" as const) }),
      fc.record({ do: fc.constant("acknowledge" as const), back: fc.nat(70) }),
      fc.record({ do: fc.constant("repeat" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new IntentQueue();
        const list: { seq: number; entry: number[] }[] = [];
        let [unsent, last] = [0, 0];
        for (const now of steps) {
          if (now.do === "push") {
            const seq = last + now.add;
            const expected = now.add === 0 ? "old" : list.length >= 64 ? "full" : "taken";
            assert.equal(push(queue, seq, now.type, now.record), expected);
            if (expected !== "taken") continue;
            const writer = new ByteWriter();
            writer.u32(seq);
            writer.v(now.type);
            writer.v(now.record.length);
            writer.bytes(now.record);
            list.push({ seq, entry: [...writer.view()] });
            last = seq;
            unsent += 1;
          } else if (now.do === "next") {
            assert.equal(queue.next(), unsent > 0);
            if (unsent === 0) continue;
            assert.deepEqual(
              [...queue.bytes.subarray(queue.from, queue.to)],
              list[list.length - unsent]!.entry,
            );
            unsent -= 1;
          } else if (now.do === "acknowledge") {
            queue.acknowledge(last - now.back);
            while (list.length > 0 && list[0]!.seq <= last - now.back) list.shift();
            unsent = Math.min(unsent, list.length);
          } else {
            queue.repeat();
            unsent = list.length;
          }
          assert.deepEqual([queue.length, queue.unsent], [list.length, unsent]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test("an index of viewers finds everyone who may see a region, and nobody who left", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(19), fc.double({ min: -500, max: 1500, noNaN: true }), fc.nat(900))),
      (moves) => {
        const grid = new RegionGrid(0, { x: 0, y: 0, width: 1000, height: 800 }, 64);
        const index = new ViewerIndex<{
          id: number;
          x: number;
          y: number;
          indexRegion: number;
          indexPlace: number;
        }>(grid, 256);
        const viewers = Array.from({ length: 20 }, (_, id) => ({
          id,
          x: 0,
          y: 0,
          indexRegion: -1,
          indexPlace: 0,
        }));
        for (const [id, x, y] of moves) {
          const viewer = viewers[id]!;
          if (x < -400) index.remove(viewer);
          else {
            viewer.x = x;
            viewer.y = y;
            index.place(viewer, x, y);
          }
        }
        for (let region = 0; region < grid.count; region += 7) {
          const found = new Set<number>();
          index.around(region, ({ id }) => {
            assert.ok(!found.has(id), "once");
            found.add(id);
          });
          for (const { id, x, y, indexRegion } of viewers) {
            if (indexRegion < 0) assert.ok(!found.has(id));
            else if (grid.distanceTo(region, x, y) <= 256) assert.ok(found.has(id));
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("waiting has an end", async () => {
  const time = new VirtualTime();
  assert.equal(await isWithin(Promise.resolve(), time, 10), true);
  const slow = isWithin(new Promise(() => {}), time, 10);
  time.advance(10);
  assert.equal(await slow, false);
  await assert.rejects(isWithin(Promise.reject(new Error("no")), time, 10));
  assert.equal(time.waiting, 0);
});
