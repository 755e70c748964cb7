// Mails as @sendgrid/mail writes them, with every option that it has: prints the status of each.
const sgMail = require("@sendgrid/mail");

const { URL_BASE, API_KEY } = process.env;
sgMail.setApiKey(API_KEY);
sgMail.client.setDefaultRequest("baseUrl", `${URL_BASE}/`);

const plain = { to: "to@example.com", from: "Shop <from@example.com>", subject: "A subject", text: "A text", html: "<p>A text</p>" };
const soon = Math.floor(Date.now() / 1000) + 60;
const MAILS = {
  plain,
  people: { ...plain, to: ["a@example.com", { name: "B", email: "b@example.com" }], cc: "Cc <cc@example.com>", bcc: ["bcc@example.com"], replyTo: "r@example.com" },
  answers: { ...plain, replyToList: [{ email: "a@example.com", name: "A" }, { email: "b@example.com" }] },
  several: { ...plain, to: ["a@example.com", "b@example.com"], isMultiple: true },
  dynamic: { to: plain.to, from: plain.from, templateId: "d-0123456789abcdef0123456789abcdef", dynamicTemplateData: { name: "Ada", rows: [1, null] } },
  legacy: { ...plain, templateId: "01234567-89ab-cdef-0123-456789abcdef", substitutions: { name: "Ada" }, substitutionWrappers: ["%", "%"] },
  own: {
    from: plain.from, subject: "A subject", content: [{ type: "text/plain", value: "x" }, { type: "text/html", value: "x" }],
    personalizations: [
      { to: [{ email: "a@example.com" }], from: { email: "o@example.com" }, subject: "own", headers: { "X-A": "1" }, customArgs: { a: "1" }, sendAt: soon },
      { to: "b@example.com", substitutions: { name: "B" } },
    ],
  },
  rich: {
    ...plain, categories: ["a", "b"], customArgs: { order: "7" }, headers: { "X-All": "1" }, sections: { "%a%": "b" }, sendAt: soon,
    asm: { groupId: 7, groupsToDisplay: [7, 8] }, ipPoolName: "transactional",
    attachments: [
      { content: Buffer.from("file").toString("base64"), filename: "a.txt", type: "text/plain", disposition: "attachment" },
      { content: Buffer.from("logo").toString("base64"), filename: "a.png", type: "image/png", disposition: "inline", contentId: "logo" },
    ],
    mailSettings: {
      bypassListManagement: { enable: false }, footer: { enable: true, text: "t", html: "h" }, sandboxMode: { enable: false },
      spamCheck: { enable: true, threshold: 5, postToUrl: "https://example.com" }, bcc: { enable: false, email: "bcc@example.com" },
    },
    trackingSettings: {
      clickTracking: { enable: true, enableText: false }, openTracking: { enable: true, substitutionTag: "%o%" },
      subscriptionTracking: { enable: true, text: "t", html: "h", substitutionTag: "%s%" },
      ganalytics: { enable: true, utmSource: "s", utmMedium: "m", utmTerm: "t", utmContent: "c", utmCampaign: "u" },
    },
  },
  category: { ...plain, category: "a" },
};

async function main() {
  const statuses = {};
  for (const [name, mail] of Object.entries(MAILS)) {
    try {
      statuses[name] = (await sgMail.send(mail))[0].statusCode;
    } catch (error) {
      statuses[name] = error.response ? error.response.body : String(error);
    }
  }
  console.log(JSON.stringify(statuses));
}

main();
