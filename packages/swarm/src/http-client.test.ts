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

  it("asks for a ticket at a place", async () => {
    const bodies: string[] = [];
    const answer: RequestListener = (request, response) => {
      request.on("data", (chunk) => bodies.push(String(chunk)));
      request.on("end", () => response.end('{"ticket":"t"}'));
    };
    await beside(answer, async (client) => {
      await client.ticket("a", { x: 1, y: -2.5 });
      await client.ticket("b");
    });
    assert.deepEqual(bodies, ['{"name":"a","place":{"x":1,"y":-2.5}}', '{"name":"b"}']);
  });

  it("asks where the zones lie, and takes nothing else for an answer", async () => {
    const zone = { zone: 0, name: "a", bounds: { x: 0, y: -1, width: 5, height: 5 } };
    const zonesOf = async (status: number, said: unknown) => {
      let zones: unknown;
      const answer: RequestListener = (request, response) => {
        assert.equal(`${request.method} ${request.url}`, "GET /realm");
        response.writeHead(status).end(JSON.stringify(said));
      };
      await beside(answer, async (client) => {
        zones = await client.zones();
      });
      return zones;
    };
    assert.deepEqual(await zonesOf(200, { zones: [zone] }), [zone]);
    assert.equal(await zonesOf(404, { zones: [zone] }), undefined);
    for (const zones of [
      undefined,
      [],
      7,
      [null],
      [{ zone: 0 }],
      [{ ...zone, bounds: { ...zone.bounds, x: "0" } }],
    ])
      assert.equal(await zonesOf(200, { zones }), undefined, JSON.stringify(zones));
  });

  it("asks how the server does, where it says so", async () => {
    await beside(
      (request, response) => response.end(JSON.stringify({ url: request.url })),
      async (client) => assert.deepEqual(await client.status(), { url: "/status" }),
    );
    await beside(
      (_, response) => response.writeHead(404).end("{}"),
      async (client) => assert.equal(await client.status(), undefined),
    );
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
      (_, response) => response.writeHead(200).end("x".repeat(200_000)),
      (client) => assert.rejects(client.ticket("x"), /more than 131072 bytes/),
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
