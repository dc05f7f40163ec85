// Bundles the islands and styles into src/hiroba/door/static/built/. Run by build_hook.py; by hand: node build.mjs
import { copyFile } from "node:fs/promises";
import { build } from "esbuild";

const outdir = "../src/hiroba/door/static/built";

await build({
  entryPoints: {
    house: "src/house.css",
    door: "src/door.js",
    island: "src/island.js",
    passkey: "src/passkey.js",
    map: "src/map.js",
    "verify-log": "src/verify-log.js",
    "map-style": "src/map.css",
    // MapLibre draws in a worker of its own: a second file, which the map is told to load from our own address.
    "map-worker": "maplibre-gl/dist/maplibre-gl-worker.mjs",
  },
  outdir,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "safari16"],
  legalComments: "linked",
  logLevel: "warning",
});

for (const name of ["favicon.svg", "apple-touch-icon.png", "manifest.webmanifest", "robots.txt"]) {
  await copyFile(`src/${name}`, `${outdir}/${name}`);
}
// The program with which people verify their log outside: the very file that stands in the documentation.
await copyFile("../docs/security/verify_log.py", `${outdir}/verify_log.py`);
