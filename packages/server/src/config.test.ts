import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import { configOptions, type Option, type Section } from "./config-options.ts";
import { defineConfig, loadConfig, resolveConfig, ticketKeyOf } from "./config.ts";

function messageOf(input: unknown, environment: Record<string, string> = {}): string {
  try {
    resolveConfig(input, environment);
  } catch (error) {
    const { code, detail } = error as { code: string; detail: string };
    assert.equal(code, "config_invalid");
    assert.ok(!detail.includes("\n"));
    return detail;
  }
  return "";
}

suite("the configuration", () => {
  test("has a default with a reason for every option, and each default is allowed", () => {
    const visit = (section: Section, path: string) => {
      for (const [name, entry] of Object.entries(section)) {
        if (entry["what"] !== "option") {
          visit(entry as Section, `${path}${name}.`);
          continue;
        }
        const option = entry as Option<unknown>;
        assert.ok(option.why.length > 10, `${path}${name} says why`);
        assert.ok(option.allowed.length > 5);
        assert.ok(option.accepts(option.default), `${path}${name}`);
      }
    };
    visit(configOptions, "");
    const config = resolveConfig({});
    assert.equal(config.port, 8080);
    assert.equal(config.host, "127.0.0.1");
    assert.equal(config.tickRateHz, 20);
    assert.equal(config.replication.channels.detailed.radiusM, 128);
    assert.equal(config.limits.resumeSeconds, 120);
  });

  test("takes threads by cores, one for everything, or by numbers", () => {
    assert.equal(resolveConfig({}).threads, "auto");
    const given = { gateways: 2, zones: 3 };
    const { threads } = resolveConfig({ threads: given });
    assert.deepEqual(threads, given);
    assert.ok(Object.isFrozen(threads) && !Object.isFrozen(given));
    assert.equal(resolveConfig({ threads: given }, { MYRIAD_THREADS: "single" }).threads, "single");
    assert.deepEqual(resolveConfig({}, { MYRIAD_THREADS: "4+12" }).threads, { gateways: 4, zones: 12 });
    const wrong = [0, "many", { gateways: 0, zones: 1 }, { gateways: 1 }, { gateways: 33, zones: 1 }, null];
    for (const bad of [...wrong, { gateways: 1, zones: 1, more: 1 }, { gateways: 1.5, zones: 1 }]) {
      assert.match(messageOf({ threads: bad }), /^threads must be auto, single, or gateways from 1 to 32/);
    }
    assert.match(messageOf({}, { MYRIAD_THREADS: "0+1" }), /^MYRIAD_THREADS \(threads\) must be/);
  });

  test("is frozen, and does not freeze what it was made from", () => {
    const input = { originAllowList: ["https://a.example"], limits: { idleMs: 30_000 } };
    const config = resolveConfig(input);
    assert.ok(
      Object.isFrozen(config) && Object.isFrozen(config.limits) && Object.isFrozen(config.originAllowList),
    );
    assert.ok(!Object.isFrozen(input.originAllowList));
  });

  test("takes the file's values, and the environment's before them", () => {
    const input = defineConfig({
      port: 9000,
      zones: 2,
      replication: { channels: { critical: { radiusM: 80 } } },
    });
    const config = resolveConfig(input, {
      PORT: "9001",
      MYRIAD_DATA_DIR: "/tmp/x",
      HOST: "",
      MYRIAD_MODE: "development",
    });
    assert.equal(config.port, 9001);
    assert.equal(config.zones, 2);
    assert.equal(config.host, "127.0.0.1", "set but empty is not set");
    assert.equal(config.dataDir, "/tmp/x");
    assert.deepEqual(config.replication.channels.critical, { radiusM: 80, rateHz: 20 });
  });

  test("names the field and what is allowed when a value is wrong", () => {
    assert.equal(messageOf({ port: 70_000 }), "port must be a whole number from 0 to 65535, not 70000");
    assert.equal(messageOf({ zones: "4" }), 'zones must be a whole number from 1 to 64, not "4"');
    assert.equal(
      messageOf({}, { PORT: "http" }),
      'PORT (port) must be a whole number from 0 to 65535, not "http"',
    );
    assert.equal(
      messageOf({}, { MYRIAD_ZONES: "65" }),
      'MYRIAD_ZONES (zones) must be a whole number from 1 to 64, not "65"',
    );
    assert.equal(messageOf({ mode: "prod" }), 'mode must be development or production, not "prod"');
    assert.match(messageOf({ tickRateHz: 9 }), /^tickRateHz must be a whole number from 10 to 60/);
    assert.match(messageOf({ tickRateHz: 10.5 }), /^tickRateHz/);
    assert.match(
      messageOf({ replication: { hysteresisPercent: Number.NaN } }),
      /^replication\.hysteresisPercent must be a number from 0 to 50, not NaN/,
    );
    assert.match(
      messageOf({ replication: { channels: { cosmetic: { rateHz: 0 } } } }),
      /^replication\.channels\.cosmetic\.rateHz/,
    );
    assert.match(messageOf({ host: " " }), /^host must be a text of 1 to 255 characters/);
    assert.match(
      messageOf({ originAllowList: ["https://a.example/"] }),
      /^originAllowList must be a list of origins/,
    );
    assert.match(messageOf({ originAllowList: "https://a.example" }), /^originAllowList/);
    assert.match(messageOf({ seed: -1 }), /^seed/);
    assert.match(messageOf({ limits: 7 }), /^limits must be an object, not 7/);
    assert.match(messageOf([]), /^myriad\.config\.ts must be an object/);
    assert.match(messageOf({ dataDir: { nested: "x".repeat(200) } }), /^dataDir must be .*…$/);
    assert.match(messageOf({ seed: () => 1 }), /not function$/);
  });

  test("names the nearest option for one that does not exist", () => {
    assert.equal(messageOf({ prot: 1 }), "prot is unknown; did you mean port?");
    assert.equal(
      messageOf({ limits: { messagePerSecond: 1 } }),
      "limits.messagePerSecond is unknown; did you mean messagesPerSecond?",
    );
    assert.match(messageOf({ qqqqqqqq: 1 }), /^qqqqqqqq is unknown; known are host, port, /);
    assert.match(messageOf(JSON.parse('{"__proto__": 1}')), /^__proto__ is unknown/);
  });

  test("minds what must fit together", () => {
    assert.match(messageOf({ limits: { heartbeatMs: 60_000 } }), /^limits\.heartbeatMs must be below/);
    assert.match(messageOf({ mode: "production" }), /^ticketPublicKey must be set in production/);
    assert.equal(messageOf({ mode: "production", ticketPublicKey: "x" }), "");
  });

  test("reads the operator's key", async () => {
    assert.equal(await ticketKeyOf(resolveConfig({})), undefined);
    await assert.rejects(ticketKeyOf(resolveConfig({ ticketPublicKey: "x" })), { code: "config_invalid" });
    const { publicKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const ticketPublicKey = JSON.stringify(await exportJWK(publicKey));
    assert.ok((await ticketKeyOf(resolveConfig({ ticketPublicKey }))) !== undefined);
  });
});

suite("myriad.config.ts", () => {
  async function load(source: string | undefined) {
    const directory = await mkdtemp(join(tmpdir(), "myriad-config-"));
    try {
      if (source !== undefined) await writeFile(join(directory, "myriad.config.ts"), source);
      return await loadConfig({ directory, environment: {} });
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  test("is read when it is there", async () => {
    assert.equal((await load(undefined)).port, 8080);
    assert.equal((await load("const port: number = 9100;\nexport default { port };")).port, 9100);
  });

  test("that cannot be loaded, exports nothing or is wrong is an operator's error", async () => {
    for (const [source, message] of [
      ["export default {", /cannot be loaded/],
      ["throw new Error('oops');", /cannot be loaded: oops/],
      ["throw 'text';", /cannot be loaded: text/],
      ["export const port = 1;", /must export its options/],
      ["export default { port: 'x' };", /port must be/],
    ] as const) {
      await assert.rejects(load(source), (error: { code: string; message: string }) => {
        assert.equal(error.code, "config_invalid");
        assert.match(error.message, message);
        return true;
      });
    }
  });
});
