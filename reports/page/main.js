"use strict";
// Begins: reads the data, draws, and does what keys and buttons ask for.

class Page {
  constructor(table) {
    this.data = new Data(table);
    this.data.failing = [];
    for (let flow = 0; flow < this.data.number; flow += 1) {
      if (["fail", "error"].includes(this.data.verdict(flow))) this.data.failing.push(flow);
    }
    this.view = new View(this.data);
    this.drawing = new Drawing(byId("timeline"), this.view);
    this.panel = new Panel(byId("panel"), this);
    this.waiting = false;
    this.heading();
    this.controls = new Controls(this);
    this.counted();
    new ResizeObserver(() => { this.drawing.size(); this.drawing.draw(); }).observe(byId("timeline"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.dressed());
    this.drawing.size();
    const failing = this.data.failing[0];
    if (failing !== undefined) this.choose(failing);
    else this.panel.show();
    this.drawing.draw();
  }

  heading() {
    const { data } = this;
    document.title = data.title;
    byId("title").textContent = data.title;
    byId("verdict").textContent = data.verdictSaid.toUpperCase();
    byId("verdict").classList.add(data.verdictSaid.replace(/ /g, "-") || "none");
    byId("verdict").hidden = !data.verdictSaid;
    byId("counts").textContent = data.counts;
    byId("left-out").textContent = data.leftOut;
    byId("left-out").hidden = !data.leftOut;
    byId("legend").replaceChildren(...data.lanes.map((name) => make("li", {}, make("i", { className: name }), name)),
      make("li", {}, make("i", { className: "ring" }), "witness"), make("li", {}, make("i", { className: "hatch" }), "disturbed"));
  }

  counted() {
    const { data } = this, one = data.number === 1 ? "row" : "rows";
    byId("shown").textContent = `${data.rows.length} of ${data.number} ${one}`;
  }

  draw() { // once a frame, whatever happens in it
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.drawing.draw(); });
  }

  choose(flow) {
    this.view.chosen = flow;
    this.view.reveal(flow);
    this.panel.show();
    const scenario = this.data.scenario(flow);
    if (this.view.pinned < 0) this.say(`${this.data.name(flow)}, ${scenario ? scenario.name : "of no test"}, ${this.data.verdict(flow)}, ${this.data.count(flow)} events`);
    this.draw();
  }

  step(by) {
    const { rows } = this.data, place = this.view.placeOf(this.view.chosen);
    if (!rows.length) return;
    this.choose(rows[place < 0 ? 0 : Math.min(Math.max(0, place + by), rows.length - 1)]);
  }

  bad(by) {
    const { rows } = this.data;
    for (let place = this.view.placeOf(this.view.chosen) + by; place >= 0 && place < rows.length; place += by) {
      if (this.data.bad(rows[place])) { this.choose(rows[place]); return; }
    }
    this.say("no other message that failed or is unknown");
  }

  keep() {
    const { view } = this;
    view.pinned = view.pinned >= 0 ? -1 : view.chosen;
    this.panel.show();
  }

  say(words) { byId("said").textContent = words; }

  pressed(id, on) { byId(id).setAttribute("aria-pressed", String(on)); }

  dressed() { this.drawing.dress(); this.draw(); }

  theme() {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    this.dressed();
  }

  act(key) {
    const { view } = this, screen = Math.max(1, Math.floor((view.height - TOP) / view.rowHeight) - 1);
    const acts = {
      ArrowLeft: () => view.pan(-0.15), ArrowRight: () => view.pan(0.15),
      ArrowUp: () => this.step(-1), k: () => this.step(-1), ArrowDown: () => this.step(1), j: () => this.step(1),
      PageUp: () => this.step(-screen), PageDown: () => this.step(screen), Home: () => this.step(-1e9), End: () => this.step(1e9),
      "+": () => view.zoom(0.6), "=": () => view.zoom(0.6), "-": () => view.zoom(1 / 0.6), 0: () => view.fit(),
      n: () => this.bad(1), p: () => this.bad(-1), f: () => view.fitOne(view.chosen), Enter: () => view.fitOne(view.chosen),
      e: () => byId("panel").focus(), c: () => this.keep(),
      l: () => { view.resize(!view.tall); this.pressed("lanes", view.tall); },
      a: () => { view.aligned = !view.aligned; this.pressed("aligned", view.aligned); view.fit(); },
      "/": () => byId("search").focus(), r: () => this.controls.reset(), t: () => this.theme(), "?": () => byId("help").showModal(),
    };
    if (!Object.hasOwn(acts, key)) return false;
    acts[key]();
    this.draw();
    return true;
  }
}

const page = new Page(JSON.parse(document.getElementById("data").textContent));
document.documentElement.dataset.opened = performance.now().toFixed(0);
