/**
 * Eyes for Colyseus: its own decoder, with the schema that its server sends.
 */
import {
  type DataChange,
  type Decoder,
  decode,
  type Iterator,
  Reflection,
  type Schema,
} from "@colyseus/schema";
import type { Sample, Seen } from "../load/wire.ts";
import { codeMask, protocol } from "../load/wire-colyseus.ts";

interface State {
  readonly timeMs: number;
  readonly players: { readonly size: number };
}

export function colyseusSample(): Sample {
  let decoder: Decoder | undefined;
  /** Structures of which a patch moved a walker. */
  const moved = new Set<number>();
  const note = (changes: readonly DataChange[]): void => {
    for (const { field, refId } of changes) if (field === "x" || field === "y") moved.add(refId);
  };
  return {
    read(message): Seen | undefined {
      // The decoder may keep what it reads, and the message is another one soon.
      const bytes = Uint8Array.prototype.slice.call(message);
      switch (bytes[0]! & codeMask) {
        case protocol.joinRoom:
          decoder = Reflection.decode(schemaOf(bytes));
          decoder.triggerChanges = note;
          return undefined;
        case protocol.roomState:
          decoderOf(decoder).decode(bytes, { offset: 1 });
          return undefined;
        case protocol.roomStatePatch: {
          moved.clear();
          decoderOf(decoder).decode(bytes, { offset: 1 });
          const state = decoderOf(decoder).state as unknown as State;
          return { timeMs: state.timeMs, updates: moved.size, visible: state.players.size };
        }
        default:
          return undefined;
      }
    },
  };
}

function decoderOf(decoder: Decoder<Schema> | undefined): Decoder<Schema> {
  if (decoder === undefined) throw new Error("a state before the handshake");
  return decoder;
}

/** The schema in a handshake: behind two short texts, with its length in front as the schema's own codec writes numbers. */
function schemaOf(bytes: Uint8Array): Uint8Array {
  let at = 1;
  at += 1 + bytes[at]!;
  at += 1 + bytes[at]!;
  const it: Iterator = { offset: at };
  const length = decode.number(bytes, it);
  return bytes.slice(it.offset, it.offset + length);
}
