"use strict";
/* The ruler, the playhead, and what is dragged along them. All share one axis: a frame is as wide in lanes as in signals. */
class Timeline {
  /* page: known data. seek: called with a frame. hovered: called with a frame or null. */
  constructor(page, seek, hovered) {
    this.page = page;
    this.length = page.times.length;
    this.box = document.getElementById("times");
    this.ruler = document.getElementById("ruler");
    this.playhead = document.getElementById("playhead");
    this.ghost = document.getElementById("ghost");
    this.ruler.setAttribute("aria-valuemin", page.first);
    this.ruler.setAttribute("aria-valuemax", page.first + this.length - 1);
    const frame = (event) => this.under(event.clientX);
    this.ruler.addEventListener("pointerdown", (event) => { this.ruler.setPointerCapture(event.pointerId); seek(frame(event)); });
    this.ruler.addEventListener("pointermove", (event) => { if (event.buttons & 1) seek(frame(event)); });
    this.box.addEventListener("pointermove", (event) => { const over = frame(event); this.hint(over); hovered(over); });
    this.box.addEventListener("pointerleave", () => { this.hint(null); hovered(null); });
    // A click beside a span is a click on the time.
    this.box.addEventListener("click", (event) => { if (event.target.closest(".spans") && !event.target.closest("button")) seek(frame(event)); });
    new ResizeObserver(() => this.mark()).observe(this.box);
    this.mark();
  }

  /* Left edge and width of the axis in pixels of the window. */
  axis() {
    const style = getComputedStyle(this.box), box = this.box.getBoundingClientRect();
    const left = parseFloat(style.getPropertyValue("--label")), right = parseFloat(style.getPropertyValue("--right"));
    return [box.left + left, this.box.clientWidth - left - right, left];
  }

  under(x) {
    const [left, width] = this.axis();
    return Math.max(0, Math.min(this.length - 1, Math.floor((x - left) / width * this.length)));
  }

  share(frame) { return (frame + 0.5) / this.length; }

  show(frame) {
    this.playhead.style.setProperty("--at", this.share(frame));
    this.ruler.setAttribute("aria-valuenow", this.page.first + frame);
    this.ruler.setAttribute("aria-valuetext", `frame ${this.page.first + frame}, ${this.page.codes[frame]}`);
  }

  hint(frame) {
    this.ghost.hidden = frame === null;
    if (frame !== null) this.ghost.style.setProperty("--at", this.share(frame));
  }

  /* Ticks at round frame numbers, as many as have room. */
  mark() {
    const [, width, label] = this.axis();
    const room = Math.max(1, Math.floor(width / 76));
    const steps = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];
    const step = steps.find((one) => this.length / one <= room) || 200000;
    const first = this.page.first, ticks = [];
    for (let frame = Math.ceil(first / step) * step; frame < first + this.length; frame += step) {
      const tick = document.createElement("span");
      tick.style.left = `${label + (frame - first) / this.length * width}px`;
      const name = document.createElement("b");
      name.textContent = frame;
      tick.append(name);
      ticks.push(tick);
    }
    this.ruler.replaceChildren(...ticks);
  }
}
