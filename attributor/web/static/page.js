// Runs before the page is drawn: the theme that was chosen, then the button that chooses it, and menus that close and forms.
"use strict";
(() => {
  const root = document.documentElement;
  const stored = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const store = (theme) => {
    try { localStorage.setItem("theme", theme); } catch { /* the choice lasts for this page then */ }
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => document.dispatchEvent(new Event("themechange"));

  if (stored()) root.dataset.theme = stored();
  system.addEventListener("change", tell);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      store(root.dataset.theme);
      tell();
    });
    // On a small screen the panels of details begin closed: their titles say what there is. On paper nothing is.
    const folds = [...document.querySelectorAll("[data-fold]")];
    if (matchMedia("(max-width: 640px)").matches) folds.forEach((fold) => { fold.open = false; });
    folds.forEach((fold) => fold.addEventListener("toggle", () => dispatchEvent(new Event("resize"))));  // charts have a width then
    addEventListener("beforeprint", () => folds.forEach((fold) => { fold.open = true; }));
    const menus = [...document.querySelectorAll(".menu")];
    document.addEventListener("click", (event) => menus.forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    }));
    document.addEventListener("keydown", (event) => {
      const open = menus.find((menu) => menu.open);
      if (event.key !== "Escape" || !open) return;
      open.open = false;
      open.querySelector("summary").focus();
    });
    // A form without what it leaves empty has a shorter address; the server reads both alike.
    document.querySelectorAll("form[data-tidy]").forEach((form) => form.addEventListener("submit", () => {
      const { group, where, is } = form.elements;
      group.disabled = !group.value;
      where.disabled = is.disabled = !is.value;
    }));
  });
})();
