/** `npm run soak`: hands arguments and streams to the soak. Exit codes: 0 it held, 1 it did not, 2 the options are invalid. */
import { readSoakOptions, usage } from "./options.ts";
import { soak } from "./soak.ts";

const options = readSoakOptions(process.argv.slice(2));
if (typeof options === "string") {
  process.stderr.write(`${options}\nusage: ${usage}\n`);
  process.exitCode = 2;
} else {
  const figures = await soak(options, (line) => void process.stderr.write(`${line}\n`));
  const { problems, ...rest } = figures;
  for (const [name, value] of Object.entries(rest)) {
    const text =
      typeof value === "number"
        ? String(value)
        : Object.entries(value)
            .map((pair) => pair.join(" "))
            .join("  ");
    process.stdout.write(`${name.padEnd(18)} ${text}\n`);
  }
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
