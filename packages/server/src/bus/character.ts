/**
 * A character on its way from the store to a zone: the payload of a join. The gateway fills it from what the store
 * answered and never looks inside `state`.
 *
 *   characterId:f64 version:v sessionEpoch:v schemaVersion:v name:text state: length:v bytes
 *   items: count:v { itemId:f64 itemType:u32 slot:v }
 *   place: isGiven:u8 [ x:f64 y:f64 ]
 */
import { ByteReader, ByteWriter, type Decoded, refused } from "@myriad/protocol";

/** A point of the world in metres. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface CharacterRecord {
  readonly characterId: number;
  readonly name: string;
  /** Version of the row that `state` came from; the next save builds on it. */
  readonly version: number;
  readonly sessionEpoch: number;
  readonly schemaVersion: number;
  /** The saved fields, encoded by the world. Empty for a new character. */
  readonly state: Uint8Array;
  /** What the ledger says the character holds. */
  readonly items: readonly { readonly itemId: number; readonly itemType: number; readonly slot: number }[];
  /** Where the character appears instead of where it was, in the zone that it joins; the operator's word. */
  readonly place?: Place;
}

const itemsMax = 1024;
const stateBytesMax = 65_536;

export function encodeCharacter(character: CharacterRecord): Uint8Array {
  const writer = new ByteWriter(256);
  writer.f64(character.characterId);
  writer.v(character.version);
  writer.v(character.sessionEpoch);
  writer.v(character.schemaVersion);
  writer.text(character.name);
  writer.v(character.state.length);
  writer.bytes(character.state);
  writer.v(character.items.length);
  for (const item of character.items) {
    writer.f64(item.itemId);
    writer.u32(item.itemType);
    writer.v(item.slot);
  }
  const { place } = character;
  writer.u8(place === undefined ? 0 : 1);
  if (place !== undefined) {
    writer.f64(place.x);
    writer.f64(place.y);
  }
  return writer.copy();
}

/** Decodes a character; `state` is copied. Never throws. */
export function decodeCharacter(bytes: Uint8Array): Decoded<CharacterRecord> {
  const reader = new ByteReader(bytes);
  const characterId = reader.f64();
  const version = reader.v();
  const sessionEpoch = reader.v();
  const schemaVersion = reader.v();
  const name = reader.text(256);
  const stateBytes = reader.v();
  if (stateBytes > stateBytesMax) return refused("too_large");
  const state = reader.view(stateBytes).slice();
  const count = reader.v();
  if (count > itemsMax) return refused("too_large");
  const items: { itemId: number; itemType: number; slot: number }[] = [];
  for (let i = 0; i < count && !reader.failed; i++) {
    items.push({ itemId: reader.f64(), itemType: reader.u32(), slot: reader.v() });
  }
  const place = reader.u8() === 0 ? undefined : { x: reader.f64(), y: reader.f64() };
  if (reader.failed) return refused("truncated");
  if (!Number.isSafeInteger(characterId)) return refused("out_of_range");
  if (place !== undefined && !(Number.isFinite(place.x) && Number.isFinite(place.y)))
    return refused("out_of_range");
  const value = { characterId, name, version, sessionEpoch, schemaVersion, state, items };
  return { ok: true, value: place === undefined ? value : { ...value, place } };
}
