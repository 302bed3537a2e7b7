/**
 * Parties: who founded one invites, who is invited answers.
 *
 * A party is a group of the engine: its members see each other's health wherever they are. The two players may be in two
 * zones, so an invitation is a message, an answer is one, and being let in is a third.
 * Owns: `inviter`, `invitedTo`, `inviteWait`, `foundedGroup`, `broughtIn`.
 * Invariant: a founder brings in no more than a party holds, and nobody enters a group whose founder did not let it in.
 */
import { type EntityRef, entityRef, text, uint } from "@myriad/protocol";
import { defineModule, every, message, on, onMessage, type ZoneApi } from "@myriad/server";
import { invitationMs, partyMembersMax } from "../../shared/rules.ts";
import { Chat, PartyAnswer, PartyInvite, PartyInvited, PartyLeave, Player } from "../../shared/schema.ts";
import { countDown, refuse } from "../actors.ts";

/** To whom is invited. */
const Invitation = message("party.invitation", { from: entityRef(), name: text(24), group: uint(32) });
/** To the founder: an answer, or why there is none. */
const Answer = message("party.answer", {
  by: entityRef(),
  name: text(24),
  group: uint(32),
  accepts: uint(1),
});
/** To whom is let in, or not. */
const Entry = message("party.entry", { group: uint(32), granted: uint(1) });

export const party = defineModule({
  name: "party",
  entities: [Player],
  intents: [
    on(PartyInvite, (zone, actor, { target }) => invite(zone, actor, target)),
    on(PartyAnswer, (zone, actor, { accept }) => answer(zone, actor, accept)),
    on(PartyLeave, leave),
  ],
  messages: [onMessage(Invitation, beInvited), onMessage(Answer, hearAnswer), onMessage(Entry, enter)],
  systems: [every(0, forgetInvitations)],
});

function invite(zone: ZoneApi, actor: EntityRef, target: EntityRef): void {
  const players = zone.table(Player);
  const row = players.row(actor);
  const { broughtIn, foundedGroup } = players.columns;
  const group = zone.groupOf(actor);
  if (target === actor || players.row(target) < 0) return refuse(zone, actor, "partyInvite", "Invite whom?");
  if (group !== 0 && group !== foundedGroup[row]) {
    return refuse(zone, actor, "partyInvite", "Only who founded the party invites.");
  }
  if (group !== 0 && (broughtIn[row] ?? 0) >= partyMembersMax - 1) {
    return refuse(zone, actor, "partyInvite", "The party is full.");
  }
  // The group begins when the first one accepts; until then its number is only promised.
  if (foundedGroup[row] === 0) foundedGroup[row] = zone.newId();
  zone.send(target, Invitation, { from: actor, name: zone.nameOf(actor), group: foundedGroup[row] ?? 0 });
}

function beInvited(
  zone: ZoneApi,
  target: EntityRef,
  { from, name, group }: { from: EntityRef; name: string; group: number },
): void {
  const players = zone.table(Player);
  const row = players.row(target);
  if (row < 0) return;
  const { invitedTo, inviter, inviteWait } = players.columns;
  const isFree = zone.groupOf(target) === 0 && (inviteWait[row] ?? 0) === 0;
  if (!isFree) return zone.send(from, Answer, { by: target, name: zone.nameOf(target), group, accepts: 0 });
  inviter[row] = from;
  invitedTo[row] = group;
  inviteWait[row] = zone.ticks(invitationMs);
  zone.tell(target, PartyInvited, { from: name });
}

function answer(zone: ZoneApi, actor: EntityRef, accepts: boolean): void {
  const players = zone.table(Player);
  const row = players.row(actor);
  const { invitedTo, inviter, inviteWait } = players.columns;
  if ((inviteWait[row] ?? 0) === 0) return refuse(zone, actor, "partyAnswer", "Nobody has invited you.");
  const group = invitedTo[row] ?? 0;
  zone.send(inviter[row] ?? 0, Answer, {
    by: actor,
    name: zone.nameOf(actor),
    group,
    accepts: accepts ? 1 : 0,
  });
  forgetInvitation(zone, row);
}

/** The founder hears the answer; it may have left the party meanwhile, or filled it. */
function hearAnswer(
  zone: ZoneApi,
  founder: EntityRef,
  { by, name, group, accepts }: { by: EntityRef; name: string; group: number; accepts: number },
): void {
  const players = zone.table(Player);
  const row = players.row(founder);
  if (row < 0) return;
  const { broughtIn, foundedGroup } = players.columns;
  const isMine = foundedGroup[row] === group && [0, group].includes(zone.groupOf(founder));
  if (accepts === 0) return system(zone, founder, `${name} does not join you.`);
  const granted = isMine && (broughtIn[row] ?? 0) < partyMembersMax - 1;
  zone.send(by, Entry, { group, granted: granted ? 1 : 0 });
  if (!granted) return;
  broughtIn[row] = (broughtIn[row] ?? 0) + 1;
  zone.setGroup(founder, group);
  system(zone, founder, `${name} joins you.`);
}

function enter(
  zone: ZoneApi,
  player: EntityRef,
  { group, granted }: { group: number; granted: number },
): void {
  if (zone.groupOf(player) !== 0 || granted === 0)
    return refuse(zone, player, "partyAnswer", "That party is closed.");
  zone.setGroup(player, group);
  system(zone, player, "You join the party.");
}

function leave(zone: ZoneApi, actor: EntityRef): void {
  const group = zone.groupOf(actor);
  if (group === 0) return refuse(zone, actor, "partyLeave", "You are in no party.");
  const players = zone.table(Player);
  const row = players.row(actor);
  zone.setGroup(actor, 0);
  players.columns.foundedGroup[row] = 0;
  players.columns.broughtIn[row] = 0;
  zone.announceGroup(group, Chat, {
    channel: "system",
    from: "",
    text: `${zone.nameOf(actor)} leaves the party.`,
  });
  system(zone, actor, "You leave the party.");
}

function forgetInvitations(zone: ZoneApi): void {
  const players = zone.table(Player);
  countDown(players, players.columns.inviteWait);
}

function forgetInvitation(zone: ZoneApi, row: number): void {
  const { invitedTo, inviter, inviteWait } = zone.table(Player).columns;
  inviter[row] = 0;
  invitedTo[row] = 0;
  inviteWait[row] = 0;
}

function system(zone: ZoneApi, player: EntityRef, line: string): void {
  zone.tell(player, Chat, { channel: "system", from: "", text: line });
}
