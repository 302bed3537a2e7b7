/**
 * The HTTP side of a process: health, readiness, what is measured, the map, tickets in development, the game's page.
 *
 *   GET  /healthz      200 while the process runs
 *   GET  /readyz       200 when every dependency answers and nothing drains, else 503; each with state and latency
 *   GET  /metrics      Prometheus
 *   GET  /status       the same for whoever polls: counts that only grow, and what stands now
 *   GET  /realm        { name, tickRateHz, zones: [{ zone, name, bounds }] }
 *   POST /v1/tickets   { name, place? } → { ticket, expiresAt }   in development
 *   GET  /…            the page, if there is one
 *
 * Invariant: every JSON answer has `version`, every answer the header `x-myriad-version`; an error has a code of `httpCodes`.
 * Invariant: bounded: 10 s for headers and for a request, 64 headers, 4 KiB bodies, tickets per address.
 * Source: OWASP Secure Headers; the limits against slow clients are Node's own.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { ZoneInfo } from "@myriad/protocol";
import { fastify, type FastifyInstance, type FastifyListenOptions, type FastifyReply } from "fastify";
import { isLoopback } from "../gateway/addresses.ts";
import { cleanName, nameRule } from "../gateway/names.ts";
import { placeOf, type TicketIssuer } from "../gateway/tickets.ts";
import { MyriadError } from "../kernel/errors.ts";
import type { Clock } from "../kernel/time.ts";
import type { Health } from "../observe/health.ts";
import type { StatusReport } from "../observe/status.ts";
import { AddressRate } from "./address-rate.ts";

/** Milliseconds for a request's headers, and for all of it: a person on a slow line, not a slow attack. */
const requestMsMax = 10_000;
/** Milliseconds between two looks for requests that are too slow. */
const requestCheckMs = 1000;
const headersMax = 64;
const bodyBytesMax = 4096;
/** Tickets per second and at once for one address. */
const ticketsPerSecond = 2;
const ticketsBurst = 30;
/** Bytes of a static file's name that carries a hash of its content: such a file never changes. */
const hashedAsset = /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

/** Codes of HTTP answers that are errors. */
export const httpCodes = {
  not_found: "there is nothing at this address",
  name_invalid: `a name must be ${nameRule}`,
  body_invalid: "the body must be a small JSON object as documented",
  too_many_requests: "too many requests from this address; wait a moment",
  server_closing: "the server is shutting down",
  internal: "something went wrong; the log says what",
} as const;

/** The map, as anybody may know it. */
export interface RealmMap {
  readonly name: string;
  readonly tickRateHz: number;
  readonly zones: readonly ZoneInfo[];
}

/** What is measured, of one thread or of all. */
export interface Measurements {
  readonly contentType: string;
  text(): Promise<string>;
  readonly status: { read(): StatusReport | Promise<StatusReport> };
}

export interface HttpServerOptions {
  readonly version: string;
  readonly isDevelopment: boolean;
  readonly realm: RealmMap;
  readonly clock: Clock;
  readonly health: Health;
  readonly metrics: Measurements;
  /** Signs tickets; undefined where the operator's own service does. */
  readonly issuer: TicketIssuer | undefined;
  /** Directory of the page; undefined for none. */
  readonly pageDir: string | undefined;
  readonly isDraining: () => boolean;
  /** Told of failures in handlers: for the log. */
  readonly onFailure: (error: unknown) => void;
}

export interface HttpServer {
  /** For the transport, which takes the upgrades. */
  readonly server: Server;
  /**
   * Listens; answers the port. Throws MyriadError `port_in_use` or `config_invalid`.
   * @param at.isShared Whether other threads of this process listen there, too. @default false
   */
  listen(at: { host: string; port: number; isShared?: boolean }): Promise<number>;
  /** Ends idle connections and waits for the others. */
  close(): Promise<void>;
}

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    connectionTimeout: 0,
    keepAliveTimeout: requestMsMax,
    forceCloseConnections: "idle",
    exposeHeadRoutes: true,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 256 },
    http: {
      headersTimeout: requestMsMax,
      connectionsCheckingInterval: requestCheckMs,
      maxHeaderSize: 16 * 1024,
    },
  });
  app.server.maxHeadersCount = headersMax;
  addHeaders(app, options.version);
  addErrors(app, options);
  addStatus(app, options);
  if (options.issuer !== undefined) addTickets(app, options, options.issuer);
  if (options.pageDir !== undefined) await addPage(app, options.pageDir);
  await app.ready();
  return {
    server: app.server,
    listen: (at) => listen(app, at),
    close: () => app.close(),
  };
}

