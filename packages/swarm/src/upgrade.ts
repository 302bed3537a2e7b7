/**
 * The handshake of a WebSocket from the client's side: one request, and what the answer must say.
 *
 * Invariant: no bytes of a server make this throw; an answer that is no upgrade is told with its status line.
 * Source: RFC 6455, section 4.
 */
import { createHash, randomBytes } from "node:crypto";

/** Appended to the client's key before hashing, by the standard. */
const acceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Bytes of the answer's head. */
export const answerBytesMax = 16 * 1024;
/** What may stand in a header's value without starting another one: visible ASCII and blanks. */
const headerSafe = /^[\x21-\x7e]+$/;

export interface Upgrade {
  /** The bytes to send. */
  readonly request: string;
  /** What the server has to answer. */
  readonly accept: string;
  readonly protocols: readonly string[];
}

export type Answer = { readonly kind: "open" } | { readonly kind: "refused"; readonly reason: string };

/** Asks for a WebSocket; undefined when a protocol cannot stand in a header. */
export function askForUpgrade(options: {
  host: string;
  path: string;
  protocols: readonly string[];
}): Upgrade | undefined {
  const { host, path, protocols } = options;
  if (!protocols.every((protocol) => headerSafe.test(protocol))) return undefined;
  const key = randomBytes(16).toString("base64");
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Protocol: ${protocols.join(", ")}`,
    "",
    "",
  ];
  const accept = createHash("sha1")
    .update(key + acceptGuid)
    .digest("base64");
  return { request: lines.join("\r\n"), accept, protocols };
}

/** Where the head of an answer ends; −1 when it has not come whole. */
export function endOfHead(bytes: Uint8Array, to: number): number {
  for (let at = 3; at < to; at++) {
    const isEnd = bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13;
    if (isEnd) return at + 1;
  }
  return -1;
}

/** Judges the head of an answer. */
export function judgeAnswer(head: string, upgrade: Upgrade): Answer {
  const [status = "", ...lines] = head.split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  if (!/^HTTP\/1\.1 101\b/.test(status)) return refused(`no upgrade: ${status}`);
  if (headers.get("sec-websocket-accept") !== upgrade.accept)
    return refused("the upgrade answers another key");
  // An empty choice is a choice, too: it is the server's to close with a code.
  const chosen = headers.get("sec-websocket-protocol");
  if (chosen !== undefined && !upgrade.protocols.includes(chosen))
    return refused("the upgrade chose a subprotocol that was not offered");
  if (headers.has("sec-websocket-extensions")) return refused("the upgrade chose an extension");
  return { kind: "open" };
}

function refused(reason: string): Answer {
  return { kind: "refused", reason };
}
