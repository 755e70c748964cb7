// Drives Verify, Lookup, the Content API and WhatsApp through the official Node SDK; prints one JSON object.
const twilio = require("twilio");
const { control, codeOf } = require("./common.js");

const { URL_BASE, ACCOUNT_SID, AUTH_TOKEN } = process.env;
const TO = "+15552340001";
const WHATSAPP = { to: "whatsapp:+15552340001", from: "whatsapp:+15552340002" };
const NOBODY = "0".repeat(32);

const client = twilio(ACCOUNT_SID, AUTH_TOKEN);
for (const domain of [client.api, client.messaging, client.verify, client.lookups, client.content]) domain.baseUrl = URL_BASE;

async function verify() {
  const services = client.verify.v2.services;
  const made = await services.create({ friendlyName: "Acme", codeLength: 5 });
  const service = services(made.sid);
  const updated = await service.update({ friendlyName: "Acme 2" });
  const listed = await services.list();
  const sent = await service.verifications.create({ to: TO, channel: "sms" });
  const [{ code }] = (await control(`/calls?account=${ACCOUNT_SID}&type=verification.sent`)).entries;
  const wrong = code === "00000" ? "11111" : "00000";
  const first = await service.verificationChecks.create({ to: TO, code: wrong });
  const fetched = await service.verifications(sent.sid).fetch();
  const approved = await service.verificationChecks.create({ verificationSid: sent.sid, code });
  const gone = await codeOf(() => service.verifications(sent.sid).fetch());
  const mail = await service.verifications.create({ to: "ada@example.com", channel: "email" });
  const canceled = await service.verifications(mail.sid).update({ status: "canceled" });
  for (let n = 0; n < 5; n += 1) await service.verifications.create({ to: TO, channel: "whatsapp" });
  const sends = await codeOf(() => service.verifications.create({ to: TO, channel: "sms" }));
  const [latest] = (await control(`/calls?account=${ACCOUNT_SID}&type=verification.sent&order=desc`)).entries;
  const off = latest.code === "00000" ? "11111" : "00000";
  for (let n = 0; n < 5; n += 1) await service.verificationChecks.create({ to: TO, code: off });
  const checks = await codeOf(() => service.verificationChecks.create({ to: TO, code: off }));
  return {
    name: [made.friendlyName, updated.friendlyName, (await service.fetch()).codeLength], listed: listed.length,
    code: [code.length, first.status, first.valid, fetched.status, approved.status, approved.valid],
    canceled: canceled.status, gone,
    errors: [
      sends, checks,
      await codeOf(() => service.verifications.create({ to: "nonsense", channel: "sms" })),
      await codeOf(() => service.verifications.create({ to: TO, channel: "sms", customCode: "424242" })),
      await codeOf(() => service.verificationChecks.create({ to: "+15552340009", code: "12345" })),
    ],
    removed: await service.remove(),
  };
}

async function lookup() {
  const number = (text) => client.lookups.v2.phoneNumbers(text);
  const good = await number("+447700900123").fetch({ fields: "line_type_intelligence" });
  const bad = await number("+1415").fetch();
  return {
    good: [good.valid, good.countryCode, good.lineTypeIntelligence.type, good.callerName],
    bad: [bad.valid, bad.validationErrors],
    dialled: (await number("07700 900123").fetch({ countryCode: "GB" })).phoneNumber,
    error: await codeOf(() => number("+447700900123").fetch({ fields: "horoscope" })),
  };
}

async function content() {
  const contents = client.content.v1.contents;
  const made = await contents.create({
    friendlyName: "greeting", language: "en", variables: { 1: "you" }, types: { "twilio/text": { body: "Hi {{1}}!" } },
  });
  const one = contents(made.sid);
  const before = await one.approvalFetch().fetch();
  const asked = await one.approvalCreate.create({ name: "greeting", category: "UTILITY" });
  const after = await one.approvalFetch().fetch();
  const sms = await client.messages.create({
    to: TO, from: "+15552340002", contentSid: made.sid, contentVariables: JSON.stringify({ 1: "Ada" }),
  });
  const updated = await one.update({ friendlyName: "new", language: "en", types: { "twilio/text": { body: "Bye" } } });
  const listed = await contents.list();
  const withApprovals = await client.content.v1.contentAndApprovals.list();
  const send = (more) => () => client.messages.create({ to: TO, from: "+15552340002", ...more });
  return {
    text: [made.sid.slice(0, 2), made.types["twilio/text"].body, sms.body, (await one.fetch()).types["twilio/text"].body],
    approval: [before.whatsapp.status, asked.status, after.whatsapp.status],
    listed: [listed.length, withApprovals.length, withApprovals[0].approvalRequests.status, updated.friendlyName],
    errors: [
      await codeOf(send({ contentVariables: "{}" })),
      await codeOf(send({ contentSid: `HX${NOBODY}` })),
      await codeOf(send({ contentSid: made.sid, contentVariables: "nonsense" })),
    ],
    removed: await one.remove(),
    gone: await codeOf(() => one.fetch()),
  };
}

// a message's last status: the account's clock is set forward, so that there is nothing to wait for
async function fate(message) {
  const settings = (clock) => control(`/accounts/twilio/${ACCOUNT_SID}`, { lifecycle: "delivered", clock_offset_s: clock }, "PATCH");
  await settings(0);
  const made = await client.messages.create({ ...WHATSAPP, ...message });
  await settings(10);
  const { status, errorCode } = await client.messages(made.sid).fetch();
  await settings(0);
  return [status, errorCode];
}

async function whatsapp() {
  const made = await client.content.v1.contents.create({
    friendlyName: "greeting", language: "en", types: { "twilio/text": { body: "Hi" } },
  });
  const outside = await fate({ body: "hello" });
  const unapproved = await fate({ contentSid: made.sid });
  await client.content.v1.contents(made.sid).approvalCreate.create({ name: "greeting", category: "UTILITY" });
  const template = await fate({ contentSid: made.sid });
  await control(`/twilio/${ACCOUNT_SID}/whatsapp`, { sender: WHATSAPP.from, user: WHATSAPP.to });
  const inside = await fate({ body: "hello" });
  await control(`/accounts/twilio/${ACCOUNT_SID}`, { strict_from: true }, "PATCH");
  return {
    outside, unapproved, template, inside,
    stranger: await codeOf(() => client.messages.create({ ...WHATSAPP, from: "whatsapp:+15552340003", body: "x" })),
  };
}

(async () => {
  const result = { verify: await verify(), lookup: await lookup(), content: await content(), whatsapp: await whatsapp() };
  console.log(JSON.stringify(result));
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
