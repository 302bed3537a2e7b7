/** The swarm's entry: hands the process's arguments, streams and interrupt to the command. */
import { runCommand } from "./cli.ts";

const interrupt = new AbortController();
// Once: a second one ends the process as it always does.
process.once("SIGINT", () => interrupt.abort());

process.exitCode = await runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isInteractive: process.stderr.isTTY,
  signal: interrupt.signal,
});
