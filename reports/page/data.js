"use strict";
// What the page knows: columns of numbers for the events, a row of facts for each message, and which of them are shown.

const OUTCOMES = ["pass", "unknown", "fail", "error", "xfailed", "skipped", "not asked"];
const NOT_JUDGED = "not judged";

function columns(table) {
  const number = table.at.length;
  return {
    number,
    at: Float64Array.from(table.at), // microseconds after the first event of the record
    kind: Uint8Array.from(table.kind),
    lane: Uint8Array.from(table.lane),
    actor: Int8Array.from(table.actor),
    said: Uint32Array.from(table.said),
    stage: Int32Array.from(table.stage),
    detail: Int32Array.from(table.detail),
    witness: Uint8Array.from(table.witness),
  };
}

class Data {
  constructor(table) {
    Object.assign(this, table);
    this.events = columns(table.events);
    this.first = Uint32Array.from(table.flows.first); // the first event of each message, and one end more
    this.number = table.flows.name.length;
    this.begin = new Float64Array(this.number);
    this.end = new Float64Array(this.number);
    for (let flow = 0; flow < this.number; flow += 1) {
      this.begin[flow] = this.events.at[this.first[flow]];
      this.end[flow] = this.events.at[this.first[flow + 1] - 1];
    }
    this.length = Math.max(1, ...[0].concat(this.number ? [this.end.reduce((one, other) => Math.max(one, other), 0)] : []));
    this.segments = Uint32Array.from(table.segments.of);
    this.segmentOf = Uint32Array.from(table.segments.first);
    this.words = null; // the texts in lower case, once somebody searches
    this.chunks = new Map();
    this.rows = new Uint32Array(0);
    this.wanted = { text: "", scenario: -1, verdict: "", kind: -1 };
    this.filter(this.wanted);
  }

  name(flow) { return this.flows.name[flow]; }
  scenario(flow) { const at = this.flows.scenario[flow]; return at < 0 ? null : this.scenarios[at]; }
  verdict(flow) { const at = this.flows.verdict[flow]; return at < 0 ? NOT_JUDGED : OUTCOMES[at]; }
  bad(flow) { const said = this.verdict(flow); return said === "fail" || said === "error" || said === "unknown"; }
  count(flow) { return this.first[flow + 1] - this.first[flow]; }
  said(event) { return this.strings[this.events.said[event]]; }
  kindOf(event) { return this.kinds[this.events.kind[event]]; }
  laneOf(event) { return this.lanes[this.events.lane[event]]; }

  // All that an event says, cut where it is long; read when it is asked for.
  details(event) {
    const number = Math.floor(event / this.chunk);
    if (!this.chunks.has(number)) {
      const element = document.getElementById(`details-${number}`);
      this.chunks.set(number, element ? JSON.parse(element.textContent) : []);
    }
    return this.chunks.get(number)[event % this.chunk] || "";
  }

  filter(wanted) {
    this.wanted = wanted;
    const text = wanted.text.trim().toLowerCase();
    const found = text ? this.holding(text) : null;
    const rows = [];
    for (let flow = 0; flow < this.number; flow += 1) {
      if (wanted.scenario >= 0 && this.flows.scenario[flow] !== wanted.scenario) continue;
      if (wanted.verdict && this.verdict(flow) !== wanted.verdict) continue;
      if (wanted.kind >= 0 && !this.hasKind(flow, wanted.kind)) continue;
      if (text && !this.speaksOf(flow, text, found)) continue;
      rows.push(flow);
    }
    this.rows = Uint32Array.from(rows);
  }

  hasKind(flow, kind) {
    for (let event = this.first[flow]; event < this.first[flow + 1]; event += 1) {
      if (this.events.kind[event] === kind) return true;
    }
    return false;
  }

  holding(text) {
    this.words = this.words || this.strings.map((one) => one.toLowerCase());
    return Uint8Array.from(this.words, (one) => (one.includes(text) ? 1 : 0));
  }

  speaksOf(flow, text, found) {
    const scenario = this.scenario(flow);
    const about = `${this.flows.name[flow]} ${this.flows.keys[flow]} ${scenario ? scenario.name : ""}`;
    if (about.toLowerCase().includes(text)) return true;
    for (let event = this.first[flow]; event < this.first[flow + 1]; event += 1) {
      if (found[this.events.said[event]]) return true;
    }
    return false;
  }
}

function milliseconds(microseconds) {
  const ms = microseconds / 1000;
  const digits = Math.abs(ms) < 10 ? 2 : 1;
  return ms.toFixed(digits);
}

function duration(microseconds) {
  if (microseconds < 1e3) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1e6) return `${(microseconds / 1e3).toPrecision(3)} ms`;
  if (microseconds < 6e7) return `${(microseconds / 1e6).toPrecision(3)} s`;
  return `${Math.floor(microseconds / 6e7)} min ${Math.round((microseconds % 6e7) / 1e6)} s`;
}
