/**
 * The swarm's few questions over HTTP: is a server there, where its zones lie, how it does, and a ticket for a name.
 *
 * Invariant: connections are kept and bounded, so that ten thousand logins do not open ten thousand of them.
 */
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as SecureAgent, request as httpsRequest } from "node:https";
import type { ZoneInfo } from "@myriad/protocol";
import { answerBytesMax, httpMsMax, ticketRequestsMax } from "./limits.ts";
import type { Place } from "./place.ts";

/** Where players get their tickets. */
export interface TicketOffice {
  /** A ticket for a character of that name, at a place if one is given. Rejects with an Error that can be shown. */
  ticket(name: string, place?: Place): Promise<string>;
}

export class HttpClient implements TicketOffice {
  readonly #origin: URL;
  readonly #agent: Agent;
  readonly #request: typeof httpRequest;

  /** @param origin `ws://host:port` or `wss://host:port`: HTTP is served at the same place */
  constructor(origin: string) {
    this.#origin = new URL(origin.replace(/^ws/, "http"));
    const isSecure = this.#origin.protocol === "https:";
    const settings = { keepAlive: true, maxSockets: ticketRequestsMax };
    this.#agent = isSecure ? new SecureAgent(settings) : new Agent(settings);
    this.#request = isSecure ? httpsRequest : httpRequest;
  }

  /** Resolves when anything answers over HTTP; rejects when nothing does. */
  async probe(): Promise<void> {
    await this.#send("GET", "/healthz");
  }

  /** The zones of the realm; undefined when the server does not say. */
  async zones(): Promise<readonly ZoneInfo[] | undefined> {
    const { status, body } = await this.#send("GET", "/realm");
    const { zones } = status === 200 ? parse(body) : {};
    return Array.isArray(zones) && zones.length > 0 && zones.every(isZone) ? zones : undefined;
  }

  /** What the server says of itself; undefined when it says nothing. */
  async status(): Promise<unknown> {
    const { status, body } = await this.#send("GET", "/status");
    return status === 200 ? parse(body) : undefined;
  }

  async ticket(name: string, place?: Place): Promise<string> {
    const { status, body } = await this.#send("POST", "/v1/tickets", JSON.stringify({ name, place }));
    const answer = parse(body);
    if (status >= 200 && status < 300 && typeof answer["ticket"] === "string") return answer["ticket"];
    const words = [answer["text"], answer["message"], answer["code"]].find(
      (word) => typeof word === "string",
    );
    throw new Error(`no ticket: status ${status}${words === undefined ? "" : `, ${words}`}`);
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body = ""): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const sent = this.#request(
        new URL(path, this.#origin),
        { method, agent: this.#agent, headers, timeout: httpMsMax },
        (response) => readBody(response, resolve, reject),
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${httpMsMax} ms`)));
      sent.on("error", (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
      sent.end(body);
    });
  }
}

function readBody(
  response: IncomingMessage,
  resolve: (answer: { status: number; body: string }) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytesMax) response.destroy(new Error(`an answer of more than ${answerBytesMax} bytes`));
    else chunks.push(chunk);
  });
  response.on("error", reject);
  response.on("end", () =>
    resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
  );
}

function isZone(value: unknown): value is ZoneInfo {
  if (typeof value !== "object" || value === null) return false;
  const { zone, bounds } = value as { zone?: unknown; bounds?: Record<string, unknown> };
  return typeof zone === "number" && ["x", "y", "width", "height"].every((side) => isFinite(bounds?.[side]));
}

function isFinite(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function parse(body: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(body);
    return typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
