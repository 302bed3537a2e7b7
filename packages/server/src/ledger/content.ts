/**
 * An operation's content as one line of text: what its digest is taken of, and what the store keeps so that every balance
 * and every place can be worked out again from the first operation on.
 *
 *     mint 12 > ground:3:900                 trade; 5 character:7:0 > character:8:1; 10x1 character:8 > character:7
 *     move 5 ground:3:900 > character:7:0    mail > mail:8; 5 character:7:0; 10x1 character:7
 *     destroy 5 character:7:0                purchase 12 > character:7:0; 10x1 character:7 > shop
 *     issue 10x1 loot > character:7          retire 10x1 character:7 > repair
 *     send > character:8; 5 character:7:0    receive > character:8; 5=12; 10x1
 *     settle vale/1/1/20/0                   giveBack vale/1/1/20/0; 5=12 character:7:0
 *
 * `kind:id:slot` is a place, `kind:id` a holder, `10x1` ten units of currency 1, `5=12` item 5 of type 12.
 * Invariant: the same content gives the same text, another content another text; the id is no part of it.
 * Invariant: a released form is never changed, because digests of it are stored.
 */
import { unreachable } from "../kernel/assert.ts";
import { slotsOf } from "./limits.ts";
import type {
  Holder,
  HolderKind,
  ItemFrom,
  ItemId,
  Money,
  MoneyFrom,
  Operation,
  OperationId,
  Place,
} from "./port.ts";

/** The line of an operation's content. */
export function contentOf(operation: Operation): string {
  switch (operation.kind) {
    case "mint":
      return `mint ${operation.itemType} > ${place(operation.to)}`;
    case "move":
      return `move ${operation.itemId} ${place(operation.from)} > ${place(operation.to)}`;
    case "destroy":
      return `destroy ${operation.itemId} ${place(operation.from)}`;
    case "trade":
      return [
        "trade",
        ...operation.items.map((leg) => `${itemFrom(leg)} > ${place(leg.to)}`),
        ...operation.payments.map((payment) => `${moneyFrom(payment)} > ${holder(payment.to)}`),
      ].join("; ");
    case "mail":
    case "send":
      return [
        `${operation.kind} > ${holder(operation.to)}`,
        ...operation.items.map(itemFrom),
        ...operation.payments.map(moneyFrom),
      ].join("; ");
    case "purchase":
      return `purchase ${operation.itemType} > ${place(operation.to)}; ${moneyFrom(operation.price)} > ${operation.sink}`;
    case "issue":
      return `issue ${money(operation)} ${operation.mint} > ${holder(operation.to)}`;
    case "retire":
      return `retire ${moneyFrom(operation)} > ${operation.sink}`;
    case "receive":
      return [
        `receive > ${holder(operation.to)}`,
        ...operation.items.map(({ itemId, itemType }) => `${itemId}=${itemType}`),
        ...operation.payments.map(money),
      ].join("; ");
    case "settle":
      return `settle ${operation.transferId}`;
    case "giveBack":
      return [
        `giveBack ${operation.transferId}`,
        ...operation.items.map((item) => `${item.itemId}=${item.itemType} ${place(item.from)}`),
        ...operation.payments.map(moneyFrom),
      ].join("; ");
    default:
      return unreachable(operation);
  }
}

/** Reads a line that `contentOf` wrote; undefined for any other text. Never throws. */
export function parseContent(operationId: OperationId, text: string): Operation | undefined {
  const [head = "", ...parts] = text.split("; ");
  const [word = "", ...rest] = head.split(" ");
  if (!Object.hasOwn(parse, word)) return undefined;
  const operation = parse[word as Operation["kind"]](operationId, rest.join(" "), parts);
  // Numbers may be written in many ways; only what comes out as it came in is ours.
  return operation !== undefined && contentOf(operation) === text ? operation : undefined;
}

type Parser = (operationId: OperationId, head: string, parts: readonly string[]) => Operation | undefined;

const placeForm = String.raw`([a-z]+):(\d+):(\d+)`;
const holderForm = String.raw`([a-z]+):(\d+)`;
const moneyForm = String.raw`(\d+)x(\d+)`;
const nameForm = String.raw`([a-z0-9-]+)`;

const mintForm = form(String.raw`(\d+) > ${placeForm}`);
const moveForm = form(String.raw`(\d+) ${placeForm} > ${placeForm}`);
const itemFromForm = form(String.raw`(\d+) ${placeForm}`);
const paymentForm = form(`${moneyForm} ${holderForm} > ${holderForm}`);
const moneyFromForm = form(`${moneyForm} ${holderForm}`);
const retireForm = form(`${moneyForm} ${holderForm} > ${nameForm}`);
const issueForm = form(`${moneyForm} ${nameForm} > ${holderForm}`);
const toHolderForm = form(`> ${holderForm}`);
const typedForm = form(String.raw`(\d+)=(\d+)`);
const typedFromForm = form(String.raw`(\d+)=(\d+) ${placeForm}`);
const onlyMoneyForm = form(moneyForm);

