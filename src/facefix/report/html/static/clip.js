"use strict";
/* Joins viewer, time line, signals and findings of a clip's page, and gives each a key. */
(() => {
  const page = JSON.parse(document.getElementById("known").textContent);
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const video = byId("video");
  const findings = [...page.findings].sort((a, b) => a.start - b.start || a.track - b.track);
  let hovered = null, zoomed = false, dull = "before";

  const player = new Player(video, byId("canvas"), page, showFrame);
  const timeline = new Timeline(page, (frame) => player.seek(frame), (frame) => { hovered = frame; tellHover(); });
  const signals = new Signals(page, byId("signals"), (frame) => player.seek(frame));

  function showFrame(frame) {
    timeline.show(frame);
    const code = page.codes[frame];
    byId("readout").textContent = `frame ${page.first + frame}${code ? `  ${code}` : ""}`;
    if (hovered === null) signals.values(frame);
    byId("play").toggleAttribute("data-playing", player.playing);
    for (const button of all(".finding")) {
      const one = findings.find((f) => f.id === button.dataset.finding);
      button.classList.toggle("here", one.start <= page.first + frame && page.first + frame < one.end);
    }
  }

  function tellHover() {
    byId("hover").textContent = hovered === null ? "" : `frame ${page.first + hovered}  ${page.codes[hovered]}`;
    signals.values(hovered === null ? player.frame : hovered);
  }

  const say = (text) => { byId("say").textContent = text; };

  /* Faces: which one's signals are shown and followed. */
  let face = null;
  function choose(id) {
    face = page.tracks.find((track) => track.id === id) || page.tracks[0] || null;
    if (face) document.querySelector(`.track[data-track="${face.id}"]`).append(byId("signals"));
    signals.show(face);
    if (!face) return;
    byId("face").value = face.id;
    all("[data-face]").forEach((one) => one.setAttribute("aria-pressed", Number(one.dataset.face) === face.id));
    player.draw();
  }

  /* Around the face's box, with room, inside the picture. */
  function near(frame) {
    if (!face || !face.boxes.length) return null;
    const [x0, y0, x1, y1] = face.boxes[Math.max(0, Math.min(face.boxes.length - 1, frame + page.first - face.start))];
    const [width, height] = page.size;
    const side = Math.min(Math.max(x1 - x0, y1 - y0) * 1.6, width, height);
    const wide = Math.min(width, side * (player.view === "side" ? 1 : 1.4));
    const hold = (middle, long, whole) => Math.max(0, Math.min(whole - long, middle - long / 2));
    return [hold((x0 + x1) / 2, wide, width), hold((y0 + y1) / 2, side, height), wide, side];
  }

  function outline(on = player.outlined === null) {
    player.outlined = on ? (frame) => (face && face.boxes[frame + page.first - face.start]) || null : null;
    byId("outline")?.setAttribute("aria-pressed", on);
    player.draw();
  }

  function zoom(on = !zoomed) {
    zoomed = on;
    player.near = on ? near : null;
    byId("zoom")?.setAttribute("aria-pressed", on);
    player.draw();
  }

  /* Findings: a click jumps there and loops it; another click stops. */
  function mark(id) {
    all("[data-finding]").forEach((one) => one.setAttribute("aria-pressed", one.dataset.finding === id));
    byId("loop").setAttribute("aria-pressed", player.span !== null);
  }

  function loop(span, id = null) {
    player.span = span && { start: Math.max(0, span.start - page.first), end: Math.min(page.times.length, span.end - page.first) };
    mark(id);
  }

  function visit(one, playing = true) {
    if (player.span && document.querySelector(`[data-finding="${one.id}"]`).getAttribute("aria-pressed") === "true" && playing) {
      player.pause();
      loop(null);
      return;
    }
    if (face === null || face.id !== one.track) choose(one.track);
    loop(one, one.id);
    player.seek(one.start - page.first);
    say(`${one.mode}, frames ${one.start} to ${one.end}`);
    if (playing) player.play();
  }

  function toggleLoop() {
    if (player.span) { loop(null); return; }
    const now = page.first + player.frame;
    const here = findings.find((f) => f.start <= now && now < f.end) || findings.find((f) => f.start >= now) || findings[0];
    if (here) visit(here);
    else { loop({ start: page.first, end: page.first + page.times.length }); player.play(); }
  }

  function neighbour(by) {
    const now = page.first + player.frame;
    const ahead = by > 0 ? findings.find((f) => f.start > now) : findings.filter((f) => f.start < now).pop();
    if (ahead) { player.pause(); visit(ahead, false); }
  }

  function jump(start, end) {
    player.pause();
    loop(null);
    if (end !== undefined) loop({ start, end });
    player.seek(start - page.first);
  }

  /* The viewer. */
  function view(name) {
    if (page.views !== 2) return;
    if (name === "before" || name === "after") dull = name;
    player.view = name;
    all("[data-view]").forEach((one) => one.setAttribute("aria-pressed", one.dataset.view === name));
    player.draw();
  }

  const divider = byId("divider");
  function split(share) {
    player.split = Math.max(0, Math.min(1, share));
    divider.setAttribute("aria-valuenow", Math.round(100 * player.split));
    player.draw();
  }
  player.placed = (places) => {
    if (!divider) return;
    const [x, y, width, height] = places[0];
    divider.hidden = player.view !== "split";
    Object.assign(divider.style, { left: `${x + width * player.split}px`, top: `${y}px`, height: `${height}px` });
    const names = all(".screen .label"), shown = { split: [1, 1], side: [1, 1], before: [1, 0], after: [0, 1] }[player.view];
    names.forEach((name, i) => { name.hidden = !shown[i]; name.style.top = `${y + 8}px`; });
    const end = places[places.length - 1];
    names[0].style.left = `${x + 8}px`;
    names[1].style.right = `${byId("screen").clientWidth - end[0] - end[2] + 8}px`;
  };
  if (divider) {
    const share = (event) => {
      const [x, , width] = player.places()[0];
      return (event.clientX - byId("canvas").getBoundingClientRect().left - x) / width;
    };
    divider.addEventListener("pointerdown", (event) => { divider.setPointerCapture(event.pointerId); event.preventDefault(); divider.focus(); });
    divider.addEventListener("pointermove", (event) => { if (divider.hasPointerCapture(event.pointerId)) split(share(event)); });
    divider.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      split(player.split + by);
    });
    byId("canvas").addEventListener("pointerdown", (event) => { if (player.view === "split") split(share(event)); });
  }

  video.addEventListener("error", () => {
    byId("trouble").hidden = false;
    byId("trouble").textContent = "The video beside this page cannot be played: keep the page together with its folder, and use a browser that plays H.264.";
  });
  for (const name of ["play", "pause", "ended"]) {
    video.addEventListener(name, () => {
      byId("play").toggleAttribute("data-playing", player.playing);
      byId("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
    });
  }

  /* Tabs, as the WAI-ARIA authoring practices have them. */
  const tabs = all("[role=tab]");
  function open(tab, focus = false) {
    for (const one of tabs) {
      const chosen = one === tab;
      one.setAttribute("aria-selected", chosen);
      one.tabIndex = chosen ? 0 : -1;
      byId(one.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
  }
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      open(tabs[(to + tabs.length) % tabs.length], true);
    });
  });

  /* Meshes over the stills. */
  function mesh(on = byId("mesh").getAttribute("aria-pressed") !== "true") {
    byId("mesh").setAttribute("aria-pressed", on);
    for (const still of all(".still")) {
      still.querySelectorAll(".picture").forEach((picture, i) => {
        picture.querySelector("svg")?.remove();
        const points = page.meshes[Number(still.dataset.still)][i];
        if (on && points) picture.append(drawn(points));
      });
    }
  }
  function drawn(points) {
    const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
    const lines = [];
    for (let i = 0; i < page.edges.length; i += 2) {
      const [a, b] = [2 * page.edges[i], 2 * page.edges[i + 1]];
      lines.push(`M${points[a]} ${points[a + 1]}L${points[b]} ${points[b + 1]}`);
    }
    svg.setAttribute("viewBox", "0 0 1000 1000");
    path.setAttribute("d", lines.join(""));
    svg.append(path);
    return svg;
  }

  async function copy(button) {
    const line = byId(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(line.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(line);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    say("Copied");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  /* Clicks. */
  const go = {
    first: () => { player.pause(); player.seek(0); }, last: () => { player.pause(); player.seek(player.last); },
    back: () => player.step(-1), on: () => player.step(1), previous: () => neighbour(-1), next: () => neighbour(1),
  };
  const on = (selector, act) => all(selector).forEach((one) => one.addEventListener("click", () => act(one)));
  on("[data-go]", (one) => go[one.dataset.go]());
  on("[data-view]", (one) => view(one.dataset.view));
  on("[data-finding]", (one) => visit(findings.find((f) => f.id === one.dataset.finding)));
  on("[data-face]", (one) => { choose(Number(one.dataset.face)); one.closest(".track").scrollIntoView({ block: "start" }); });
  on("[data-jump]", (one) => {
    if (one.dataset.track !== undefined) choose(Number(one.dataset.track));
    jump(Number(one.dataset.jump), one.dataset.until === undefined ? undefined : Number(one.dataset.until));
  });
  on("[data-copy]", copy);
  on("#play", () => player.toggle());
  on("#loop", toggleLoop);
  on("#zoom", () => zoom());
  on("#outline", () => outline());
  on("#mesh", () => mesh());
  on("#help-button", () => byId("help").showModal());
  byId("face")?.addEventListener("change", (event) => choose(Number(event.target.value)));
  byId("speed").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });

  /* Keys, but for those that the focused control needs itself. */
  const keys = {
    " ": () => player.toggle(), k: () => player.toggle(), ArrowLeft: (event) => player.step(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => player.step(event.shiftKey ? 10 : 1), Home: go.first, End: go.last, "[": go.previous, "]": go.next,
    l: toggleLoop, 1: () => view("split"), 2: () => view("side"), 3: () => view("before"), 4: () => view("after"),
    x: () => view(dull === "before" ? "after" : "before"), z: () => zoom(), o: () => outline(), m: () => mesh(), "?": () => byId("help").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (event.target.closest("select, input, textarea") || (event.key === " " && event.target.closest("button"))) return;
    event.preventDefault();
    act(event);
  });

  choose(page.opening.track);
  // Which of several faces is meant is not to be guessed.
  outline(page.tracks.length > 1);
  player.seek(page.opening.frame - page.first);
})();
