// Bundles the islands and styles into src/hiroba/door/static/built/. Run by build_hook.py; by hand: node build.mjs
import { build } from "esbuild";

await build({
  entryPoints: { house: "src/house.css", map: "src/map.js", "map-style": "src/map.css" },
  outdir: "../src/hiroba/door/static/built",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2020", "safari14"],
  logLevel: "warning",
});
