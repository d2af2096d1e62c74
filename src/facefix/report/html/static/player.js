"use strict";
/* Plays footage whose views lie above one another in one video, so that before and after are always the same frame.
   Frames count from 0 here; what is shown to readers adds the clip's first frame. */
class Player {
  /* known: times, views and size as the page has them. changed: called with the frame whenever another is shown. */
  constructor(video, canvas, known, changed) {
    Object.assign(this, { video, canvas, known, changed });
    this.context = canvas.getContext("2d", { alpha: false });
    this.frame = 0;
    this.view = known.views === 2 ? "split" : "before";
    this.split = 0.5;
    this.near = null;           // () => [x, y, width, height] of a view's pixels to show, or null for all
    this.span = null;           // {start, end} that is looped
    this.outlined = null;       // (frame) => [x0, y0, x1, y1] of a view's pixels, or null: what is outlined
    this.wanted = null;         // the frame that is being sought
    video.addEventListener("loadeddata", () => this.draw());
    video.addEventListener("seeked", () => this.arrived());
    video.addEventListener("play", () => this.watch());
    video.addEventListener("ended", () => { if (this.span) { this.seek(this.span.start); this.play(); } });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  get last() { return this.known.times.length - 1; }
  get playing() { return !this.video.paused && !this.video.ended; }

  /* The frame that is on at a moment. */
  at(seconds) {
    const times = this.known.times;
    let low = 0, high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= seconds + 0.002) low = middle; else high = middle - 1;
    }
    return low;
  }

  /* A moment well inside a frame: containers round times. */
  inside(frame) {
    const times = this.known.times;
    const next = frame < this.last ? times[frame + 1] : times[frame] + (frame ? times[frame] - times[frame - 1] : 0.04);
    return times[frame] + (next - times[frame]) * 0.4;
  }

  seek(frame) {
    frame = Math.max(0, Math.min(this.last, Math.round(frame)));
    this.frame = frame;
    this.changed(frame);
    const busy = this.wanted !== null;
    this.wanted = frame;
    if (!busy) this.go();
  }

  step(by) { this.pause(); this.seek(this.frame + by); }

  go() {
    this.sought = this.wanted;
    this.video.currentTime = this.inside(this.sought);
  }

  arrived() {
    // Only the last of many wishes that came meanwhile counts.
    if (this.wanted !== null && this.wanted !== this.sought) { this.go(); return; }
    this.wanted = null;
    this.draw();
    // Some browsers say that they have arrived one picture before they show it.
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(() => this.draw());
    // And busy machines may show it later still, and say nothing.
    for (const later of [100, 400, 1600]) setTimeout(() => this.draw(), later);
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  play() {
    const end = this.span ? this.span.end : this.last + 1;
    if (this.frame >= end - 1 || (this.span && this.frame < this.span.start)) this.seek(this.span ? this.span.start : 0);
    // Who pauses before it has begun to play is told so by an error that is none.
    this.video.play().catch(() => {});
  }

  pause() {
    if (!this.playing) return;
    this.video.pause();
    this.seek(this.frame);
  }

  /* Follow the video while it plays. */
  watch() {
    const next = (seconds) => {
      if (!this.playing) return;
      if (this.wanted === null) this.shown(this.at(seconds));
      ask();
    };
    const ask = () => this.video.requestVideoFrameCallback
      ? this.video.requestVideoFrameCallback((now, told) => next(told.mediaTime))
      : requestAnimationFrame(() => next(this.video.currentTime));
    ask();
  }

  shown(frame) {
    if (this.span && (frame >= this.span.end || frame < this.span.start)) { this.seek(this.span.start); return; }
    this.frame = frame;
    this.draw();
    this.changed(frame);
  }

  /* Where the picture lies in the canvas: [x, y, width, height] in CSS pixels, one for each view that is shown. */
  places() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const [, , w, h] = this.cut();
    const columns = this.view === "side" ? 2 : 1;
    const scale = Math.min((width - 2 * (columns - 1)) / columns / w, height / h);
    const wide = w * scale, high = h * scale;
    const left = (width - columns * wide - 2 * (columns - 1)) / 2;
    return Array.from({ length: columns }, (_, i) => [left + i * (wide + 2), (height - high) / 2, wide, high]);
  }

  cut() { return (this.near && this.near(this.frame)) || [0, 0, ...this.known.size]; }

  draw() {
    const { canvas, context, video, known } = this;
    const dense = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * dense), height = Math.round(canvas.clientHeight * dense);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const places = this.places();
    if (this.placed) this.placed(places);
    if (video.readyState < 2) return;
    const [x, y, w, h] = this.cut();
    context.imageSmoothingQuality = "high";
    const outline = (place) => {
      const box = this.outlined && this.outlined(this.frame);
      if (!box) return;
      const [left, top, wide, high] = place, scale = wide / w;
      context.save();
      context.beginPath();
      context.rect(left, top, wide, high);
      context.clip();
      context.strokeStyle = "rgb(255 255 255 / 75%)";
      context.strokeRect(left + (box[0] - x) * scale, top + (box[1] - y) * scale, (box[2] - box[0]) * scale, (box[3] - box[1]) * scale);
      context.restore();
    };
    const put = (view, place, from, to) => {
      const [left, top, wide, high] = place;
      if (to <= from) return;
      context.drawImage(video, x + from * w, y + view * known.size[1], (to - from) * w, h,
        left + from * wide, top, (to - from) * wide, high);
    };
    if (this.view === "side") {
      put(0, places[0], 0, 1);
      put(1, places[1], 0, 1);
    } else if (this.view === "split") {
      put(0, places[0], 0, this.split);
      put(1, places[0], this.split, 1);
    } else {
      put(this.view === "after" ? 1 : 0, places[0], 0, 1);
    }
    places.forEach(outline);
  }
}
