// Sets up an account through the official Node SDK (`@sendgrid/client`) and prints what came of it, as one JSON object.
const { Client } = require("@sendgrid/client");
const { EventWebhook, EventWebhookHeader } = require("@sendgrid/eventwebhook");
const { control, receive } = require("./common.js");

const { URL_BASE, API_KEY, MAIL_ACCOUNT } = process.env;

const clientOf = (key) => {
  const client = new Client();
  client.setApiKey(key);
  client.setDefaultRequest("baseUrl", `${URL_BASE}/`);
  return client;
};
const own = clientOf(API_KEY);

const ask = async (method, url, body, client = own) => {
  const [response, answer] = await client.request({ method, url: `/v3${url}`, ...(body === undefined ? {} : { body }) });
  return { status: response.statusCode, body: answer };
};

// what the SDK raises: the status and the first error's words
const refused = async (...asked) => {
  try {
    await ask(...asked);
    return null;
  } catch (error) {
    return [error.code, error.response.body.errors[0].message];
  }
};

const MAIL = {
  personalizations: [{ to: [{ email: "to@example.com" }] }], from: { email: "orders@example.com" },
  subject: "A subject", content: [{ type: "text/plain", value: "A text" }], categories: ["news"],
};

async function keys() {
  const made = await ask("POST", "/api_keys", { name: "node", scopes: ["mail.send"] });
  const limited = clientOf(made.body.api_key);
  const one = `/api_keys/${made.body.api_key_id}`;
  return {
    made: [made.status, made.body.scopes],
    sent: (await ask("POST", "/mail/send", MAIL, limited)).status,
    forbidden: await refused("GET", "/templates", undefined, limited),
    listed: (await ask("GET", "/api_keys")).body.result.length,
    got: (await ask("GET", one)).body.scopes,
    renamed: (await ask("PATCH", one, { name: "other" })).body.name,
    replaced: (await ask("PUT", one, { name: "wide", scopes: ["mail.send", "stats.read"] })).status,
    wrong: await refused("PUT", one, { name: "wide", scopes: ["nonsense"] }),
    deleted: (await ask("DELETE", one)).status,
    revoked: await refused("POST", "/mail/send", MAIL, limited),
    missing: await refused("GET", one),
  };
}

async function senders() {
  const made = await ask("POST", "/verified_senders", {
    nickname: "Orders", from_email: "orders@example.com", reply_to: "orders@example.com",
  });
  const unverified = await refused("POST", "/mail/send", MAIL);
  const resent = await ask("POST", `/verified_senders/resend/${made.body.id}`);
  await control(`/sendgrid/${MAIL_ACCOUNT}/verified_senders/${made.body.id}/verify`, {});
  const listed = await ask("GET", "/verified_senders");
  const sent = await ask("POST", "/mail/send", MAIL);
  const changed = await ask("PATCH", `/verified_senders/${made.body.id}`, { nickname: "Shop" });
  const steps = await ask("GET", "/verified_senders/steps_completed");
  const domains = await ask("GET", "/verified_senders/domains");
  const deleted = await ask("DELETE", `/verified_senders/${made.body.id}`);
  return {
    made: [made.status, made.body.verified], unverified: [unverified[0], unverified[1].slice(0, 21)],
    resent: resent.status, verified: listed.body.results.map((one) => one.verified), sent: sent.status,
    changed: changed.body.nickname, steps: steps.body.results, domains: Object.keys(domains.body.results).sort(),
    deleted: deleted.status, missing: await refused("DELETE", `/verified_senders/${made.body.id}`),
  };
}

async function parse(receiver) {
  const settings = "/user/webhooks/parse/settings";
  const made = await ask("POST", settings, { hostname: "in.example.com", url: receiver.url, send_raw: true });
  await control(`/sendgrid/${MAIL_ACCOUNT}/inbound`, { from: "ada@example.com", to: "bot@in.example.com", text: "hi" });
  const got = await receiver.next();
  const changed = await ask("PATCH", `${settings}/in.example.com`, { send_raw: false });
  const listed = await ask("GET", settings);
  const one = await ask("GET", `${settings}/in.example.com`);
  const deleted = await ask("DELETE", `${settings}/in.example.com`);
  return {
    made: made.status, raw: got.body.includes('name="email"'), changed: changed.body.send_raw,
    listed: listed.body.result.length, one: one.body.hostname, deleted: deleted.status,
    missing: (await refused("GET", `${settings}/in.example.com`))[0],
  };
}

