/**
 * The opening handshake of a WebSocket: an HTTP request is looked at, and answered with an upgrade or with a refusal.
 *
 * Invariant: never throws; nothing of the request is echoed but the digest of its key, and a subprotocol that is ours.
 * Source: RFC 6455, section 4.2.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { subprotocol } from "@myriad/protocol";

/** Where players connect. */
export const playPath = "/v1/play";
/** Subprotocols a client may offer: ours, and a ticket or key. */
const offersMax = 8;
/** The only version that there is. */
const version = "13";
/** What the standard appends to the key before it takes the digest. */
const keySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const phrases = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
} as const;

/** An answer that is no upgrade. */
export interface Refusal {
  readonly status: keyof typeof phrases;
  readonly code: string;
}

/** What is wrong with a request for an upgrade; undefined when nothing is. */
export function faultOf(request: IncomingMessage): Refusal | undefined {
  const { headers, method } = request;
  if ((request.url ?? "").split("?", 1)[0] !== playPath) return { status: 404, code: "not_found" };
  if (method !== "GET") return { status: 405, code: "method_not_allowed" };
  if (headers.upgrade?.toLowerCase() !== "websocket") return { status: 400, code: "upgrade_invalid" };
  if (headers["sec-websocket-version"] !== version) return { status: 426, code: "upgrade_invalid" };
  // The key is 16 bytes in base64.
  const hasKey = /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");
  return hasKey ? undefined : { status: 400, code: "upgrade_invalid" };
}

/** The subprotocols that a client offers, in its order; the first eight count. */
export function offersOf(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header
    .split(",", offersMax)
    .map((offer) => offer.trim())
    .filter((offer) => offer !== "");
}

/** The answer that makes the connection a WebSocket. */
export function acceptance(request: IncomingMessage, offered: readonly string[]): string {
  const key = request.headers["sec-websocket-key"] ?? "";
  const digest = createHash("sha1")
    .update(key + keySuffix)
    .digest("base64");
  const chosen = offered.includes(subprotocol) ? `Sec-WebSocket-Protocol: ${subprotocol}\r\n` : "";
  return (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${digest}\r\n${chosen}\r\n`
  );
}

/** The answer that refuses. */
export function refusal({ status, code }: Refusal): string {
  const body = JSON.stringify({ code });
  const more = status === 426 ? `Sec-WebSocket-Version: ${version}\r\n` : "";
  return (
    `HTTP/1.1 ${status} ${phrases[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n${more}` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
