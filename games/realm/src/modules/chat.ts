/**
 * Players talk: to those near, to a zone, to one by name, to their party.
 *
 * Owns: `chatDebt`. Invariant: what others read was cleaned (text.ts), and carries the name that the character really has.
 */
import type { EntityRef } from "@myriad/protocol";
import { defineModule, every, on, type ZoneApi } from "@myriad/server";
import { Chat, PartyChat, Player, Refused, Say, Tell, ZoneChat } from "../../shared/schema.ts";
import { countDown, pay, refuse } from "../actors.ts";
import { cleanText } from "../text.ts";

/** Milliseconds that a line costs, and how many may come at once. */
const lineMs = 900;
const linesAtOnce = 6;

export const chat = defineModule({
  name: "chat",
  entities: [Player],
  intents: [
    on(Say, (zone, actor, { text }) => say(zone, actor, text)),
    on(ZoneChat, (zone, actor, { text }) => sayToZone(zone, actor, text)),
    on(Tell, (zone, actor, { to, text }) => tell(zone, actor, { to, text })),
    on(PartyChat, (zone, actor, { text }) => sayToParty(zone, actor, text)),
  ],
  systems: [every(0, forget)],
});

function say(zone: ZoneApi, actor: EntityRef, said: string): void {
  const text = lineOf(zone, actor, said);
  const at = zone.positionOf(actor);
  if (text === "" || at === undefined) return;
  zone.announce(at, Chat, { channel: "say", from: zone.nameOf(actor), text });
}

function sayToZone(zone: ZoneApi, actor: EntityRef, said: string): void {
  const text = lineOf(zone, actor, said);
  if (text !== "") zone.announceZone(Chat, { channel: "zone", from: zone.nameOf(actor), text });
}

function tell(zone: ZoneApi, actor: EntityRef, { to, text: said }: { to: string; text: string }): void {
  const name = cleanText(to);
  if (name === "") return refuse(zone, actor, "tell", "Tell whom?");
  const text = lineOf(zone, actor, said);
  if (text === "") return;
  const letter = { fact: Chat, value: { channel: "tell", from: zone.nameOf(actor), text } } as const;
  const unread = { fact: Refused, value: { what: "tell", why: `${name} is not here.` } };
  zone.tellByName(actor, name, letter, unread);
  zone.tell(actor, Chat, { channel: "told", from: name, text });
}

function sayToParty(zone: ZoneApi, actor: EntityRef, said: string): void {
  const group = zone.groupOf(actor);
  if (group === 0) return refuse(zone, actor, "partyChat", "You are in no party.");
  const text = lineOf(zone, actor, said);
  if (text !== "") zone.announceGroup(group, Chat, { channel: "party", from: zone.nameOf(actor), text });
}

/** The line as others may read it; "" when nothing is left of it or its player has said enough for now. */
function lineOf(zone: ZoneApi, actor: EntityRef, said: string): string {
  const text = cleanText(said);
  if (text === "") return "";
  const players = zone.table(Player);
  const debt = {
    column: players.columns.chatDebt,
    row: players.row(actor),
    everyMs: lineMs,
    atOnce: linesAtOnce,
  };
  if (pay(zone, debt)) return text;
  refuse(zone, actor, "chat", "You talk too fast.");
  return "";
}

function forget(zone: ZoneApi): void {
  const players = zone.table(Player);
  countDown(players, players.columns.chatDebt);
  countDown(players, players.columns.refusalDebt);
}
