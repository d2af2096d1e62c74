"use strict";
/* Sorts and filters the index; what was chosen is kept in the address, so that it survives a reload. */
(() => {
  const body = document.querySelector("#clips tbody");
  const rows = [...body.rows];
  const text = document.getElementById("text"), mode = document.getElementById("mode");
  const verdicts = [...document.querySelectorAll("[data-verdict-filter]")];
  const heads = [...document.querySelectorAll("[data-sort]")];
  const rank = document.getElementById("clips").dataset.states.split(" ").reverse();
  const state = { verdict: "", mode: "", text: "", sort: "verdict", down: true };

  const value = (row, key) => key === "name" ? row.dataset.name.toLowerCase() : key === "verdict" ? rank.indexOf(row.dataset.state) : Number(row.dataset[key]);

  function show() {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const told = row.textContent.toLowerCase();
      row.hidden = (state.verdict && row.dataset.state !== state.verdict) || (state.mode && !row.dataset.modes.split(" ").includes(state.mode))
        || !words.every((word) => told.includes(word));
      shown += !row.hidden;
    }
    const by = (a, b) => { const x = value(a, state.sort), y = value(b, state.sort); return x < y ? -1 : x > y ? 1 : 0; };
    const name = (a, b) => value(a, "name").localeCompare(value(b, "name"), undefined, { numeric: true });
    rows.sort((a, b) => (state.sort === "name" ? name(a, b) : by(a, b)) * (state.down ? -1 : 1) || name(a, b));
    body.append(...rows);
    verdicts.forEach((one) => one.setAttribute("aria-pressed", one.dataset.verdictFilter === state.verdict));
    heads.forEach((one) => one.closest("th").setAttribute("aria-sort", one.dataset.sort !== state.sort ? "none" : state.down ? "descending" : "ascending"));
    document.getElementById("shown").textContent = `${shown} of ${rows.length} shown`;
    document.getElementById("nothing").hidden = shown > 0;
  }

  function change(more) {
    Object.assign(state, more);
    show();
    try { history.replaceState(null, "", `#${new URLSearchParams(state)}`); } catch { /* some browsers do not allow that for files */ }
  }

  for (const [name, told] of new URLSearchParams(location.hash.slice(1))) if (name in state) state[name] = name === "down" ? told === "true" : told;
  if (![...heads].some((one) => one.dataset.sort === state.sort)) state.sort = "verdict";
  text.value = state.text;
  if (mode) mode.value = state.mode;
  text.addEventListener("input", () => change({ text: text.value }));
  mode?.addEventListener("change", () => change({ mode: mode.value }));
  verdicts.forEach((one) => one.addEventListener("click", () => change({ verdict: one.dataset.verdictFilter })));
  heads.forEach((one) => one.addEventListener("click", () => change({
    sort: one.dataset.sort, down: one.dataset.sort === state.sort ? !state.down : one.dataset.sort !== "name",
  })));
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  show();
})();
