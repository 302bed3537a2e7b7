/**
 * `npm run migrate -- up|down [--to N] [--dry-run] [--data DIR | --database URL [--realm NAME]]`: the command's entry, which
 * hands it the process's arguments and streams.
 */
import { main } from "../packages/server/src/migrate.ts";

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isInteractive: process.stderr.isTTY,
  processId: process.pid,
});
