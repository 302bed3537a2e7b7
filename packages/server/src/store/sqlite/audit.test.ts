import { equal, throws } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { auditContract } from "../audit-contract.ts";
import { newCharacter } from "../characters-contract.ts";
import { openSqliteAudit } from "./audit.ts";
import { createSqliteStore } from "./sqlite-store.ts";

const root = mkdtempSync(join(tmpdir(), "myriad-audit-"));
after(() => rmSync(root, { recursive: true }));
const newDirectory = () => mkdtempSync(join(root, "data-"));
const open = (dataDir: string) => createSqliteStore({ dataDir, realmId: "vale", nowMs: () => 0 });

auditContract("sqlite", async () => {
  const dataDir = newDirectory();
  return { store: await open(dataDir), audit: async () => openSqliteAudit(dataDir) };
});

test("sqlite: the books are of one moment, whatever the server does meanwhile", async () => {
  const dataDir = newDirectory();
  const store = await open(dataDir);
  await newCharacter(store, "Wren");
  const reader = openSqliteAudit(dataDir);
  equal((await reader.characters({ limit: 9 })).length, 1);
  await newCharacter(store, "Lark");
  equal((await reader.characters({ limit: 9 })).length, 1);
  await reader.close();
  const later = openSqliteAudit(dataDir);
  equal((await later.characters({ limit: 9 })).length, 2);
  await later.close();
  await store.close();
});

test("sqlite: there are no books where there is no database", () => {
  throws(() => openSqliteAudit(newDirectory()), { code: "data_dir_unusable" });
});
