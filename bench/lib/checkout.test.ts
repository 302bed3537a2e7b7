/** Tests of the other commit's directory: its own packages, this tree's installed ones, and nothing left behind. */
import assert from "node:assert/strict";
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/project-files.ts";
import { checkOut } from "./checkout.ts";

test("a commit stands in a directory of its own, with its own packages and the modules from here", async () => {
  const { directory, remove } = await checkOut(root, "HEAD");
  try {
    assert.ok(existsSync(join(directory, "bench/main.ts")));
    const own = realpathSync(join(directory, "node_modules/@myriad/protocol"));
    assert.equal(own, join(realpathSync(directory), "packages/protocol"));
    const installed = realpathSync(join(directory, "node_modules/typescript"));
    assert.equal(installed, realpathSync(join(root, "node_modules/typescript")));
  } finally {
    remove();
  }
  assert.equal(existsSync(directory), false);
});

test("a commit that there is not is an error with git's words", async () => {
  await assert.rejects(checkOut(root, "no-such-commit"), /git does not give no-such-commit: .+/);
});
