import assert from 'node:assert/strict';

const kOffer = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', 'a=sendrecv', ''].join('\r\n');

/** One call of phone 101's to the echo user, over UDP: challenged, answered, ended. How long the set-up took, in ms. */
export async function quickCall(peer, daemon) {
  const began = performance.now();
  const answer = await peer.authenticated('INVITE', daemon.sip.udp, { user: '9196', password: 'demo-101', body: kOffer });
  const took = performance.now() - began;
  assert.equal(answer.status, 200, answer.text);
  await peer.acknowledge(daemon.sip.udp, answer, { user: '9196' });
  const tag = (name) => /;tag=([^;\s]+)/.exec(answer.header(name))[1];
  const bye = await peer.ask(daemon.sip.udp, peer.request('BYE', daemon.sip.udp, {
    user: '9196', callId: answer.header('call-id'), cseq: 3, fromTag: tag('from'), toTag: tag('to'),
  }));
  assert.equal(bye.status, 200, bye.text);
  return took;
}

/** Such calls one after the other until `done()`; the set-up of each. */
export async function quickCallsUntil(peer, daemon, done) {
  const setUps = [];
  while (!done()) {
    setUps.push(await quickCall(peer, daemon));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return setUps;
}
