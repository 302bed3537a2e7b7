// gallery for drawing only (temporary)
import { drawPictures } from "./art/pictures.ts";
import { paintChunk } from "./scene/ground-chunk.ts";
const q = new URLSearchParams(location.search);
if (q.has("x")) {
  const c = document.createElement("canvas");
  c.width = 1536;
  c.height = 1024;
  document.body.append(c);
  const x0 = +q.get("x")!,
    y0 = +q.get("y")!;
  const t = performance.now();
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 2; j++)
      c.getContext("2d")!.drawImage(run(paintChunk(x0 + i * 32, y0 + j * 32, 4)), i * 512, j * 512);
  console.log("ms per chunk", (performance.now() - t) / 6);
} else {
  const atlas = drawPictures();
  document.body.append(atlas.canvas);
}

function run(g: any) {
  for (;;) {
    const r = g.next();
    if (r.done) return r.value;
  }
}
