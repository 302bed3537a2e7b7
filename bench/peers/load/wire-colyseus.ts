/**
 * Colyseus' wire, as its own client speaks it: a seat in a room over HTTP, a socket for the seat, an acknowledgement of
 * the handshake, then the state and its patches.
 *
 * Source: `@colyseus/shared-types` (Protocol) and the server's WebSocket transport, version 0.18.
 */
import { Questions } from "./http.ts";
import { heard, type Sample, type Wire } from "./wire.ts";

/** The room that everybody is in. */
export const roomName = "square";
/** First byte of a message; the upper three bits are modifiers. */
export const protocol = { joinRoom: 10, roomData: 13, roomState: 14, roomStatePatch: 15 } as const;
export const codeMask = 0x1f;

/** A message of type "turn" with a msgpack map of one member, up to the value, which is a `uint 8`. */
const inputHead = Buffer.concat([
  Buffer.from([protocol.roomData, 0xa0 | "turn".length]),
  Buffer.from("turn"),
  Buffer.from([0x81, 0xa0 | "direction".length]),
  Buffer.from("direction"),
  Buffer.from([0xcc]),
]);

/** What the file that needs Colyseus' packages exports. */
interface Eyes {
  colyseusSample(): Sample;
}

export function colyseusWire(port: number): Wire {
  const questions = new Questions(port);
  const input = Buffer.concat([inputHead, Buffer.alloc(1)]);
  return {
    async knock() {
      const seat = await questions.post(`/matchmake/joinOrCreate/${roomName}`, {});
      const { processId, roomId, sessionId } = seat;
      return { path: `/${processId}/${roomId}?sessionId=${sessionId}`, protocols: [] };
    },
    opened() {},
    hear(client, bytes, from) {
      switch (bytes[from]! & codeMask) {
        case protocol.joinRoom:
          client.say(Uint8Array.of(protocol.joinRoom));
          return heard.other;
        case protocol.roomState:
          return heard.welcome;
        case protocol.roomStatePatch:
          return heard.update;
        default:
          return heard.other;
      }
    },
    input(_client, direction) {
      input[inputHead.length] = direction;
      return input;
    },
    async sample() {
      const file = new URL("../foreign/sample-colyseus.ts", import.meta.url).href;
      return ((await import(file)) as Eyes).colyseusSample();
    },
  };
}
