// A desk phone over TLS with SRTP (baresip) and a user at the softphone page (Chromium): both legs are encrypted.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { until } from './lib/wait.mjs';

describe('a phone over TLS and a user', () => {
  const cast = new Cast();
  let daemon, alice;

  before(async () => {
    daemon = await cast.add(Daemon.start());
    const browser = await cast.add(Browser.start({ hertz: 800 }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  // Toward phones that signal over TLS our offer is RTP/AVP with a=crypto: one that insists on RTP/SAVP can only call.
  for (const [srtp, directions] of [['srtp', ['out', 'in']], ['srtp-mand', ['out']]]) {
    test(`a_phone_over_tls_with_${srtp}_and_a_user`, async (t) => {
      const secure = await castOf(t).add(Baresip.start({
        user: '101', password: 'demo-101', domain: daemon.sip.tls, transport: 'tls', srtp, hertz: 1000,
      }));
      for (const direction of directions) {
        const mark = secure.mark();
        const records = (await daemon.cdrs()).length;
        if (direction === 'out') {
          await secure.dial('201');
          await alice.rings();
          await alice.accept();
        } else {
          await alice.dial('101');
          await secure.event('CALL_INCOMING', { after: mark });
          await secure.accept();
        }
        await secure.event('CALL_ESTABLISHED', { after: mark });
        await alice.connected();
        await assertHears('the user', alice, 1000);
        await assertHears('the phone', secure, 800);
        assert.equal((await secure.statistics()).secure, true);
        await secure.hangup();
        await alice.ended();
        await until('the record', async () => (await daemon.cdrs()).length > records);
        const { legs } = (await daemon.cdrs()).at(-1);
        assert.ok(legs.length === 2 && legs.every((leg) => leg.srtp), `both legs are encrypted: ${JSON.stringify(legs)}`);
        await daemon.settled();
      }
    });
  }
});
