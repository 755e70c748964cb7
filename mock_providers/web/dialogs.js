// The buttons: inbound, status, event, fault, reset. Each is a form that becomes one control-plane request.
import { visible } from "./visible.js";
const STATUSES = ["sent", "delivered", "undelivered", "failed", "read"];
const EVENTS = ["processed", "delivered", "deferred", "bounce", "blocked", "dropped", "open", "click", "spamreport", "unsubscribe"];

const forms = {
  inbound: {
    title: "Inbound message or mail",
    fields: [["account", "Account"], ["from", "From"], ["to", "To"], ["subject", "Subject (mail)"], ["body", "Text", "area"], ["profile_name", "Profile name (WhatsApp)"], ["button", "Tapped button (WhatsApp)"], ["url", "URL (optional)"]],
    send: ({ account, from, to, subject, body, profile_name, button, url }) => account.provider === "twilio"
      ? [`/twilio/${account.name}/inbound`, { from, to, ...((body || !button) && { body }), ...(profile_name && { profile_name }), ...(button && { button: { text: button } }), ...(url && { url }) }]
      : [`/sendgrid/${account.name}/inbound`, { from, to, subject, text: body, ...(url && { url }) }],
  },
  status: {
    title: "Status of a message",
    only: "twilio",
    fields: [["account", "Account"], ["message", "Message SID"], ["status", "Status", STATUSES], ["error_code", "Error code"], ["duplicate", "Times"]],
    send: ({ account, message, status, error_code, duplicate }) => [`/twilio/${account.name}/messages/${encodeURIComponent(message)}/status`,
      { status, ...(error_code && { error_code: Number(error_code) }), ...(duplicate && { duplicate: Number(duplicate) }) }],
  },
  event: {
    title: "Event of a mail",
    only: "sendgrid",
    fields: [["account", "Account"], ["message", "X-Message-Id"], ["event", "Event", EVENTS], ["url", "URL (optional)"]],
    send: ({ account, message, event, url }) => [`/sendgrid/${account.name}/events`, { events: [{ event, ...(message && { message }) }], ...(url && { url }) }],
  },
  fault: {
    title: "Fault",
    fields: [["account", "Account"], ["to", "Recipient"], ["kind", "What happens", ["status", "reset", "empty", "stall", "truncate", "latency only"]],
      ["status", "HTTP status"], ["latency_s", "Latency, s"], ["times", "Times"], ["accept", "Accept first", ["no", "yes"]]],
    send: ({ account, to, kind, status, latency_s, times, accept }) => ["/faults", {
      match: { provider: account.provider, account: account.name, ...(to && { to }) },
      ...(kind === "status" ? { status: Number(status || 503) } : kind === "latency only" ? {} : { [kind]: true }),
      ...(latency_s && { latency_s: Number(latency_s) }), ...(times && { times: Number(times) }), ...(accept === "yes" && { accept: true }),
    }],
  },
  reset: {
    title: "Forget what an account did, and its faults",
    fields: [["account", "Account"]],
    send: ({ account }) => ["/reset", { provider: account.provider, account: account.name }],
  },
};

function control(name, kind, accounts, selected) {
  if (name === "account") {
    const select = document.createElement("select");
    for (const one of accounts) select.append(new Option(`${one.provider}: ${one.account}`, JSON.stringify({ provider: one.provider, name: one.account }), false, one.account === selected?.account));
    return select;
  }
  if (Array.isArray(kind)) {
    const select = document.createElement("select");
    select.append(...kind.map((one) => new Option(one)));
    return select;
  }
  const input = document.createElement(kind === "area" ? "textarea" : "input");
  if (name === "message") input.value = selected?.answer?.message ?? selected?.message ?? "";
  return input;
}

export async function openDialog(kind, { api, selected, done }) {
  const { title, fields, send, only } = forms[kind];
  const accounts = (await api("/accounts")).accounts.filter((one) => !only || one.provider === only);
  const dialog = document.getElementById("dialog");
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  const heading = Object.assign(document.createElement("h2"), { id: "dialog-title", textContent: title });
  const grid = Object.assign(document.createElement("div"), { className: "fields" });
  const controls = {};
  for (const [name, label, type] of fields) {
    const input = control(name, type, accounts, !only || only === selected?.provider ? selected : undefined);
    input.id = `field-${name}`;
    controls[name] = input;
    grid.append(Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: label }), input);
  }
  const result = document.createElement("output");
  if (!accounts.length) result.textContent = "There is no such account yet: POST /_mock/accounts makes one.";
  const cancel = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  const go = Object.assign(document.createElement("button"), { type: "submit", className: "main", textContent: title.split(" ")[0], disabled: !accounts.length });
  const end = Object.assign(document.createElement("div"), { className: "end" });
  end.append(result, cancel, go);
  form.append(heading, grid, end);
  dialog.replaceChildren(form);
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(Object.entries(controls).map(([name, input]) => [name, name === "account" ? JSON.parse(input.value) : input.value]));
    const [path, body] = send(values);
    try {
      const answer = await api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      result.className = answer.error ? "bad" : "good";
      result.textContent = visible(answer.error ?? (answer.callback ? `The stack answered ${answer.status}.` : "Done."));
      done(kind);
    } catch (error) {
      result.className = "bad";
      result.textContent = visible(error.message);
    }
  });
  dialog.showModal();
}
