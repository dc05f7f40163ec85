// A map to choose a place on: a tap (or Enter, for the middle) fills in longitude and latitude of the form around it.
// The button with data-pick-here asks the browser for its own position; it is shown only where there is one to ask.
export function pick(map, element) {
  const form = element.closest("form");
  const fields = ["longitude", "latitude"].map((name) => form.elements.namedItem(name));
  const mark = (coordinates) => map.getSource("here").setData({ type: "Point", coordinates });
  const choose = (coordinates) => {
    fields.forEach((field, index) => (field.value = coordinates[index].toFixed(6)));
    mark(coordinates);
  };
  map.getCanvas().style.cursor = "crosshair";
  map.on("click", ({ lngLat }) => choose(lngLat.toArray()));
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    choose(map.getCenter().toArray());
  });
  for (const field of fields) {
    field.addEventListener("change", () => {
      const typed = fields.map(({ value }) => Number.parseFloat(value));
      if (typed.every(Number.isFinite) && Math.abs(typed[1]) <= 85) mark(typed);
    });
  }
  const button = form.querySelector("[data-pick-here]");
  if (!button || !navigator.geolocation || !window.isSecureContext) return;
  button.hidden = false;
  button.addEventListener("click", () =>
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      choose([coords.longitude, coords.latitude]);
      map.jumpTo({ center: [coords.longitude, coords.latitude], zoom: 16.5 });
    }),
  );
}
