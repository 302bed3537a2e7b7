/**
 * Calls with bytes of their own: what the caller does to its bytes afterwards changes nothing.
 */
import type { Call } from "../calls.ts";
import type { CharacterSave } from "../port.ts";

/** The call with copies of its bytes. */
export function withOwnBytes<C extends Call>(call: C): C {
  return copied(call) as C;
}

function copied(call: Call): Call {
  switch (call.method) {
    case "saveCharacters":
      return { method: call.method, argument: { ...call.argument, saves: ownSaves(call.argument.saves) } };
    case "commitTick": {
      const { saves, events, journal, ...rest } = call.argument;
      const own = {
        ...rest,
        saves: ownSaves(saves),
        events: events.map((event) => ({ ...event, payload: new Uint8Array(event.payload) })),
        ...(journal === undefined ? {} : { journal: { ...journal, bytes: new Uint8Array(journal.bytes) } }),
      };
      return { method: call.method, argument: own };
    }
    case "openCharacter": {
      const { initial, ...rest } = call.argument;
      const argument = { ...rest, initial: { ...initial, state: new Uint8Array(initial.state) } };
      return { method: call.method, argument };
    }
    case "writeCheckpoint":
      return {
        method: call.method,
        argument: { ...call.argument, bytes: new Uint8Array(call.argument.bytes) },
      };
    default:
      return call;
  }
}

/** One block for all states: a thousand small ones would cost more than the copying. */
function ownSaves(saves: readonly CharacterSave[]): CharacterSave[] {
  const block = new Uint8Array(saves.reduce((sum, { state }) => sum + state.length, 0));
  let at = 0;
  return saves.map((save) => {
    block.set(save.state, at);
    const state = block.subarray(at, at + save.state.length);
    at += save.state.length;
    return { ...save, state };
  });
}
