/**
 * A realm out of the module that exports it: threads cannot be handed objects with functions in them, so each imports the
 * game by itself.
 */
import { MyriadError } from "../kernel/errors.ts";
import type { Realm } from "../zone/definitions.ts";

/** Imports a module and takes its `realm`, or its default export. Throws MyriadError `realm_invalid`. */
export async function importRealm(url: string): Promise<Realm> {
  let exported: { realm?: unknown; default?: unknown };
  try {
    exported = (await import(url)) as typeof exported;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MyriadError("realm_invalid", `${url} cannot be loaded: ${message}`, { cause });
  }
  const realm = (exported.realm ?? exported.default) as Partial<Realm> | undefined;
  const isRealm = typeof realm === "object" && realm !== null && Array.isArray(realm.modules);
  if (!isRealm)
    throw new MyriadError("realm_invalid", `${url} exports no realm: export const realm = defineRealm(…)`);
  return realm as Realm;
}
