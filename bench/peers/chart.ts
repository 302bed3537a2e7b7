/**
 * The runs as a picture: clients against CPU, updates, age and bytes, a line for each peer. SVG by hand.
 *
 * Invariant: the same runs give the same text. Runs that do not count are not drawn; those that missed the rate are
 * hollow points at the end of a dashed line.
 */
import type { Row } from "./ladder.ts";
import { type Peer, peers, peerTitles } from "./messages.ts";

/** Colours that stay apart for people who do not see red and green alike, on light and on dark ground. */
const colours: Readonly<Record<Peer, string>> = {
  myriad: "#d9480f",
  ws: "#868e96",
  "socket.io": "#7950f2",
  colyseus: "#1c7ed6",
};

const panel = { width: 430, height: 230, left: 56, right: 14, top: 44, bottom: 42 } as const;
const legendHeight = 34;
const panelsPerRow = 2;
/** Lines across a panel, at round values. */
const gridLines = 4;

type Measured = Extract<Row["outcome"], { kind: "measured" }>;
type Drawn = Row & { readonly outcome: Measured };

const panels: readonly { readonly title: string; readonly value: (measured: Measured) => number }[] = [
  { title: "server CPU, % of a core", value: ({ server }) => server.cpuPercent },
  { title: "updates per second and client", value: ({ load }) => Math.min(load.updateHz, load.refreshHz) },
  { title: "age of an update, p99, ms", value: ({ load }) => load.ageMsP99 },
  { title: "kB per second and client", value: ({ load }) => load.bytesPerSecond / 1000 },
];

/** The picture as SVG. */
export function chartOf(rows: readonly Row[]): string {
  const drawn = rows.filter(isDrawn).toSorted((a, b) => a.players - b.players);
  const width = panel.width * panelsPerRow;
  const height = panel.height * Math.ceil(panels.length / panelsPerRow) + legendHeight;
  const shown = peers.filter((peer) => drawn.some((row) => row.peer === peer));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...shown.flatMap((peer, index) => legendOf(peer, index)),
    `<text x="${width - panel.right}" y="22" text-anchor="end" fill="#495057">hollow: does not hold 20 Hz</text>`,
    ...panels.flatMap((_, index) => panelOf(drawn, index)),
    "</svg>",
    "",
  ].join("\n");
}

function isDrawn(row: Row): row is Drawn {
  return row.outcome.kind === "measured" && (row.verdict === "held" || row.verdict === "missed");
}

function legendOf(peer: Peer, index: number): string[] {
  const x = 20 + index * 150;
  return [
    `<line x1="${x}" y1="18" x2="${x + 22}" y2="18" stroke="${colours[peer]}" stroke-width="2.5"/>`,
    `<text x="${x + 28}" y="22" fill="#212529">${peerTitles[peer]}</text>`,
  ];
}

function panelOf(rows: readonly Drawn[], index: number): string[] {
  const { title, value } = panels[index]!;
  const step = roundStep(Math.max(1, ...rows.map(({ outcome }) => value(outcome))) / gridLines);
  const most = step * gridLines;
  const counts = rows.map(({ players }) => players);
  const [least, greatest] = [Math.min(...counts), Math.max(...counts)];
  const plot = {
    width: panel.width - panel.left - panel.right,
    height: panel.height - panel.top - panel.bottom,
  };
  const left = (index % panelsPerRow) * panel.width + panel.left;
  const top = Math.floor(index / panelsPerRow) * panel.height + legendHeight + panel.top;
  // Clients by their logarithm: the step from 250 to 500 matters as much as that from 4,000 to 8,000.
  const x = (players: number): number =>
    greatest === least ? left : left + (Math.log(players / least) / Math.log(greatest / least)) * plot.width;
  const y = (of: number): number => top + plot.height - (of / most) * plot.height;
  const grid = Array.from({ length: gridLines + 1 }, (_, line) => line * step).flatMap((at) => [
    `<line x1="${left}" y1="${short(y(at))}" x2="${left + plot.width}" y2="${short(y(at))}" stroke="#dee2e6"/>`,
    `<text x="${left - 6}" y="${short(y(at) + 4)}" text-anchor="end" fill="#495057">${short(at)}</text>`,
  ]);
  const marks = marked(
    [...new Set(counts)].toSorted((a, b) => a - b),
    x,
  ).map(
    (players) =>
      `<text x="${short(x(players))}" y="${top + plot.height + 16}" text-anchor="middle" fill="#495057">${players}</text>`,
  );
  return [
    `<text x="${left}" y="${top - 14}" fill="#212529" font-weight="bold">${title}</text>`,
    ...grid,
    ...marks,
    `<text x="${left + plot.width / 2}" y="${top + plot.height + 32}" text-anchor="middle" fill="#495057">clients</text>`,
    ...peers.flatMap((peer) =>
      lineOf(peer, lastOfEach(rows.filter((row) => row.peer === peer)), (row) => [
        x(row.players),
        y(value(row.outcome)),
      ]),
    ),
  ];
}

/** Of several runs with one count the last: the one that was believed. */
function lastOfEach(rows: readonly Drawn[]): Drawn[] {
  return [...new Map(rows.map((row) => [row.players, row])).values()];
}

function lineOf(peer: Peer, rows: readonly Drawn[], at: (row: Drawn) => [number, number]): string[] {
  const colour = colours[peer];
  const parts: string[] = [];
  for (const [index, row] of rows.entries()) {
    const [x, y] = at(row).map(short);
    const before = rows[index - 1];
    if (before !== undefined) {
      const [fromX, fromY] = at(before).map(short);
      const dash = row.verdict === "held" ? "" : ' stroke-dasharray="4 3"';
      parts.push(
        `<line x1="${fromX}" y1="${fromY}" x2="${x}" y2="${y}" stroke="${colour}" stroke-width="2.5"${dash}/>`,
      );
    }
    const fill = row.verdict === "held" ? colour : "#ffffff";
    parts.push(`<circle cx="${x}" cy="${y}" r="3.5" fill="${fill}" stroke="${colour}" stroke-width="1.5"/>`);
  }
  return parts;
}

/** Of some counts those whose labels do not run into each other. */
function marked(counts: readonly number[], x: (players: number) => number): number[] {
  const kept: number[] = [];
  for (const count of counts) {
    const last = kept.at(-1);
    if (last === undefined || x(count) - x(last) > 34) kept.push(count);
  }
  return kept;
}

/** The next of 1, 2, 2.5 and 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function short(value: number): number {
  return Math.round(value * 10) / 10;
}
