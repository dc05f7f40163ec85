// The list beside the map: what the map shows, nearest to its middle first; where the keyboard is, the map looks.
const LISTED = 30;

export function listOf(map, open) {
  const list = document.querySelector("[data-spots]");
  const count = document.querySelector("[data-count]");
  const known = {};
  const light = (id) => {
    map.setFilter("place-lit", ["==", ["get", "id"], id]);
    for (const row of list.children) row.classList.toggle("lit", row.dataset.id === id);
  };
  for (const [over, out] of [["mouseover", "mouseleave"], ["focusin", "focusout"]]) {
    list.addEventListener(over, (event) => light(event.target.closest("[data-id]")?.dataset.id ?? ""));
    list.addEventListener(out, () => light(""));
  }
  return {
    renew(found) {
      // Whoever stands in the list with the keyboard keeps the ground under their feet.
      if (list.contains(document.activeElement)) return;
      document.querySelector("[data-empty]")?.remove();
      const shown = found.features.length;
      const said = shown === 0 ? count.dataset.saidNone : found.count > shown ? count.dataset.saidSome : count.dataset.saidAll;
      count.textContent = said.replace("{count}", found.count.toLocaleString()).replace("{shown}", shown);
      for (const feature of found.features) known[feature.properties.id] = feature;
      list.replaceChildren(...found.features.slice(0, LISTED).map(row));
    },
  };
}

function make(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function row({ properties }) {
  const sign = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ class: `sign ${properties.colour}`, width: 36, height: 36, viewBox: "-18 -18 36 36", "aria-hidden": "true" })) sign.setAttribute(name, value);
  const shape = document.querySelector(`template[data-shape="${properties.shape}"]`);
  if (shape) sign.append(shape.content.firstElementChild.firstElementChild.cloneNode(true));
  const letter = document.createElementNS("http://www.w3.org/2000/svg", "text");
  letter.setAttribute("y", properties.shape === "drop" ? 2.5 : 4.5);
  letter.setAttribute("text-anchor", "middle");
  letter.textContent = properties.letter;
  sign.append(letter);
  const link = make("a", "to", properties.name);
  link.href = properties.href;
  const meta = make("p", "meta");
  if (properties.owner) meta.append(make("span", `chip ${properties.ownerColour}`, properties.owner));
  meta.append(properties.kind);
  if (properties.address) meta.append(make("span", "dot", properties.address));
  const hours = properties.hours ? [make("p", "meta hours", properties.hours)] : [];
  const made = make("li", "spot", sign, make("div", "", link, meta, ...hours));
  made.dataset.id = properties.id;
  return made;
}
