/**
 * Tickets: the signed note with which a player comes to the gateway. An EdDSA (Ed25519) JWT of
 * { sub, name, jti, exp, realm } and, if the character is to appear somewhere else than where it was, { place: { x, y } }.
 *
 * Who signs: in development this process, with keys that live as long as it does; in production the operator's own
 * service, whose public key the configuration names.
 * Invariant: checks in this order: length, signature, shape, realm, time. Single use is the store's to decide, afterwards.
 * Invariant: never throws on a token, and never says more than a code.
 */
import type { CloseReason } from "@myriad/protocol";
import { compactVerify, exportJWK, generateKeyPair, importJWK, importSPKI, type JWK, SignJWT } from "jose";
import type { Place } from "../bus/character.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Clock, RandomBytes } from "../kernel/time.ts";
import { nameKey } from "../store/name-key.ts";
import { credentialUnitsMax, ticketLifeMs, ticketMsMax } from "./limits.ts";
import { cleanName } from "./names.ts";

/** A public key as jose takes it. */
type PublicKey = Awaited<ReturnType<typeof importSPKI>>;

export interface Ticket {
  readonly ticketId: string;
  /** Who this is at whoever signed. */
  readonly subject: string;
  /** The character's name. */
  readonly name: string;
  readonly expiresAtMs: number;
  /** Where the character appears instead of where it was; world metres, finite, maybe outside of every zone. */
  readonly place?: Place;
}

export type TicketRefusal = Extract<CloseReason, "ticket_invalid" | "ticket_expired">;

const subjectUnitsMax = 255;
const ticketIdUnitsMax = 128;

/** Checks tickets of one realm against one public key. */
export class TicketVerifier {
  readonly #key: PublicKey;
  readonly #realm: string;
  readonly #clock: Clock;

  constructor(options: { key: PublicKey; realm: string; clock: Clock }) {
    this.#key = options.key;
    this.#realm = options.realm;
    this.#clock = options.clock;
  }

  async verify(token: string): Promise<Result<Ticket, TicketRefusal>> {
    if (token.length > credentialUnitsMax) return err("ticket_invalid");
    let claims: unknown;
    try {
      const { payload } = await compactVerify(token, this.#key, { algorithms: ["EdDSA", "Ed25519"] });
      claims = JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return err("ticket_invalid");
    }
    const ticket = ticketOf(claims, this.#realm);
    if (ticket === undefined) return err("ticket_invalid");
    const leftMs = ticket.expiresAtMs - this.#clock.wallMs();
    if (leftMs <= 0) return err("ticket_expired");
    return leftMs > ticketMsMax ? err("ticket_invalid") : ok(ticket);
  }
}

function ticketOf(claims: unknown, realm: string): Ticket | undefined {
  if (typeof claims !== "object" || claims === null) return undefined;
  const { sub, name, jti, exp, realm: forRealm, place } = claims as Record<string, unknown>;
  const isShaped =
    isText(sub, subjectUnitsMax) &&
    isText(jti, ticketIdUnitsMax) &&
    typeof name === "string" &&
    typeof exp === "number" &&
    Number.isSafeInteger(exp) &&
    forRealm === realm &&
    (place === undefined || placeOf(place) !== undefined);
  if (!isShaped) return undefined;
  const clean = cleanName(name);
  if (clean === undefined) return undefined;
  const ticket = { ticketId: jti, subject: sub, name: clean, expiresAtMs: exp * 1000 };
  const at = placeOf(place);
  return at === undefined ? ticket : { ...ticket, place: at };
}

/** Reads a point from a stranger's JSON; undefined when it is none. Never throws. */
export function placeOf(value: unknown): Place | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { x, y } = value as Record<string, unknown>;
  const isPoint = typeof x === "number" && typeof y === "number" && Number.isFinite(x) && Number.isFinite(y);
  return isPoint ? { x, y } : undefined;
}

function isText(value: unknown, unitsMax: number): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= unitsMax;
}

/** Signs tickets: for development, where the realm is its own identity provider and a name is all there is. */
export interface TicketIssuer {
  /**
   * @param name A name that `cleanName` gave.
   * @param place Where the character is to appear; nowhere in particular without one.
   */
  issue(name: string, place?: Place): Promise<{ readonly ticket: string; readonly expiresAtMs: number }>;
}

/** A pair of keys as plain data: several threads of one process sign and check with the same. */
export interface DevelopmentKeys {
  readonly publicKey: JWK;
  readonly privateKey: JWK;
}

/** Makes keys for this run of the process alone. */
export async function developmentKeys(): Promise<DevelopmentKeys> {
  const pair = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const [publicKey, privateKey] = await Promise.all([exportJWK(pair.publicKey), exportJWK(pair.privateKey)]);
  return { publicKey, privateKey };
}

/**
 * The verifier, and the issuer of what it accepts.
 * @param options.keys @default keys of its own
 */
export async function developmentTickets(options: {
  realm: string;
  clock: Clock;
  randomBytes: RandomBytes;
  keys?: DevelopmentKeys;
}): Promise<{ readonly verifier: TicketVerifier; readonly issuer: TicketIssuer }> {
  const { realm, clock, randomBytes } = options;
  const keys = options.keys ?? (await developmentKeys());
  const [publicKey, privateKey] = (await Promise.all([
    importJWK(keys.publicKey, "EdDSA"),
    importJWK(keys.privateKey, "EdDSA"),
  ])) as [PublicKey, PublicKey];
  const issuer: TicketIssuer = {
    async issue(name, place) {
      // JWT times are whole seconds; rounding up keeps the promised life.
      const expiresAt = Math.ceil((clock.wallMs() + ticketLifeMs) / 1000);
      const ticket = await new SignJWT({ name, realm, ...(place === undefined ? {} : { place }) })
        .setProtectedHeader({ alg: "EdDSA" })
        // Whoever knows the name is the player: nothing is proved in development.
        .setSubject(`dev:${nameKey(name)}`)
        .setJti(base64Url(randomBytes(16)))
        .setExpirationTime(expiresAt)
        .sign(privateKey);
      return { ticket, expiresAtMs: expiresAt * 1000 };
    },
  };
  return { verifier: new TicketVerifier({ key: publicKey, realm, clock }), issuer };
}

/** Reads an Ed25519 public key from PEM (`-----BEGIN PUBLIC KEY-----`) or a JWK as JSON; undefined when it is none. */
export async function readPublicKey(text: string): Promise<PublicKey | undefined> {
  try {
    if (text.trim().startsWith("-----BEGIN")) return await importSPKI(text.trim(), "EdDSA");
    const jwk = JSON.parse(text) as { kty?: unknown; crv?: unknown; x?: unknown };
    if (jwk.kty !== "OKP" || jwk.crv !== "Ed25519" || typeof jwk.x !== "string") return undefined;
    // Only the public half, whatever else the operator pasted.
    const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: jwk.x }, "EdDSA");
    return key instanceof Uint8Array ? undefined : key;
  } catch {
    return undefined;
  }
}

/** Base64 in the letters of URLs and tokens, without padding. */
export function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}
