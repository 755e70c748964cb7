"use strict";
// What is looked at: a part of the time, a part of the rows, one message chosen and one kept beside it.

let GUTTER = 264; // what the names of the messages take; less where there is little room
const WIDE = 264, NARROW = 118, OVERVIEW = 40, AXIS = 26, TOP = OVERVIEW + AXIS, SLIM = 24, TALL = 96, CLOSEST = 20, MARGIN = 0.02;

class View {
  constructor(data) {
    this.data = data;
    this.width = 800;
    this.height = 400;
    this.from = 0;
    this.to = 1;
    this.scroll = 0;
    this.tall = false;
    this.aligned = false;
    this.chosen = -1;
    this.pinned = -1;
    this.fit();
  }

  get rowHeight() { return this.tall ? TALL : SLIM; }
  get plot() { return Math.max(50, this.width - GUTTER - 14); }
  get span() { return this.to - this.from; }
  get whole() {
    if (!this.aligned) return this.data.length;
    let longest = 1;
    for (const flow of this.data.rows) {
      if (this.data.flows.run[flow] === 0) longest = Math.max(longest, this.data.end[flow] - this.data.begin[flow]);
    }
    return longest;
  }
  get deepest() { return Math.max(0, this.data.rows.length * this.rowHeight - (this.height - TOP)); }

  zero(flow) { return this.aligned ? this.data.begin[flow] : 0; }
  x(time) { return GUTTER + ((time - this.from) / this.span) * this.plot; }
  time(x) { return this.from + ((x - GUTTER) / this.plot) * this.span; }
  rowAt(y) {
    const place = Math.floor((y - TOP + this.scroll) / this.rowHeight);
    return y < TOP || place < 0 || place >= this.data.rows.length ? -1 : place;
  }
  placeOf(flow) { return this.data.rows.indexOf(flow); }

  show(from, to) {
    const whole = this.whole, edge = whole * MARGIN + CLOSEST;
    const span = Math.min(Math.max(to - from, CLOSEST), whole + 2 * edge);
    const begin = Math.min(Math.max(from, -edge), whole + edge - span);
    this.from = begin;
    this.to = begin + span;
  }

  fit() { const edge = this.whole * MARGIN + CLOSEST; this.show(-edge, this.whole + edge); }

  fitOne(flow) {
    if (flow < 0) return;
    const begin = this.data.begin[flow] - this.zero(flow), end = this.data.end[flow] - this.zero(flow);
    const edge = Math.max((end - begin) * 0.08, CLOSEST);
    this.show(begin - edge, end + edge);
    this.reveal(flow);
  }

  zoom(factor, x) {
    const at = x === undefined ? (this.from + this.to) / 2 : this.time(x);
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  pan(share) { const by = this.span * share; this.show(this.from + by, this.to + by); }

  scrollTo(pixels) { this.scroll = Math.min(Math.max(0, pixels), this.deepest); }

  reveal(flow) {
    const place = this.placeOf(flow);
    if (place < 0) return;
    const top = place * this.rowHeight, room = this.height - TOP;
    if (top < this.scroll) this.scrollTo(top);
    else if (top + this.rowHeight > this.scroll + room) this.scrollTo(top + this.rowHeight - room);
  }

  resize(tall) {
    const place = this.chosen < 0 ? -1 : this.placeOf(this.chosen);
    const middle = (this.scroll + (this.height - TOP) / 2) / this.rowHeight;
    this.tall = tall;
    this.scrollTo((place < 0 ? middle : place) * this.rowHeight - (this.height - TOP) / 2);
  }

  // The event of a message that is drawn nearest to a place, within a few pixels; -1 where there is none.
  eventAt(flow, x) {
    const { at } = this.data.events, zero = this.zero(flow), last = this.data.first[flow + 1];
    const place = lowerBound(at, this.time(x - 7) + zero, this.data.first[flow], last);
    let best = -1, least = 8;
    for (let event = place; event < last && event < place + 400; event += 1) {
      const away = Math.abs(this.x(at[event] - zero) - x);
      if (away < least) { best = event; least = away; }
      else if (this.x(at[event] - zero) > x + 8) break;
    }
    return best;
  }
}

function lowerBound(numbers, wanted, low, high) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
