// The API: stores a text, puts it on the stream, answers 202 with its place.
import express from 'express';
import { add, find, markPublished, unpublished } from './database.js';
import { send } from './send.js';
import { defect, host, port } from './settings.js';
import { connect, publish } from './stream.js';

const redis = await connect();

async function hand(ref) {
  if (defect === 'inline') {
    await send(ref); // the mistake: nothing is left for the worker
  }
  await publish(redis, ref);
  await markPublished(ref);
}

// What a crash kept from the stream; what the worker has already had, it drops.
for (const ref of await unpublished()) await hand(ref);

const app = express();
app.use(express.json());

app.post('/sms', async (request, response) => {
  const { to, message } = request.body.sms ?? {};
  if (typeof to !== 'string' || typeof message !== 'string' || !message) {
    response.status(422).json({ error: 'an sms has a "to" and a "message"' });
    return;
  }
  const ref = await add(to, message);
  await hand(ref);
  response.status(202).location(`/sms/${ref}`).json({ status: 'waiting' });
});

app.get('/sms/:ref', async (request, response) => {
  const text = /^\d{1,18}$/.test(request.params.ref) ? await find(request.params.ref) : undefined;
  if (!text) {
    response.status(404).json({ error: 'no such text' });
    return;
  }
  response.json({ sms: { ref: text.ref, status: text.status, error: text.error } });
});

app.get('/health', (_, response) => response.json({ healthy: true }));

const server = app.listen(port, host, () => console.log(`listens on ${host}:${port}`));
process.once('SIGTERM', () => server.close(() => process.exit(0)));
