// One call from a SIP phone (baresip) through the gateway of conf/demo: registers as 102, dials, plays a tone, and
// listens for it. Exits 0 only when the call was answered and the tone came back.
import { Baresip } from '../tests/e2e/lib/baresip.mjs';
import { kToneLevel } from '../tests/e2e/lib/assertions.mjs';
import { decibel } from '../tests/e2e/lib/tone.mjs';

const kHertz = 1230;  // No prompt and no ringing tone has this pitch.
const kPatience = Number(process.env.DEMO_PATIENCE ?? 15) * 1000;  // Seconds until an echo must have been heard.
const number = process.argv[2] ?? '9196';
const domain = process.env.DEMO_SIP ?? '127.0.0.1:5060';

const started = performance.now();
const say = (text) => console.log(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}`);

async function echo(phone) {
  const end = performance.now() + kPatience;
  let heard;
  do {
    heard = await phone.listen(kHertz, 1, kPatience).catch(() => {
      throw new Error(`no echo: no sound came within ${kPatience / 1000} s`);
    });
    if (heard.purity > 0.8 && Math.abs(heard.level - decibel(kToneLevel)) <= 3) return heard;
  } while (performance.now() < end);
  throw new Error(`no echo: ${kHertz} Hz at ${heard.level.toFixed(1)} dB, ${decibel(kToneLevel).toFixed(1)} dB was sent`);
}

async function call(phone) {
  say(`102 registered at ${domain}`);
  const closed = phone.event('CALL_CLOSED', { ms: 60_000 }).then((event) => {
    throw new Error(`the call ended: ${event.param}`);
  });
  closed.catch(() => {});
  await phone.dial(number);
  say(`dialled ${number}`);
  const rang = phone.event('CALL_RINGING', { ms: 60_000 }).then(() => true, () => false);
  const answered = phone.event('CALL_ESTABLISHED', { ms: 60_000 }).then(() => false);
  if (await Promise.race([rang, answered, closed])) say('ringing');
  await Promise.race([answered, closed]);
  say('answered');
  const heard = await Promise.race([echo(phone), closed]);
  say(`echo heard: ${kHertz} Hz at ${heard.level.toFixed(1)} dB (sent at ${decibel(kToneLevel).toFixed(1)} dB)`);
}

let phone, result = 1;
try {
  console.log(`A call from phone 102 to ${number}:`);
  phone = await Baresip.start({ user: '102', password: 'demo-102', domain, hertz: kHertz, level: kToneLevel });
  await call(phone);
  const { codec, sent, received } = await phone.statistics();
  say(`codec ${codec}; ${sent} packets sent, ${received} received`);
  await phone.hangup();
  say('hung up');
  result = 0;
} catch (error) {
  say(`FAILED: ${error.message.split('\n')[0]}`);
}
await phone?.close();
process.exit(result);
