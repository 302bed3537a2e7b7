import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readLine } from "./commands.ts";

describe("a line in the chat", () => {
  test("goes where the channel says", () => {
    assert.deepEqual(readLine(" hello ", "zone", ""), {
      kind: "chat",
      channel: "zone",
      text: "hello",
      to: "",
    });
    assert.deepEqual(readLine("hi", "tell", "Ann"), { kind: "chat", channel: "tell", text: "hi", to: "Ann" });
    assert.equal(readLine("hi", "tell", "").kind, "wrong");
    assert.equal(readLine("   ", "say", "").kind, "nothing");
  });

  test("may name its channel, or only change it", () => {
    assert.deepEqual(readLine("/z rain!", "say", ""), {
      kind: "chat",
      channel: "zone",
      text: "rain!",
      to: "",
    });
    assert.deepEqual(readLine("/party", "say", ""), { kind: "channel", channel: "party" });
  });

  test("tells one player, whose name may have blanks", () => {
    assert.deepEqual(readLine("/t Ann hello there", "say", ""), {
      kind: "chat",
      channel: "tell",
      to: "Ann",
      text: "hello there",
    });
    assert.deepEqual(readLine('/tell "Ann Lee" hi', "say", ""), {
      kind: "chat",
      channel: "tell",
      to: "Ann Lee",
      text: "hi",
    });
    assert.equal(readLine("/t Ann", "say", "").kind, "wrong");
  });

  test("may be a command", () => {
    assert.deepEqual(readLine("/wave", "say", ""), { kind: "emote", emote: "wave" });
    assert.deepEqual(readLine("/Invite", "say", ""), { kind: "invite" });
    const wrong = readLine("/fly", "say", "");
    assert.ok(wrong.kind === "wrong" && wrong.why.includes("/fly"));
  });
});
