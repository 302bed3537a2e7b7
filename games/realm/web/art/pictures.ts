/** All pictures of the world on one atlas. */
import { Atlas } from "./atlas.ts";
import { drawCreatures } from "./creatures.ts";
import { drawPeople } from "./people.ts";
import { drawThings } from "./things.ts";
import { drawTrees } from "./trees.ts";

/** Draws everything; takes some tens of milliseconds. */
export function drawPictures(): Atlas {
  const atlas = new Atlas();
  drawThings(atlas);
  drawTrees(atlas);
  drawCreatures(atlas);
  drawPeople(atlas);
  atlas.finish();
  return atlas;
}
