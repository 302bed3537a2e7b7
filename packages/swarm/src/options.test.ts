import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { help } from "./help.ts";
import { parseOptions } from "./options.ts";

function options(...args: string[]) {
  const parsed = parseOptions(args);
  assert.equal(parsed.kind, "run", JSON.stringify(parsed));
  return parsed.kind === "run" ? parsed.options : undefined;
}

function problem(...args: string[]): string {
  const parsed = parseOptions(args);
  assert.equal(parsed.kind, "invalid", args.join(" "));
  const message = parsed.kind === "invalid" ? parsed.message : "";
  assert.ok(!message.includes("\n"), "one line");
  return message;
}

describe("parseOptions", () => {
  it("has a default for everything", () => {
    assert.deepEqual(options(), {
      url: "ws://127.0.0.1:8080",
      players: 100,
      seconds: 20,
      rampSeconds: 1,
      json: false,
      mix: { walk: 6, fight: 3, chat: 1 },
      seed: 1,
      scene: { kind: "spread" },
      stall: undefined,
      flooders: 0,
      processes: 1,
      selfTest: false,
    });
  });

  it("takes values behind a blank and behind an equals sign", () => {
    const given = options(
      "--players",
      "500",
      "--seconds=2.5",
      "--ramp",
      "0",
      "--seed=9",
      "--json",
      "--mix=chat:4,walk",
    );
    assert.deepEqual(given, {
      url: "ws://127.0.0.1:8080",
      players: 500,
      seconds: 2.5,
      rampSeconds: 0,
      json: true,
      mix: { walk: 6, fight: 0, chat: 4 },
      seed: 9,
      scene: { kind: "spread" },
      stall: undefined,
      flooders: 0,
      processes: 1,
      selfTest: false,
    });
  });

  it("reads scenes, stalls, floods and processes", () => {
    const square = (sideM: number, middle?: { x: number; y: number }) => ({ kind: "square", sideM, middle });
    assert.deepEqual(options("--place=town")?.scene, { kind: "town" });
    assert.deepEqual(options("--place", "square:60")?.scene, square(60));
    assert.deepEqual(options("--place", "square:60@-12.5,700")?.scene, square(60, { x: -12.5, y: 700 }));
    assert.deepEqual(options("--stall", "40:6.5")?.stall, { clients: 40, seconds: 6.5 });
    assert.equal(options("--flood", "2")?.flooders, 2);
    assert.deepEqual([options("--processes", "4")?.processes, options("--self-test")?.selfTest], [4, true]);
  });

  it("says when options do not fit together", () => {
    assert.match(problem("--players", "10", "--stall", "8:5", "--flood", "3"), /more clients than --players/);
    assert.match(problem("--seconds", "29", "--stall", "8:20"), /--seconds must be 10 more than --stall/);
    assert.equal(options("--seconds", "30", "--stall", "8:20")?.seconds, 30);
    assert.match(problem("--players", "2", "--processes", "3"), /--processes must be --players at most/);
  });

  it("lets a hundred players a second join unless told otherwise", () => {
    assert.equal(options("--players", "500")?.rampSeconds, 5);
  });

  it("says what an option may be", () => {
    assert.match(problem("--players", "0"), /--players must be a whole number from 1 to 20000, not "0"/);
    for (const value of ["20001", "1.5", "-1", "many", "", "1e3"]) problem("--players", value);
    for (const value of ["0", "86401", "NaN", "Infinity"]) problem("--seconds", value);
    for (const value of ["-1", "3601"]) problem("--ramp", value);
    for (const value of ["4294967296", "x"]) problem("--seed", value);
    for (const value of ["dance", "walk,walk", "walk:0", "walk:101", "", "walk,", "walk:1:2"])
      problem("--mix", value);
    for (const value of [
      "",
      "square",
      "square:0",
      "square:10001",
      "square:5@1",
      "square:5@1e9,1",
      "square:5@x,y",
    ])
      problem("--place", value);
    for (const value of ["", "5", "0:5", "5:0", ":5", "5:", "a:b", "20001:5"]) problem("--stall", value);
    for (const value of ["-1", "x"]) problem("--flood", value);
    for (const value of ["0", "65"]) problem("--processes", value);
  });

  it("names an option that there is not, and one without its value", () => {
    assert.match(problem("--player", "5"), /unknown option --player/);
    assert.match(problem("500"), /unknown option 500/);
    assert.match(problem("--json=yes"), /unknown option --json=yes/);
    assert.match(problem("--constructor"), /unknown option/);
    assert.match(problem("--players"), /--players needs a value/);
  });

  it("loads this machine only, unless it is told that the other one is its owner's", () => {
    for (const url of ["ws://localhost:1", "ws://127.9.8.7:81", "ws://[::1]:8080", "wss://localhost"]) {
      assert.equal(options("--url", url)?.url, url);
    }
    assert.match(
      problem("--url", "ws://example.org"),
      /example\.org is not this machine.*--dangerously-remote/,
    );
    problem("--url", "ws://127.0.0.1.example.org:8080");
    assert.equal(options("--dangerously-remote", "--url", "ws://example.org")?.url, "ws://example.org");
  });

  it("wants an origin as its address", () => {
    for (const url of [
      "http://localhost",
      "localhost:8080",
      "",
      "ws://localhost/v1/play",
      "ws://localhost?x",
      "ws://me@localhost",
    ]) {
      assert.match(problem("--url", url), /must be ws:\/\/host:port/);
    }
  });

  it("documents every option that it knows", () => {
    const source = readFileSync(new URL("options.ts", import.meta.url), "utf8");
    const known = [...source.matchAll(/"(--[a-z-]+)"/g)].map(([, name]) => name!);
    assert.ok(known.length >= 14);
    for (const name of known) assert.match(help, new RegExp(`^  ${name}\\b`, "m"));
  });

  it("shows help whatever else is said before", () => {
    assert.equal(parseOptions(["--json", "--help"]).kind, "help");
    assert.equal(parseOptions(["-h"]).kind, "help");
  });
});