async function webhooks(receivers) {
  const settings = "/user/webhooks/event/settings";
  const wanted = ["delivered", "processed"];
  const made = [];
  for (const [n, type] of wanted.entries()) {
    made.push((await ask("POST", settings, { enabled: true, url: receivers[n].url, [type]: true })).body);
  }
  const again = await refused("POST", settings, { enabled: true, url: receivers[0].url });
  const keys = [];
  for (const one of made) keys.push((await ask("PATCH", `${settings}/signed/${one.id}`, { enabled: true })).body.public_key);
  await ask("POST", "/mail/send", MAIL);
  const came = [];
  for (const [n, receiver] of receivers.entries()) {
    const got = await receiver.next();
    const verify = (key) => {
      const webhook = new EventWebhook();
      return webhook.verifySignature(
        webhook.convertPublicKeyToECDSA(key), got.body,
        got.headers[EventWebhookHeader.SIGNATURE().toLowerCase()],
        got.headers[EventWebhookHeader.TIMESTAMP().toLowerCase()],
      );
    };
    came.push([JSON.parse(got.body).map((one) => one.event), verify(keys[n]), verify(keys[1 - n])]);
  }
  const all = await ask("GET", `${settings}/all`);
  const oldest = await ask("GET", settings);
  const changed = await ask("PATCH", `${settings}/${made[1].id}`, { enabled: false });
  const deleted = [];
  for (const one of made) deleted.push((await ask("DELETE", `${settings}/${one.id}`)).status);
  return {
    came, again: again[0], all: all.body.webhooks.length, oldest: oldest.body.id === made[0].id,
    changed: changed.body.enabled, deleted, missing: await refused("GET", `${settings}/${made[0].id}`),
  };
}

async function templates() {
  const template = (await ask("POST", "/templates", { name: "t", generation: "dynamic" })).body;
  const versions = `/templates/${template.id}/versions`;
  const ids = [];
  for (const name of ["a", "b"]) ids.push((await ask("POST", versions, { name, subject: name })).body.id);
  const activated = await ask("POST", `${versions}/${ids[0]}/activate`);
  const got = await ask("GET", `${versions}/${ids[1]}`);
  const changed = await ask("PATCH", `${versions}/${ids[1]}`, { subject: "new" });
  const copied = await ask("POST", `/templates/${template.id}`, { name: "copy" });
  const deleted = await ask("DELETE", `${versions}/${ids[1]}`);
  return {
    activated: activated.body.active, other: got.body.active, changed: changed.body.subject,
    copied: copied.body.versions.length, deleted: deleted.status,
    missing: (await refused("GET", `${versions}/${ids[1]}`))[0],
  };
}

async function groups() {
  const group = (await ask("POST", "/asm/groups", { name: "news", description: "d" })).body;
  const members = `/asm/groups/${group.id}/suppressions`;
  await ask("POST", members, { recipient_emails: ["a@example.com"] });
  const found = await ask("POST", `${members}/search`, { recipient_emails: ["a@example.com", "b@example.com"] });
  return { found: found.body, all: (await ask("GET", "/asm/suppressions")).body.map((one) => one.email) };
}

async function stats() {
  const today = new Date().toISOString().slice(0, 10);
  const all = await ask("GET", `/stats?start_date=${today}&aggregated_by=day`);
  const news = await ask("GET", `/categories/stats?start_date=${today}&categories=news`);
  const requests = (answer) => answer.body.at(-1).stats[0].metrics.requests;
  return { all: requests(all), news: requests(news), wrong: (await refused("GET", "/stats"))[0] };
}

(async () => {
  const receivers = [await receive(), await receive()];
  const result = {
    keys: await keys(), senders: await senders(), parse: await parse(receivers[0]), webhooks: await webhooks(receivers),
    templates: await templates(), groups: await groups(), stats: await stats(),
  };
  console.log(JSON.stringify(result));
  process.exit(0);
})().catch((error) => {
  console.error(error.response?.body ?? error);
  process.exit(1);
});
