// Draws each chart of the page from the JSON beside it, in the colours of the theme. `ast` makes Vega read its
// expressions by its own interpreter, so that the page needs no permission to evaluate code.
"use strict";
(() => {
  const probe = document.createElement("span");
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const painted = (value) => {
    if (Array.isArray(value)) return value.map(painted);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item)]));
    }
    const named = typeof value === "string" && /^var\((--[a-z0-9-]+)\)$/.exec(value);
    return named ? colour(named[1]) : value;
  };
  const config = () => painted({
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    view: { stroke: null },
    axis: { labelColor: "var(--text-muted)", labelFontSize: 12, gridColor: "var(--line)", domainColor: "var(--line-strong)" },
  });
  const draw = async (place) => {
    const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const options = { ast: true, actions: false, defaultStyle: false, renderer: "svg", config: config(), tooltip: { disableDefaultStyle: true } };
    const whole = { ...painted(spec), width: "container", autosize: { type: "fit", contains: "padding" } };
    const previous = place.finish;
    const drawn = await window.vegaEmbed(place, whole, options);
    if (previous) previous();
    place.finish = () => drawn.finalize();
    place.dataset.drawn = "yes";
  };
  const drawAll = () => document.querySelectorAll("[data-chart]").forEach((place) => {
    draw(place).catch((error) => {
      place.textContent = "The chart could not be drawn; the table below says the same.";
      console.error(error);
    });
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(probe);
    probe.hidden = true;
    drawAll();
    document.addEventListener("themechange", drawAll);
  });
})();
