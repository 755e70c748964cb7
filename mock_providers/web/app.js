// The live list: newest first, older pages as one scrolls, what happens meanwhile on top.
import { tell, showStory } from "./story.js";
import { openDialog } from "./dialogs.js";
import { showLacks } from "./lacks.js";
import { visible } from "./visible.js";

const PAGE = 200;
const MOST_ROWS = 3000;
const $ = (id) => document.getElementById(id);
const rows = $("rows");
const state = { oldest: null, loading: false, generation: 0, seq: 0, selected: null, stream: null, fresh: [], asked: new Set(), asking: false };

export const api = async (path, options = {}) => {
  const response = await fetch(`/_mock${path}`, options);
  const value = await response.json();
  if (!response.ok) throw new Error(value.hint ? `${value.error} (${value.hint})` : value.error);
  return value;
};

const selection = () => {
  const query = new URLSearchParams();
  for (const name of ["search", "to", "provider", "account"]) if ($(name).value) query.set(name, $(name).value);
  if ($("failed").checked) query.set("failed", "true");
  return query;
};

// what has a row: calls and webhooks, each with its answer; whatever else there is stands in a story
const ROWS = ["called", "callback.sent", "callback.dropped"];
const rowsOf = () => {
  const query = selection();
  query.set("type", ROWS.join());
  query.set("answers", "true");
  return query;
};

const time = (at) => new Date(at * 1000).toISOString().slice(11, 23);

export const verdict = (answer, entry) => {
  if (entry?.type === "callback.dropped") return ["dropped", "warn"];
  if (!answer) return ["waiting", "warn"];
  if (answer.outcome && !["answered", "slow"].includes(answer.outcome)) return [answer.outcome, "bad"];
  if (answer.status === null) return ["no answer", "bad"];
  const words = answer.error && typeof answer.error === "number" ? `${answer.status} · ${answer.error}` : `${answer.status}`;
  return [words, answer.status < 300 ? "good" : answer.status < 400 ? "warn" : "bad"];
};

const cell = (kind, text) => {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = visible(text);
  return span;
};

// an address names its channel, and there is no other place where it stands
const channelOf = (entry) => (`${[entry.to ?? []].flat()[0] ?? ""}`.match(/^([a-z]+):/) ?? [])[1];

function makeRow(entry) {
  const row = document.createElement("div");
  row.className = "row";
  row.id = `e${entry.seq}`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  const what = cell("what", "");
  const whatsapp = channelOf(entry) === "whatsapp";
  const tag = cell(`tag ${whatsapp ? "whatsapp" : entry.provider}`, whatsapp ? "W" : entry.provider === "twilio" ? "T" : "S");
  tag.title = whatsapp ? "Twilio, by WhatsApp" : entry.provider;
  // what the mock doesn't know has no name but its path
  const name = entry.endpoint === "unknown" ? `${entry.method} ${entry.path}` : entry.type === "called" ? entry.endpoint : `↩ ${entry.kind}`;
  what.append(tag, Object.assign(document.createElement("b"), { textContent: visible(name), title: visible(name) }));
  const to = [entry.to ?? []].flat().map((one) => one.replace(/^whatsapp:/, "")).join(", ");
  const text = entry.text ?? entry.params?.ContentSid ?? entry.params?.MessageStatus ?? (Array.isArray(entry.params) ? entry.params.map((one) => one.event).join(", ") : "");
  row.append(cell("time", time(entry.at)), what, cell("to", to), cell("text", text), cell("pill", ""), cell("ms", ""));
  row.entry = entry;
  setAnswer(row, entry.answer);
  return row;
}

function setAnswer(row, answer) {
  row.entry.answer = answer;
  const [words, kind] = verdict(answer, row.entry);
  const pill = row.children[4];
  pill.textContent = visible(words);
  pill.className = `pill ${kind}`;
  row.children[5].textContent = answer ? Math.round(answer.elapsed_ms * 10) / 10 : "";
}

async function loadOlder() {
  if (state.loading || state.oldest === null) return;
  state.loading = true;
  const generation = state.generation;
  const query = rowsOf();
  query.set("order", "desc");
  query.set("limit", PAGE);
  if (state.oldest) query.set("before", state.oldest);
  try {
    const page = await api(`/calls?${query}`);
    if (generation !== state.generation) return;
    if (!state.oldest) {
      state.seq = page.seq;
      follow();
    }
    rows.append(...page.entries.map(makeRow));
    state.oldest = page.next;
    showWhetherEmpty();
  } finally {
    state.loading = false;
  }
}

function reload() {
  state.generation += 1;
  state.stream?.close();
  state.oldest = 0;
  state.loading = false;
  state.fresh = [];
  state.asked = new Set();
  state.asking = false;
  rows.replaceChildren();
  loadOlder();
}

