// Small comforts on every page; each page works without them.

// "Use my position": the browser asks the person; the position goes into the address of the page and nowhere else.
for (const form of document.querySelectorAll("[data-where]")) {
  const button = form.querySelector("[data-here]");
  const said = form.querySelector("[data-here-said]");
  if (!navigator.geolocation || !window.isSecureContext) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    said.hidden = false;
    said.textContent = said.dataset.asking;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const address = new URL(form.action);
        for (const [name, value] of new FormData(form)) if (value && name !== "place" && name !== "m") address.searchParams.set(name, value);
        address.searchParams.set("at", `${coords.longitude.toFixed(5)},${coords.latitude.toFixed(5)}`);
        location.assign(address);
      },
      () => (said.textContent = said.dataset.denied),
      { timeout: 15000, maximumAge: 60000 },
    );
  });
}

// A choice in a filter shows at once; the button stays for those without this script.
for (const form of document.querySelectorAll("[data-filter]")) {
  for (const choice of form.querySelectorAll("select")) choice.addEventListener("change", () => form.requestSubmit());
}

// Copy buttons beside examples.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const before = button.lastChild.textContent;
    button.lastChild.textContent = button.dataset.copied;
    setTimeout(() => (button.lastChild.textContent = before), 2000);
  });
}
