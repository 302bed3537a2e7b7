import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { BareSocket } from "./bare-socket.ts";
import { SocketTransport } from "./socket-transport.ts";

it("carries messages of any length to the swarm's own sockets and short ones back, and says goodbye", async () => {
  const lengths = [0, 5, 125, 126, 600, 65_535, 65_536, 200_000];
  const back: number[] = [];
  const http = createServer();
  http.on("upgrade", (request, stream) => {
    const socket = new BareSocket(request, stream, {
      message: (bytes) => {
        back.push(bytes.length);
        assert.ok(bytes.every((byte) => byte === 7));
        if (back.length < 4) return;
        for (const length of lengths) socket.send(new Uint8Array(length).fill(8));
        socket.close(4021, "left");
      },
      closed: () => {},
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const got: number[] = [];
  const goodbye = await new Promise((resolve) => {
    new SocketTransport(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`).open(0, ["myriad.1"], {
      opened: (link) => {
        for (const length of [0, 20, 126, 3000]) link.send(new Uint8Array(length).fill(7));
      },
      message: (_, bytes, from, to) => {
        assert.ok(bytes.subarray(from, to).every((byte) => byte === 8));
        got.push(to - from);
      },
      closed: (_, code, reason) => resolve(`${code} ${reason}`),
    });
  });
  http.close();
  assert.deepEqual([goodbye, got, back], ["4021 left", lengths, [0, 20, 126, 3000]]);
});
