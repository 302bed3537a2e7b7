/**
 * The realm's schema: what walks the world, what players may ask for, what they are told.
 *
 * Owns: names, order and sizes of everything on the wire. New things come last (additions at the end stay compatible).
 */
import {
  angle,
  bool,
  boundedMap,
  cosmetic,
  critical,
  defineSchema,
  detailed,
  entity,
  entityRef,
  fact,
  fixedArray,
  intent,
  metadata,
  number,
  oneOf,
  position,
  saved,
  self,
  server,
  text,
  uint,
  unit,
} from "@myriad/protocol";

/** Places in a bag. */
export const bagPlaces = 24;
/** Bytes of one line of chat. */
export const chatBytesMax = 240;

export const Player = entity(
  "player",
  {
    position: critical(position()),
    heading: critical(angle(8)),
    health: critical(unit(8)),
    action: detailed(oneOf("idle", "walk", "swing", "fall", "sweep")),
    target: detailed(entityRef()),
    emote: cosmetic(oneOf("none", "wave", "bow", "cheer", "dance", "sit")),
    name: metadata(text(24)),
    level: metadata(uint(7)),
    look: metadata(uint(8)),
    hitPoints: saved(self(uint(16))),
    hitPointsMax: self(uint(16)),
    experience: saved(self(uint(32))),
    /** Item type in each place, 0 for empty: a copy of what the ledger holds. */
    bag: self(fixedArray(uint(16), bagPlaces)),
    /** Places that wait for the ledger's answer, one bit each. */
    bagPending: self(uint(bagPlaces)),
    attacking: self(bool()),
    /** Ticks until a fallen player comes back without asking, 0 when alive. */
    fallenTicks: self(uint(12)),
    inTown: self(bool()),
    /** The held input: a heading and whether to run. */
    direction: server(uint(8)),
    moving: server(bool()),
    // What waits is counted down, never a tick to wait for: zones count their ticks each for themselves.
    /** Ticks until the next swing. */
    swingWait: server(number()),
    /** Ticks for which a swing or sweep is still shown. */
    actionWait: server(number()),
    /** Ticks for which an emote is still shown. */
    emoteWait: server(number()),
    /** Ticks until hit points come back. */
    restWait: server(number()),
    /** Item id in each place, 0 for empty. */
    bagItems: server(fixedArray(number(), bagPlaces)),
    sweepReady: self(bool()),
    /** Ticks until the next sweep. */
    sweepWait: server(number()),
    /** Ticks that pay for lines of chat and for refusals already told. */
    chatDebt: server(number()),
    refusalDebt: server(number()),
    /** An open invitation: who invites, into which group, ticks until it is void. */
    inviter: server(entityRef()),
    invitedTo: server(number()),
    inviteWait: server(number()),
    /** The group this player founded, and how many it brought into it. */
    foundedGroup: server(number()),
    broughtIn: server(number()),
    /** Ticks for which the target has been unknown: one that crosses a border is so for a moment. */
    lostTicks: server(number()),
  },
  { group: ["position", "health", "name", "level"], wakes: true },
);

export const species = oneOf("boar", "wolf", "thornling", "marauder", "shade");

export const Creature = entity("creature", {
  position: critical(position()),
  heading: critical(angle(8)),
  health: critical(unit(8)),
  action: detailed(oneOf("idle", "walk", "swing", "fall")),
  target: detailed(entityRef()),
  species: metadata(species),
  level: metadata(uint(7)),
  hitPoints: server(uint(16)),
  hitPointsMax: server(uint(16)),
  camp: server(uint(16)),
  homeX: server(number()),
  homeY: server(number()),
  goalX: server(number()),
  goalY: server(number()),
  mood: server(oneOf("asleep", "idle", "roam", "chase", "return", "dead")),
  /** Ticks until it thinks again; of a dead one, until its body is gone. */
  thinkWait: server(number()),
  /** Ticks until the next swing. */
  swingWait: server(number()),
  /** Threat by whom it hates. */
  aggression: server(boundedMap(entityRef(), uint(16), 16)),
  /** Ticks for which its target has been unknown: one that crosses a border is so for a moment. */
  lostTicks: server(number()),
  /** Ticks it has been on its way: to a place to stroll to, or home. */
  wayTicks: server(number()),
  /** Ticks for which it still walks around something in its way: above 0 to one side, below to the other. */
  detour: server(number()),
});

export const Loot = entity("loot", {
  position: critical(position()),
  item: metadata(uint(16)),
  /** Realm id of the item when it was dropped by a player, 0 when it does not exist yet. */
  itemId: server(number()),
  /** The player whose taking is under way. */
  claimedBy: server(entityRef()),
  /** Place on the ground that the ledger knows, when there is an item. */
  groundId: server(number()),
});

export const Move = intent("move", { direction: angle(8), moving: bool() });
export const Turn = intent("turn", { heading: angle(8) });
export const Target = intent("target", { target: entityRef() });
export const Attack = intent("attack", { target: entityRef(), on: bool() });
export const PickUp = intent("pickUp", { loot: entityRef() });
export const BagMove = intent("bagMove", { from: uint(5), to: uint(5) });
export const BagDrop = intent("bagDrop", { from: uint(5) });
export const BagUse = intent("bagUse", { from: uint(5) });
export const Say = intent("say", { text: text(chatBytesMax) });
export const ZoneChat = intent("zoneChat", { text: text(chatBytesMax) });
export const Tell = intent("tell", { to: text(24), text: text(chatBytesMax) });
export const Emote = intent("emote", { emote: oneOf("none", "wave", "bow", "cheer", "dance", "sit") });
export const ComeBack = intent("comeBack", {});
export const PartyInvite = intent("partyInvite", { target: entityRef() });
export const PartyAnswer = intent("partyAnswer", { accept: bool() });
export const PartyLeave = intent("partyLeave", {});
export const PartyChat = intent("partyChat", { text: text(chatBytesMax) });
/** A blow at every creature around. */
export const Sweep = intent("sweep", {});

/** A swing that others may see: damage 0 with outcome says why. */
export const Struck = fact("struck", {
  attacker: entityRef(),
  target: entityRef(),
  damage: uint(12),
  outcome: oneOf("hit", "critical", "glance", "miss", "dodge"),
});
export const Fell = fact("fell", { who: entityRef(), by: entityRef() });
export const Gained = fact("gained", { experience: uint(20), level: uint(7) });
export const Looted = fact("looted", { item: uint(16), place: uint(5) });
export const Chat = fact("chat", {
  channel: oneOf("say", "zone", "tell", "told", "party", "system"),
  from: text(24),
  text: text(chatBytesMax),
});
/** An intent that the zone did not grant, with the reason in a few words. */
export const Refused = fact("refused", { what: text(24), why: text(80) });
export const PartyInvited = fact("partyInvited", { from: text(24) });

export const realmSchema = defineSchema({
  name: "realm",
  version: "0.1.0",
  entities: [Player, Creature, Loot],
  intents: [
    Move,
    Turn,
    Target,
    Attack,
    PickUp,
    BagMove,
    BagDrop,
    BagUse,
    Say,
    ZoneChat,
    Tell,
    Emote,
    ComeBack,
    PartyInvite,
    PartyAnswer,
    PartyLeave,
    PartyChat,
    Sweep,
  ],
  facts: [Struck, Fell, Gained, Looted, Chat, Refused, PartyInvited],
});
