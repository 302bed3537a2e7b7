/**
 * `npm start`: serves the sample game. Configuration, signals and the ready line are the server's.
 */
import { serve } from "@myriad/server";
import { realm } from "./realm.ts";

await serve(realm, { pageDir: new URL("../web/dist/", import.meta.url) });
