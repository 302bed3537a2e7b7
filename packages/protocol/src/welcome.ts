/**
 * The welcome: what a client must know before its first frame, as JSON, so that a client in any language reads it.
 *
 * Invariant: `decodeServerText` never throws; a welcome of another shape is `json_malformed`.
 */
import { type Descriptor, parseDescriptor } from "./descriptor.ts";
import { ByteReader, ByteWriter, formatVersion, serverMessage } from "./frame.ts";
import type { Level } from "./levels.ts";
import { type Decoded, refused } from "./record.ts";
import type { ZoneBounds } from "./regions.ts";

/** One zone of the realm's map. */
export interface ZoneInfo {
  readonly zone: number;
  readonly name: string;
  readonly bounds: ZoneBounds;
}

export interface Welcome {
  readonly formatVersion: number;
  readonly realm: string;
  /** Server version and game version, for messages. */
  readonly server: string;
  readonly gameVersion: string;
  /** Number of the session in this gateway; 32 bits. */
  readonly session: number;
  /** Secret that resumes the session within `resumeSeconds`. */
  readonly resumeKey: string;
  readonly resumeSeconds: number;
  /** Whether this welcome resumes an earlier session. */
  readonly resumed: boolean;
  readonly character: { readonly id: number; readonly name: string };
  readonly tickRateHz: number;
  readonly regionSizeM: number;
  readonly levels: readonly Level[];
  readonly zones: readonly ZoneInfo[];
  readonly schemaHash: string;
  /** The server's schema; present when the client's hash differs from it. */
  readonly schema?: Descriptor;
}

export function encodeWelcome(welcome: Welcome): Uint8Array {
  const writer = new ByteWriter(2048);
  writer.u8(serverMessage.welcome);
  writer.u8(formatVersion);
  writer.text(JSON.stringify(welcome));
  return writer.copy();
}

export function encodePong(nonce: number): Uint8Array {
  const writer = new ByteWriter(8);
  writer.u8(serverMessage.pong);
  writer.u32(nonce);
  return writer.copy();
}

/** Tells the client something about the connection in words, before a close or during it. */
export function encodeNotice(code: string, text: string): Uint8Array {
  const writer = new ByteWriter(128);
  writer.u8(serverMessage.notice);
  writer.text(code);
  writer.text(text);
  return writer.copy();
}

export type ServerText =
  | { readonly kind: "welcome"; readonly welcome: Welcome }
  | { readonly kind: "pong"; readonly nonce: number }
  | { readonly kind: "notice"; readonly code: string; readonly text: string };

/** Decodes a server message that is not a frame; never throws. */
export function decodeServerText(bytes: Uint8Array): Decoded<ServerText> {
  const reader = new ByteReader(bytes);
  switch (reader.u8()) {
    case serverMessage.welcome: {
      if (reader.u8() !== formatVersion) return refused(reader.failed ? "truncated" : "version_unknown");
      const json = reader.text(1 << 20);
      return reader.failed ? refused("truncated") : parseWelcome(json);
    }
    case serverMessage.pong: {
      const nonce = reader.u32();
      return reader.failed ? refused("truncated") : { ok: true, value: { kind: "pong", nonce } };
    }
    case serverMessage.notice: {
      const code = reader.text(64);
      const text = reader.text(1024);
      return reader.failed ? refused("truncated") : { ok: true, value: { kind: "notice", code, text } };
    }
    default:
      return refused(reader.failed ? "truncated" : "unknown_type");
  }
}

function parseWelcome(json: string): Decoded<ServerText> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return refused("json_malformed");
  }
  if (!isWelcome(data)) return refused("json_malformed");
  if (data.schema !== undefined && !parseDescriptor(data.schema).ok) return refused("json_malformed");
  return { ok: true, value: { kind: "welcome", welcome: data } };
}

function isWelcome(data: unknown): data is Welcome {
  if (typeof data !== "object" || data === null) return false;
  const welcome = data as Record<string, unknown>;
  const texts = ["realm", "server", "gameVersion", "resumeKey", "schemaHash"];
  const numbers = ["session", "resumeSeconds", "tickRateHz", "regionSizeM"];
  return (
    texts.every((name) => typeof welcome[name] === "string") &&
    numbers.every((name) => Number.isFinite(welcome[name])) &&
    isCharacter(welcome["character"]) &&
    isListOf(welcome["levels"], isLevel) &&
    isListOf(welcome["zones"], isZone)
  );
}

function isCharacter(data: unknown): boolean {
  const character = data as { id?: unknown; name?: unknown } | null | undefined;
  return typeof character?.name === "string" && Number.isSafeInteger(character.id);
}

function isLevel(data: unknown): boolean {
  const level = data as Level | null | undefined;
  return (
    Number.isFinite(level?.radiusM) &&
    Number.isInteger(level?.strideTicks) &&
    isListOf(level?.channelStrides, (stride) => Number.isInteger(stride) && (stride as number) >= 0) &&
    (level?.nearBits === undefined || isBits(level.nearBits))
  );
}

function isBits(data: unknown): boolean {
  return Number.isInteger(data) && (data as number) >= 0 && (data as number) < 32;
}

function isZone(data: unknown): boolean {
  const zone = data as ZoneInfo | null | undefined;
  const bounds = zone?.bounds;
  return (
    Number.isInteger(zone?.zone) &&
    typeof zone?.name === "string" &&
    [bounds?.x, bounds?.y, bounds?.width, bounds?.height].every((value) => Number.isFinite(value))
  );
}

function isListOf(data: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(data) && data.length <= 4096 && data.every(isItem);
}
