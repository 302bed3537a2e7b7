/**
 * What a line in the chat means: words for somebody, or a command that begins with a slash. Pure.
 */
import type { ChatChannel, EmoteName } from "./actions.ts";

export type Command =
  | { readonly kind: "chat"; readonly channel: ChatChannel; readonly text: string; readonly to: string }
  /** The line only changes where the next words go. */
  | { readonly kind: "channel"; readonly channel: ChatChannel }
  | { readonly kind: "emote"; readonly emote: EmoteName }
  | { readonly kind: "invite" | "leave" | "help" | "nothing" }
  | { readonly kind: "wrong"; readonly why: string };

const emotes: readonly string[] = ["wave", "bow", "cheer", "dance", "sit"];
const channels: Readonly<Record<string, ChatChannel>> = {
  s: "say",
  say: "say",
  z: "zone",
  zone: "zone",
  p: "party",
  party: "party",
};

/** Reads a line; `channel` is where words without a command go, `to` whom a tell goes to then. */
export function readLine(line: string, channel: ChatChannel, to: string): Command {
  const text = line.trim();
  if (text === "") return { kind: "nothing" };
  if (!text.startsWith("/")) {
    if (channel === "tell" && to === "")
      return { kind: "wrong", why: "Write /t name text to tell somebody something." };
    return { kind: "chat", channel, text, to };
  }
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
  const name = word.toLowerCase();
  if (emotes.includes(name)) return { kind: "emote", emote: name as EmoteName };
  if (name === "invite" || name === "leave" || name === "help") return { kind: name };
  if (name === "t" || name === "tell" || name === "w") return readTell(rest);
  const chosen = channels[name];
  if (chosen === undefined)
    return { kind: "wrong", why: `There is no command /${word}. Write /help for a list.` };
  return rest === ""
    ? { kind: "channel", channel: chosen }
    : { kind: "chat", channel: chosen, text: rest, to: "" };
}

/** `Ann hello` or `"Ann Lee" hello`. */
function readTell(rest: string): Command {
  const match = /^(?:"([^"]+)"|(\S+))\s+(.+)$/s.exec(rest);
  if (match === null) return { kind: "wrong", why: "Write /t name text to tell somebody something." };
  return { kind: "chat", channel: "tell", to: match[1] ?? match[2] ?? "", text: match[3] ?? "" };
}

/** Lines that /help writes. */
export const helpLines = [
  "/s text: say to those near · /z text: to the zone · /p text: to the party",
  "/t name text: tell one player · /invite, /leave: the party",
  "/wave /bow /cheer /dance /sit",
] as const;
