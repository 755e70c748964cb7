// One message's whole story: its body, and everything that happened to it in order.
import { visible } from "./visible.js";
export const tell = { api: null, verdict: null };

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  if ("textContent" in properties) element.textContent = visible(properties.textContent);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const FETCHES_NOTHING = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`;

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

const steps = {
  called: (entry) => ["Call received", `${entry.method} ${entry.path}`, { headers: entry.headers, params: entry.params }],
  answered: (entry) => [`Answered: ${tell.verdict(entry, entry)[0]}`, `after ${entry.elapsed_ms} ms${entry.message ? ` · ${entry.message}` : ""}`, typeof entry.error === "string" ? entry.error : null],
  "callback.sent": (entry) => [`Webhook sent: ${entry.params?.MessageStatus ?? (Array.isArray(entry.params) ? entry.params.map((one) => one.event).join(", ") : entry.kind)}`, entry.url, { signature: entry.signature, params: entry.params }],
  "callback.answered": (entry) => [`The stack answered: ${entry.status ?? "nothing"}`, entry.error ?? `after ${entry.elapsed_ms} ms`, entry.reply || null],
  "verification.sent": (entry) => [`Code ${entry.code} sent by ${entry.channel}`, `to ${entry.to} · attempt ${entry.attempt}`, entry.text],
  "verification.checked": (entry) => [entry.right ? "The code was right: approved" : "The code was wrong", `check ${entry.check}`, null],
  "callback.dropped": (entry) => [`Webhook ${entry.reason && entry.reason !== "a fault" ? "not sent" : "dropped by a fault"}`, entry.reason && entry.reason !== "a fault" ? entry.reason : entry.kind, entry.params],
};

function timeline(entries) {
  const begin = entries[0]?.at ?? 0;
  const list = make("ol", { className: "timeline" });
  for (const entry of entries) {
    const [title, facts, more] = steps[entry.type]?.(entry) ?? [entry.type, "", entry];
    const kind = entry.type === "verification.checked" ? (entry.right ? "good" : "bad") : entry.type.endsWith("answered") ? tell.verdict(entry, entry)[1] : entry.type === "callback.dropped" ? "warn" : "";
    const item = make("li", { className: kind });
    item.append(
      make("span", { className: "at", textContent: `+${((entry.at - begin) * 1000).toFixed(1)} ms` }),
      make("strong", { textContent: title }),
      make("p", { className: "facts", textContent: facts }),
    );
    if (more) item.append(make("details", {}, make("summary", { textContent: "details" }), make("pre", { textContent: pretty(more) })));
    list.append(item);
  }
  return list;
}

async function smsBody(entry) {
  const text = entry.text ?? entry.params?.Body;
  const { MediaUrl, ContentSid, ContentVariables, ProfileName, ButtonText, ButtonPayload, ListTitle, ListId } = entry.params ?? {};
  if (!text && !MediaUrl && !ContentSid) return null;
  if (ContentSid) return make("div", {}, make("div", { className: "bubble", textContent: `Template ${ContentSid}` }), ContentVariables ? make("pre", { textContent: ContentVariables }) : null);
  const incoming = entry.kind === "inbound" ? " in" : "";
  const count = await tell.api(`/segments?text=${encodeURIComponent(text ?? "")}`);
  const media = [MediaUrl ?? []].flat();
  const chosen = ButtonText ? `tapped “${ButtonText}”${ButtonPayload ? ` (${ButtonPayload})` : ""}` : ListTitle ? `chose “${ListTitle}”${ListId ? ` (${ListId})` : ""}` : null;
  return make("div", {},
    make("div", { className: `bubble${incoming}`, textContent: text || "(media only)" }),
    make("p", { className: `segments${incoming}`, textContent: `${count.count} segment${count.count === 1 ? "" : "s"} · ${count.encoding} · ${count.units} units${media.length ? ` · ${media.length} media` : ""}` }),
    ProfileName || chosen ? make("p", { className: "facts", textContent: [ProfileName, chosen].filter(Boolean).join(" ") }) : null,
    media.length ? make("pre", { textContent: media.join("\n") }) : null,
  );
}

async function mailBody(entry) {
  let mails, left_out;
  try {
    ({ mails, left_out } = await tell.api(`/calls/${entry.call}/rendered`));
  } catch {
    return null;
  }
  const box = make("div");
  const payload = typeof entry.params === "object" ? entry.params : {};
  for (const mail of mails) {
    box.append(make("h3", { textContent: `To ${mail.to.join(", ")}` }), make("h2", { textContent: mail.subject || "(no subject)" }));
    if (mail.error) box.append(make("p", { className: "pill bad", textContent: mail.error }));
    for (const part of mail.content) {
      if (part.type === "text/html") {
        // whatever the mail asks for, its frame fetches nothing: not from elsewhere, and not from here
        const frame = make("iframe", { title: "HTML part", referrerPolicy: "no-referrer", srcdoc: FETCHES_NOTHING + part.value });
        frame.setAttribute("sandbox", "");
        box.append(frame);
      } else {
        box.append(make("pre", { textContent: part.value }));
      }
    }
  }
  if (left_out) box.append(make("p", { className: "segments", textContent: `and ${left_out} more personalizations, which are left out here` }));
  const attachments = payload?.attachments ?? [];
  if (attachments.length) {
    const list = attachments.map((one, n) => make("li", {}, make("a", { href: `/_mock/calls/${entry.call}/attachments/${n}`, textContent: one.filename ?? `attachment ${n}` })));
    box.append(make("h3", { textContent: "Attachments" }), make("ul", {}, ...list));
  }
  if (payload?.headers) box.append(make("h3", { textContent: "Headers" }), make("pre", { textContent: pretty(payload.headers) }));
  return box;
}

async function gather(entry) {
  const message = entry.answer?.message ?? entry.message;
  const own = await tell.api(`/calls?call=${entry.call}&account=${encodeURIComponent(entry.account ?? "")}`);
  const found = new Map(own.entries.map((one) => [one.seq, one]));
  if (message) {
    const query = new URLSearchParams({ message, account: entry.account ?? "", limit: 1000 });
    for (const one of (await tell.api(`/calls?${query}`)).entries) {
      found.set(one.seq, one);
      // the call itself doesn't know the id yet that its answer has
      if (one.type === "answered" && !found.has(one.call)) {
        for (const asked of (await tell.api(`/calls?call=${one.call}&account=${encodeURIComponent(entry.account ?? "")}`)).entries) found.set(asked.seq, asked);
      }
    }
  }
  return [...found.values()].sort((a, b) => a.seq - b.seq);
}

export function showStory(entry) {
  const view = document.getElementById("story");
  const story = { entry, calls: new Set([entry.call]), concerns: (one) => story.calls.has(one.call) || (one.message && one.message === (story.entry.answer?.message ?? story.entry.message)), refresh: null };
  const draw = async () => {
    const entries = await gather(entry);
    const first = entries.find((one) => one.endpoint === "messages.create" || one.endpoint === "mail.send" || one.kind === "inbound") ?? entry;
    entries.forEach((one) => story.calls.add(one.call));
    const body = entry.provider === "twilio" ? await smsBody(first) : first.endpoint === "mail.send" ? await mailBody(first) : null;
    if (view.story !== story) return;
    const to = Array.isArray(first.to) ? first.to.join(", ") : first.to ?? "";
    view.replaceChildren(
      make("h2", { textContent: first.endpoint ?? first.kind }),
      make("p", { className: "facts", hidden: !first.from && !to, textContent: `${first.from ?? "?"} → ${to || "?"}` }),
      make("p", { className: "facts", textContent: [entry.provider, entry.account ?? "no account", entry.answer?.message ?? entry.message].filter(Boolean).join(" · ") }),
      ...(body ? [make("h3", { textContent: "Body" }), body] : []),
      make("h3", { textContent: "What happened" }),
      timeline(entries),
    );
  };
  let drawing = false;
  let stale = false;
  // what happens while a story is being drawn was perhaps not yet in what it asked for: it is drawn once more
  story.refresh = async () => {
    stale = true;
    if (drawing) return;
    drawing = true;
    try {
      while (stale) {
        stale = false;
        await draw();
      }
    } finally {
      drawing = false;
    }
  };
  view.story = story;
  story.refresh();
  return story;
}
