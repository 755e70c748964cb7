"use strict";
// Keys, mouse and filters: each does one thing to the view, and then it is drawn again.

const KEYS = [
  ["← →", "move in time"], ["+ −", "closer, farther"], ["0", "the whole run"], ["↑ ↓ k j", "the message before, after"],
  ["PageUp PageDown", "a screen of messages"], ["Home End", "the first, the last message"], ["p n", "the failing or unknown one before, after"],
  ["f Enter", "zoom to the message"], ["e", "read it: to its events"], ["c", "keep it, to compare another with it; again: let go"],
  ["l", "six lanes a message"], ["a", "each message from its own first event"], ["/", "search"], ["r", "all messages again"],
  ["t", "dark or light"], ["Esc", "back to the timeline"], ["?", "these keys"],
];

class Controls {
  constructor(page) {
    this.page = page;
    this.view = page.view;
    this.drag = null;
    this.filters();
    this.buttons();
    this.mouse();
    document.addEventListener("keydown", (event) => this.key(event));
    const rows = KEYS.map(([keys, does]) => make("tr", {}, make("td", {}, ...keys.split(" ").map((one) => make("kbd", { text: one }))), make("td", { text: does })));
    byId("keys").replaceChildren(...rows);
  }

  filters() {
    const { data } = this.page;
    const option = (text, value) => make("option", { text, value });
    byId("by-scenario").append(option("all tests", -1), ...data.scenarios.map((one, at) => option(`${one.name} (${one.outcome})`, at)));
    const counts = new Map();
    for (let flow = 0; flow < data.number; flow += 1) counts.set(data.verdict(flow), (counts.get(data.verdict(flow)) || 0) + 1);
    const order = ["fail", "error", "unknown", "pass", NOT_JUDGED, "xfailed", "skipped", "not asked"].filter((one) => counts.has(one));
    byId("by-verdict").append(option("all verdicts", ""), ...order.map((one) => option(`${one} (${counts.get(one)})`, one)));
    byId("by-kind").append(option("all kinds", -1), ...data.kinds.map((name, at) => ({ name, at })).sort((one, other) => one.name.localeCompare(other.name)).map(({ name, at }) => option(name, at)));
    for (const name of ["search", "by-scenario", "by-verdict", "by-kind"]) byId(name).addEventListener("input", () => this.filter());
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
  }

  filter() {
    const { data } = this.page, number = (name) => Number(byId(name).value);
    data.filter({ text: byId("search").value, scenario: number("by-scenario"), verdict: byId("by-verdict").value, kind: number("by-kind") });
    this.view.scrollTo(0);
    if (this.view.chosen >= 0) this.view.reveal(this.view.chosen);
    this.page.counted();
    this.page.draw();
  }

  reset() {
    byId("search").value = "";
    byId("by-scenario").value = byId("by-kind").value = "-1";
    byId("by-verdict").value = "";
    this.filter();
  }

  buttons() {
    const keys = { "zoom-in": "+", "zoom-out": "-", fit: "0", "fit-one": "f", lanes: "l", aligned: "a", theme: "t", reset: "r", "help-open": "?" };
    for (const [id, key] of Object.entries(keys)) byId(id).addEventListener("click", () => this.page.act(key));
  }

  key(event) {
    if (event.altKey || event.metaKey || (event.ctrlKey && !["+", "-", "0"].includes(event.key)) || byId("help").open) return;
    const where = event.target, typing = /^(INPUT|SELECT|TEXTAREA)$/.test(where.tagName);
    if (event.key === "Escape") { byId("timeline").focus(); return; }
    if (typing || event.ctrlKey) return;
    const ownKeys = where.tagName === "BUTTON" || where.closest("#panel");
    if (ownKeys && ["Enter", " ", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(event.key)) return;
    if (this.page.act(event.key)) event.preventDefault();
  }

  mouse() {
    const canvas = byId("timeline"), { view, page } = this;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const by = event.deltaMode === 1 ? 16 : 1, down = event.deltaY * by, side = event.deltaX * by;
      if (event.ctrlKey) view.zoom(Math.exp(Math.min(Math.max(down, -60), 60) * 0.01), event.offsetX);
      else if (event.shiftKey || Math.abs(side) > Math.abs(down)) view.pan((side || down) / view.plot);
      else view.scrollTo(view.scroll + down);
      page.draw();
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      const strip = event.offsetY < TOP && event.offsetX > GUTTER && !view.aligned, overview = event.offsetY < OVERVIEW;
      this.drag = { x: event.offsetX, y: event.offsetY, from: view.from, to: view.to, scroll: view.scroll, moved: false, strip, overview };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => (this.drag ? this.dragged(event) : this.hover(event)));
    canvas.addEventListener("pointerup", (event) => this.released(event));
    canvas.addEventListener("pointerleave", () => { byId("tip").hidden = true; });
    canvas.addEventListener("dblclick", (event) => { if (view.rowAt(event.offsetY) >= 0) page.act("f"); });
  }

  dragged(event) {
    const { drag, view, page } = this, right = event.offsetX - drag.x, down = event.offsetY - drag.y;
    if (Math.abs(right) + Math.abs(down) < 4 && !drag.moved) return;
    drag.moved = true;
    byId("tip").hidden = true;
    if (drag.strip && drag.overview) {
      const at = (x) => ((x - GUTTER) / view.plot) * page.data.length;
      view.show(Math.min(at(drag.x), at(event.offsetX)), Math.max(at(drag.x), at(event.offsetX)));
    } else {
      const by = (right / view.plot) * (drag.to - drag.from);
      view.show(drag.from - by, drag.to - by);
      view.scrollTo(drag.scroll - down);
    }
    page.draw();
  }

  released(event) {
    const { drag, view, page } = this;
    this.drag = null;
    if (!drag || drag.moved) return;
    const place = view.rowAt(event.offsetY);
    if (place >= 0) page.choose(page.data.rows[place]);
  }

  hover(event) {
    const { view, page } = this, { data } = page, tip = byId("tip"), place = view.rowAt(event.offsetY);
    const flow = place < 0 ? -1 : data.rows[place];
    const found = flow < 0 || event.offsetX < GUTTER ? -1 : view.eventAt(flow, event.offsetX);
    tip.hidden = found < 0;
    if (found < 0) return;
    const since = milliseconds(data.events.at[found] - data.begin[flow]);
    tip.replaceChildren(make("b", { className: data.laneOf(found), text: data.kindOf(found) }), ` ${data.said(found)} `, make("span", { className: "dim", text: `+${since} ms` }));
    const left = byId("timeline").offsetLeft + event.offsetX + 14, room = byId("stage").clientWidth;
    tip.style.left = `${Math.max(4, Math.min(left, room - tip.offsetWidth - 8))}px`;
    tip.style.top = `${byId("timeline").offsetTop + event.offsetY + 16}px`;
  }
}

function byId(id) { return document.getElementById(id); }
