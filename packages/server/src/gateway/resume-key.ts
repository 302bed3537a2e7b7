/**
 * Resume keys: which gateway has which session, and a secret that proves the right to it. 1 byte gateway, 4 bytes session,
 * 24 bytes secret, base64url.
 *
 * Invariant: comparing takes the same time wherever two secrets differ. A key is good once: each resume gives a new one.
 */
import { base64Url } from "./tickets.ts";

export const secretBytes = 24;
const keyBytes = 5 + secretBytes;
/** 29 bytes in base64url. */
const keyPattern = /^[A-Za-z0-9_-]{39}$/;

export interface ResumeKey {
  /** Number of the gateway that has the session. */
  readonly gateway: number;
  readonly session: number;
  readonly secret: Uint8Array;
}

export function resumeKey({ gateway, session, secret }: ResumeKey): string {
  const bytes = new Uint8Array(keyBytes);
  bytes[0] = gateway;
  new DataView(bytes.buffer).setUint32(1, session);
  bytes.set(secret, 5);
  return base64Url(bytes);
}

/** Takes a key apart; undefined for anything that is none. Never throws. */
export function readResumeKey(key: string): ResumeKey | undefined {
  if (!keyPattern.test(key)) return undefined;
  const bytes = Buffer.from(key, "base64url");
  if (bytes.length !== keyBytes) return undefined;
  return { gateway: bytes[0]!, session: bytes.readUInt32BE(1), secret: bytes.subarray(5) };
}

/** Whether two secrets are the same, in a time that does not tell where they differ. */
export function isSameSecret(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}
