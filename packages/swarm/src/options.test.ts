import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
    });
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

  it("shows help whatever else is said before", () => {
    assert.equal(parseOptions(["--json", "--help"]).kind, "help");
    assert.equal(parseOptions(["-h"]).kind, "help");
  });
});
