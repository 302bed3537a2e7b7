/**
 * The whole game through a real browser: log in, walk, cross a border, fight, chat between two pages, lose the connection
 * and resume. Screenshots stay in artefacts/e2e.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser, PagePlayer, RealmProcess } from "./play.ts";

let realm: RealmProcess;
let browser: Browser;
let ada: PagePlayer;
let ben: PagePlayer;

before(async () => {
  realm = await RealmProcess.start();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  const stopped = await realm?.stop();
  assert.equal(stopped?.code, 0, "the realm ends cleanly");
  assert.ok(stopped.ms < 5000, `it took ${Math.round(stopped.ms)} ms`);
});

test("two players log in and see each other", async () => {
  ada = await PagePlayer.enter(browser, realm.url, "Ada");
  ben = await PagePlayer.enter(browser, realm.url, "Ben");
  await ada.page.waitForTimeout(1500);
  await ada.picture("1-town");
  assert.equal(await ada.ask((handle) => handle.zone()), 0);
  assert.ok((await ada.ask((handle) => handle.entities())) >= 2);
});

test("what one says the other reads", async () => {
  await ada.page.keyboard.press("Enter");
  await ada.page.keyboard.type("good evening, Ben");
  await ada.page.keyboard.press("Enter");
  await ben.page.getByText("good evening, Ben").first().waitFor({ timeout: 10_000 });
  await ben.page.keyboard.press("Enter");
  await ben.page.keyboard.type("/t Ada the lamps are lit");
  await ben.page.keyboard.press("Enter");
  await ada.page.getByText("the lamps are lit").first().waitFor({ timeout: 10_000 });
  await ada.picture("2-chat");
});

test("a walk over the border into another zone is a walk", async () => {
  await ada.page.keyboard.press("Escape");
  const arrived = await ada.walkTo({ x: 535, y: 448 }, 6, 60_000);
  assert.ok(arrived, "Ada reaches the heath");
  await ada.until("Ada is at home in zone 1", (handle) => handle.zone() === 1);
  const truth = await ada.at();
  const shown = await ada.ask((handle) => handle.position());
  assert.ok(
    Math.hypot(truth.x - shown.x, truth.y - shown.y) < 1.5,
    "what is shown is where the zone has her",
  );
  assert.equal((await ada.ask((handle) => handle.stats()))["mismatches"], 0);
  await ada.picture("3-border");
});

test("a fight: blows are struck and a creature suffers", async () => {
  const end = performance.now() + 120_000;
  let isHurt = false;
  while (performance.now() < end && !isHurt) {
    const at = await ada.at();
    const creatures = await ada.ask((handle) => handle.creatures());
    const alive = creatures.filter(({ action }) => action !== "fall");
    alive.sort((a, b) => Math.hypot(a.x - at.x, a.y - at.y) - Math.hypot(b.x - at.x, b.y - at.y));
    const prey = alive[0];
    if (prey === undefined) {
      await ada.walkTo({ x: at.x + 40, y: at.y - 20 }, 8, 8000);
      continue;
    }
    await ada.walkTo(prey, 2, 6000);
    await ada.page.keyboard.press("Tab");
    await ada.page.keyboard.press("1");
    await ada.page.waitForTimeout(1500);
    isHurt = await ada.ask((handle) => handle.creatures().some(({ health }) => health < 1));
    if (isHurt) await ada.picture("4-fight");
  }
  assert.ok(isHurt, "a creature was hit");
});

test("a lost connection says so, resumes by itself, and the state is right afterwards", async () => {
  const left = await ben.at();
  await ben.ask((handle) => handle.cutSocket());
  await ben.until("the connection is lost", (handle) => handle.state() !== "playing", 3000);
  await ben.picture("5-lost");
  await ben.until("the connection is back", (handle) => handle.state() === "playing", 20_000);
  await ben.page.waitForTimeout(1500);
  const found = await ben.at();
  assert.ok(Math.hypot(found.x - left.x, found.y - left.y) < 1, "Ben stands where he stood");
  const stats = await ben.ask((handle) => handle.stats());
  assert.equal(stats["mismatches"], 0);
  assert.ok((stats["resumes"] ?? 0) >= 1);
  await ben.page.keyboard.press("n");
  await ben.page.waitForTimeout(500);
  await ben.picture("6-resumed");
});

test("the page is readable on a phone in landscape", async () => {
  const cyd = await PagePlayer.enter(browser, realm.url, "Cyd", { width: 844, height: 390 });
  await cyd.page.waitForTimeout(2000);
  await cyd.picture("7-phone");
  assert.deepEqual(cyd.errors, []);
  await cyd.page.context().close();
});

test("no page wrote an error to its console", () => {
  assert.deepEqual(ada.errors, []);
  assert.deepEqual(ben.errors, []);
});
