import { defaultChannelRates, levelsOf, encodeHello, encodeInput, ByteReader } from "@myriad/protocol";
import { SameThreadBus } from "../packages/server/src/bus/same-thread.ts";
import { Gateway } from "../packages/server/src/gateway/gateway.ts";
import { FakeZone, FakeConnection, testSchema } from "../packages/server/src/gateway/testing.ts";
import { developmentTickets } from "../packages/server/src/gateway/tickets.ts";
import { randomBytes } from "../packages/server/src/platform/machine.ts";
import { VirtualTime } from "../packages/server/src/platform/virtual-time.ts";
import { createMemoryStore } from "../packages/server/src/store/sqlite/memory-store.ts";
const levels = levelsOf(defaultChannelRates, 20);
const info = { zone: 0, name: "plain", bounds: { x: 0, y: 0, width: 1024, height: 1024 } };
const N = 400;
const time = new VirtualTime(); const realm="bench";
const bus = new SameThreadBus(), zoneBus = new SameThreadBus();
const { verifier, issuer } = await developmentTickets({ realm, clock: time, randomBytes });
const zone = new FakeZone({ info, realm, bus: zoneBus, gateway: 0, levels, regionSizeM: 64, seed: 1, walkers: 1500 });
class Null extends FakeConnection { frame=0; send(m: Uint8Array){ if (m[0]===0x82) this.frame=new ByteReader(m,1).u32(); else super.send(m);} sendFrame(b: Uint8Array,s:number,e:number){ this.frame=b[s+1]!|b[s+2]!<<8|b[s+3]!<<16; return true; } }
const gateway = new Gateway({ index: 0, realm, version: "b", schema: testSchema, tickRateHz: 20, regionSizeM: 64, levels, hysteresisPercent: 10, viewStepM: 2, zones: [info], capacity: N,
 limits: { messagesPerSecond: 60, messagesBurst: 120, handshakeMs: 60000, idleMs: 1e9, heartbeatMs: 1e8, resumeSeconds: 120 }, isOriginAllowed: () => true, newCharacter: () => ({ zone: 0, schemaVersion: 1, state: new Uint8Array(0) }), bus, store: createMemoryStore(), tickets: verifier, clock: time, timers: time, randomBytes, onFailure: (e) => { throw e; } });
bus.onIntents(0, (b) => zoneBus.sendIntents(0, b));
let pending: Uint8Array|undefined; zoneBus.onTickFrames(0, (b) => { pending = b; });
const cs: Null[] = [];
for (let i=0;i<N;i++){ const c=new Null(["myriad.1",`ticket.${(await issuer.issue("Bot "+i)).ticket}`]); cs.push(c); gateway.accept(c); c.say(encodeHello({formatVersion:1,schemaHash:"0".repeat(16),wantsDigests:false,lastFact:0,client:"b"})); }
const headings = new Map<number, number>();
function walk(s:number){ const {random}=zone; const p=zone.placeOf(s); let h=headings.get(s); if(h===undefined){ zone.movePlayer(s, random.float()*1024, random.float()*1024); headings.set(s, random.float()*6.28); return;} if (p.x<5||p.y<5||p.x>1019||p.y>1019) h=Math.atan2(512-p.y,512-p.x); else if (random.chance(0.02)) h=random.float()*6.28; headings.set(s,h); zone.movePlayer(s,p.x+Math.cos(h)*.25,p.y+Math.sin(h)*.25);}
while (zone.players.size<N){ await new Promise(r=>setTimeout(r,5)); time.advance(50); gateway.sendIntents(); zone.step(); bus.sendTickFrame(0,pending!); gateway.flush(); }
let load=0, flush=0, frames=0, bytes=0, intents=0;
for (let t=0;t<600;t++){ if (t===200){load=flush=frames=intents=0; frames=-gateway.stats.framesSent; bytes=-gateway.stats.bytesOut;}
 time.advance(50); let a=(process.threadCpuUsage().user/1000); gateway.sendIntents(); intents+=(process.threadCpuUsage().user/1000)-a; for (const s of zone.players.keys()) walk(s); zone.step();
 a=(process.threadCpuUsage().user/1000); bus.sendTickFrame(0,pending!); let b=(process.threadCpuUsage().user/1000); gateway.flush(); flush+=(process.threadCpuUsage().user/1000)-b; load+=b-a;
 for (const c of cs) c.say(encodeInput(c.frame,[])); }
frames+=gateway.stats.framesSent; bytes+=gateway.stats.bytesOut;
console.log("frames",frames,"bytes/frame",bytes/frames,"intake µs/frame",load*1000/frames,"flush µs/frame",flush*1000/frames,"intents",intents*1000/frames, "frame bytes", pending!.length, gateway.counts());
