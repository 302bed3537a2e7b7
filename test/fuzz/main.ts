/**
 * `npm run fuzz -- NAME --seconds S [--seed S]`: hostile bytes for one decoder (or `all`), until the time is over or
 * something throws or takes too long. Exit code 1 then, with the seed that finds it again.
 */
import { parseArgs } from "node:util";
import { decodeMsMax, fuzz, type Target } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** Milliseconds between two progress lines where there is no terminal to write over. */
const progressMs = 5000;
const shownBytesMax = 256;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { seconds: { type: "string" }, seed: { type: "string" } },
});
const name = positionals[0];
const seconds = Number(values.seconds ?? 10);
const seed = values.seed === undefined ? Math.floor(performance.timeOrigin) % 2 ** 31 : Number(values.seed);
const chosen = name === "all" ? targets : targets.filter((target) => target.name === name);

if (chosen.length === 0) {
  const usage = `npm run fuzz -- NAME --seconds S [--seed S]\nNAME is one of: all, ${targets.map((target) => target.name).join(", ")}`;
  if (name === undefined) {
    console.log(usage);
  } else {
    console.error(`there is no target ${name}\n${usage}`);
    process.exitCode = 2;
  }
} else if (!(seconds > 0) || !Number.isSafeInteger(seed) || seed < 0) {
  console.error("--seconds is a number above 0, --seed a whole number of 0 or more");
  process.exitCode = 2;
} else {
  for (const target of chosen) {
    if (!(await run(target, (seconds * 1000) / chosen.length))) {
      process.exitCode = 1;
      break;
    }
  }
}

async function run(target: Target, durationMs: number): Promise<boolean> {
  const startMs = performance.now();
  let toldMs = startMs;
  const { inputs, failure } = await fuzz(target, {
    seed,
    nowMs: () => performance.now(),
    isOver: (count) => {
      const nowMs = performance.now();
      if (nowMs - toldMs >= (process.stdout.isTTY ? 250 : progressMs)) {
        toldMs = nowMs;
        tell(
          `${target.name}: ${count} inputs, ${Math.round((count * 1000) / (nowMs - startMs))}/s, seed ${seed}`,
        );
      }
      return nowMs - startMs >= durationMs;
    },
  });
  if (failure === undefined) {
    tell(`${target.name}: ${inputs} inputs, no failure, seed ${seed}`);
    if (process.stdout.isTTY) process.stdout.write("\n");
    return true;
  }
  const shown = Buffer.from(failure.bytes.subarray(0, shownBytesMax)).toString("hex");
  console.error(
    `\n${target.name}: ${failure.reason} (a decode may take ${decodeMsMax} ms) after ${inputs} inputs\n` +
      `  again: npm run fuzz -- ${target.name} --seconds 1 --seed ${failure.seed}\n` +
      `  ${failure.bytes.length} bytes: ${shown}${failure.bytes.length > shownBytesMax ? "…" : ""}`,
  );
  if (failure.error instanceof Error) console.error(failure.error.stack);
  return false;
}

function tell(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
  else console.log(line);
}