function follow() {
  const query = selection();
  // what fits a search is found by the server alone, once for its first page and again for what comes
  query.delete("search");
  query.delete("failed");
  query.set("after", state.seq);
  const stream = new EventSource(`/_mock/follow?${query}`);
  state.stream = stream;
  stream.onopen = () => { $("live").className = "on"; $("live").textContent = "live"; };
  stream.onerror = () => { $("live").className = ""; $("live").textContent = "reconnecting"; };
  stream.onmessage = (event) => {
    state.fresh.push(JSON.parse(event.data));
    if (state.fresh.length === 1) requestAnimationFrame(showFresh);
  };
}

const searching = () => $("search").value.trim() !== "" || $("failed").checked;

function showFresh() {
  const fragment = [];
  const made = new Map();
  let lacking = false;
  for (const entry of state.fresh) {
    const row = made.get(entry.call) ?? $(`e${entry.call}`);
    if (entry.type.endsWith("answered") && row) {
      setAnswer(row, entry);
    } else if (searching()) {
      state.asked.add(entry.call);
    } else if (ROWS.includes(entry.type)) {
      const fresh = makeRow(entry);
      made.set(entry.seq, fresh);
      fragment.unshift(fresh);
    }
    if (state.selected?.concerns(entry)) state.selected.refresh();
    if (entry.type === "reset" || (entry.type === "called" && entry.endpoint === "unknown")) lacking = true;
  }
  state.fresh = [];
  const top = rows.scrollTop;
  const height = rows.scrollHeight;
  rows.prepend(...fragment);
  if (top > 0) rows.scrollTop = top + rows.scrollHeight - height;
  while (rows.children.length > MOST_ROWS && top < 100) {
    state.oldest = rows.lastElementChild.entry.seq;
    rows.lastElementChild.remove();
  }
  showWhetherEmpty();
  if (state.asked.size && !state.asking) showFound();
  if (lacking) showLacks(api);
}

// asks which of the calls that came, or were answered, fit the search; each gets a row at its own place
async function showFound() {
  const generation = state.generation;
  state.asking = true;
  try {
    while (state.asked.size && generation === state.generation) {
      const calls = state.asked;
      state.asked = new Set();
      let after = Math.min(...calls) - 1;
      const last = Math.max(...calls);
      while (after !== null && after < last) {
        const query = rowsOf();
        query.set("after", after);
        const page = await api(`/calls?${query}`);
        if (generation !== state.generation) return;
        page.entries.filter((entry) => calls.has(entry.seq)).forEach(showInPlace);
        after = page.next;
      }
    }
    showWhetherEmpty();
  } finally {
    if (generation === state.generation) state.asking = false;
  }
}

function showInPlace(entry) {
  const row = $(`e${entry.seq}`);
  if (row) {
    if (entry.answer) setAnswer(row, entry.answer);
    return;
  }
  const older = [...rows.children].find((one) => one.entry.seq < entry.seq);
  // one that is older than all that are loaded comes with its page
  if (older || state.oldest === null) rows.insertBefore(makeRow(entry), older ?? null);
}

function showWhetherEmpty() {
  const empty = rows.children.length === 0;
  $("empty").hidden = !empty || searching();
  $("unfound").hidden = !empty || !searching();
}

function select(row) {
  if (!row) return;
  rows.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  row.setAttribute("aria-selected", "true");
  rows.setAttribute("aria-activedescendant", row.id);
  row.scrollIntoView({ block: "nearest" });
  state.selected = showStory(row.entry);
}

function move(step) {
  const now = rows.querySelector("[aria-selected=true]");
  select(now ? (step > 0 ? now.nextElementSibling : now.previousElementSibling) : rows.firstElementChild);
}

rows.addEventListener("click", (event) => select(event.target.closest(".row")));
rows.addEventListener("scroll", () => {
  if (rows.scrollTop + rows.clientHeight > rows.scrollHeight - 600) loadOlder();
});
document.addEventListener("keydown", (event) => {
  if ($("dialog").open) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); }
  else if (event.key === "Escape" && typing) rows.focus();
  else if (typing) return;
  else if (["ArrowDown", "j"].includes(event.key)) { event.preventDefault(); move(1); }
  else if (["ArrowUp", "k"].includes(event.key)) { event.preventDefault(); move(-1); }
});
let pending;
$("filters").addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(reload, 200); });
$("filters").addEventListener("submit", (event) => { event.preventDefault(); reload(); });
for (const button of document.querySelectorAll("[data-dialog]")) {
  button.addEventListener("click", () => openDialog(button.dataset.dialog, { api, selected: state.selected?.entry, done: (kind) => kind === "reset" && reload() }));
}

const showAccounts = async () => {
  const { accounts } = await api("/accounts");
  const known = new Set([...$("account").options].map((option) => option.value));
  for (const one of accounts) {
    if (!known.has(one.account)) $("account").append(new Option(`${one.provider}: ${one.account}`, one.account));
  }
};
$("account").addEventListener("focus", showAccounts);
$("origin").textContent = location.origin;
tell.api = api;
tell.verdict = verdict;
showAccounts();
showLacks(api);
reload();
rows.focus();
