import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { liveOnce } from "./determinism-script.ts";

const seeds = [1, 2, 3];

/** The same script in a process of its own, with other flags: neither heap nor compiler may show. */
async function elsewhere(...flags: string[]): Promise<string[][]> {
  const script = join(import.meta.dirname, "determinism-script.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...seeds.map(String)]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string[]);
}

test("the same inputs give the same worlds in this process and in others", async () => {
  const here = [];
  for (const seed of seeds) here.push(await liveOnce(seed));
  const [again, interpreted] = await Promise.all([elsewhere(), elsewhere("--max-lazy", "--no-opt")]);
  assert.deepEqual(again, here);
  assert.deepEqual(interpreted, here);
  assert.equal(new Set(here.map((hashes) => hashes.at(-1))).size, seeds.length, "each seed is another world");
  for (const hashes of here) assert.equal(new Set(hashes).size, hashes.length, "and each world goes on");
});
