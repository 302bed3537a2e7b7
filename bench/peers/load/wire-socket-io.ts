/**
 * Socket.IO's wire over one WebSocket, with the msgpack parser: Engine.IO's texts for its own messages, binary messages
 * for packets.
 *
 * Source: the Engine.IO protocol, version 4, and the Socket.IO protocol, version 5, of their own documentation.
 */
import { heard, type Sample, type Wire } from "./wire.ts";
import { opcodes } from "./web-socket.ts";

/** First character of Engine.IO's texts: the server opens, asks for a sign of life, gets it. */
const engine = { open: 0x30, ping: 0x32, pong: 0x33 } as const;

/** The packet `{type: 0, nsp: "/"}` in msgpack: join the main namespace. */
const connectPacket = Buffer.concat([
  Buffer.from([0x82, 0xa4]),
  Buffer.from("type"),
  Buffer.from([0x00, 0xa3]),
  Buffer.from("nsp"),
  Buffer.from([0xa1]),
  Buffer.from("/"),
]);

/** The packet `{type: 2, nsp: "/", data: ["turn", direction]}` up to the direction, which is a `uint 8`. */
const inputHead = Buffer.concat([
  Buffer.from([0x83, 0xa4]),
  Buffer.from("type"),
  Buffer.from([0x02, 0xa3]),
  Buffer.from("nsp"),
  Buffer.from([0xa1]),
  Buffer.from("/"),
  Buffer.from([0xa4]),
  Buffer.from("data"),
  Buffer.from([0x92, 0xa4]),
  Buffer.from("turn"),
  Buffer.from([0xcc]),
]);

/** What the file that needs Socket.IO's packages exports. */
interface Eyes {
  socketIoSample(): Sample;
}

export function socketIoWire(players: number): Wire {
  const input = Buffer.concat([inputHead, Buffer.alloc(1)]);
  const isIn = new Uint8Array(players);
  return {
    knock: async () => ({ path: "/socket.io/?EIO=4&transport=websocket", protocols: [] }),
    opened() {},
    hear(client, bytes, from, _to, opcode) {
      if (opcode === opcodes.text) {
        if (bytes[from] === engine.open) client.say(connectPacket);
        else if (bytes[from] === engine.ping) client.say(Uint8Array.of(engine.pong), opcodes.text);
        return heard.other;
      }
      if (isIn[client.index] === 1) return heard.update;
      isIn[client.index] = 1;
      return heard.welcome;
    },
    input(_client, direction) {
      input[inputHead.length] = direction;
      return input;
    },
    async sample() {
      const file = new URL("../foreign/sample-socket-io.ts", import.meta.url).href;
      return ((await import(file)) as Eyes).socketIoSample();
    },
  };
}
