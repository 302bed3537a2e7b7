/**
 * The few questions over HTTP that come before a socket: a ticket, a seat in a room.
 */
import { Agent, request } from "node:http";

/** Connections at a time: logins stand in line for them. */
const connectionsMax = 16;
/** Milliseconds for an answer. */
const answerMsMax = 20_000;

export class Questions {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });

  constructor(port: number) {
    this.#port = port;
  }

  /** Posts JSON and reads JSON. Rejects for every answer that is not of the 200s. */
  post(path: string, question: object): Promise<Record<string, unknown>> {
    const body = JSON.stringify(question);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          port: this.#port,
          path,
          method: "POST",
          agent: this.#agent,
          timeout: answerMsMax,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(parts).toString();
            const { statusCode = 0 } = response;
            if (statusCode < 200 || statusCode > 299) reject(new Error(`${path}: ${statusCode} ${text}`));
            else resolve(JSON.parse(text) as Record<string, unknown>);
          });
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`${path}: no answer for ${answerMsMax} ms`)));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
