// The interactive map: the region's own borders and lines as base map, tiles over it where there is a network, signs of
// places, and the list beside it kept in step. Names are drawn with the reader's own fonts: no glyphs are fetched.
import { AttributionControl, Map, NavigationControl, Popup, ScaleControl, setWorkerUrl } from "maplibre-gl";
import { layers } from "./map/layers.js";
import { addSigns } from "./map/signs.js";
import { listOf } from "./map/list.js";
import { pick } from "./map/pick.js";

const EMPTY = { type: "FeatureCollection", features: [] };

export function show(element, from) {
  const said = element.dataset;
  const words = JSON.parse(said.words);
  const live = Boolean(said.live);
  const holder = document.createElement("div");
  holder.className = "live";
  element.append(holder);
  setWorkerUrl(new URL(from.worker, location.href).href);
  const map = new Map({
    container: holder,
    style: {
      version: 8,
      sources: {
        base: { type: "geojson", data: EMPTY },
        places: { type: "geojson", data: EMPTY, promoteId: "id" },
        here: { type: "geojson", data: EMPTY },
        ...(from.tiles && { tiles: { type: "raster", tiles: [from.tiles], tileSize: 256, maxzoom: 18, attribution: credit(from.tiles, words) } }),
      },
      layers: layers(Boolean(from.tiles)),
    },
    center: said.centre.split(",").map(Number),
    zoom: Number(said.zoom),
    maxZoom: 18,
    attributionControl: false,
    cooperativeGestures: !live,
    dragRotate: false,
    pitchWithRotate: false,
    locale: words.locale,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ maxWidth: 96 }), "bottom-left");
  if (from.tiles) map.addControl(new AttributionControl({ compact: false }), "bottom-right");
  // Tiles come from far away: where they do not come, the region's own map below them is enough.
  map.on("error", (event) => {
    if (event.sourceId === "tiles" && map.getLayer("tiles")) map.removeLayer("tiles");
  });

  const popup = new Popup({ offset: 18, maxWidth: "300px", focusAfterOpen: false });
  const open = (properties, coordinates) => popup.setLngLat(coordinates).setDOMContent(card(properties)).addTo(map);
  const list = live ? listOf(map, open) : null;

  const drawn = [...element.querySelectorAll(".drawn [data-at]")].map(featureOf);
  map.on("load", async () => {
    map.resize();
    element.classList.add("awake");
    if (said.here) map.getSource("here").setData({ type: "Point", coordinates: said.here.split(",").map(Number) });
    place(map, { type: "FeatureCollection", features: drawn });
    if (said.pick) pick(map, element);
    if (said.chosen) map.setFilter("place-lit", ["==", ["get", "id"], said.chosen]);
    await base(map);
    map.on("moveend", () => base(map));
    if (live) {
      // The list stays as it was served, with its distances, until somebody moves the map.
      place(map, await places(map, said));
      map.on("moveend", async () => {
        const found = await places(map, said);
        place(map, found);
        list.renew(found);
      });
    }
    map.once("idle", () => (element.dataset.ready = "1"));
    map.triggerRepaint();
  });
  for (const layer of ["place-signs", "place-dots"]) {
    map.on("click", layer, (event) => open(event.features[0].properties, event.features[0].geometry.coordinates));
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
}

function featureOf(sign) {
  const { at, ...properties } = sign.dataset;
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: at.split(",").map(Number) } };
}

function place(map, collection) {
  addSigns(map, collection.features);
  map.getSource("places").setData(collection);
}

// The box that is seen and a little around it, on a coarse grid, so that small moves ask the same question again.
function box(map, grid) {
  const bounds = map.getBounds();
  const size = grid * 2 ** -Math.floor(map.getZoom());
  const down = (value) => Math.floor(value / size) * size;
  const up = (value) => Math.ceil(value / size) * size;
  const west = Math.max(-180, down(bounds.getWest()));
  const east = Math.min(180, up(bounds.getEast()));
  return [west, Math.max(-85, down(bounds.getSouth())), east, Math.min(85, up(bounds.getNorth()))].map((value) => value.toFixed(6)).join(",");
}

async function ask(path, parameters) {
  const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`);
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return answer.json();
}

const asked = new WeakMap();

async function base(map) {
  const parameters = { bbox: box(map, 256), zoom: Math.floor(map.getZoom()) };
  const question = JSON.stringify(parameters);
  if (asked.get(map) === question) return;
  asked.set(map, question);
  map.getSource("base").setData(await ask("/map/base.geojson", parameters));
}

async function places(map, said) {
  const bounds = map.getBounds();
  const corners = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((value) => value.toFixed(5));
  const filters = Object.fromEntries(["kind", "q", "m"].filter((name) => said[name]).map((name) => [name, said[name]]));
  return ask("/map/places.geojson", { bbox: corners.join(","), ...filters });
}

function card(properties) {
  const box = document.createElement("div");
  const link = document.createElement("a");
  link.href = properties.href;
  link.textContent = properties.name;
  box.append(link);
  for (const text of [properties.kind, properties.address, properties.hours].filter(Boolean)) {
    const line = document.createElement("p");
    line.textContent = text;
    box.append(line);
  }
  return box;
}

function credit(tiles, words) {
  return tiles.includes("cyberjapandata.gsi.go.jp")
    ? `<a href="https://maps.gsi.go.jp/development/ichiran.html" target="_blank" rel="noopener">${words.gsi}</a>`
    : new URL(tiles.replaceAll(/[{}]/g, "")).host;
}
