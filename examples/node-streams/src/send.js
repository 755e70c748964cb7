// Hands one text to Twilio: what passes is tried again, a refusal is final.
import { setTimeout as pause } from 'node:timers/promises';
import twilio from 'twilio';
import { find, finish } from './database.js';
import { defect, sender, twilioAccount, twilioApi, twilioToken } from './settings.js';

const ATTEMPTS = 3;
const TIMEOUT = 3000;
const FIRST_PAUSE = 200;

// No text takes longer than this, in milliseconds.
export const LONGEST = ATTEMPTS * TIMEOUT + FIRST_PAUSE * 2 ** ATTEMPTS;

const client = twilio(twilioAccount, twilioToken, { timeout: TIMEOUT });
if (twilioApi) client.api.baseUrl = twilioApi;

export async function send(ref) {
  const text = await find(ref);
  if (text?.status !== 'waiting') return; // it came a second time, and has been dealt with
  let sid;
  let error;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await pause(FIRST_PAUSE * 2 ** attempt);
    try {
      ({ sid } = await client.messages.create({ to: text.recipient, from: sender, body: text.message }));
      if (defect !== 'no-break') break; // the mistake: the loop ends when it has had its turns, not its way
    } catch (refused) {
      error = refused.message;
      if (refused.status >= 400 && refused.status < 500 && refused.status !== 429) break;
    }
  }
  await finish(ref, sid ? 'handed over' : 'refused', sid ? { sid } : { error });
}
