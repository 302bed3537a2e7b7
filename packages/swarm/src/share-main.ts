/** The entry of a process that plays a share of the swarm, as the process that started it says; shared-run.ts is its other end. */
import { HttpClient } from "./http-client.ts";
import { shareReportMs } from "./limits.ts";
import { LocalRun } from "./run.ts";
import type { ShareOrder, ShareReport } from "./shared-run.ts";

let run: LocalRun | undefined;
// Ctrl+C reaches every process of a terminal; whoever started this one says what is to be done.
process.on("SIGINT", () => {});
// Without the other end nobody wants the figures.
process.on("disconnect", () => process.exit(1));
process.on("message", (order: ShareOrder) => {
  switch (order.kind) {
    case "start":
      return void start(order);
    case "measure":
      return run?.measure();
    case "stop":
      return run?.stop();
  }
});

async function start({ options, zones, first, count }: ShareOrder & { kind: "start" }): Promise<void> {
  const http = new HttpClient(options.url);
  const started = new LocalRun({ options, zones, onStage: sayHow }, http, { first, count, waits: true });
  run = started;
  const reports = setInterval(sayHow, shareReportMs);
  const { tally, meters } = await started.over;
  clearInterval(reports);
  http.close();
  tell({ kind: "over", tally, meters: meters.read() }, () => process.disconnect?.());
}

function sayHow(): void {
  if (run !== undefined) tell({ kind: "progress", stage: run.stage, progressed: run.progressed() });
}

function tell(report: ShareReport, then: () => void = () => {}): void {
  process.send?.(report, undefined, undefined, then);
}
