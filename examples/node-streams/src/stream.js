// The stream on which texts wait, and the group of workers that reads it.
import { createClient } from 'redis';
import { redisUrl } from './settings.js';

const STREAM = 'texts';
const GROUP = 'senders';
// Handled entries are acknowledged and stay; the stream's length is bounded instead.
const LONGEST = 10_000;

export async function connect() {
  const redis = createClient({ url: redisUrl });
  redis.on('error', (error) => console.error('redis:', error.message));
  await redis.connect();
  return redis;
}

export async function publish(redis, ref) {
  await redis.xAdd(STREAM, '*', { ref }, { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: LONGEST } });
}

export async function makeGroup(redis) {
  try {
    await redis.xGroupCreate(STREAM, GROUP, '0', { MKSTREAM: true });
  } catch (error) {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  }
}

// New entries for this worker; waits for some, but not for ever.
export async function read(redis, consumer, { count, wait, noack }) {
  const options = { COUNT: count, BLOCK: wait, ...(noack && { NOACK: true }) };
  const streams = await redis.xReadGroup(GROUP, consumer, { key: STREAM, id: '>' }, options);
  return streams ? streams.flatMap((stream) => stream.messages) : [];
}

// What a worker took and never finished; a worker that lives finishes sooner than `idle`.
export async function takeOver(redis, consumer, { count, idle }) {
  const { messages } = await redis.xAutoClaim(STREAM, GROUP, consumer, idle, '0', { COUNT: count });
  return messages.filter((entry) => entry !== null);
}

export async function acknowledge(redis, entry) {
  await redis.xAck(STREAM, GROUP, entry);
}
