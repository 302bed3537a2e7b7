import assert from "node:assert/strict";
import { test } from "node:test";
import { opcodes } from "./web-socket.ts";
import { heard, type Speaker, type Wire } from "./wire.ts";
import { colyseusWire, protocol } from "./wire-colyseus.ts";
import { myriadWire } from "./wire-myriad.ts";
import { socketIoWire } from "./wire-socket-io.ts";
import { wsWire } from "./wire-ws.ts";

/** A client that notes what its wire made it say. */
function speaker(): Speaker & { said: string[] } {
  const said: string[] = [];
  return { index: 0, said, say: (message) => said.push(Buffer.from(message).toString("latin1")) };
}

function hear(wire: Wire, client: Speaker, text: string, opcode: number = opcodes.binary): number {
  const bytes = Buffer.from(`??${text}`, "latin1");
  return wire.hear(client, bytes, 2, bytes.length, opcode);
}

test("Colyseus: the handshake is acknowledged, the state is the welcome, patches are updates, modifiers do not matter", () => {
  const wire = colyseusWire(1);
  const client = speaker();
  assert.equal(hear(wire, client, `${String.fromCharCode(protocol.joinRoom)}…`), heard.other);
  assert.deepEqual(client.said, [String.fromCharCode(protocol.joinRoom)]);
  assert.equal(hear(wire, client, String.fromCharCode(protocol.roomState)), heard.welcome);
  assert.equal(hear(wire, client, String.fromCharCode(protocol.roomStatePatch)), heard.update);
  assert.equal(hear(wire, client, String.fromCharCode(protocol.roomStatePatch | 0x80)), heard.update);
  assert.equal(hear(wire, client, String.fromCharCode(protocol.roomData)), heard.other);
  assert.equal(Buffer.from(wire.input(0, 200)).toString("latin1"), "\x0d\xa4turn\x81\xa9direction\xcc\xc8");
});

test("Socket.IO: it joins the namespace when the engine opens, answers pings, and counts events after the welcome", () => {
  const wire = socketIoWire(1);
  const client = speaker();
  assert.equal(hear(wire, client, '0{"sid":"x"}', opcodes.text), heard.other);
  assert.equal(hear(wire, client, "2", opcodes.text), heard.other);
  assert.deepEqual(client.said, ["\x82\xa4type\x00\xa3nsp\xa1/", "3"]);
  assert.equal(hear(wire, client, "\x83connected"), heard.welcome);
  assert.equal(hear(wire, client, "\x83state"), heard.update);
  assert.equal(
    Buffer.from(wire.input(0, 7)).toString("latin1"),
    "\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa4turn\xcc\x07",
  );
});

test("Myriad: frames are acknowledged by number in the next input, and inputs are numbered", () => {
  const wire = myriadWire({ port: 1, players: 1 });
  const client = speaker();
  wire.opened(client);
  assert.equal(client.said[0]?.charCodeAt(0), 1);
  assert.equal(hear(wire, client, "\x81welcome"), heard.welcome);
  assert.equal(hear(wire, client, "\x84notice"), heard.other);
  assert.equal(hear(wire, client, "\x82\x05\x01\x00\x00…"), heard.update);
  assert.deepEqual([...wire.input(0, 9)], [2, 5, 1, 0, 0, 1, 0, 1, 9]);
  for (let i = 0; i < 200; i++) wire.input(0, 0);
  assert.deepEqual([...wire.input(0, 9)], [2, 5, 1, 0, 0, 0xca, 1, 0, 1, 9]);
});

test("the floor: the first message says that the client is in, and inputs are as long as Myriad's", async () => {
  const wire = wsWire();
  const client = speaker();
  assert.equal(hear(wire, client, "x"), heard.welcome);
  assert.equal(hear(wire, client, "x"), heard.update);
  assert.equal(wire.input(0, 1).length, 9);
  const sample = await wire.sample();
  const message = Buffer.alloc(20);
  message.writeDoubleLE(1234.5, 0);
  assert.equal(sample.read(message)?.timeMs, 1234.5);
  assert.throws(() => sample.read(Buffer.alloc(4)));
});
