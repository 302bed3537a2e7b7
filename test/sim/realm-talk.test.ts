import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { partyMembersMax } from "../../games/realm/shared/rules.ts";
import {
  Chat,
  PartyAnswer,
  PartyChat,
  PartyInvite,
  PartyInvited,
  PartyLeave,
  Refused,
  Say,
  Tell,
  ZoneChat,
} from "../../games/realm/shared/schema.ts";
import type { Lab, LabPlayer } from "./lab.ts";
import { playerIn, realmLab, ticksOf } from "./realm-lab.ts";

/** Lines that a player read, the greeting apart. */
function lines(lab: Lab, player: LabPlayer): string[] {
  const read = lab.told(player, Chat).filter(({ from }) => from !== "Lanternrest");
  return read.map(({ channel, from, text }) => `${channel} ${from}: ${text}`);
}

function groupOf(lab: Lab, player: LabPlayer): number {
  const { core, ref } = playerIn(lab, player);
  return core.api.groupOf(ref);
}

test("what is said is read with the speaker's name, cleaned", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  lab.intent(ann, Say, { text: "  hello\u0007 \u202eall " });
  lab.intent(ann, ZoneChat, { text: "wolves at the ford" });
  await lab.run(1);
  deepEqual(lines(lab, bob), ["say Ann: hello all", "zone Ann: wolves at the ford"]);
});

test("a line of nothing is nothing", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  lab.intent(ann, Say, { text: " \u0000\u200b " });
  lab.intent(ann, Tell, { to: "Ann", text: "\t" });
  await lab.run(1);
  deepEqual(lines(lab, ann), []);
  deepEqual(lab.told(ann, Refused), []);
});

test("a tell is read by one, echoed to the other, and comes back when nobody is there", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  lab.intent(ann, Tell, { to: "bob", text: "psst" });
  lab.intent(ann, Tell, { to: "Nobody", text: "psst" });
  lab.intent(ann, Tell, { to: " ", text: "psst" });
  await lab.run(1);
  deepEqual(lines(lab, bob), ["tell Ann: psst"]);
  deepEqual(lines(lab, ann), ["told bob: psst", "told Nobody: psst"]);
  deepEqual(
    lab.told(ann, Refused).map(({ why }) => why),
    ["Tell whom?", "Nobody is not here."],
  );
});

test("who talks without end is heard six times, then once in a while", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  for (let i = 0; i < 40; i++) lab.intent(ann, Say, { text: `line ${i}` });
  await lab.run(1);
  equal(lines(lab, ann).length, 6);
  ok(lab.told(ann, Refused).length <= 4);
  await lab.run(ticksOf(lab, 2));
  for (let i = 0; i < 40; i++) lab.intent(ann, Say, { text: `more ${i}` });
  await lab.run(1);
  equal(lines(lab, ann).length, 8);
});

test("an invitation that is accepted makes a party that talks among itself", async () => {
  const lab = await realmLab();
  const [ann, bob, eve] = [await lab.join("Ann"), await lab.join("Bob"), await lab.join("Eve")];
  lab.intent(ann, PartyInvite, { target: lab.refOf(bob) });
  await lab.run(2);
  deepEqual(lab.told(bob, PartyInvited), [{ from: "Ann" }]);
  equal(groupOf(lab, ann), 0);
  lab.intent(bob, PartyAnswer, { accept: true });
  await lab.run(2);
  ok(groupOf(lab, ann) > 0);
  equal(groupOf(lab, ann), groupOf(lab, bob));
  lab.intent(bob, PartyChat, { text: "north gate?" });
  lab.intent(eve, PartyChat, { text: "me too" });
  await lab.run(2);
  ok(lines(lab, ann).includes("party Bob: north gate?"));
  ok(!lines(lab, eve).some((line) => line.startsWith("party")));
  equal(lab.told(eve, Refused).length, 1);
});

