import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { VirtualTime } from "../platform/virtual-time.ts";
import { developmentTickets, readPublicKey, TicketVerifier } from "./tickets.ts";

const clock = new VirtualTime();
const randomBytes = (count: number) => new Uint8Array(count).fill(7);
const nowS = Math.floor(clock.wallMs() / 1000);
const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
const verifier = new TicketVerifier({ key: publicKey, realm: "test", clock });
const claims = { sub: "s", name: "Ada", jti: "j", exp: nowS + 30, realm: "test" };

function sign(payload: object, alg = "EdDSA"): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader({ alg }).sign(privateKey);
}

suite("a verifier", () => {
  test("accepts what the operator's service signed, under both names of the algorithm", async () => {
    for (const alg of ["EdDSA", "Ed25519"]) {
      const result = await verifier.verify(await sign({ ...claims, name: " Ada " }, alg));
      assert.deepEqual(result, {
        ok: true,
        value: { ticketId: "j", subject: "s", name: "Ada", expiresAtMs: (nowS + 30) * 1000 },
      });
    }
  });

  test("takes a place from the claims, if there is one", async () => {
    const result = await verifier.verify(await sign({ ...claims, place: { x: -12.5, y: 3, z: 9 } }));
    assert.deepEqual(result.ok && result.value.place, { x: -12.5, y: 3 });
  });

  test("refuses claims that are missing, of another type or too long", async () => {
    for (const wrong of [
      { sub: undefined },
      { sub: 7 },
      { sub: "" },
      { sub: "x".repeat(256) },
      { jti: undefined },
      { jti: "x".repeat(129) },
      { name: undefined },
      { name: "A" },
      { name: "a\u202eb" },
      { exp: undefined },
      { exp: "soon" },
      { exp: nowS + 0.5 },
      { realm: "other" },
      { realm: undefined },
      { place: null },
      { place: "town" },
      { place: [1, 2] },
      { place: { x: 1 } },
      { place: { x: "1", y: 2 } },
      { place: { x: 1, y: null } },
    ]) {
      const result = await verifier.verify(await sign({ ...claims, ...wrong }));
      assert.deepEqual(result, { ok: false, error: "ticket_invalid" }, JSON.stringify(wrong));
    }
  });

  test("minds the time: ended tickets have expired, those that last too long are invalid", async () => {
    const at = async (exp: number) => {
      const result = await verifier.verify(await sign({ ...claims, exp }));
      return result.ok ? "ok" : result.error;
    };
    assert.equal(await at(nowS), "ticket_expired");
    assert.equal(await at(nowS + 1), "ok");
    assert.equal(await at(nowS + 120), "ok");
    assert.equal(await at(nowS + 121), "ticket_invalid");
  });

  test("refuses other keys, no signature, other algorithms and junk, and never throws", async () => {
    const other = await generateKeyPair("EdDSA", { crv: "Ed25519" });
    const foreign = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: "EdDSA" })
      .sign(other.privateKey);
    const secret = new TextEncoder().encode("x".repeat(32));
    const symmetric = await new SignJWT({ ...claims }).setProtectedHeader({ alg: "HS256" }).sign(secret);
    const [head, body] = (await sign(claims)).split(".");
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    for (const token of [foreign, symmetric, none, `${head}.${body}.`, "", "a.b.c", "x".repeat(3000)]) {
      assert.deepEqual(await verifier.verify(token), { ok: false, error: "ticket_invalid" });
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300 }), async (token) => {
        assert.equal((await verifier.verify(token)).ok, false);
      }),
    );
  });
});

suite("development tickets", () => {
  test("are accepted by their own verifier alone", async () => {
    const { issuer, verifier: own } = await developmentTickets({ realm: "test", clock, randomBytes });
    const { ticket, expiresAtMs } = await issuer.issue("Ada");
    const result = await own.verify(ticket);
    assert.ok(result.ok);
    assert.equal(result.value.subject, "dev:ada");
    assert.equal(result.value.expiresAtMs, expiresAtMs);
    assert.equal((await verifier.verify(ticket)).ok, false);
    assert.equal("place" in result.value, false);
    const placed = await own.verify((await issuer.issue("Ada", { x: 3, y: -4.5 })).ticket);
    assert.deepEqual(placed.ok && placed.value.place, { x: 3, y: -4.5 });
  });

  test("of one name are of one subject, however it is written", async () => {
    const { issuer, verifier: own } = await developmentTickets({ realm: "test", clock, randomBytes });
    for (const name of ["ADA", "Ada", "ａｄａ"]) {
      const result = await own.verify((await issuer.issue(name)).ticket);
      assert.equal(result.ok && result.value.subject, "dev:ada");
    }
  });
});

suite("a public key", () => {
  test("is read from PEM and from a JWK, and its private half is left behind", async () => {
    const jwk = await exportJWK(privateKey);
    for (const text of [
      `\n${await exportSPKI(publicKey)}`,
      JSON.stringify(await exportJWK(publicKey)),
      JSON.stringify(jwk),
    ]) {
      const key = await readPublicKey(text);
      assert.ok(key !== undefined);
      assert.equal((key as CryptoKey).type, "public");
      const read = new TicketVerifier({ key, realm: "test", clock });
      assert.ok((await read.verify(await sign(claims))).ok);
    }
  });

  test("is not read from anything else", async () => {
    const { publicKey: rsa } = await generateKeyPair("ES256", { extractable: true });
    for (const text of [
      "",
      "x",
      "{}",
      "[]",
      "null",
      '{"kty":"OKP","crv":"Ed25519"}',
      '{"kty":"OKP","crv":"Ed25519","x":"AA"}',
      '{"kty":"OKP","crv":"X25519","x":"AA"}',
      "-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----",
      JSON.stringify(await exportJWK(rsa)),
    ]) {
      assert.equal(await readPublicKey(text), undefined, text);
    }
  });
});
