// How the base map and the signs are drawn, bottom to top.
const FONT = ["Noto Sans JP", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic UI", "Meiryo", "sans-serif"];
const BOLD = ["Noto Sans JP Bold", "Noto Sans CJK JP Bold", "Hiragino Sans", "Yu Gothic UI", "Meiryo", "sans-serif"];
const of = (layer) => ["==", ["get", "layer"], layer];
const wide = (small, large) => ["interpolate", ["exponential", 1.6], ["zoom"], 11, small, 17, large];
const main = ["match", ["get", "rank"], ["motorway", "trunk", "primary", "secondary", "national", "prefectural", "main"], true, false];
const halo = { "text-halo-color": "#f6f5f0", "text-halo-width": 1.6 };
const COLOURS = ["match", ["get", "colour"], "green", "#197a4b", "red", "#b80000", "blue", "#0017c1", "purple", "#5109ad", "orange", "#a33a00", "brown", "#604b00", "#4d4d4d"];

export function layers(withTiles) {
  return [
    { id: "sea", type: "background", paint: { "background-color": "#dfeaf3" } },
    { id: "areas", type: "fill", source: "base", filter: of("area"), paint: { "fill-color": "#f6f5f0" } },
    { id: "parks", type: "fill", source: "base", filter: of("park"), paint: { "fill-color": "#d7ecd9" } },
    { id: "rivers", type: "line", source: "base", filter: of("river"), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#b5d4ec", "line-width": wide(2.5, 18) } },
    { id: "street-edges", type: "line", source: "base", filter: of("street"), minzoom: 13.5, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#d9d6cc", "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 12, ["case", main, 3.5, 2], 17, ["case", main, 20, 12]] } },
    { id: "streets", type: "line", source: "base", filter: of("street"), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": ["case", main, "#fff6d6", "#ffffff"], "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 12, ["case", main, 2.5, 1], 17, ["case", main, 17, 10]] } },
    { id: "rails", type: "line", source: "base", filter: of("railway"), paint: { "line-color": "#8d93a3", "line-width": wide(1.6, 5) } },
    { id: "sleepers", type: "line", source: "base", filter: of("railway"), minzoom: 11, paint: { "line-color": "#ffffff", "line-width": wide(0.7, 3), "line-dasharray": [4, 4] } },
    ...(withTiles ? [{ id: "tiles", type: "raster", source: "tiles", paint: { "raster-fade-duration": 200 } }] : []),
    { id: "borders", type: "line", source: "base", filter: of("area"), layout: { "line-join": "round" }, paint: { "line-color": "#8f8aa8", "line-width": 1.4, "line-dasharray": [5, 2, 1, 2] } },
    { id: "river-names", type: "symbol", source: "base", filter: of("river"), minzoom: 12, layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-font": FONT, "text-size": 12 }, paint: { "text-color": "#2f6a99", ...halo } },
    { id: "street-names", type: "symbol", source: "base", filter: of("street"), minzoom: 14.5, layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "symbol-spacing": 320 }, paint: { "text-color": "#5c574a", ...halo } },
    { id: "area-names", type: "symbol", source: "base", filter: of("name"), maxzoom: 14, layout: { "text-field": ["get", "name"], "text-font": BOLD, "text-size": ["interpolate", ["linear"], ["zoom"], 8, 12, 13, 17], "text-letter-spacing": 0.1, "text-padding": 6 }, paint: { "text-color": "#57536f", ...halo } },
    { id: "here-around", type: "circle", source: "here", paint: { "circle-radius": 26, "circle-color": "#4979f5", "circle-opacity": 0.18 } },
    { id: "here", type: "circle", source: "here", paint: { "circle-radius": 8, "circle-color": "#0017c1", "circle-stroke-color": "#ffffff", "circle-stroke-width": 3 } },
    { id: "place-dots", type: "circle", source: "places", paint: { "circle-radius": 4, "circle-color": COLOURS, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.2 } },
    { id: "place-signs", type: "symbol", source: "places", layout: { "icon-image": ["get", "sign"], "icon-padding": 0, "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.75, 14, 1], "symbol-sort-key": ["to-number", ["get", "order"]], "text-field": ["step", ["zoom"], "", 13, ["get", "name"]], "text-font": BOLD, "text-size": 12, "text-offset": [0, 1.35], "text-anchor": "top", "text-max-width": 9, "text-optional": true, "text-padding": 4 }, paint: { "text-color": "#1a1a1a", "text-halo-color": "#ffffff", "text-halo-width": 1.8 } },
    { id: "place-lit", type: "symbol", source: "places", filter: ["==", ["get", "id"], ""], layout: { "icon-image": ["get", "sign"], "icon-size": 1.5, "icon-allow-overlap": true, "icon-ignore-placement": true } },
  ];
}
