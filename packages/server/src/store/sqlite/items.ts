/**
 * The ledger's tables in the embedded database: items and the operations that changed them.
 *
 * Invariant: an operation's effect and its outcome are written in one transaction, or neither is.
 * Invariant: every method runs inside a transaction that its caller opened.
 */
import type { DatabaseSync } from "node:sqlite";
import { unreachable } from "../../kernel/assert.ts";
import { contentDigest, sameHolder, samePlace } from "../../ledger/operation.ts";
import type {
  DestroyOperation,
  Holder,
  HolderKind,
  Item,
  ItemId,
  MintOperation,
  MoveOperation,
  Operation,
  Outcome,
  Place,
  RefusalCode,
} from "../../ledger/port.ts";

interface HeldItem {
  readonly itemType: number;
  readonly place: Place;
}

/** Prepares the statements and gives the calls that use them. */
export function itemTables(database: DatabaseSync) {
  const findOutcome = database.prepare("SELECT digest, outcome FROM operations WHERE operation_id = ?");
  const keepOutcome = database.prepare(
    "INSERT INTO operations (operation_id, digest, outcome) VALUES (?, ?, ?)",
  );
  const findItem = database.prepare(
    "SELECT item_type, holder_kind, holder_id, slot FROM items WHERE item_id = ?",
  );
  const findInPlace = database.prepare(
    "SELECT item_id, item_type FROM items WHERE holder_kind = ? AND holder_id = ? AND slot = ?",
  );
  const findOfHolder = database.prepare(
    "SELECT item_id, item_type, slot FROM items WHERE holder_kind = ? AND holder_id = ? ORDER BY slot",
  );
  // A null id lets the database give the next one; a swap puts an item back under its own.
  const insert = database.prepare(`
    INSERT INTO items (item_id, item_type, holder_kind, holder_id, slot) VALUES (?, ?, ?, ?, ?) RETURNING item_id`);
  const place = database.prepare(
    "UPDATE items SET holder_kind = ?, holder_id = ?, slot = ? WHERE item_id = ?",
  );
  const remove = database.prepare("DELETE FROM items WHERE item_id = ?");

  function applyOnce(operation: Operation): Outcome {
    const digest = contentDigest(operation);
    const known = findOutcome.get(operation.operationId);
    if (known !== undefined) {
      return known["digest"] === digest
        ? JSON.parse(known["outcome"] as string)
        : refused("operation_mismatch");
    }
    const outcome = effectOf(operation);
    keepOutcome.run(operation.operationId, digest, JSON.stringify(outcome));
    return outcome;
  }

  function effectOf(operation: Operation): Outcome {
    switch (operation.kind) {
      case "mint":
        return mint(operation);
      case "move":
        return move(operation);
      case "destroy":
        return destroy(operation);
      default:
        return unreachable(operation);
    }
  }

  function mint({ itemType, to }: MintOperation): Outcome {
    if (findInPlace.get(to.kind, to.id, to.slot) !== undefined) return refused("slot_taken");
    const itemId = insert.get(null, itemType, to.kind, to.id, to.slot)?.["item_id"] as ItemId;
    return { status: "done", itemId, itemType, to: placeOf(to) };
  }

  function move({ itemId, from, to }: MoveOperation): Outcome {
    const item = heldItem(itemId);
    if (item === undefined) return refused("item_unknown");
    if (!samePlace(item.place, from)) return refused("item_not_held");
    const done = {
      status: "done",
      itemId,
      itemType: item.itemType,
      from: placeOf(from),
      to: placeOf(to),
    } as const;
    if (samePlace(from, to)) return done;
    const other = findInPlace.get(to.kind, to.id, to.slot);
    if (other === undefined) {
      place.run(to.kind, to.id, to.slot, itemId);
      return done;
    }
    if (!sameHolder(from, to)) return refused("slot_taken");
    // SQLite checks uniqueness row by row, so the other item leaves its place for a moment to let this one in.
    const swappedItemId = other["item_id"] as ItemId;
    remove.run(swappedItemId);
    place.run(to.kind, to.id, to.slot, itemId);
    insert.run(swappedItemId, other["item_type"] as number, from.kind, from.id, from.slot);
    return { ...done, swappedItemId };
  }

  function destroy({ itemId, from }: DestroyOperation): Outcome {
    const item = heldItem(itemId);
    if (item === undefined) return refused("item_unknown");
    if (!samePlace(item.place, from)) return refused("item_not_held");
    remove.run(itemId);
    return { status: "done", itemId, itemType: item.itemType, from: placeOf(from) };
  }

  function heldItem(itemId: ItemId): HeldItem | undefined {
    const row = findItem.get(itemId);
    if (row === undefined) return undefined;
    const holder = { kind: row["holder_kind"] as HolderKind, id: row["holder_id"] as number };
    return { itemType: row["item_type"] as number, place: { ...holder, slot: row["slot"] as number } };
  }

  return {
    applyOperations(operations: readonly Operation[]): Outcome[] {
      return operations.map(applyOnce);
    },

    items({ kind, id }: Holder): Item[] {
      return findOfHolder.all(kind, id).map((row) => ({
        itemId: row["item_id"] as ItemId,
        itemType: row["item_type"] as number,
        slot: row["slot"] as number,
      }));
    },
  };
}

function refused(code: RefusalCode): Outcome {
  return { status: "refused", code };
}

/** The place without whatever else the caller's object carries, so that a repeated answer equals the first. */
function placeOf({ kind, id, slot }: Place): Place {
  return { kind, id, slot };
}
