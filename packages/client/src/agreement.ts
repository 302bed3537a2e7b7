/**
 * What client and server agree on when their game versions differ: whose layouts bytes are read with, which facts and
 * intents both know. Records are written with the shorter list of fields and read with the longer one.
 *
 * Invariant: an agreement exists only where the protocol's `incompatibility` finds none; the text of a refusal names both versions.
 */
import {
  type Descriptor,
  describe,
  incompatibility,
  type KindLayout,
  layoutsOf,
  recordFieldsOf,
  type RecordFields,
  type Schema,
  schemaHash,
  type Welcome,
} from "@myriad/protocol";

export interface Agreement {
  /** Layouts in which the server writes entities. */
  readonly kinds: readonly KindLayout[];
  /** Fields to write an intent with, by number; fewer than the client's when the server does not know them all. */
  readonly intents: readonly RecordFields[];
  /** Fields to read a fact with, by number. */
  readonly facts: readonly RecordFields[];
  /** True when both sides were built from the same schema. */
  readonly same: boolean;
}

export type AgreementResult =
  | { readonly ok: true; readonly agreement: Agreement }
  | { readonly ok: false; readonly reason: string };

/** The agreement with a server of the same schema. */
export function agreementOf(schema: Schema): Agreement {
  return {
    kinds: schema.kinds,
    intents: schema.intents.map((intent) => intent.fields),
    facts: schema.facts.map((fact) => fact.fields),
    same: true,
  };
}

/** Compares the client's schema with what the welcome says. Never throws. */
export function agree(schema: Schema, welcome: Welcome): AgreementResult {
  const mine = describe(schema);
  if (welcome.schemaHash === schemaHash(mine)) return { ok: true, agreement: agreementOf(schema) };
  const versions = `this client is ${mine.name} ${mine.version}, the server ${welcome.schema?.name ?? mine.name} ${welcome.gameVersion}`;
  if (welcome.schema === undefined) {
    return { ok: false, reason: `${versions}: the schemas differ and the server did not send its own` };
  }
  const difference = incompatibility(mine, welcome.schema);
  if (difference !== undefined) return { ok: false, reason: `${versions}: ${difference}` };
  const layouts = layoutsOf(welcome.schema);
  if (!layouts.ok) return { ok: false, reason: `${versions}: the server's schema is ${layouts.code}` };
  return { ok: true, agreement: agreementWith(schema, welcome.schema, layouts.value) };
}

function agreementWith(schema: Schema, theirs: Descriptor, kinds: readonly KindLayout[]): Agreement {
  const known = schema.intents.slice(0, theirs.intents.length);
  const intents = known.map((intent, i) => {
    const names = theirs.intents[i]!.fields.map((field) => field.name);
    return Object.fromEntries(Object.entries(intent.fields).filter(([name]) => names.includes(name)));
  });
  const facts = schema.facts.map((fact, i) => {
    const other = theirs.facts[i];
    return other === undefined || other.fields.length <= Object.keys(fact.fields).length
      ? fact.fields
      : recordFieldsOf(other);
  });
  return { kinds, intents, facts, same: false };
}
