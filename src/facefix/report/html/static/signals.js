"use strict";
/* Signals of one face as small multiples under the lanes, drawn by uPlot. */
class Signals {
  constructor(page, box, seek) {
    Object.assign(this, { page, box, seek });
    this.plots = [];
    this.track = null;
    this.frame = 0;
    new ResizeObserver(() => this.fit()).observe(box);
    window.matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.show(this.track));
  }

  colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  /* Series have the colours of the modes they speak of, others those that are left. */
  colours(labels) {
    const own = { warp: "--warp", drift: "--drift", flicker: "--flicker", wax: "--waxy" };
    const rest = ["--accent", "--flicker", "--drift", "--good", "--warp", "--other"];
    return labels.map((label, i) => this.colour(own[label] || rest[i % rest.length]));
  }

  show(track) {
    this.plots.forEach((one) => one.plot.destroy());
    this.plots = [];
    this.track = track;
    this.box.replaceChildren();
    if (!track) return;
    this.page.groups.forEach((group, i) => {
      const labels = Object.keys(track.signals[i]);
      if (labels.length) this.add(group, labels, Object.values(track.signals[i]), track);
    });
    if (!this.plots.length) {
      const note = document.createElement("p");
      note.className = "muted";
      note.textContent = "No signals were measured.";
      this.box.append(note);
    }
    this.values(this.frame);
  }

  add(group, labels, series, track) {
    const box = document.createElement("div"), head = document.createElement("div"), title = document.createElement("b");
    box.className = "signal";
    head.className = "head";
    title.textContent = group.title;
    title.append(Object.assign(document.createElement("small"), { textContent: group.unit }));
    head.append(title);
    const colours = this.colours(labels);
    const outputs = labels.map((label, i) => {
      const value = document.createElement("span"), line = document.createElement("i"), number = document.createElement("em");
      value.className = "value num";
      line.style.background = colours[i];
      value.append(line, label, number);
      head.append(value);
      return number;
    });
    box.append(head);
    this.box.append(box);
    const length = this.page.times.length, lead = track.start - this.page.first;
    const whole = series.map((values) => {
      const all = new Array(length).fill(null);
      values.forEach((value, i) => { if (i + lead >= 0 && i + lead < length) all[i + lead] = value; });
      return all;
    });
    const x = Array.from({ length }, (_, i) => i + 0.5);
    const plot = new uPlot(this.options(group, colours, whole, track), [x, ...whole], box);
    plot.over.addEventListener("click", (event) => this.seek(Math.floor(plot.posToVal(event.offsetX, "x"))));
    this.plots.push({ plot, outputs, whole });
  }

  options(group, colours, whole, track) {
    const label = parseFloat(getComputedStyle(this.box).getPropertyValue("--label"));
    const right = parseFloat(getComputedStyle(this.box).getPropertyValue("--right"));
    const found = this.page.findings.filter((one) => one.track === track.id);
    const grid = { stroke: this.colour("--line"), width: 1 };
    const axis = { stroke: this.colour("--muted"), font: "10px system-ui, sans-serif", ticks: { show: false }, grid };
    return {
      width: Math.max(200, this.box.clientWidth), height: 62, padding: [4, right, 4, 0],
      legend: { show: false }, cursor: { drag: { x: false, y: false }, y: false, points: { show: false }, x: false },
      scales: { x: { time: false, range: [0, this.page.times.length] }, y: { range: (u, low, high) => this.range(group, low, high) } },
      axes: [{ show: false }, { ...axis, size: label, gap: 4, space: 24, splits: (u, i, low, high) => this.splits(low, high) }],
      series: [{}, ...colours.map((stroke, i) => ({ stroke, width: 1.25, spanGaps: false, points: this.points(whole[i], stroke) }))],
      hooks: { drawClear: [(u) => this.shade(u, group, found)] },
    };
  }

  /* What is measured now and then has no neighbours to draw a line to. */
  points(values, stroke) {
    const known = values.filter((value) => value !== null).length;
    return { show: known < values.length / 2, size: 4, fill: stroke };
  }

  range(group, low, high) {
    if (low === null || high === null) return [0, 1];
    if (group.top !== null) return [Math.min(0, low), Math.max(group.top, Math.min(high, 2 * group.top))];
    const room = (high - low || 1) * 0.08;
    return [low >= 0 ? 0 : low - room, high + room];
  }

  splits(low, high) {
    const round = (value) => Number(value.toPrecision(2));
    const ends = [low, high].filter((end) => Math.abs(end) > 0.25 * (high - low)).map((end) => round(end * 0.9));
    return low < 0 && high > 0 ? [0, ...ends].sort((a, b) => a - b) : [round(low), round((low + high) / 2), round(high)];
  }

  shade(u, group, found) {
    for (const one of found) {
      const from = u.valToPos(one.start - this.page.first, "x", true), to = u.valToPos(one.end - this.page.first, "x", true);
      u.ctx.save();
      u.ctx.globalAlpha = group.modes.includes(one.mode) ? 0.2 : 0.06;
      u.ctx.fillStyle = this.colour(`--${one.mode}`) || this.colour("--other");
      u.ctx.fillRect(from, u.bbox.top, to - from, u.bbox.height);
      u.ctx.restore();
    }
  }

  fit() { this.plots.forEach((one) => one.plot.setSize({ width: Math.max(200, this.box.clientWidth), height: 62 })); }

  /* The values in a frame, in every head. */
  values(frame) {
    this.frame = frame;
    for (const { outputs, whole } of this.plots) {
      outputs.forEach((output, i) => {
        const value = whole[i][frame];
        output.textContent = value === null || value === undefined ? "-" : Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
      });
    }
  }
}
