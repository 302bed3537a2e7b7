/**
 * `npm start`: serves the sample game. Configuration, signals and the ready line are the server's.
 */
import { serve } from "@myriad/server";

await serve(new URL("./realm.ts", import.meta.url), { pageDir: new URL("../web/dist/", import.meta.url) });
