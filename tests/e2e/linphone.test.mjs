// Another maker's phone (linphonec): registers over TLS, has SRTP or no call; hold, resume, blind and attended transfer with a user at the softphone page.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Cast } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { Linphone } from './lib/linphone.mjs';
import { until } from './lib/wait.mjs';

// linphonec plays a file at its own volume, which is not the same in each call: the tone alone is asserted.
async function assertHears(who, listener, hertz) {
  let heard;
  await until(`${who} hears ${hertz} Hz`, async () => {
    heard = await listener.listen(hertz, 1);
    return heard.purity > 0.8 && Math.abs(heard.level + 12) < 9;
  }, 10_000).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(heard)}`));
}

describe('linphone', () => {
  const cast = new Cast();
  let daemon, alice, first, second;

  before(async () => {
    daemon = await cast.add(Daemon.start({ set: { 'media.srtp': '"required"' } }));
    const phone = (user, hertz) => cast.add(Linphone.start({
      user, hertz, password: `demo-${user}`, domain: daemon.sip.tls, realm: '127.0.0.1',
    }));
    first = await phone('101', 700);
    second = await phone('102', 1100);
    const browser = await cast.add(Browser.start({ hertz: 900 }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  async function answers(phone, mark) {
    const id = await phone.rings({ after: mark });
    phone.command(`answer ${id}`);
    await phone.talks(id, { after: mark });
    phone.speak();
    return id;
  }

  test('registers_over_tls_calls_with_srtp_holds_and_resumes', async () => {
    for (const user of ['101', '102']) {
      const [device] = (await daemon.phones()).find((one) => one.username === user).devices;
      assert.equal(device.transport, 'tls');
    }
    let mark = second.mark();
    const records = (await daemon.cdrs()).length;
    const id = await first.dial('102');
    const other = await answers(second, mark);
    await first.talks(id);
    first.speak();
    await assertHears('who was called', second, 700);
    await assertHears('who called', first, 1100);

    mark = second.mark();
    first.command('pause');
    await second.event(new RegExp(`Call ${other} .*paused by`), { after: mark });
    await until('the gateway knows', async () => (await daemon.calls())[0].legs.some((leg) => leg.held));
    await first.event(new RegExp(`Call ${id} .*is now paused`));
    mark = first.mark();
    first.command(`resume ${id}`);
    await first.talks(id, { after: mark });
    first.speak();
    await assertHears('who was held', second, 700);
    second.speak();
    await assertHears('who held', first, 1100);

    mark = second.mark();
    first.command('terminate');
    await second.over(other, { after: mark });
    await until('the record', async () => (await daemon.cdrs()).length > records);
    const { legs } = (await daemon.cdrs()).at(-1);
    assert.ok(legs.length === 2 && legs.every((leg) => leg.srtp), JSON.stringify(legs));
  });

  async function aliceTalksWithTheFirst() {
    const mark = first.mark();
    await alice.dial('101');
    const id = await answers(first, mark);
    await alice.connected();
    await assertHears('the user', alice, 700);
    return id;
  }

  async function aliceTalksWithTheSecond() {
    await assertHears('the user', alice, 1100);
    await assertHears('the second phone', second, 900);
  }

  test('blind_transfer_of_a_user_to_the_other_phone', async () => {
    const mark = second.mark();
    const id = await aliceTalksWithTheFirst();
    const from = first.mark();
    first.command(`transfer ${id} sip:102@${daemon.sip.tls}`);
    await answers(second, mark);
    await first.over(id, { after: from });
    await aliceTalksWithTheSecond();
    await alice.hangup();
    await alice.ended();
  });

  test('attended_transfer_of_a_user_to_the_other_phone', async () => {
    const mark = second.mark();
    const id = await aliceTalksWithTheFirst();
    const from = first.mark();
    first.command('pause');
    await first.event(new RegExp(`Call ${id} .*is now paused`), { after: from });
    const enquiry = await first.dial('102');
    await answers(second, mark);
    await first.talks(enquiry, { after: from });
    first.speak();
    await assertHears('the second phone', second, 700);
    first.command(`transfer ${id} --to-call ${enquiry}`);
    await first.over(id, { after: from });
    await first.over(enquiry, { after: from });
    await aliceTalksWithTheSecond();
    second.command('terminate');
    await alice.ended();
  });
});
