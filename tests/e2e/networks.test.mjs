// Two networks of the gateway's: phones on the one, the carrier on the other, browsers on their own. Addresses of each are told there and nowhere else.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { Sipp } from './lib/sipp.mjs';

const kPhoneHertz = 1000;
const kCarrierHertz = 700;
const kOutside = '127.0.0.1';  // Where phones are,
const kInside = '127.0.0.2';   // and the carrier.

describe('a phone on one network and a carrier on another', () => {
  const cast = new Cast();
  let daemon, inside, carrierPort, rtp;

  before(async () => {
    carrierPort = await freePorts();
    rtp = await freePorts(40);
    daemon = await cast.add(Daemon.start({
      files: {
        'networks.toml': `[[network]]\nname = "private"\nbind = "${kInside}"\nports = "${rtp}-${rtp + 39}"\n`,
        'trunks.d/carrier.toml': `name = "carrier"\nnetwork = "private"\ntargets = ["${kInside}:${carrierPort}"]\n` +
          `peers = ["${kInside}:${carrierPort}"]\noptions_interval = "0s"\n`,
      },
      set: { 'sip.listen': '["udp:127.0.0.1:0", "udp:private:0"]' },
    }));
    inside = daemon.listeners.find((listener) => listener.startsWith(`udp:${kInside}:`)).slice('udp:'.length);
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  const ofThePrivatePorts = ({ port }) => port >= rtp && port < rtp + 40;
  const carrierOptions = { host: kInside, audio: { hertz: kCarrierHertz } };

  test('the_carrier_sees_and_hears_the_inner_address_alone', async (t) => {
    const carrier = await castOf(t).add(Sipp.start('answer', { ...carrierOptions, port: carrierPort }));
    const phone = await castOf(t).add(ScriptedPhone.open(daemon, '101', { hertz: kPhoneHertz }));
    const call = await phone.dial('+12065550123');
    const invite = await carrier.request('INVITE');
    assert.match(invite.header('contact'), new RegExp(`@${inside}[;>]`));
    assert.match(invite.header('via'), new RegExp(`UDP ${inside}[;]`));
    assert.match(invite.body, /^c=IN IP4 127\.0\.0\.2\r?$/m);
    assert.ok(ofThePrivatePorts(invite.rtp()), JSON.stringify(invite.rtp()));
    const answer = phone.socket.messages.find((message) => message.status === 200 && message.rtp());
    assert.match(answer.header('contact'), new RegExp(`@${daemon.sip.udp}[;>]`));
    assert.equal(answer.rtp().address, kOutside);
    assert.ok(!ofThePrivatePorts(answer.rtp()), JSON.stringify(answer.rtp()));
    await assertHears('the carrier', carrier.rtp, kPhoneHertz);
    await assertHears('the phone', call.rtp, kCarrierHertz);
    assert.deepEqual([carrier.rtp.from.address, ofThePrivatePorts(carrier.rtp.from)], [kInside, true]);
    assert.equal(call.rtp.from.address, kOutside);
    await call.bye();
    await carrier.finished();
  });

  test('the_carrier_calls_in_at_the_inner_address_and_they_talk', async (t) => {
    const phone = await castOf(t).add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: kPhoneHertz }));
    const mark = phone.mark();
    const carrier = await castOf(t).add(Sipp.start('call', {
      ...carrierOptions, port: carrierPort, to: inside, values: { to: '+14255550100' }, duration: 4000,
    }));
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    const answer = await carrier.response(200);
    assert.match(answer.header('contact'), new RegExp(`@${inside}[;>]`));
    assert.match(answer.body, /^c=IN IP4 127\.0\.0\.2\r?$/m);
    await assertHears('the carrier', carrier.rtp, kPhoneHertz);
    await assertHears('the phone', phone, kCarrierHertz);
    await phone.event('CALL_CLOSED', { after: mark });
    await carrier.finished();
  });
});
