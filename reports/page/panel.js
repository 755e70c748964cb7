"use strict";
// A message in words: what is known of it, its verdicts, and each event; or two of them beside each other.

const AT_FIRST = 300;
const LONG_GAP = 50000;

// An element with its text; what a record says becomes text, and never markup.
function make(name, { text, className, title, ...more } = {}, ...children) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  if (title) element.title = title;
  for (const [key, value] of Object.entries(more)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function badge(said) { return make("span", { className: `badge ${said.replace(/ /g, "-")} ${said === NOT_JUDGED ? "none" : ""}`, text: said.toUpperCase() }); }

class Panel {
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.data = page.data;
  }

  show() {
    const { chosen, pinned } = this.page.view;
    this.element.replaceChildren();
    this.element.scrollTop = 0;
    if (chosen < 0) this.element.append(make("p", { className: "empty", text: "Choose a message: click it, or use the arrow keys." }));
    else if (pinned >= 0 && pinned !== chosen) this.beside(pinned, chosen);
    else this.one(chosen);
  }

  one(flow) {
    const { data } = this, scenario = data.scenario(flow), run = data.flows.run[flow];
    this.element.append(make("div", { className: "head" }, make("h2", { text: data.name(flow) }), ...(run ? [] : [badge(data.verdict(flow))])));
    const facts = make("dl");
    const fact = (name, value) => facts.append(make("dt", { text: name }), make("dd", { text: value }));
    if (scenario) fact("test", scenario.name);
    if (data.flows.keys[flow]) fact("known by", data.flows.keys[flow]);
    fact("events", `${data.count(flow)} in ${duration(data.end[flow] - data.begin[flow])}`);
    fact("begins", `${duration(data.begin[flow])} after the run's first event`);
    this.element.append(facts, this.verdicts(data.flows.verdicts[flow] || []), this.acts(flow), this.table(flow));
  }

  acts(flow) {
    const { page } = this, acts = make("div", { className: "acts" });
    const act = (text, title, run) => { const button = make("button", { type: "button", text, title }); button.addEventListener("click", run); acts.append(button); };
    act("Zoom to it", "f", () => page.act("f"));
    if (page.view.pinned === flow) act("Let go", "c", () => page.act("c"));
    else act("Compare with another…", "c", () => page.act("c"));
    if (page.view.pinned === flow) acts.append(make("span", { className: "dim", text: "Now choose the other message." }));
    return acts;
  }

  verdicts(lines) {
    const list = make("ul", { className: "verdicts" });
    for (const [outcome, name, reason] of lines) {
      const said = OUTCOMES[outcome];
      const item = make("li", { className: said.replace(/ /g, "-") }, make("b", { text: said.toUpperCase() }));
      item.append(` ${this.data.strings[name]}: ${this.data.strings[reason]}`);
      list.append(item);
    }
    return list;
  }

  table(flow, most = AT_FIRST) {
    const { data } = this, first = data.first[flow], last = data.first[flow + 1], body = make("tbody");
    const shown = Math.min(last, first + most);
    for (let event = first; event < shown; event += 1) body.append(this.line(event, first));
    const heads = ["ms", "+ms", "event"].map((text, place) => make("th", { text, scope: "col", className: place < 2 ? "n" : "" }));
    const table = make("table", {}, make("caption", { text: "Events; press one for all that it says." }), make("thead", {}, make("tr", {}, ...heads)), body);
    if (shown === last) return table;
    const more = make("button", { type: "button", text: `${last - shown} more events` });
    more.addEventListener("click", () => { table.replaceWith(this.table(flow, most * 4)); more.remove(); });
    const whole = make("div", {}, table, more);
    return whole;
  }

  line(event, first) {
    const { data } = this, { at, witness } = data.events;
    const gap = event > first ? at[event] - at[event - 1] : 0;
    const kind = make("button", { type: "button", className: `kind ${data.laneOf(event)}`, text: data.kindOf(event), "aria-expanded": "false" });
    const said = make("td", {}, ...(witness[event] ? [make("span", { text: "» ", title: "a verdict rests on it" })] : []), kind, ` ${data.said(event)}`);
    const row = make("tr", { className: witness[event] ? "witness" : "" }, make("td", { className: "n", text: milliseconds(at[event] - at[first]) }),
      make("td", { className: `n ${gap >= LONG_GAP ? "long" : ""}`, text: milliseconds(gap) }), said);
    kind.addEventListener("click", () => this.unfold(row, kind, event));
    return row;
  }

  unfold(row, kind, event) {
    const open = kind.getAttribute("aria-expanded") === "true";
    kind.setAttribute("aria-expanded", String(!open));
    if (open) row.nextElementSibling.remove();
    else row.after(make("tr", {}, make("td", { colspan: "3" }, make("pre", { tabindex: "0", text: this.data.details(event) }))));
  }

  beside(one, other) {
    const { data, page } = this, found = align(data, one, other);
    const heading = make("div", { className: "head" }, make("h2", { text: `${data.name(one)} beside ${data.name(other)}` }));
    const clear = make("button", { type: "button", text: "Let go", title: "c" });
    clear.addEventListener("click", () => page.act("c"));
    heading.append(clear);
    const body = make("tbody");
    found.pairs.forEach((pair, place) => body.append(this.pair(pair, place === found.first)));
    const heads = ["", "ms", `kept: ${data.flows.short[one]}`, "ms", `chosen: ${data.flows.short[other]}`];
    const head = make("tr", {}, ...heads.map((text, place) => make("th", { text, scope: "col", className: place === 1 || place === 3 ? "n" : "" })));
    this.element.append(heading, make("p", { className: "difference", text: differenceSaid(data, found) }),
      make("table", {}, make("caption", { text: "Milliseconds after each message's send; ≠ differs, ↕ comes in another order." }), make("thead", {}, head), body));
    page.say(differenceSaid(data, found));
  }

  pair(pair, first) {
    const { data } = this, mark = { "": "", "only one": "≠", other: "≠", order: "↕" }[pair.difference];
    const side = (event, at) => [make("td", { className: "n", text: event < 0 ? "–" : milliseconds(at) }), event < 0 ? make("td", { className: "dim", text: "–" })
      : make("td", {}, make("span", { className: `kind ${data.laneOf(event)}`, text: data.kindOf(event) }), ` ${data.said(event)}`)];
    return make("tr", { className: first ? "first" : "" }, make("td", { className: "mark", text: first ? "»" : mark }),
      ...side(pair.left, pair.leftAt), ...side(pair.right, pair.rightAt));
  }
}
