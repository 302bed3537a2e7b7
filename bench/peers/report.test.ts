import assert from "node:assert/strict";
import { test } from "node:test";
import { chartOf } from "./chart.ts";
import type { Climb, Row, Verdict } from "./ladder.ts";
import type { Peer } from "./messages.ts";
import { figuresOf, textOf } from "./report.ts";

function row(given: { peer: Peer; players: number; cpu: number; verdict?: Verdict; lost?: number }): Row {
  const { peer, players, cpu, verdict = "held", lost = 0 } = given;
  const load = {
    cpuPercent: 30,
    rssMbMax: 100,
    updateHz: 20,
    slowUpdateHz: 20,
    refreshHz: 20,
    visibleMean: 31,
    ageMsMedian: 4,
    ageMsP99: 17,
    bytesPerSecond: 5000,
    updateBytes: 250,
    lost,
    malformed: 0,
  };
  const server = { cpuPercent: cpu, rssMbMax: 90 };
  return { peer, players, verdict, outcome: { kind: "measured", server, load, othersCpuPercent: 1 } };
}

const failed: Row = {
  peer: "colyseus",
  players: 2000,
  verdict: "failed",
  outcome: { kind: "failed", reason: "could not join: closed" },
};

const climbs: Climb[] = [
  {
    peer: "myriad",
    heldMax: 6000,
    isLimit: false,
    rows: [row({ peer: "myriad", players: 1000, cpu: 20 }), row({ peer: "myriad", players: 6000, cpu: 95 })],
  },
  {
    peer: "colyseus",
    heldMax: 1200,
    isLimit: true,
    rows: [
      row({ peer: "colyseus", players: 1000, cpu: 99, verdict: "missed" }),
      row({ peer: "colyseus", players: 1000, cpu: 60 }),
      row({ peer: "colyseus", players: 1500, cpu: 99, verdict: "missed", lost: 3 }),
      failed,
    ],
  },
];

test("the table has a line for each run, with the reason of those that do not count", () => {
  const text = textOf(climbs);
  const lines = text.split("\n");
  assert.match(lines[0] as string, /clients +server CPU % +updates\/s/);
  assert.match(text, /^Myriad +6,000 +95\.0 +20\.0/m);
  assert.match(text, /^Colyseus +1,500 .*3 connections lost$/m);
  assert.match(text, /^Colyseus +2,000 .*–.*failed: could not join: closed$/m);
  assert.match(text, /^ {2}Myriad: 6,000, and perhaps more/m);
  assert.match(text, /^ {2}Colyseus: 1,200$/m);
  assert.match(
    text,
    /^ {2}Colyseus: 3\.00 × Myriad's CPU at 1000 clients; Myriad holds at least 5\.00 × as many clients$/m,
  );
});

test("figures have a place for each peer, and only runs that held are compared", () => {
  const { results, references, ratios } = figuresOf(climbs);
  assert.deepEqual(results, { myriadClientsHeldMax: 6000, myriadCpuPercentAt1000: 20 });
  assert.deepEqual(references, { colyseusClientsHeldMax: 1200, colyseusCpuPercentAt1000: 60 });
  assert.deepEqual(ratios, { colyseusCpuAt1000: 3, colyseusClientsHeld: 5 });
});

test("a peer whose limit was not found is not said to hold less", () => {
  const open = climbs.map((climb) => ({ ...climb, isLimit: false }));
  assert.deepEqual(figuresOf(open).ratios, { colyseusCpuAt1000: 3 });
  assert.match(textOf(open), /^ {2}Colyseus: 3\.00 × Myriad's CPU at 1000 clients$/m);
});

test("without Myriad there are no ratios, and nothing is made up for them", () => {
  assert.deepEqual(figuresOf(climbs.slice(1)).ratios, {});
  assert.doesNotMatch(textOf(climbs.slice(1)), /compared with Myriad|NaN|undefined/);
});

test("the picture shows the runs that count, solid where they held and dashed where they missed", () => {
  const rows = climbs.flatMap((climb) => climb.rows);
  const chart = chartOf([...rows, row({ peer: "ws", players: 8000, cpu: 99, verdict: "refused" })]);
  assert.match(chart, /^<svg [^]*<\/svg>\n$/);
  assert.match(chart, />Myriad<[^]*>Colyseus</);
  assert.doesNotMatch(chart, /bare ws|NaN|undefined|Infinity/);
  // Two points of each peer in each of the four panels: of two runs with one count the last is drawn.
  assert.equal(chart.match(/<circle/g)?.length, 4 * 4);
  assert.equal(chart.match(/stroke-dasharray/g)?.length, 4);
  assert.equal(chart, chartOf([...rows, row({ peer: "ws", players: 8000, cpu: 99, verdict: "refused" })]));
});

test("a picture of one count, or of nothing at all, is still a picture", () => {
  assert.doesNotMatch(chartOf([row({ peer: "ws", players: 100, cpu: 5 })]), /NaN|Infinity/);
  assert.match(chartOf([]), /<\/svg>/);
  assert.doesNotMatch(chartOf([]), /NaN|Infinity/);
});
