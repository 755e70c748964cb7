// What the environment says; the names are this service's own.
const { env } = process;

export const port = Number(env.TEXTS_PORT ?? 3000);
export const host = env.TEXTS_HOST ?? '127.0.0.1';
export const databaseUrl = env.TEXTS_DATABASE_URL;
export const redisUrl = env.TEXTS_REDIS_URL;
export const twilioApi = env.TEXTS_TWILIO_API;
export const twilioAccount = env.TEXTS_TWILIO_ACCOUNT;
export const twilioToken = env.TEXTS_TWILIO_TOKEN;
export const sender = env.TEXTS_SENDER ?? '+12025550123';

// One of three mistakes to make; README.md tells them.
export const defect = env.TEXTS_DEFECT ?? '';
if (!['', 'inline', 'noack', 'no-break'].includes(defect)) {
  console.error(`TEXTS_DEFECT=${defect} is none of inline, noack, no-break`);
  process.exit(1);
}
