/**
 * What a zone's tick says to the outside, gathered while it runs: facts, news, letters, ledger operations, saves.
 *
 * Invariant: emptied every tick; never part of a checkpoint (what must survive is in sessions, requests or messages).
 */
import { encodeRecord, type FactType, type RecordFields, type RecordValue } from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import type { FactRecord, Letter, News, SessionEnd } from "../bus/tick-frame.ts";
import type { Operation } from "../ledger/port.ts";
import type { PlayerSession } from "./sessions.ts";

/** A character to be saved; the host adds what the store wants to know. */
export interface SaveRequest {
  readonly session: number;
  readonly characterId: number;
  readonly expectedVersion: number;
  readonly sessionEpoch: number;
  readonly zone: number;
  readonly state: Uint8Array;
}

/** What the commit phase hands to the store. */
export interface Effects {
  readonly saves: readonly SaveRequest[];
  /** With the number of the request that each answers. */
  readonly operations: readonly { readonly request: number; readonly operation: Operation }[];
}

/** News in one tick: more is a bug in the game. */
const newsMax = 65_536;

export class Outbox {
  readonly facts = new Map<number, FactRecord[]>();
  readonly news: News[] = [];
  readonly letters: Letter[] = [];
  /** Each with the gateway that is told. */
  readonly ended: (SessionEnd & { readonly gateway: number })[] = [];
  /** Sessions that were at home when the tick began and are not any more: they still hear what was said to them. */
  readonly departed: PlayerSession[] = [];
  readonly saves: SaveRequest[] = [];
  readonly operations: { readonly request: number; readonly operation: Operation }[] = [];
  readonly #factNumbers: ReadonlyMap<string, number>;

  constructor(facts: readonly FactType[]) {
    this.#factNumbers = new Map(facts.map((fact, index) => [fact.name, index]));
  }

  clear(): void {
    this.facts.clear();
    this.news.length = 0;
    this.letters.length = 0;
    this.ended.length = 0;
    this.departed.length = 0;
    this.saves.length = 0;
    this.operations.length = 0;
  }

  encode<F extends RecordFields>(fact: FactType<string, F>, value: RecordValue<F>): FactRecord {
    const type = this.#factNumbers.get(fact.name);
    assert(type !== undefined, `fact ${fact.name} is part of the realm's schema`);
    return { type, record: encodeRecord(fact.fields, value) };
  }

  tell(session: number, fact: FactRecord): void {
    const told = this.facts.get(session);
    if (told === undefined) this.facts.set(session, [fact]);
    else told.push(fact);
  }

  announce(news: News): void {
    assert(this.news.length < newsMax, `a tick has at most ${newsMax} news`);
    this.news.push(news);
  }
}
