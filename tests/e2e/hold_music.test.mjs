// What a party on hold hears: the file of [calls] hold_music, the built-in tune, or nothing where a trunk knows no such hold.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { Sipp } from './lib/sipp.mjs';
import { sine, wav } from './lib/tone.mjs';
import { until } from './lib/wait.mjs';

const kMusic = 850, kPhone = 1000, kCarrier = 600;
const cseq = (message) => Number.parseInt(message.header('cseq'), 10);

describe('music on hold', () => {
  const cast = new Cast();
  let dir, file, daemon, quiet, phone;

  before(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-music-'));
    file = path.join(dir, 'music.wav');
    await writeFile(file, wav(sine(kMusic, 2, 16000), 16000));
    quiet = await freePorts();
    daemon = await cast.add(Daemon.start({
      set: { 'calls.hold_music': `"${file}"` },
      files: { 'trunks.d/quiet.toml': `name = "quiet"\ntargets = ["127.0.0.1:${quiet}"]\npeers = ["127.0.0.1:${quiet}"]\noptions_interval = "0s"\nhold = "inactive"\n` },
      edit: { 'routes.toml': (text) => '[[route]]\nname = "quiet"\nfrom = ["phones"]\nto = "+47*"\ntargets = ["trunk:quiet"]\n' + text },
    }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: kPhone }));
  });
  after(async () => {
    await cast.close();
    await rm(dir, { recursive: true, force: true });
  });
  afterEach(() => daemon.cleared());

  async function talking(t, number, port) {
    const carrier = await castOf(t).add(Sipp.start('held', { port, audio: { hertz: kCarrier } }));
    const mark = phone.mark();
    await phone.dial(number);
    await phone.event('CALL_ESTABLISHED', { after: mark });
    await assertHears('the carrier', carrier.rtp, kPhone);
    return carrier;
  }
  const holds = async (carrier, direction) => {
    await phone.hold();
    return carrier.received('a hold', (m) => m.method === 'INVITE' && m.audioDirection() === direction);
  };
  const resumed = (carrier, hold) => carrier.received('a resume', (m) => m.method === 'INVITE' && cseq(m) > cseq(hold) && m.audioDirection() === 'sendrecv');

  test('a_carrier_that_a_phone_holds_hears_it_and_after_the_resume_the_phone', async (t) => {
    const carrier = await talking(t, '+12065550123', daemon.carrier);
    const hold = await holds(carrier, 'sendonly');
    await assertHears('the carrier on hold', carrier.rtp, kMusic, 3);  // Past the end of the file: it goes round without a seam.
    assert.equal(carrier.rtp.ssrcs.size, 1, 'music and speech are one stream');
    await phone.resume();
    await resumed(carrier, hold);
    await assertHears('the carrier', carrier.rtp, kPhone);
    assert.equal(carrier.rtp.ssrcs.size, 1);
    await phone.hangup();
    await carrier.finished();
  });

  test('a_trunk_whose_hold_is_inactive_is_offered_no_other_and_hears_nothing', async (t) => {
    const carrier = await talking(t, '+4722550123', quiet);
    const hold = await holds(carrier, 'inactive');
    await until('silence', async () => (await carrier.rtp.overhear(kMusic, 0.5)).seconds === 0, 5_000 * kSlow);
    await phone.resume();
    await resumed(carrier, hold);
    await assertHears('the carrier', carrier.rtp, kPhone);
    await phone.hangup();
    await carrier.finished();
  });

  test('a_phone_that_a_phone_holds_hears_it_and_who_holds_does_not', async (t) => {
    const caller = await castOf(t).add(ScriptedPhone.open(daemon, '102', { hertz: kCarrier }));
    const mark = phone.mark();
    const dialled = caller.dial('101');
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.accept();
    const call = await dialled;
    await assertHears('the caller', call.rtp, kPhone);
    await phone.hold();
    await assertHears('the caller on hold', call.rtp, kMusic);
    await phone.resume();
    await assertHears('the caller', call.rtp, kPhone);
    await call.hold();
    await until('the caller, who holds, hears nothing', async () => {
      const heard = await call.rtp.overhear(kMusic, 0.5);
      return heard.seconds === 0 || heard.level < -60;
    }, 5_000 * kSlow);
    await call.bye();
  });

  test('a_bad_file_at_a_reload_is_told_and_what_was_in_force_stays', async (t) => {
    await writeFile(file, 'no sound');
    await daemon.command('reload');
    await until('it is said', () => daemon.log(/hold music was not read/).length > 0, 5_000 * kSlow);
    const carrier = await talking(t, '+12065550123', daemon.carrier);
    await holds(carrier, 'sendonly');
    await assertHears('the carrier on hold', carrier.rtp, kMusic);
    await phone.hangup();
  });
});
