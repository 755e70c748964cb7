"use strict";
// Draws what is looked at, and nothing else: however long the record is, a frame costs what fits the screen.

const COLOURS = ["ink", "dim", "rule", "page", "row", "pick", "pin", "edge", "hatch", "witness", "pass", "fail", "unknown", "none"];
const FONT = "12px system-ui, sans-serif", SMALL = "11px system-ui, sans-serif", MONO = "12px ui-monospace, monospace";
const STEPS = [1, 2, 5];
const MOST_DOTS = 3000;

class Drawing {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    this.data = view.data;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.density = null;
    this.texts = new Map();
    this.frames = [];
    this.dress();
  }

  dress() { // colours are the style's; a canvas wants to be told them
    const probe = document.createElement("span");
    document.body.append(probe);
    const resolved = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
    this.c = Object.fromEntries(COLOURS.map((name) => [name, resolved(name)]));
    this.laneColours = this.data.lanes.map(resolved);
    probe.remove();
    this.hatching = this.hatched();
  }

  hatched() {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = this.c.hatch;
    pen.lineWidth = 2;
    pen.beginPath();
    for (const at of [-8, 0, 8]) { pen.moveTo(at, 8); pen.lineTo(at + 8, 0); }
    pen.stroke();
    return this.pen.createPattern(tile, "repeat");
  }

  size() {
    const box = this.canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    this.view.width = Math.max(300, box.width);
    GUTTER = this.view.width < 640 ? NARROW : WIDE;
    this.view.height = Math.max(TOP + SLIM, box.height);
    this.canvas.width = Math.round(this.view.width * ratio);
    this.canvas.height = Math.round(this.view.height * ratio);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.view.scrollTo(this.view.scroll);
  }

  draw() {
    const began = performance.now(), { pen, view, c } = this;
    pen.fillStyle = c.page;
    pen.fillRect(0, 0, view.width, view.height);
    this.ticks = this.placed();
    pen.save();
    pen.beginPath();
    pen.rect(0, TOP, view.width, view.height - TOP);
    pen.clip();
    this.grid(TOP, view.height - TOP);
    const first = Math.floor(view.scroll / view.rowHeight);
    const last = Math.min(this.data.rows.length, Math.ceil((view.scroll + view.height - TOP) / view.rowHeight));
    for (let place = first; place < last; place += 1) this.row(place);
    if (!this.data.rows.length) this.words("No message fits the filter.", GUTTER + 16, TOP + 30, c.dim, FONT);
    pen.restore();
    this.axis();
    this.overview();
    this.thumb();
    this.frames.push(performance.now() - began);
    if (this.frames.length > 600) this.frames.shift();
  }

  row(place) {
    const { pen, view, data, c } = this, flow = data.rows[place];
    const top = TOP + place * view.rowHeight - view.scroll, height = view.rowHeight;
    if (flow === view.chosen || flow === view.pinned || place % 2) {
      pen.fillStyle = flow === view.chosen ? c.pick : flow === view.pinned ? c.pin : c.row;
      pen.fillRect(0, top, view.width, height);
      this.grid(top, height);
    }
    pen.save();
    pen.beginPath();
    pen.rect(GUTTER, top, view.width - GUTTER, height);
    pen.clip();
    this.disturbed(flow, top, height);
    if (view.tall) this.tallRow(flow, top, height);
    else this.slimRow(flow, top + height / 2);
    pen.restore();
    this.label(flow, top, height);
  }

  label(flow, top, height) {
    const { pen, data, c, view } = this, said = data.verdict(flow), scenario = data.scenario(flow);
    const tone = { pass: c.pass, fail: c.fail, error: c.fail, unknown: c.unknown }[said] || c.none;
    pen.fillStyle = tone;
    pen.fillRect(4, top + 3, 4, height - 6);
    const y = view.tall ? top + 20 : top + height / 2 + 4;
    this.words(data.flows.short[flow], 16, y, c.ink, data.flows.run[flow] ? FONT : MONO, data.flows.run[flow] ? GUTTER - 20 : 98);
    const other = data.flows.run[flow] ? "" : scenario ? scenario.name.replace(/^test_/, "") : "of no test";
    if (GUTTER === NARROW) return;
    if (!view.tall) this.words(other, 118, y, c.dim, SMALL, GUTTER - 126);
    else {
      this.words(other, 16, top + 40, c.dim, SMALL, GUTTER - 84);
      this.words(`${said} · ${data.count(flow)} events`, 16, top + 57, tone, SMALL, GUTTER - 84);
      data.lanes.forEach((name, lane) => this.words(name, GUTTER - 8, this.laneY(top, lane) + 3, this.laneColours[lane], "9px system-ui", 60, "right"));
    }
  }

  laneY(top, lane) { return top + 11 + lane * 14.8; }

  disturbed(flow, top, height) {
    const { pen, view, data } = this, zero = view.zero(flow);
    pen.fillStyle = this.hatching;
    for (const [from, to, lane] of data.windows) {
      if (to < data.begin[flow] || from > data.end[flow]) continue;
      const left = Math.max(view.x(from - zero), GUTTER), right = Math.min(view.x(to - zero), view.width);
      if (right < GUTTER || left > view.width) continue;
      const y = view.tall ? this.laneY(top, lane) - 7 : top + 2;
      pen.fillRect(left, y, Math.max(2, right - left), view.tall ? 14 : height - 4);
    }
  }

  slimRow(flow, y) {
    const { pen, view, data, c } = this, zero = view.zero(flow);
    const left = view.x(data.begin[flow] - zero), right = view.x(data.end[flow] - zero);
    pen.fillStyle = c.rule;
    if (!data.flows.run[flow]) pen.fillRect(Math.max(left, GUTTER), y - 1, Math.max(1, Math.min(right, view.width) - Math.max(left, GUTTER)), 2);
    this.dots(flow, () => y, 4);
  }

  tallRow(flow, top) {
    const { pen, view, data, c } = this, zero = view.zero(flow), { at } = data.events;
    pen.fillStyle = c.rule;
    data.lanes.forEach((_, lane) => pen.fillRect(GUTTER, this.laneY(top, lane), view.width, 1));
    pen.globalAlpha = 0.4;
    for (let n = data.segmentOf[flow]; n < data.segmentOf[flow + 1]; n += 1) { // under way
      const lane = data.segments[3 * n], from = view.x(at[data.segments[3 * n + 1]] - zero), to = view.x(at[data.segments[3 * n + 2]] - zero);
      pen.fillStyle = this.laneColours[lane];
      const left = Math.max(from, GUTTER), right = Math.min(to, view.width);
      if (right > left) pen.fillRect(left, this.laneY(top, lane) - 2.5, right - left, 6);
    }
    pen.globalAlpha = 1;
    this.dots(flow, (lane) => this.laneY(top, lane) + 0.5, 4);
  }

  // What falls on what is drawn already is left out, so that a crowd costs no more than it shows.
  dots(flow, height, radius) {
    const { pen, view, data, c } = this, { at, lane, actor, witness, kind } = data.events, zero = view.zero(flow);
    const end = data.first[flow + 1], last = this.data.lanes.map(() => -9), wanted = data.wanted.kind;
    let drawn = 0;
    for (let event = lowerBound(at, view.from + zero - view.span * 0.02, data.first[flow], end); event < end && drawn < MOST_DOTS; event += 1) {
      const x = view.x(at[event] - zero);
      if (x > view.width + radius) break;
      const here = lane[event], faded = wanted >= 0 && kind[event] !== wanted;
      if (x - last[here] < 0.75 && !witness[event]) continue;
      last[here] = x;
      drawn += 1;
      const y = height(here);
      pen.globalAlpha = faded ? 0.25 : 1;
      if (view.tall && actor[event] >= 0) this.done(x, y, height(actor[event]), this.laneColours[actor[event]]);
      pen.fillStyle = this.laneColours[here];
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
      if (witness[event] && radius > 3) {
        pen.strokeStyle = c.witness;
        pen.lineWidth = 1.5;
        pen.beginPath();
        pen.arc(x, y, radius + 2, 0, 2 * Math.PI);
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
  }

  done(x, y, there, colour) { // who did it
    const { pen, c } = this;
    pen.strokeStyle = c.dim;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x, there);
    pen.stroke();
    pen.fillStyle = c.page;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, there, 2.5, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }

  // Where the lines of the time stand, and by how much they are apart.
  placed() {
    const { view } = this, about = view.span / Math.max(2, view.plot / 110), power = 10 ** Math.floor(Math.log10(about));
    const step = power * (STEPS.find((one) => one * power >= about) || 10), times = [];
    for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) times.push(time);
    return { step, times };
  }

  grid(top, height) {
    this.pen.fillStyle = this.c.rule;
    for (const time of this.ticks.times) this.pen.fillRect(Math.round(this.view.x(time)), top, 1, height);
    this.pen.fillRect(GUTTER - 1, top, 1, height);
  }

  axis() {
    const { pen, view, c } = this, { step, times } = this.ticks;
    pen.fillStyle = c.page;
    pen.fillRect(0, OVERVIEW, view.width, AXIS);
    this.words(view.aligned ? "after its first event" : "after the run's first event", 16, OVERVIEW + 17, c.dim, SMALL, GUTTER - 20);
    this.grid(TOP - 6, 6);
    pen.fillRect(0, TOP - 1, view.width, 1);
    for (const time of times) {
      const x = view.x(time);
      if (x > GUTTER + 4 && x < view.width - 30) this.words(tick(time, step), x, OVERVIEW + 15, c.dim, SMALL, 100, "center");
    }
  }

  overview() { // the whole run: how much happened when, where what failed is, and what is looked at
    const { pen, view, data, c } = this, width = Math.floor(view.plot), room = OVERVIEW - 12;
    pen.fillStyle = c.row;
    pen.fillRect(0, 0, view.width, OVERVIEW);
    this.words("whole run", 16, 24, c.dim, SMALL, 200);
    if (!this.density || this.density.length !== width) this.density = this.counted(width);
    const most = this.density.reduce((one, other) => Math.max(one, other), 1);
    pen.fillStyle = c.none;
    for (let x = 0; x < width; x += 1) {
      const tall = this.density[x] ? Math.max(1, room * Math.sqrt(this.density[x] / most)) : 0;
      if (tall) pen.fillRect(GUTTER + x, OVERVIEW - 4 - tall, 1, tall);
    }
    const at = (time) => GUTTER + (time / data.length) * width;
    pen.fillStyle = c.fail;
    for (const flow of data.failing) pen.fillRect(Math.round(at(data.begin[flow])), 3, 2, 5);
    if (view.aligned) return;
    const left = Math.max(at(view.from), GUTTER), right = Math.min(at(view.to), GUTTER + width);
    pen.strokeStyle = c.edge;
    pen.lineWidth = 1.5;
    pen.strokeRect(left, 2, Math.max(3, right - left), OVERVIEW - 5);
  }

  counted(width) {
    const counts = new Uint32Array(width), { at, number } = this.data.events, scale = (width - 1) / this.data.length;
    for (let event = 0; event < number; event += 1) counts[Math.floor(at[event] * scale)] += 1;
    return counts;
  }

  thumb() {
    const { pen, view, c } = this, room = view.height - TOP;
    if (!view.deepest) return;
    const whole = view.deepest + room, tall = Math.max(24, (room * room) / whole);
    pen.fillStyle = c.none;
    pen.globalAlpha = 0.5;
    pen.fillRect(view.width - 7, TOP + (view.scroll / view.deepest) * (room - tall), 5, tall);
    pen.globalAlpha = 1;
  }

  words(text, x, y, colour, font, room, align = "left") {
    const { pen } = this;
    pen.font = font;
    pen.fillStyle = colour;
    pen.textAlign = align;
    pen.fillText(room ? this.cut(text, room, font) : text, x, y);
  }

  cut(text, room, font) {
    const key = `${font}|${room}|${text}`;
    let known = this.texts.get(key);
    if (known === undefined) {
      known = text;
      if (this.pen.measureText(known).width > room) {
        let low = 0, high = Math.min(text.length, 200);
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (this.pen.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
          else high = middle - 1;
        }
        known = `${text.slice(0, low)}…`;
      }
      if (this.texts.size > 5000) this.texts.clear();
      this.texts.set(key, known);
    }
    return known;
  }
}

function tick(time, step) {
  const [unit, name] = step < 1e3 && Math.abs(time) < 1e4 ? [1, "µs"] : step < 1e6 && Math.abs(time) < 1e7 ? [1e3, "ms"] : [1e6, "s"];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9));
  return `${(time / unit).toFixed(Math.min(6, digits))} ${name}`;
}
