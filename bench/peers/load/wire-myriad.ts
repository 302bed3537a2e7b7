/**
 * Myriad's wire, by docs/protocol.md: a ticket, a hello, then frames; each input acknowledges the last one.
 */
import { agreementOf, World } from "@myriad/client";
import {
  decodeClientFrame,
  decodeServerText,
  encodeHello,
  formatVersion,
  serverMessage,
  subprotocol,
} from "@myriad/protocol";
import { schema } from "../myriad-realm.ts";
import { Questions } from "./http.ts";
import { heard, type Sample, type Wire } from "./wire.ts";

/** First bytes of messages from the client. */
const inputMessage = 2;
/** Place of `turn` among the realm's intents, and bytes of its record. */
const turnType = 0;
const turnBytes = 1;
/** Bytes of a number of 32 bits as the protocol writes small and large ones. */
const vBytesMax = 5;

export function myriadWire(given: { port: number; players: number }): Wire {
  const questions = new Questions(given.port);
  const hello = encodeHello({
    formatVersion,
    schemaHash: "0".repeat(16),
    wantsDigests: false,
    lastFact: 0,
    client: "myriad-bench-peers",
  });
  const frames = new Uint32Array(given.players);
  const seqs = new Uint32Array(given.players);
  const input = Buffer.alloc(1 + 4 + vBytesMax + 2 + turnBytes);
  return {
    async knock(client) {
      const { ticket } = await questions.post("/v1/tickets", { name: `Walker ${client}` });
      return { path: "/v1/play", protocols: [subprotocol, `ticket.${String(ticket)}`] };
    },
    opened: (client) => client.say(hello),
    hear(client, bytes, from) {
      if (bytes[from] === serverMessage.frame) {
        frames[client.index] = bytes.readUInt32LE(from + 1);
        return heard.update;
      }
      return bytes[from] === serverMessage.welcome ? heard.welcome : heard.other;
    },
    input(client, direction) {
      input[0] = inputMessage;
      input.writeUInt32LE(frames[client]!, 1);
      let at = 5;
      seqs[client] = seqs[client]! + 1;
      for (let seq = seqs[client]!; ; seq >>>= 7) {
        const isLast = seq < 0x80;
        input[at++] = isLast ? seq : (seq & 0x7f) | 0x80;
        if (isLast) break;
      }
      input[at++] = turnType;
      input[at++] = turnBytes;
      input[at++] = direction;
      return input.subarray(0, at);
    },
    sample: async () => new MyriadSample(),
  };
}

/** Sees with the SDK's own world, as a client would. */
class MyriadSample implements Sample {
  #world: World | undefined;
  /** Walkers that the last frame refreshed. */
  #updates = 0;

  read(message: Buffer): ReturnType<Sample["read"]> {
    if (message[0] === serverMessage.welcome) {
      const decoded = decodeServerText(message);
      if (!decoded.ok || decoded.value.kind !== "welcome") throw new Error("a welcome that does not decode");
      this.#world = new World(schema, agreementOf(schema), decoded.value.welcome);
      const count = (): void => {
        this.#updates++;
      };
      this.#world.events.on("spawn", count);
      this.#world.events.on("change", count);
      return undefined;
    }
    if (message[0] !== serverMessage.frame) return undefined;
    const world = this.#world;
    const decoded = decodeClientFrame(message);
    if (!decoded.ok || world === undefined) throw new Error("a frame that does not decode");
    this.#updates = 0;
    const { problems } = world.apply(decoded.value, performance.now());
    if (problems.length > 0) throw new Error(`a frame that does not fit: ${problems[0]}`);
    const nowMs = Date.now();
    // The time is modulo 2^32: what is missing is the same as now, as long as it is not weeks old.
    const timeMs = nowMs - ((nowMs - decoded.value.timeMs) | 0);
    return { timeMs, updates: this.#updates, visible: world.size };
  }
}
