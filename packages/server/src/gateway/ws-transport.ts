/**
 * Connections over WebSocket: the upgrade of an HTTP request, and who is connected.
 *
 * Refused with an HTTP answer, before anything is allocated for them: other paths, too many connections of one address,
 * requests that are no handshake. Everything else is upgraded first and then closed with a code, because a browser shows a
 * page no HTTP answer.
 * Invariant: the number of connections of one address is bounded from the upgrade to the end of the socket.
 * Source: RFC 6455; OWASP WebSocket Security Cheat Sheet.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AddressCounter, type AddressGate } from "./addresses.ts";
import type { Connection } from "./transport.ts";
import { WsConnection, type WsHouse } from "./ws-connection.ts";
import { acceptance, faultOf, offersOf, type Refusal, refusal } from "./ws-handshake.ts";

/**
 * Connections whose reading rests at a time: each holds what was read of it, two reads of 64 KiB at most. So many that
 * send too fast at once are an attack, and who comes next is closed.
 */
const restingMax = 256;

export interface WsTransportOptions {
  readonly connectionsPerAddress: number;
  /** Whether this machine itself may open any number. */
  readonly isLoopbackFree: boolean;
  /** Counts connections of addresses where several transports share the count. @default counted here */
  readonly addresses?: AddressGate;
  /** Takes each new connection. */
  readonly accept: (connection: Connection) => void;
}

export class WsTransport {
  readonly #options: WsTransportOptions;
  readonly #addresses: AddressGate;
  readonly #connections = new Set<WsConnection>();
  readonly #house: WsHouse = {
    restsLeft: restingMax,
    gone: (connection) => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#tellEmpty?.();
    },
  };
  /** Set while the transport closes; called when the last connection is gone. */
  #tellEmpty: (() => void) | undefined;
  #isClosing = false;
  /** Connections refused because their address had too many. */
  refusedAddresses = 0;

  constructor(options: WsTransportOptions) {
    this.#options = options;
    this.#addresses =
      options.addresses ??
      new AddressCounter({
        perAddressMax: options.connectionsPerAddress,
        isLoopbackFree: options.isLoopbackFree,
      });
  }

  /** Serves the upgrades of an HTTP server from now on. */
  attach(server: Server): void {
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * Lets nobody in any more, waits for the answers to goodbyes that were said, and ends what is left without one.
   * @param graceMs Milliseconds to wait at most.
   */
  async close(graceMs = 500): Promise<void> {
    this.#isClosing = true;
    if (this.#connections.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#tellEmpty = resolve;
    });
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.terminate();
    }, graceMs);
    await empty;
    clearTimeout(timer);
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // A peer that resets the connection must not end the process; `close` follows.
    stream.on("error", ignore);
    const fault = faultOf(request) ?? (this.#isClosing ? closing : undefined);
    if (fault !== undefined) {
      refuse(stream, fault);
      return;
    }
    const { socket } = request;
    const remoteAddress = socket.remoteAddress ?? "";
    const entered = this.#addresses.enter(remoteAddress);
    const go = (mayEnter: boolean): void => this.#enter(mayEnter, request, stream, head);
    if (typeof entered === "boolean") go(entered);
    else void entered.then(go);
  }

  #enter(mayEnter: boolean, request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { socket } = request;
    if (!mayEnter) {
      this.refusedAddresses += 1;
      refuse(stream, { status: 429, code: "too_many_connections" });
      return;
    }
    const remoteAddress = socket.remoteAddress ?? "";
    const leave = (): void => this.#addresses.leave(remoteAddress);
    // While somebody else counted, the peer may have left or the transport closed.
    if (socket.destroyed || this.#isClosing) {
      leave();
      socket.destroy();
      return;
    }
    socket.once("close", leave);
    this.#accept(request, socket, head);
  }

  #accept(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const offered = offersOf(request);
    socket.write(acceptance(request, offered));
    if (head.length > 0) socket.unshift(head);
    const { origin } = request.headers;
    const remoteAddress = socket.remoteAddress ?? "";
    const connection = new WsConnection(socket, this.#house, { remoteAddress, origin, offered });
    this.#connections.add(connection);
    this.#options.accept(connection);
  }
}

const closing: Refusal = { status: 503, code: "server_closing" };

function refuse(socket: Duplex, fault: Refusal): void {
  socket.end(refusal(fault));
  socket.once("finish", () => socket.destroy());
}

function ignore(): void {}
