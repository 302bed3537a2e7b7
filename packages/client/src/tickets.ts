/**
 * Tickets as a development server gives them: `POST /v1/tickets {name}` → `{ticket}`. Production issues its own.
 */

export interface TicketRequest {
  /** http(s) or ws(s) address of the server. */
  readonly url: string;
  /** Name of the character. */
  readonly name: string;
  /** @default the global one */
  readonly fetch?: typeof fetch;
}

/** Asks for a ticket. Rejects with an Error whose message can be shown. */
export async function requestTicket(request: TicketRequest): Promise<string> {
  const url = new URL("/v1/tickets", request.url);
  url.protocol = url.protocol.replace("ws", "http");
  const response = await (request.fetch ?? fetch)(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: request.name }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  const { ticket, text, message } = (body ?? {}) as { ticket?: unknown; text?: unknown; message?: unknown };
  if (response.ok && typeof ticket === "string") return ticket;
  const reason = [text, message].find((candidate) => typeof candidate === "string");
  throw new Error(reason ?? `the server gave no ticket (status ${response.status})`);
}