function addHeaders(app: FastifyInstance, version: string): void {
  // The page draws with WebGL from its own files and speaks to its own server only. 'unsafe-eval' is absent on purpose:
  // PixiJS needs it only without its own `pixi.js/unsafe-eval`. Blobs: textures and workers that the page makes itself.
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self' ws: wss: data: blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers({
      "x-myriad-version": version,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "permissions-policy": "camera=(), microphone=(), geolocation=()",
      "cross-origin-opener-policy": "same-origin",
      "content-security-policy": policy,
    });
  });
}

function addErrors(app: FastifyInstance, options: HttpServerOptions): void {
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, "not_found", options.version));
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return refuse(reply, status, "body_invalid", options.version);
    options.onFailure(error);
    return refuse(reply, 500, "internal", options.version);
  });
}

function addStatus(app: FastifyInstance, options: HttpServerOptions): void {
  const { version, health, metrics, isDraining } = options;
  app.get("/healthz", async (_request, reply) => {
    noStore(reply);
    return { status: "ok", version };
  });
  app.get("/readyz", async (_request, reply) => {
    noStore(reply);
    const { ready, dependencies } = await health.readiness();
    const draining = isDraining();
    if (!ready || draining) reply.code(503);
    return { status: draining ? "draining" : ready ? "ready" : "not_ready", version, dependencies };
  });
  app.get("/metrics", async (_request, reply) => {
    noStore(reply);
    reply.type(metrics.contentType);
    return metrics.text();
  });
  app.get("/status", async (_request, reply) => {
    noStore(reply);
    return { version, ...(await metrics.status.read()) };
  });
  const { name, tickRateHz, zones } = options.realm;
  const map = { version, name, tickRateHz, zones };
  app.get("/realm", async (_request, reply) => {
    noStore(reply);
    return map;
  });
}

function addTickets(app: FastifyInstance, options: HttpServerOptions, issuer: TicketIssuer): void {
  const { version, clock, isDevelopment, isDraining } = options;
  const rate = new AddressRate({ ratePerSecond: ticketsPerSecond, burst: ticketsBurst });
  app.post("/v1/tickets", async (request, reply) => {
    noStore(reply);
    const { ip } = request;
    if (!(isDevelopment && isLoopback(ip)) && !rate.take(ip, clock.nowMs()))
      return refuse(reply, 429, "too_many_requests", version);
    if (isDraining()) return refuse(reply, 503, "server_closing", version);
    const body: unknown = request.body;
    if (typeof body !== "object" || body === null) return refuse(reply, 400, "body_invalid", version);
    const { name: raw, place: at } = body as Record<string, unknown>;
    const place = placeOf(at);
    const isShaped = typeof raw === "string" && (at === undefined || place !== undefined);
    if (!isShaped) return refuse(reply, 400, "body_invalid", version);
    const name = cleanName(raw);
    if (name === undefined) return refuse(reply, 400, "name_invalid", version);
    const { ticket, expiresAtMs } = await issuer.issue(name, place);
    return { ticket, expiresAt: expiresAtMs, name, version };
  });
}

async function addPage(app: FastifyInstance, pageDir: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: join(pageDir),
    wildcard: true,
    cacheControl: false,
    setHeaders(reply, path) {
      // A hashed name never gets another content; everything else is asked for again and answered by its ETag.
      const isHashed = hashedAsset.test(path);
      reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
}

async function listen(
  app: FastifyInstance,
  at: { host: string; port: number; isShared?: boolean },
): Promise<number> {
  const { host, port, isShared = false } = at;
  try {
    // The system spreads new connections over all that share the port.
    await app.listen({ host, port, reusePort: isShared } as FastifyListenOptions);
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === "EADDRINUSE") throw new MyriadError("port_in_use", `${at.host}:${at.port}`, { cause });
    const isAddress = code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EACCES";
    if (isAddress)
      throw new MyriadError(
        "config_invalid",
        `host or port: cannot listen on ${at.host}:${at.port} (${code})`,
        {
          cause,
        },
      );
    throw cause;
  }
  return (app.server.address() as AddressInfo).port;
}

function noStore(reply: FastifyReply): void {
  reply.header("cache-control", "no-store");
}

function refuse(
  reply: FastifyReply,
  status: number,
  code: keyof typeof httpCodes,
  version: string,
): FastifyReply {
  noStore(reply);
  return reply.code(status).send({ code, message: httpCodes[code], version });
}
