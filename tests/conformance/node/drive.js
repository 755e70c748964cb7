// Drives the mocks through the official Node SDKs and prints what they made of it, as one JSON object.
const twilio = require("twilio");
const sgMail = require("@sendgrid/mail");
const { EventWebhook, EventWebhookHeader } = require("@sendgrid/eventwebhook");
const { control, codeOf, receive } = require("./common.js");

const { URL_BASE, ACCOUNT_SID, AUTH_TOKEN, API_KEY, MAIL_ACCOUNT, PUBLIC_KEY } = process.env;
const TO = "+15552340001";
const FROM = "+15552340002";

const client = twilio(ACCOUNT_SID, AUTH_TOKEN);
client.api.baseUrl = URL_BASE;
client.messaging.baseUrl = URL_BASE;
sgMail.setApiKey(API_KEY);
sgMail.client.setDefaultRequest("baseUrl", `${URL_BASE}/`);

async function messages(receiver) {
  const made = await client.messages.create({ to: TO, from: FROM, body: "hello", statusCallback: receiver.url });
  const fetched = await client.messages(made.sid).fetch();
  for (let n = 0; n < 6; n += 1) await client.messages.create({ to: TO, from: FROM, body: String(n) });
  const listed = await client.messages.list({ pageSize: 3 });
  const mms = await client.messages.create({ to: TO, from: FROM, mediaUrl: ["https://example.com/a.png"] });
  const media = await client.messages(mms.sid).media.list();
  const feedback = await client.messages(mms.sid).feedback.create({ outcome: "confirmed" });
  const number = await client.incomingPhoneNumbers.create({ phoneNumber: FROM });
  const service = await client.messaging.v1.services.create({ friendlyName: "pool" });
  await client.messaging.v1.services(service.sid).phoneNumbers.create({ phoneNumberSid: number.sid });
  const pooled = await client.messages.create({ to: TO, messagingServiceSid: service.sid, body: "x" });
  const scheduled = await client.messages.create({
    to: TO, messagingServiceSid: service.sid, body: "x", scheduleType: "fixed", sendAt: new Date(Date.now() + 3600e3),
  });
  const canceled = await client.messages(scheduled.sid).update({ status: "canceled" });
  const account = await client.api.v2010.accounts(ACCOUNT_SID).fetch();
  // what is on its way can't be deleted
  await control(`/twilio/${ACCOUNT_SID}/messages/${mms.sid}/status`, { status: "delivered" });
  const removed = await client.messages(mms.sid).remove();
  return {
    made: made.status, same: fetched.sid === made.sid, date: made.dateCreated instanceof Date,
    listed: listed.length, media: media.map((one) => one.contentType), feedback: feedback.outcome,
    pooled: [pooled.status, pooled.numSegments, pooled.from], scheduled: scheduled.status, canceled: canceled.status,
    services: (await client.messaging.v1.services.list()).length, numbers: (await client.incomingPhoneNumbers.list()).length,
    account: account.status, removed,
    errors: [
      await codeOf(() => client.messages.create({ to: "x", from: FROM, body: "x" })),
      await codeOf(() => client.messages.create({ to: TO, from: FROM })),
      await codeOf(() => client.messages("SM" + "0".repeat(32)).fetch()),
    ],
    sid: made.sid,
  };
}

async function signatures(receiver, sid) {
  const results = [];
  for (const signature of ["valid", "tampered"]) {
    await control(`/twilio/${ACCOUNT_SID}/messages/${sid}/status`, { status: "sent", signature });
    const got = await receiver.next();
    const params = Object.fromEntries(new URLSearchParams(got.body));
    results.push(twilio.validateRequest(AUTH_TOKEN, got.headers["x-twilio-signature"], receiver.url, params));
  }
  return results;
}

async function mail(receiver) {
  const message = { to: "to@example.com", from: "from@example.com", subject: "A subject", text: "A text" };
  const [sent] = await sgMail.send(message);
  let refused = null;
  try {
    await sgMail.send({ ...message, subject: "" , personalizations: [{ to: "nonsense" }] });
  } catch (error) {
    refused = [error.code, error.response.body.errors.map((one) => one.field)];
  }
  const id = sent.headers["x-message-id"];
  const webhook = new EventWebhook();
  const key = webhook.convertPublicKeyToECDSA(PUBLIC_KEY);
  const verified = [];
  for (const signature of ["valid", "tampered"]) {
    await control(`/sendgrid/${MAIL_ACCOUNT}/events`, {
      events: [{ message: id, event: "delivered" }], url: receiver.url, signature,
    });
    const got = await receiver.next();
    verified.push(
      webhook.verifySignature(
        key, got.body,
        got.headers[EventWebhookHeader.SIGNATURE().toLowerCase()],
        got.headers[EventWebhookHeader.TIMESTAMP().toLowerCase()],
      ),
    );
  }
  const [scopes] = await sgMail.client.request({ method: "GET", url: "/v3/scopes" });
  return { status: sent.statusCode, id: id.length, refused, verified, scopes: scopes.body.scopes.includes("mail.send") };
}

(async () => {
  const receiver = await receive("/hook?id=7");
  const sms = await messages(receiver);
  const result = { sms, signatures: await signatures(receiver, sms.sid), mail: await mail(receiver) };
  receiver.close();
  console.log(JSON.stringify(result));
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
