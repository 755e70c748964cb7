// What the scripts have in common: the mocks' control plane, a receiver of webhooks, and what an SDK raises.
const http = require("node:http");

const { URL_BASE } = process.env;

const control = async (path, body = undefined, method = body === undefined ? "GET" : "POST") => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${URL_BASE}/_mock${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
};

// the status and the code of what the Twilio SDK raises, or null
const codeOf = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return [error.status, error.code];
  }
};

const receive = (path = "/hook") =>
  new Promise((started) => {
    const [waiting, got] = [[], []];
    const server = http.createServer((request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        response.end();
        const one = { headers: request.headers, body: Buffer.concat(parts).toString() };
        waiting.length ? waiting.shift()(one) : got.push(one);
      });
    });
    server.listen(0, "127.0.0.1", () =>
      started({
        url: `http://127.0.0.1:${server.address().port}${path}`,
        next: () => (got.length ? Promise.resolve(got.shift()) : new Promise((done) => waiting.push(done))),
        close: () => server.close(),
      }),
    );
  });

module.exports = { control, codeOf, receive };
