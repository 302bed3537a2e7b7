import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { HttpClient } from "./http-client.ts";

/** Runs `work` with a client of a server that answers so. */
async function beside(answer: RequestListener, work: (client: HttpClient) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new HttpClient(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await work(client);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
}

describe("HttpClient", () => {
  it("asks for a ticket by name", async () => {
    const answer: RequestListener = (request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        assert.equal(
          `${request.method} ${request.url} ${request.headers["content-type"]}`,
          "POST /v1/tickets application/json",
        );
        response.writeHead(201).end(JSON.stringify({ ticket: `for ${JSON.parse(body).name}` }));
      });
    };
    await beside(answer, async (client) => {
      const tickets = await Promise.all(["a", "b", "c"].map((name) => client.ticket(name)));
      assert.deepEqual(tickets, ["for a", "for b", "for c"]);
    });
  });

  it("says why there is no ticket", async () => {
    const refusals: [status: number, body: string, words: RegExp][] = [
      [503, '{"code":"server_full"}', /status 503, server_full/],
      [400, '{"text":"a name has letters"}', /status 400, a name has letters/],
      [404, "<html>", /status 404$/],
      [200, "[]", /status 200$/],
      [200, '{"ticket":5}', /status 200$/],
      [200, "null", /status 200$/],
    ];
    for (const [status, body, words] of refusals) {
      await beside(
        (_, response) => response.writeHead(status).end(body),
        (client) => assert.rejects(client.ticket("x"), words),
      );
    }
  });

  it("gives up on an answer without an end", async () => {
    await beside(
      (_, response) => response.writeHead(200).end("x".repeat(20_000)),
      (client) => assert.rejects(client.ticket("x"), /more than 16384 bytes/),
    );
  });

  it("finds out whether anybody answers", async () => {
    await beside(
      (_, response) => response.writeHead(503).end(),
      (client) => client.probe(),
    );
    const client = new HttpClient("ws://127.0.0.1:1");
    await assert.rejects(client.probe(), /ECONNREFUSED/);
    client.close();
  });

  it("speaks TLS where the address says so", async () => {
    await beside(
      (_, response) => response.end(),
      async (plain) => {
        await plain.probe();
        const client = new HttpClient("wss://127.0.0.1:1");
        await assert.rejects(client.probe(), /ECONNREFUSED/);
        client.close();
      },
    );
  });
});
