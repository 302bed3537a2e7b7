/**
 * Which pages may open a connection: an exact list of origins.
 *
 * Invariant: exact equality, no prefixes, no patterns; the browser spells origins in one way.
 * Invariant: without an Origin the client is no browser, and its ticket is its only right.
 * Source: OWASP WebSocket Security Cheat Sheet.
 */

/** Whether a connection with this Origin header is let in. Never throws. */
export type OriginPolicy = (origin: string | undefined) => boolean;

/** Lets in the listed origins (`https://play.example.org`) and clients without one. */
export function originPolicy(allowed: readonly string[]): OriginPolicy {
  const origins = new Set(allowed);
  return (origin) => origin === undefined || origins.has(origin);
}

/** The origins of a server's own pages: the host it listens on, or every address when it listens on all of them. */
export function ownOrigins(host: string, port: number, addresses: readonly string[]): string[] {
  const isAll = host === "0.0.0.0" || host === "::";
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const hosts = ["127.0.0.1", "localhost", "[::1]", ...(isAll ? addresses : [bracketed])];
  return [...new Set(hosts)].map((name) => (port === 80 ? `http://${name}` : `http://${name}:${port}`));
}
