import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { decodeMsMax, fuzz, type Target } from "./fuzz.ts";
import { hostileBytes } from "./mutate.ts";
import { targets } from "./targets.ts";

/** Of all targets together: 100,000. `npm run fuzz` gives as many as there is time for. */
const inputsPerTarget = Math.ceil(100_000 / targets.length);

/** Other seeds find other things: `MYRIAD_FUZZ_SEED=7 npm test -- fuzz`. */
const seed = Number(process.env["MYRIAD_FUZZ_SEED"] ?? 1);

/** Inputs that failed once stay here: target, and the seed of the input. */
const savedSeeds: readonly (readonly [name: string, seed: number])[] = [];

const nowMs = () => performance.now();

describe("any bytes given to a decoder are answered, never thrown at and never pondered over", () => {
  for (const target of targets) {
    test(`${target.name}: ${inputsPerTarget} inputs`, async () => {
      const { failure } = await fuzz(target, { seed, inputsMax: inputsPerTarget, nowMs });
      assert.equal(failure, undefined, `${failure?.reason}, seed ${failure?.seed}`);
    });
    test(`${target.name}: its own samples are accepted`, async () => {
      const { samples, accepts } = await target.prepare();
      assert.ok(samples.length > 0);
      samples.forEach((sample, index) => assert.equal(accepts(sample, index), true, `sample ${index}`));
    });
  }
  for (const [name, saved] of savedSeeds) {
    test(`${name}: seed ${saved}`, async () => {
      const target = targets.find((candidate) => candidate.name === name)!;
      assert.equal((await fuzz(target, { seed: saved, inputsMax: 1, nowMs })).failure, undefined);
    });
  }
});

describe("the fuzzer itself", () => {
  const sample = Uint8Array.from({ length: 40 }, (_, i) => i);
  const forged = (decode: (bytes: Uint8Array) => void): Target => ({
    name: "forged",
    prepare: () => ({ samples: [sample], begin: () => decode, accepts: () => true }),
  });

  test("finds a decoder that throws for one rare byte, and finds it again by its seed", async () => {
    const target = forged((bytes) => {
      if (bytes[7] === 0x80) throw new RangeError("seven");
    });
    const { failure, inputs } = await fuzz(target, { seed: 5, inputsMax: 100_000, nowMs });
    assert.ok(failure !== undefined && inputs < 100_000);
    assert.equal(failure.seed, 5 + inputs);
    assert.match(failure.reason, /threw RangeError: seven/);
    const again = await fuzz(target, { seed: failure.seed, inputsMax: 1, nowMs });
    assert.deepEqual(again.failure?.bytes, failure.bytes);
  });

  test("finds a decoder that takes too long, and forgives one that was held up", async () => {
    let clock = 0;
    const slow = forged(() => {
      clock += decodeMsMax + 1;
    });
    const found = await fuzz(slow, { seed: 1, inputsMax: 10, nowMs: () => clock });
    assert.match(found.failure!.reason, /took 11\.0 ms/);
    let calls = 0;
    const heldUp = forged(() => {
      calls++;
      clock += calls % 3 === 0 ? 1 : decodeMsMax + 1;
    });
    const forgiven = await fuzz(heldUp, { seed: 1, inputsMax: 10, nowMs: () => clock });
    assert.deepEqual(forgiven, { inputs: 10, failure: undefined });
  });

  test("ends when it is told to, and refuses a target without samples", async () => {
    const result = await fuzz(
      forged(() => {}),
      { seed: 1, isOver: (inputs) => inputs >= 7, nowMs },
    );
    assert.deepEqual(result, { inputs: 7, failure: undefined });
    const empty: Target = {
      name: "empty",
      prepare: () => ({ samples: [], begin: () => () => {}, accepts: () => true }),
    };
    await assert.rejects(fuzz(empty, { seed: 1, inputsMax: 1, nowMs }), /empty has samples/);
  });

  test("gives the same bytes for the same random, of every sort, and never too many", () => {
    const lengths = new Set<number>();
    const samples = [sample, new Uint8Array(0), new Uint8Array(65_536)];
    for (let i = 0; i < 3000; i++) {
      const bytes = hostileBytes(samples, new SeededRandom(i));
      assert.deepEqual(hostileBytes(samples, new SeededRandom(i)), bytes);
      assert.ok(bytes.length <= 65_536);
      lengths.add(bytes.length);
    }
    assert.ok(lengths.has(0) && lengths.size > 100);
    assert.deepEqual(sample[7], 7, "samples are not written to");
    assert.ok(hostileBytes([], new SeededRandom(1)).length < 200);
  });
});

describe("the command", () => {
  const run = async (...parameters: string[]) => {
    const program = join(import.meta.dirname, "main.ts");
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...parameters]);
      return { code: 0, text: stdout };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, text: stderr };
    }
  };

  test("lists its targets, refuses what it does not know, and runs one for a while", async () => {
    const [listed, unknown, senseless, ran] = await Promise.all([
      run(),
      run("nothing"),
      run("record", "--seconds", "soon"),
      run("record", "--seconds", "0.2", "--seed", "3"),
    ]);
    assert.equal(listed.code, 0);
    for (const { name } of targets) assert.ok(listed.text.includes(name));
    assert.equal(unknown.code, 2);
    assert.match(unknown.text, /there is no target nothing/);
    assert.equal(senseless.code, 2);
    assert.equal(ran.code, 0);
    assert.match(ran.text, /^record: \d+ inputs, no failure, seed 3$/m);
  });
});
