import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askForDtx } from '../src/media/opus_fmtp';

const offer = (...lines: string[]) => ['v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 0', ...lines, 'a=rtpmap:0 PCMU/8000', ''].join('\r\n');

test('dtx_is_asked_for_beside_what_the_browser_says_of_opus', () => {
  const said = offer('a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'a=fmtp:111 minptime=10;useinbandfec=1');
  assert.equal(askForDtx(said), said.replace('useinbandfec=1', 'useinbandfec=1;usedtx=1'));
});

test('dtx_is_asked_for_where_the_browser_says_nothing_of_opus', () => {
  assert.equal(
    askForDtx(offer('a=rtpmap:96 opus/48000/2')),
    offer('a=rtpmap:96 opus/48000/2', 'a=fmtp:96 usedtx=1'),
  );
});

test('what_a_browser_says_of_dtx_itself_stays', () => {
  const said = offer('a=rtpmap:111 opus/48000/2', 'a=fmtp:111 usedtx=0;useinbandfec=1');
  assert.equal(askForDtx(said), said);
});

test('an_offer_without_opus_stays_as_it_is', () => {
  const said = offer('a=rtpmap:9 G722/8000', 'a=fmtp:111 minptime=10');
  assert.equal(askForDtx(said), said);
});
