import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { WebSocketServer } from "ws";
import { SocketTransport } from "./socket-transport.ts";
import type { Link, LinkListener } from "./transport.ts";
import { serve } from "./testing.ts";

/** A listener that gathers what it hears, and lets a test wait for it. */
class Ear implements LinkListener {
  readonly heard: string[] = [];
  readonly messages: Buffer[] = [];
  onOpen: (link: Link) => void = () => {};
  #waiting: { isDone: () => boolean; resolve: () => void }[] = [];

  opened(link: Link): void {
    this.heard.push("opened");
    this.onOpen(link);
    this.#tell();
  }

  message(_: Link, bytes: Uint8Array, from: number, to: number): void {
    this.messages.push(Buffer.from(bytes.subarray(from, to)));
    this.#tell();
  }

  closed(_: Link, code: number, reason: string): void {
    this.heard.push(`closed ${code} ${reason}`);
    this.#tell();
  }

  until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isDone, resolve }));
  }

  get isClosed(): boolean {
    return this.heard.some((said) => said.startsWith("closed"));
  }

  #tell(): void {
    for (const { isDone, resolve } of this.#waiting) if (isDone()) resolve();
  }
}

/** A server that answers an upgrade as it should, or as a test says, and then does what the test wants. */
async function beside(
  answer: (socket: Socket, upgrade: (more?: string) => void, key: string) => void,
  work: (ear: Ear, link: Link) => Promise<void>,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const key = /sec-websocket-key: (\S+)/i.exec(data.toString())?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const upgrade = (more = "") =>
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`,
        );
      answer(socket, upgrade, key);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const ear = new Ear();
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const link = new SocketTransport(url).open(0, ["myriad.1", "ticket.x"], ear);
  try {
    await work(ear, link);
  } finally {
    link.terminate();
    server.close();
  }
}

describe("SocketTransport", () => {
  it("carries messages of any length both ways, whole, in order and unchanged", async () => {
    const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data as Buffer)));
    const ear = new Ear();
    await new Promise((resolve) => sockets.once("listening", resolve));
    const { port } = sockets.address() as AddressInfo;
    const link = new SocketTransport(`ws://127.0.0.1:${port}`).open(0, ["myriad.1"], ear);
    await ear.until(() => ear.heard.includes("opened"));
    const lengths = [0, 1, 125, 126, 127, 600, 65_535, 65_536, 200_000, 3, 1_500_000, 0, 7];
    const sent = lengths.map((length, i) => Buffer.alloc(length, i + 1));
    link.together(() => {
      for (const bytes of sent) link.send(bytes);
    });
    link.send(Buffer.from("..part.."), 2, 6);
    await ear.until(() => ear.messages.length === sent.length + 1);
    assert.deepEqual(
      ear.messages.map((bytes) => bytes.length),
      [...lengths, 4],
    );
    assert.ok(sent.every((bytes, i) => ear.messages[i]!.equals(bytes)));
    assert.equal(ear.messages.at(-1)!.toString(), "part");
    link.terminate();
    sockets.close();
  });

  it("puts messages together that come byte by byte, and takes apart those that come at once", async () => {
    const frame = (length: number) =>
      Buffer.concat([Buffer.of(0x82, 126, length >> 8, length & 255), Buffer.alloc(length, 9)]);
    const all = Buffer.concat([frame(300), Buffer.of(0x82, 0), frame(5), frame(200)]);
    await beside(
      (socket, upgrade) => {
        socket.setNoDelay(true);
        upgrade();
        let at = 0;
        const drip = setInterval(() => {
          if (at === all.length) {
            clearInterval(drip);
            socket.write(Buffer.concat([all, all]));
            return;
          }
          socket.write(all.subarray(at, ++at));
        }, 0);
        socket.on("close", () => clearInterval(drip));
      },
      async (ear) => {
        await ear.until(() => ear.messages.length === 12);
        const lengths = ear.messages.map(({ length }) => length);
        assert.deepEqual(lengths, [300, 0, 5, 200, 300, 0, 5, 200, 300, 0, 5, 200]);
        assert.ok(ear.messages.every((bytes) => bytes.every((byte) => byte === 9)));
      },
    );
  });

  it("answers a ping, and tells a goodbye with its code and reason, once", async () => {
    const got: Buffer[] = [];
    await beside(
      (socket, upgrade) => {
        socket.on("data", (data: Buffer) => got.push(data));
        upgrade("Sec-WebSocket-Protocol: myriad.1\r\n");
        socket.write(
          Buffer.concat([
            Buffer.of(0x89, 2, 1, 2),
            Buffer.of(0x88, 6, 4015 >> 8, 4015 & 255),
            Buffer.from("gone"),
          ]),
        );
      },
      async (ear) => {
        await ear.until(() => ear.isClosed);
        await new Promise((resolve) => setTimeout(resolve, 30));
        assert.deepEqual(ear.heard, ["opened", "closed 4015 gone"]);
        const answer = Buffer.concat(got);
        assert.deepEqual([answer[0], answer[1]], [0x8a, 0x82], "a masked pong of two bytes");
        assert.deepEqual([answer[2]! ^ answer[6]!, answer[3]! ^ answer[7]!], [1, 2]);
        assert.deepEqual([answer[8], answer[9]], [0x88, 0x82], "and a masked close with the code");
      },
    );
  });

  it("refuses what no server may say, and never throws", async () => {
    const cases: [bytes: number[], reason: RegExp][] = [
      [[0x82, 0x81, 0, 0, 0, 0, 1], /a frame that no server sends/],
      [[0x02, 1, 1], /a frame that no server sends/],
      [[0x80, 1, 1], /a frame that no server sends/],
      [[0xc2, 1, 1], /a frame that no server sends/],
      [[0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0], /a frame that no server sends/],
    ];
    for (const [bytes, reason] of cases) {
      await beside(
        (socket, upgrade) => {
          upgrade();
          socket.write(Buffer.from(bytes));
        },
        async (ear) => {
          await ear.until(() => ear.isClosed);
          assert.match(ear.heard.at(-1)!, reason);
          assert.equal(ear.messages.length, 0);
        },
      );
    }
  });

  it("opens only after an upgrade that answers its own question", async () => {
    const refusals: [answer: string, reason: RegExp][] = [
      ["HTTP/1.1 403 Forbidden\r\n\r\n", /^closed 1006 no upgrade: HTTP\/1.1 403 Forbidden/],
      ["HTTP/1.1 101 X\r\nSec-WebSocket-Accept: x\r\n\r\n", /answers another key/],
      ["\r\n\r\n", /no upgrade/],
      ["x".repeat(20_000), /does not end/],
    ];
    for (const [answer, reason] of refusals) {
      await beside(
        (socket) => socket.write(answer),
        async (ear) => {
          await ear.until(() => ear.isClosed);
          assert.equal(ear.heard.length, 1);
          assert.match(ear.heard[0]!, reason);
        },
      );
    }
    for (const [more, reason] of [
      ["Sec-WebSocket-Protocol: other\r\n", /a subprotocol that was not offered/],
      ["Sec-WebSocket-Extensions: permessage-deflate\r\n", /an extension/],
    ] as const) {
      await beside(
        (_, upgrade) => upgrade(more),
        async (ear) => {
          await ear.until(() => ear.isClosed);
          assert.match(ear.heard[0]!, reason);
        },
      );
    }
  });

  it("tells a socket that cannot be opened as one that was closed, with the reason", async () => {
    const closed = async (protocols: string[]) => {
      const ear = new Ear();
      const link = new SocketTransport("ws://127.0.0.1:1").open(7, protocols, ear);
      assert.equal(link.player, 7);
      // Neither does anything before the socket is open.
      link.send(Uint8Array.of(1));
      assert.deepEqual(ear.heard, [], "not during the call");
      await ear.until(() => ear.isClosed);
      return ear.heard.at(-1)!;
    };
    assert.match(await closed(["myriad.1", "ticket.x"]), /^closed 1006 .*ECONNREFUSED/);
    assert.match(await closed(["myriad.1", "no token at all"]), /^closed 1006 .*subprotocol/);
    assert.match(await closed(["myriad.1", "a\r\nb"]), /^closed 1006 .*subprotocol/);
  });

  it("closes and terminates", async () => {
    await serve(async ({ url }) => {
      for (const [how, code] of [
        ["close", 1000],
        ["terminate", 1006],
      ] as const) {
        const ear = new Ear();
        ear.onOpen = (link) => link[how]();
        new SocketTransport(url).open(0, ["myriad.1", "ticket.x"], ear);
        await ear.until(() => ear.isClosed);
        assert.match(ear.heard.at(-1)!, new RegExp(`^closed ${code} `));
      }
    });
  });

  it("reads nothing while it is paused, and everything afterwards", async () => {
    await beside(
      (socket, upgrade) => {
        upgrade();
        const sends = setInterval(() => socket.write(Buffer.of(0x82, 1, 7)), 5);
        socket.on("close", () => clearInterval(sends));
      },
      async (ear, link) => {
        await ear.until(() => ear.messages.length > 2);
        link.pause();
        await new Promise((resolve) => setTimeout(resolve, 20));
        const { length } = ear.messages;
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert.equal(ear.messages.length, length);
        link.resume();
        await ear.until(() => ear.messages.length > length + 10);
      },
    );
  });

  it("tells when the server just goes", async () => {
    await beside(
      (socket, upgrade) => {
        upgrade();
        setTimeout(() => socket.end(), 10);
      },
      async (ear) => {
        await ear.until(() => ear.isClosed);
        assert.deepEqual(ear.heard, ["opened", "closed 1006 "]);
      },
    );
  });
});
