/**
 * Another commit of this repository in a directory of its own, ready to run: files from git, modules linked from here.
 *
 * Owns: the directory, until `remove`. Nothing in the repository is changed: no worktree is registered, no index touched.
 * Invariant: packages of the project are the commit's own; packages from outside are the ones installed here. A commit
 * that needs others than these fails when it is run, and says which.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Checkout {
  readonly directory: string;
  remove(): void;
}

/** Brings a commit (anything git understands) into a temporary directory. Rejects with git's words when there is none. */
export async function checkOut(root: string, commit: string): Promise<Checkout> {
  const directory = mkdtempSync(join(tmpdir(), "myriad-regress-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    await unpack(root, commit, directory);
    linkModules(join(root, "node_modules"), join(directory, "node_modules"));
    return { directory, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function unpack(root: string, commit: string, directory: string): Promise<void> {
  const git = spawn("git", ["archive", "--format=tar", commit], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const tar = spawn("tar", ["-x", "-C", directory], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  for (const { stderr } of [git, tar]) stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  git.stdout.pipe(tar.stdin);
  const [[gitCode], [tarCode]] = await Promise.all([once(git, "close"), once(tar, "close")]);
  if (gitCode !== 0 || tarCode !== 0) throw new Error(`git does not give ${commit}: ${said.trim()}`);
}

/** Links what is installed. The project's own packages are relative links already, and so lead into the new directory. */
function linkModules(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    const target = join(to, name);
    const isOwn = lstatSync(source).isSymbolicLink() && readlinkSync(source).startsWith("..");
    if (isOwn) symlinkSync(readlinkSync(source), target);
    else if (name.startsWith("@") && existsSync(source)) linkModules(source, target);
    else symlinkSync(source, target);
  }
}
