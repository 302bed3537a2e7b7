/**
 * Currency from account to account: every flow is written twice, once on each side.
 *
 * Invariant: all flows of an operation are made or none; the sum over all accounts does not change.
 */
import { type Account, accountOf, mayOwe } from "./accounts.ts";
import { amountMax } from "./limits.ts";
import type { Money, Payment, RefusalCode } from "./port.ts";
import type { LedgerRows } from "./rows.ts";

export interface Flow extends Money {
  readonly from: Account;
  readonly to: Account;
}

interface Balance {
  readonly account: Account;
  readonly currency: number;
  amount: number;
}

/** Balances after some flows, not yet written. */
export type Balances = ReadonlyMap<string, Balance>;

export function flowOf({ from, to, currency, amount }: Payment): Flow {
  return { from: accountOf(from), to: accountOf(to), currency, amount };
}

/** What the balances will be when the flows are made in their order, or why they cannot be. Writes nothing. */
export function balancesAfter(rows: LedgerRows, flows: readonly Flow[]): Balances | RefusalCode {
  const balances = new Map<string, Balance>();
  const balanceOf = (account: Account, currency: number): Balance => {
    const key = `${account.kind}/${account.id}/${currency}`;
    let balance = balances.get(key);
    if (balance === undefined) {
      balance = { account, currency, amount: rows.balance(account, currency) };
      balances.set(key, balance);
    }
    return balance;
  };
  for (const { from, to, currency, amount } of flows) {
    const [payer, payee] = [balanceOf(from, currency), balanceOf(to, currency)];
    if (!mayOwe(from) && payer.amount < amount) return "funds_short";
    // Compared before the sum is made: beyond the limit sums are not exact.
    if (payer.amount < amount - amountMax || payee.amount > amountMax - amount) return "balance_limit";
    payer.amount -= amount;
    payee.amount += amount;
  }
  return balances;
}

export function writeBalances(rows: LedgerRows, balances: Balances): void {
  for (const { account, currency, amount } of balances.values()) rows.setBalance(account, currency, amount);
}
