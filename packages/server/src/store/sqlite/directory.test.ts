import { equal, match, ok, throws } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { copyPath, lockDirectory } from "./directory.ts";

const root = mkdtempSync(join(tmpdir(), "myriad-lock-"));
after(() => rmSync(root, { recursive: true }));
const newDirectory = () => mkdtempSync(join(root, "data-"));

test("a directory has one holder at a time", () => {
  const dataDir = join(newDirectory(), "made", "on", "the", "way");
  const lock = lockDirectory(dataDir, 4711);
  throws(() => lockDirectory(dataDir, 1), { code: "data_dir_in_use", message: /process 4711/ });
  lock.release();
  lockDirectory(dataDir, 2).release();
});

test("the refusal names no process when nobody knows it", () => {
  const dataDir = newDirectory();
  const lock = lockDirectory(dataDir, 1);
  writeFileSync(join(dataDir, "myriad.pid"), "scribble");
  throws(
    () => lockDirectory(dataDir, 2),
    (error: Error) => !error.message.includes("process "),
  );
  rmSync(join(dataDir, "myriad.pid"));
  throws(() => lockDirectory(dataDir, 2), { code: "data_dir_in_use" });
  lock.release();
});

test("a directory that cannot be made is a clear error", () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");
  throws(() => lockDirectory(join(file, "data"), 1), { code: "data_dir_unusable", message: /ENOTDIR/ });
});

test("the lock dies with its process, and the next one does not wait", async () => {
  const dataDir = newDirectory();
  const program = `
    import { lockDirectory } from ${JSON.stringify(new URL("./directory.ts", import.meta.url).href)};
    lockDirectory(process.argv[1], process.pid);
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  throws(() => lockDirectory(dataDir, 1), { code: "data_dir_in_use" });
  match(readFileSync(join(dataDir, "myriad.pid"), "utf8"), new RegExp(`^${child.pid}\n$`));
  child.kill("SIGKILL");
  await once(child, "exit");
  const begun = performance.now();
  lockDirectory(dataDir, 1).release();
  ok(performance.now() - begun < 1000);
});

test("a copy never takes the place of an older one", () => {
  const dataDir = newDirectory();
  const first = copyPath(dataDir, 2);
  writeFileSync(first, "");
  const second = copyPath(dataDir, 2);
  ok(first !== second);
  equal(copyPath(dataDir, 2), second);
});
