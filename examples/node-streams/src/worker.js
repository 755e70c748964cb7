// The worker: reads the stream, hands each text to Twilio, acknowledges its entry.
import { hostname } from 'node:os';
import { close } from './database.js';
import { LONGEST, send } from './send.js';
import { defect } from './settings.js';
import { acknowledge, connect, makeGroup, read, takeOver } from './stream.js';

const COUNT = 10;
const WAIT = 1000;
const consumer = `${hostname()}-${process.pid}`;

let stopping = false;
process.once('SIGTERM', () => (stopping = true));
process.once('SIGINT', () => (stopping = true));

const redis = await connect();
await makeGroup(redis);
console.log(`${consumer} reads`);
while (!stopping) {
  // all of a batch at once, so that none waits for the others until it looks like a dead worker's
  const left = await takeOver(redis, consumer, { count: COUNT, idle: LONGEST + 1000 });
  const entries = left.length ? left : await read(redis, consumer, { count: COUNT, wait: WAIT, noack: defect === 'noack' });
  await Promise.all(
    entries.map(async ({ id, message }) => {
      await send(message.ref);
      await acknowledge(redis, id);
    }),
  );
}
await redis.close();
await close();