test("two who are invited before one has answered come into the same party", async () => {
  const lab = await realmLab();
  const [ann, bob, eve] = [await lab.join("Ann"), await lab.join("Bob"), await lab.join("Eve")];
  lab.intent(ann, PartyInvite, { target: lab.refOf(bob) });
  lab.intent(ann, PartyInvite, { target: lab.refOf(eve) });
  await lab.run(2);
  lab.intent(bob, PartyAnswer, { accept: true });
  lab.intent(eve, PartyAnswer, { accept: true });
  await lab.run(2);
  ok(groupOf(lab, ann) > 0);
  deepEqual([groupOf(lab, bob), groupOf(lab, eve)], [groupOf(lab, ann), groupOf(lab, ann)]);
});

test("an invitation that is declined, or that nobody made, makes none", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  lab.intent(ann, PartyInvite, { target: lab.refOf(bob) });
  await lab.run(2);
  lab.intent(bob, PartyAnswer, { accept: false });
  await lab.run(2);
  lab.intent(bob, PartyAnswer, { accept: true });
  lab.intent(bob, PartyLeave, {});
  lab.intent(ann, PartyInvite, { target: 0 });
  lab.intent(ann, PartyInvite, { target: lab.refOf(ann) });
  await lab.run(2);
  deepEqual([groupOf(lab, ann), groupOf(lab, bob)], [0, 0]);
  ok(lines(lab, ann).includes("system : Bob does not join you."));
  deepEqual([lab.told(ann, Refused).length, lab.told(bob, Refused).length], [2, 2]);
});

test("only the founder invites, only those without a party, and a party has five members", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  const others: LabPlayer[] = [];
  for (let i = 0; i < partyMembersMax; i++) others.push(await lab.join(`Other ${i}`));
  for (const other of others) {
    lab.intent(ann, PartyInvite, { target: lab.refOf(other) });
    await lab.run(20);
    lab.intent(other, PartyAnswer, { accept: true });
    await lab.run(20);
  }
  const inParty = others.filter((other) => groupOf(lab, other) === groupOf(lab, ann));
  equal(inParty.length, partyMembersMax - 1);
  deepEqual(
    lab.told(ann, Refused).map(({ why }) => why),
    ["The party is full."],
  );
  lab.intent(others[0]!, PartyInvite, { target: lab.refOf(others.at(-1)!) });
  await lab.run(2);
  equal(lab.told(others[0]!, Refused).at(-1)!.why, "Only who founded the party invites.");
  const eve = await lab.join("Eve");
  lab.intent(eve, PartyInvite, { target: lab.refOf(others[0]!) });
  await lab.run(2);
  ok(lines(lab, eve).includes("system : Other 0 does not join you."));
});

test("who leaves is out, and an answer to a founder who left opens nothing", async () => {
  const lab = await realmLab();
  const [ann, bob, eve] = [await lab.join("Ann"), await lab.join("Bob"), await lab.join("Eve")];
  lab.intent(ann, PartyInvite, { target: lab.refOf(bob) });
  await lab.run(2);
  lab.intent(bob, PartyAnswer, { accept: true });
  lab.intent(ann, PartyInvite, { target: lab.refOf(eve) });
  await lab.run(2);
  lab.intent(ann, PartyLeave, {});
  await lab.run(2);
  lab.intent(eve, PartyAnswer, { accept: true });
  await lab.run(2);
  deepEqual([groupOf(lab, ann), groupOf(lab, eve)], [0, 0]);
  ok(groupOf(lab, bob) > 0);
  ok(lines(lab, bob).includes("system : Ann leaves the party."));
  deepEqual(
    lab.told(eve, Refused).map(({ why }) => why),
    ["That party is closed."],
  );
});

test("an invitation is void after a minute", async () => {
  const lab = await realmLab({ tickRateHz: 10 });
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  lab.intent(ann, PartyInvite, { target: lab.refOf(bob) });
  await lab.run(ticksOf(lab, 61));
  lab.intent(bob, PartyAnswer, { accept: true });
  await lab.run(2);
  equal(groupOf(lab, bob), 0);
  deepEqual(
    lab.told(bob, Refused).map(({ why }) => why),
    ["Nobody has invited you."],
  );
});
