/**
 * Calls and answers on their way between the store's thread and the one that asks.
 *
 * Copying thousands of small objects between threads costs more than writing them to the database: rows of characters go
 * as two blocks of memory that change hands, operations and their outcomes as one text.
 *
 * Invariant: bytes are copied before `packCall` returns: a view would drag its whole buffer along, and memory that is
 * shared would not be copied at all.
 */
import type { Operation, Outcome } from "../../ledger/port.ts";
import type { Call } from "../calls.ts";
import type { CharacterId } from "../ids.ts";
import type { CharacterSave } from "../port.ts";

/** Saves as columns: `savesColumns` numbers for each in `numbers`, all states one after the other in `states`. */
export interface PackedSaves {
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly states: Uint8Array<ArrayBuffer>;
}

/** A call as it crosses threads. */
export interface PackedCall {
  readonly method: Call["method"];
  /** The argument without what is packed beside it. */
  readonly argument: unknown;
  readonly saves?: PackedSaves;
  /** Operations as JSON. */
  readonly operations?: string;
}

export interface Packed<T> {
  readonly message: T;
  /** Memory that changes hands with the message. */
  readonly transfer: ArrayBuffer[];
}

/** characterId, expectedVersion, version, sessionEpoch (0 for none), zone, schemaVersion, bytes of the state. */
const savesColumns = 7;

/** The call as a message. Cost: one copy of its bytes. */
export function packCall(call: Call): Packed<PackedCall> {
  switch (call.method) {
    case "saveCharacters": {
      const { saves, fence } = call.argument;
      const packed = packSaves(saves);
      return {
        message: { method: call.method, argument: { fence }, saves: packed },
        transfer: buffersOf(packed),
      };
    }
    case "applyOperations": {
      const { operations, fence } = call.argument;
      const message = { method: call.method, argument: { fence }, operations: JSON.stringify(operations) };
      return { message, transfer: [] };
    }
    case "commitTick": {
      const { operations, saves, ...rest } = call.argument;
      const packed = packSaves(saves);
      const transfer = buffersOf(packed);
      const argument = withOwnBytes(rest, transfer);
      const message = {
        method: call.method,
        argument,
        saves: packed,
        operations: JSON.stringify(operations),
      };
      return { message, transfer };
    }
    case "openCharacter":
    case "writeCheckpoint": {
      const transfer: ArrayBuffer[] = [];
      return { message: { method: call.method, argument: withOwnBytes(call.argument, transfer) }, transfer };
    }
    default:
      return { message: call, transfer: [] };
  }
}

/** The call that was packed. Its bytes are views of the message's memory. */
export function unpackCall({ method, argument, saves, operations }: PackedCall): Call {
  if (saves === undefined && operations === undefined) return { method, argument } as Call;
  const whole = {
    ...(argument as object),
    ...(saves === undefined ? {} : { saves: unpackSaves(saves) }),
    ...(operations === undefined ? {} : { operations: JSON.parse(operations) as Operation[] }),
  };
  return { method, argument: whole } as Call;
}

/** An answer as it crosses threads: outcomes as text, everything else as it is. */
export function packAnswer(method: Call["method"], value: unknown): unknown {
  if (method === "applyOperations") return JSON.stringify(value);
  if (method !== "commitTick") return value;
  const { outcomes, ...rest } = value as { readonly outcomes: readonly Outcome[] };
  return { ...rest, outcomes: JSON.stringify(outcomes) };
}

export function unpackAnswer(method: Call["method"], value: unknown): unknown {
  if (method === "applyOperations") return JSON.parse(value as string);
  if (method !== "commitTick") return value;
  const packed = value as { readonly outcomes: string };
  return { ...packed, outcomes: JSON.parse(packed.outcomes) as Outcome[] };
}

function packSaves(saves: readonly CharacterSave[]): PackedSaves {
  const numbers = new Float64Array(saves.length * savesColumns);
  const states = new Uint8Array(saves.reduce((sum, { state }) => sum + state.length, 0));
  let [at, end] = [0, 0];
  for (const save of saves) {
    numbers[at] = save.characterId;
    numbers[at + 1] = save.expectedVersion;
    numbers[at + 2] = save.version ?? save.expectedVersion + 1;
    numbers[at + 3] = save.sessionEpoch ?? 0;
    numbers[at + 4] = save.zone;
    numbers[at + 5] = save.schemaVersion;
    numbers[at + 6] = save.state.length;
    states.set(save.state, end);
    end += save.state.length;
    at += savesColumns;
  }
  return { numbers, states };
}

function unpackSaves({ numbers, states }: PackedSaves): CharacterSave[] {
  const saves: CharacterSave[] = [];
  let end = 0;
  for (let at = 0; at < numbers.length; at += savesColumns) {
    const [characterId, expectedVersion, version, sessionEpoch, zone, schemaVersion, length] =
      numbers.subarray(at, at + savesColumns) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
    const state = states.subarray(end, end + length);
    end += length;
    saves.push({
      characterId: characterId as CharacterId,
      expectedVersion,
      version,
      ...(sessionEpoch === 0 ? {} : { sessionEpoch }),
      zone,
      schemaVersion,
      state,
    });
  }
  return saves;
}

function buffersOf({ numbers, states }: PackedSaves): ArrayBuffer[] {
  return [numbers.buffer, states.buffer];
}

/** A copy of plain data whose bytes lie in memory of their own, which is added to `transfer`. */
function withOwnBytes(value: unknown, transfer: ArrayBuffer[]): unknown {
  if (value instanceof Uint8Array) {
    const own = new Uint8Array(value);
    transfer.push(own.buffer);
    return own;
  }
  if (Array.isArray(value)) return value.map((one) => withOwnBytes(one, transfer));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withOwnBytes(one, transfer)]));
}