const parse: { readonly [K in Operation["kind"]]: Parser } = {
  mint(operationId, head, parts) {
    const m = mintForm.exec(head);
    if (m === null || parts.length > 0) return undefined;
    return { kind: "mint", operationId, itemType: Number(m[1]), to: placeAt(m, 2) };
  },
  move(operationId, head, parts) {
    const m = moveForm.exec(head);
    if (m === null || parts.length > 0) return undefined;
    return { kind: "move", operationId, itemId: itemAt(m, 1), from: placeAt(m, 2), to: placeAt(m, 5) };
  },
  destroy(operationId, head, parts) {
    const m = itemFromForm.exec(head);
    if (m === null || parts.length > 0) return undefined;
    return { kind: "destroy", operationId, itemId: itemAt(m, 1), from: placeAt(m, 2) };
  },
  trade(operationId, head, parts) {
    const items = matches(moveForm, parts).map((m) => ({
      itemId: itemAt(m, 1),
      from: placeAt(m, 2),
      to: placeAt(m, 5),
    }));
    const payments = matches(paymentForm, parts).map((m) => ({
      ...moneyAt(m, 1),
      from: holderAt(m, 3),
      to: holderAt(m, 5),
    }));
    return head === "" ? { kind: "trade", operationId, items, payments } : undefined;
  },
  mail: (operationId, head, parts) => outgoing("mail", operationId, head, parts),
  send: (operationId, head, parts) => outgoing("send", operationId, head, parts),
  purchase(operationId, head, parts) {
    const m = mintForm.exec(head);
    const price = retireForm.exec(parts[0] ?? "");
    if (m === null || price === null) return undefined;
    const [itemType, to] = [Number(m[1]), placeAt(m, 2)];
    return {
      kind: "purchase",
      operationId,
      itemType,
      to,
      price: moneyFromAt(price, 1),
      sink: price[5] ?? "",
    };
  },
  issue(operationId, head, parts) {
    const m = issueForm.exec(head);
    if (m === null || parts.length > 0) return undefined;
    return { kind: "issue", operationId, ...moneyAt(m, 1), mint: m[3] ?? "", to: holderAt(m, 4) };
  },
  retire(operationId, head, parts) {
    const m = retireForm.exec(head);
    if (m === null || parts.length > 0) return undefined;
    return { kind: "retire", operationId, ...moneyFromAt(m, 1), sink: m[5] ?? "" };
  },
  receive(operationId, head, parts) {
    const m = toHolderForm.exec(head);
    if (m === null) return undefined;
    const items = matches(typedForm, parts).map((part) => ({
      itemId: itemAt(part, 1),
      itemType: Number(part[2]),
    }));
    const payments = matches(onlyMoneyForm, parts).map((part) => moneyAt(part, 1));
    return { kind: "receive", operationId, items, payments, to: holderAt(m, 1) };
  },
  settle: (operationId, head) => ({ kind: "settle", operationId, transferId: head as OperationId }),
  giveBack(operationId, head, parts) {
    const items = matches(typedFromForm, parts).map((m) => ({
      itemId: itemAt(m, 1),
      itemType: Number(m[2]),
      from: placeAt(m, 3),
    }));
    const payments = matches(moneyFromForm, parts).map((m) => moneyFromAt(m, 1));
    return { kind: "giveBack", operationId, transferId: head as OperationId, items, payments };
  },
};

function outgoing(
  kind: "mail" | "send",
  operationId: OperationId,
  head: string,
  parts: readonly string[],
): Operation | undefined {
  const m = toHolderForm.exec(head);
  if (m === null) return undefined;
  const items = matches(itemFromForm, parts).map((part) => ({
    itemId: itemAt(part, 1),
    from: placeAt(part, 2),
  }));
  const payments = matches(moneyFromForm, parts).map((part) => moneyFromAt(part, 1));
  return { kind, operationId, items, payments, to: holderAt(m, 1) };
}

function form(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}

/** The parts of one form. What fits no form is left out and found by comparing the whole line. */
function matches(pattern: RegExp, parts: readonly string[]): RegExpExecArray[] {
  return parts.map((part) => pattern.exec(part)).filter((match) => match !== null);
}

function itemAt(match: RegExpExecArray, at: number): ItemId {
  return Number(match[at]) as ItemId;
}

function holderAt(match: RegExpExecArray, at: number): Holder {
  const kind = match[at] as HolderKind;
  return { kind: Object.hasOwn(slotsOf, kind) ? kind : ("?" as HolderKind), id: Number(match[at + 1]) };
}

function placeAt(match: RegExpExecArray, at: number): Place {
  return { ...holderAt(match, at), slot: Number(match[at + 2]) };
}

function moneyAt(match: RegExpExecArray, at: number): Money {
  return { amount: Number(match[at]), currency: Number(match[at + 1]) };
}

function moneyFromAt(match: RegExpExecArray, at: number): MoneyFrom {
  return { ...moneyAt(match, at), from: holderAt(match, at + 2) };
}

function place({ kind, id, slot }: Place): string {
  return `${kind}:${id}:${slot}`;
}

function holder({ kind, id }: Holder): string {
  return `${kind}:${id}`;
}

function money({ currency, amount }: Money): string {
  return `${amount}x${currency}`;
}

function itemFrom({ itemId, from }: ItemFrom): string {
  return `${itemId} ${place(from)}`;
}

function moneyFrom(payment: MoneyFrom): string {
  return `${money(payment)} ${holder(payment.from)}`;
}
