/**
 * Items and currency between holders whose ledgers are two databases, without a transaction that spans both.
 *
 *     giver's ledger                    taker's ledger
 *     send     leaves, is under way
 *                                       receive   arrives, or is refused
 *     settle   forgotten, if it arrived
 *     giveBack returned, if it was refused
 *
 * Every leg is an operation with an id that follows from the first, so each may be sent again and takes effect once. After
 * a crash between any two legs `finishTransfers` ends what is open, in the same way.
 *
 * Invariant: the second leg's first outcome decides; it stands for ever, so no later try can end otherwise.
 * Invariant: what is under way is in one row of the giver's ledger until it has arrived or is back.
 */
import { assert } from "../kernel/assert.ts";
import { openTransfersMax } from "./limits.ts";
import { legId } from "./operation.ts";
import type { Holder, Ledger, OpenTransfer, Outcome, SendOperation } from "./port.ts";

/** How a transfer ended: the first leg's refusal, the arrival, or the second leg's refusal, after which all is back. */
export type TransferEnd =
  | { readonly status: "arrived"; readonly outcome: Outcome }
  | { readonly status: "returned" | "refused"; readonly outcome: Outcome };

/** The ledger in which a holder's rows are. */
export type LedgerOf = (holder: Holder) => Ledger;

/**
 * Carries a transfer out. `giver` is the ledger of all holders that give. Rejects as `Ledger.apply` does; then the same
 * transfer may be asked for again, or `finishTransfers` ends it.
 */
export async function transfer(send: SendOperation, giver: Ledger, ledgerOf: LedgerOf): Promise<TransferEnd> {
  const sent = await applyOne(giver, send);
  if (sent.status !== "settled") return { status: "refused", outcome: sent };
  // The types of the items are the ledger's knowledge, and so are part of its answer.
  const items = send.items.map((item, index) => {
    const itemType = sent.items[index]?.itemType;
    assert(itemType !== undefined, "a send answers each of its items");
    return { ...item, itemType };
  });
  const { operationId: transferId, payments, to } = send;
  return finish({ transferId, items, payments, to }, giver, ledgerOf);
}

/**
 * Ends the transfers that a crash left open, oldest first, up to `openTransfersMax`. Safe beside running transfers.
 * @returns how many were found
 */
export async function finishTransfers(giver: Ledger, ledgerOf: LedgerOf): Promise<number> {
  const open = await giver.openTransfers(openTransfersMax);
  for (const one of open) await finish(one, giver, ledgerOf);
  return open.length;
}

async function finish(open: OpenTransfer, giver: Ledger, ledgerOf: LedgerOf): Promise<TransferEnd> {
  const { transferId, items, payments, to } = open;
  const received = await applyOne(ledgerOf(to), {
    kind: "receive",
    operationId: legId(transferId, "receive"),
    items: items.map(({ itemId, itemType }) => ({ itemId, itemType })),
    payments: payments.map(({ currency, amount }) => ({ currency, amount })),
    to,
  });
  if (received.status !== "refused") {
    await applyOne(giver, { kind: "settle", operationId: legId(transferId, "settle"), transferId });
    return { status: "arrived", outcome: received };
  }
  assert(received.code !== "operation_conflict", "a transfer arrives as it was sent");
  await applyOne(giver, {
    kind: "giveBack",
    operationId: legId(transferId, "giveBack"),
    transferId,
    items,
    payments,
  });
  return { status: "returned", outcome: received };
}

async function applyOne(ledger: Ledger, operation: Parameters<Ledger["apply"]>[0][number]): Promise<Outcome> {
  const [outcome] = await ledger.apply([operation]);
  assert(outcome !== undefined, "an operation has an outcome");
  return outcome;
}
