/**
 * The runs for people and for programs: a table, the most clients that each peer held, the ratios.
 *
 * Absent on purpose: anything that was not measured. What is unknown is a dash, or left out.
 */
import type { Figures } from "../harness.ts";
import type { Climb, Row } from "./ladder.ts";
import { type Peer, peerTitles } from "./messages.ts";

/** Clients at which peers are compared by their cost. */
export const comparedPlayers = 1000;

const columns = [
  ["clients", (row: Row) => row.players.toLocaleString("en-US")],
  ["server CPU %", (row: Row) => figure(row, ({ server }) => server.cpuPercent, 1)],
  ["updates/s", (row: Row) => figure(row, ({ load }) => load.updateHz, 1)],
  ["refreshes/s", (row: Row) => figure(row, ({ load }) => load.refreshHz, 1)],
  ["age p50 ms", (row: Row) => figure(row, ({ load }) => load.ageMsMedian, 0)],
  ["age p99 ms", (row: Row) => figure(row, ({ load }) => load.ageMsP99, 0)],
  ["bytes/update", (row: Row) => figure(row, ({ load }) => load.updateBytes, 0)],
  ["kB/s/client", (row: Row) => figure(row, ({ load }) => load.bytesPerSecond / 1000, 1)],
  ["visible", (row: Row) => (row.peer === "ws" ? "–" : figure(row, ({ load }) => load.visibleMean, 0))],
  ["server MB", (row: Row) => figure(row, ({ server }) => server.rssMbMax, 0)],
  ["load CPU %", (row: Row) => figure(row, ({ load }) => load.cpuPercent, 0)],
  ["others CPU %", (row: Row) => figure(row, ({ othersCpuPercent }) => othersCpuPercent, 0)],
] as const satisfies readonly (readonly [string, (row: Row) => string])[];

/** Rows as a table with a line for each run, then what each peer held, then the ratios. */
export function textOf(climbs: readonly Climb[]): string {
  const rows = climbs.flatMap(({ rows: own }) => own.toSorted((a, b) => a.players - b.players));
  const cells = [
    ["", ...columns.map(([title]) => title), ""],
    ...rows.map((row) => [peerTitles[row.peer], ...columns.map(([, cell]) => cell(row)), remarkOf(row)]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const isText = (column: number): boolean => column === 0 || column === widths.length - 1;
  const lines = cells.map((line) =>
    line
      .map((cell, i) => (isText(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "", "most clients held at 20 Hz", ...climbs.map(heldLine), ...ratioLines(climbs)].join(
    "\n",
  );
}

/** Figures by name: Myriad's own, the others', and how many times better Myriad is. */
export function figuresOf(climbs: readonly Climb[]): {
  results: Figures;
  references: Figures;
  ratios: Figures;
} {
  const [results, references]: Record<string, number>[] = [{}, {}];
  for (const climb of climbs) {
    const into = climb.peer === "myriad" ? results! : references!;
    const name = climb.peer.replace(".io", "Io");
    into[`${name}ClientsHeldMax`] = climb.heldMax;
    const cpu = cpuAt(climb, comparedPlayers);
    if (cpu !== undefined) into[`${name}CpuPercentAt${comparedPlayers}`] = cpu;
  }
  return { results: results!, references: references!, ratios: ratiosOf(climbs) };
}

function ratiosOf(climbs: readonly Climb[]): Figures {
  const ratios: Record<string, number> = {};
  const own = climbs.find(({ peer }) => peer === "myriad");
  if (own === undefined) return ratios;
  for (const other of climbs) {
    if (other === own) continue;
    const name = other.peer.replace(".io", "Io");
    const [ownCpu, otherCpu] = [cpuAt(own, comparedPlayers), cpuAt(other, comparedPlayers)];
    if (ownCpu !== undefined && otherCpu !== undefined)
      ratios[`${name}CpuAt${comparedPlayers}`] = otherCpu / ownCpu;
    // Of a peer whose limit was not found nothing is known but that it holds more.
    if (own.heldMax > 0 && other.heldMax > 0 && other.isLimit)
      ratios[`${name}ClientsHeld`] = own.heldMax / other.heldMax;
  }
  return ratios;
}

/** CPU percent of the server in the peer's last run with so many clients that held. */
function cpuAt({ rows }: Climb, players: number): number | undefined {
  const row = rows.findLast((candidate) => candidate.players === players && candidate.verdict === "held");
  return row?.outcome.kind === "measured" ? row.outcome.server.cpuPercent : undefined;
}

function heldLine({ peer, heldMax, isLimit }: Climb): string {
  const most = heldMax.toLocaleString("en-US");
  return `  ${peerTitles[peer]}: ${isLimit ? most : `${most}, and perhaps more: no larger count was measured`}`;
}

function ratioLines(climbs: readonly Climb[]): string[] {
  const ratios = ratiosOf(climbs);
  const atLeast = climbs.find(({ peer }) => peer === "myriad")?.isLimit === false ? "at least " : "";
  const line = (peer: Peer, cpu: string, held: string): string[] => {
    const parts = [
      ratios[cpu] === undefined
        ? []
        : [`${ratios[cpu].toFixed(2)} × Myriad's CPU at ${comparedPlayers} clients`],
      ratios[held] === undefined
        ? []
        : [`Myriad holds ${atLeast}${ratios[held].toFixed(2)} × as many clients`],
    ].flat();
    return parts.length === 0 ? [] : [`  ${peerTitles[peer]}: ${parts.join("; ")}`];
  };
  const lines = climbs.flatMap(({ peer }) => {
    const name = peer.replace(".io", "Io");
    return line(peer, `${name}CpuAt${comparedPlayers}`, `${name}ClientsHeld`);
  });
  return lines.length === 0 ? [] : ["", "compared with Myriad", ...lines];
}

type Measured = Extract<Row["outcome"], { kind: "measured" }>;

function figure({ outcome }: Row, pick: (measured: Measured) => number, digits: number): string {
  return outcome.kind === "measured" ? pick(outcome).toFixed(digits) : "–";
}

function remarkOf({ verdict, outcome }: Row): string {
  switch (verdict) {
    case "held":
      return "";
    case "missed":
      return lossOf(outcome) ?? "does not hold 20 Hz";
    case "refused":
      return "not counted: the load program was too busy";
    case "disturbed":
      return "not counted: other programs were busy";
    case "failed":
      return outcome.kind === "failed" ? `failed: ${outcome.reason}` : "failed";
  }
}

function lossOf(outcome: Row["outcome"]): string | undefined {
  if (outcome.kind === "failed") return undefined;
  const { lost, malformed } = outcome.load;
  if (lost > 0) return `${lost} connections lost`;
  return malformed > 0 ? `${malformed} updates did not decode` : undefined;
}
