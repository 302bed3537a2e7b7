/**
 * Eyes for Socket.IO: the parser that its client would use.
 */
import { Decoder } from "socket.io-msgpack-parser";
import type { Sample, Seen } from "../load/wire.ts";
import { valuesPerWalker } from "./serve-socket-io.ts";

interface Packet {
  readonly type: number;
  readonly data: readonly unknown[] | object | undefined;
}

export function socketIoSample(): Sample {
  const decoder = new Decoder();
  let packet: Packet | undefined;
  decoder.on("decoded", (decoded: Packet) => {
    packet = decoded;
  });
  return {
    read(message): Seen | undefined {
      packet = undefined;
      decoder.add(message);
      const data = (packet as Packet | undefined)?.data;
      if (!Array.isArray(data) || data[0] !== "state") return undefined;
      const visible = (data[2] as readonly number[]).length / valuesPerWalker;
      return { timeMs: data[1] as number, updates: visible, visible };
    },
  };
}
