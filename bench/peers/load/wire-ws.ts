/**
 * The floor's wire: connect, receive, send. Inputs are as long as Myriad's.
 */
import { stampBytes } from "../serve-ws.ts";
import { heard, type Wire } from "./wire.ts";

/** Type, acknowledged frame, number, type and length of the intent, direction. */
const inputBytes = 9;

export function wsWire(): Wire {
  const input = Buffer.alloc(inputBytes, 2);
  const welcomed = new Set<number>();
  return {
    knock: async () => ({ path: "/", protocols: [] }),
    opened() {},
    hear(client) {
      if (welcomed.has(client.index)) return heard.update;
      welcomed.add(client.index);
      return heard.welcome;
    },
    input(_client, direction) {
      input[inputBytes - 1] = direction;
      return input;
    },
    sample: async () => ({
      read(message) {
        if (message.length < stampBytes) throw new Error("a message without its time");
        return { timeMs: message.readDoubleLE(0), updates: 1, visible: 1 };
      },
    }),
  };
}
