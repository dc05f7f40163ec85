// Wakes the maps of a page when they come into sight. Until then, and without this, the drawing stands in their place.
const from = document.querySelector("script[data-worker]").dataset;

async function wake(element) {
  try {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = from.style;
    const styled = new Promise((resolve, reject) => Object.assign(style, { onload: resolve, onerror: reject }));
    document.head.append(style);
    const [map] = await Promise.all([import(from.map), styled]);
    map.show(element, from);
  } catch (error) {
    console.info("The drawn map stays:", error.message);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    wake(entry.target);
  }
});
for (const element of document.querySelectorAll("[data-map].map")) seen.observe(element);
