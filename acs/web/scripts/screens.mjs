// The softphone page in Chromium against the fake edge, with real media between two connections of the
// same page: walks through a day's calls, by keyboard, by mouse and by touch on a phone's screen, checks
// them, and leaves pictures of each step.
//   npm run screens -- FOLDER
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = resolve(process.argv[2] ?? join(here, 'test/.out/screens'));
const bundle = join(here, 'test/.out/fake_edge.mjs');
const dist = join(here, 'dist');
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [join(here, 'test/support/fake_edge.ts')],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['ws'],
});
const { FakeEdge } = await import(pathToFileURL(bundle).href);

const server = createServer((request, response) => {
  const path = request.url.split('?')[0];
  const file = join(dist, path === '/' ? 'index.html' : path);
  if (path === '/demo/token') {
    response.setHeader('content-type', 'application/json');
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const claims = Buffer.from(JSON.stringify({ exp, acsScope: 'voip' })).toString('base64url');
    return response.end(JSON.stringify({ token: `e30.${claims}.sig` }));
  }
  if (!file.startsWith(dist) || !existsSync(file)) return response.writeHead(404).end();
  response.setHeader('content-type', types[extname(file)] ?? 'text/plain');
  response.setHeader('content-security-policy', "default-src 'self'");
  response.end(readFileSync(file));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: flags,
});

try {
  const edge = await FakeEdge.start(server);
  await walk(edge, {
    name: 'desktop',
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    by: 'keyboard',
  });
  await walk(edge, {
    name: 'desktop-dark',
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
  });
  await walk(edge, {
    name: 'phone',
    viewport: { width: 390, height: 844 },
    colorScheme: 'light',
    hasTouch: true,
    by: 'touch',
  });
  assert.deepEqual(edge.violations, []);
  await edge.stop();
  console.log(`ok: pictures in ${folder}`);
} finally {
  await browser.close();
  server.closeAllConnections?.();
  server.close();
  rmSync(bundle, { force: true });
}

/** Answers an offer with a second connection of the page that plays a tone. Runs in the page. */
async function answerInPage({ sdp, callId }) {
  const far = ((window.far ??= {})[callId] ??= new RTCPeerConnection());
  if (!far.tone) {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const out = audio.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    far.tone = tone;
    far.addTrack(out.stream.getAudioTracks()[0], out.stream);
  }
  await far.setRemoteDescription({ type: 'offer', sdp });
  await far.setLocalDescription(await far.createAnswer());
  await new Promise((done) => {
    const look = () => far.iceGatheringState === 'complete' && done();
    far.onicegatheringstatechange = look;
    look();
  });
  return far.localDescription.sdp;
}

async function walk(edge, { name, by = 'mouse', ...options }) {
  const context = await browser.newContext({ ...options, permissions: ['microphone'] });
  const page = await context.newPage();
  const errors = [];
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  page.on('pageerror', (e) => errors.push(e.message));
  const at = (id) => page.getByTestId(id);
  const press = async (id) => {
    if (by === 'touch') return at(id).tap();
    if (by === 'mouse') return at(id).click();
    await at(id).focus();
    await page.keyboard.press('Space');
    await page.evaluate(() => document.activeElement.blur());
  };
  const shoot = (step) =>
    page.screenshot({ path: join(folder, `${name}-${step}.png`), fullPage: true });
  const state = (wanted) =>
    page.waitForFunction((w) => document.getElementById('call-state').dataset.state === w, wanted);
  for (const kind of ['invite', 'accept', 'offer']) {
    edge.auto.set(kind, (got) => {
      const offer = kind === 'offer' ? got.frame.offer : got.frame[kind].offer;
      if (!offer) return {};
      const { callId, generation, sdp } = offer;
      page.evaluate(answerInPage, { sdp, callId }).then((answer) => {
        edge.event({ answer: { callId, generation, sdp: answer } });
      });
      return {};
    });
  }
  edge.auto.set('hangup', (got) => {
    edge.end(got.frame.hangup.callId, 0, 0);
    return {};
  });

  await page.goto(base);
  await shoot('1-signin');
  await at('signin-user').fill('alice');
  if (by === 'keyboard') await page.keyboard.press('Enter');
  else await press('signin-button');
  await page.waitForFunction(() => window.softphone.agent?.connectionState === 'Connected');
  await shoot('2-idle');

  // Out: typed on the keyboard, Enter calls; or by its button.
  if (by === 'keyboard') await page.keyboard.type('+14255550142');
  else await at('dial-input').fill('+14255550142');
  await at('caller-id').fill('+14255550100');
  if (by === 'keyboard') await page.keyboard.press('Enter');
  else await press('call-button');
  const invite = (await edge.next('invite')).frame.invite;
  assert.equal(invite.callerId, '+14255550100');
  assert.equal(invite.to[0].rawId, '4:+14255550142');
  edge.update(invite.callId, 2);
  await state('Ringing');
  await shoot('3-ringing');
  edge.update(invite.callId, 4);
  await state('Connected');
  await page.waitForFunction(() => /opus/i.test(document.getElementById('quality').textContent));
  const heard = await page.evaluate(async () => {
    const [stream] = window.softphone.calls[0].remoteAudioStreams;
    return (await stream.getMediaStream()).getAudioTracks()[0].readyState;
  });
  assert.equal(heard, 'live');
  assert.equal(await page.locator('audio').count(), 1);
  await page.waitForTimeout(1200);
  const quality = await at('quality').innerText();
  for (const fact of [/Codec\s+opus/i, /RTT\s+\d+ ms/, /Jitter\s+\d+ ms/, /Loss\s+\d+\.\d %/, /MOS\s+4\.\d/])
    assert.match(quality, fact);
  assert.ok(await at('quality').isVisible());
  for (const id of ['mute-button', 'hold-button', 'keys-button', 'dtmf-pound', 'hangup-button']) {
    const box = await at(id).boundingBox();
    assert.ok(box, `${name}: ${id} is shown`);
    const { x, width, height } = box;
    assert.ok(x >= 0 && x + width <= options.viewport.width, `${name}: ${id} is on the screen`);
    assert.ok(by !== 'touch' || (width >= 40 && height >= 40), `${id} is too small for a finger: ${width} x ${height}`);
    assert.ok(await at(id).getAttribute('aria-label') || (await at(id).innerText()).trim(), `${id} has a name`);
  }
  await shoot('4-connected');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('5');
  assert.equal((await edge.next('sendDtmf')).frame.sendDtmf.digits, '5');
  await press('dtmf-pound');
  assert.equal((await edge.next('sendDtmf')).frame.sendDtmf.digits, '#');
  await press('mute-button');
  assert.equal((await edge.next('mute')).frame.mute.on, true);
  await press('hold-button');
  await state('LocalHold');
  await shoot('5-held-muted');

  // In: warm while it rings, answered as a second call.
  const second = `${name}-in`;
  edge.ring(second);
  edge.event({ offerRequest: { callId: second, generation: 1, why: 1 } });
  await at('incoming').waitFor();
  await page.waitForFunction((id) => window.far[id]?.connectionState === 'connected', second);
  assert.match(await at('incoming-from').innerText(), /Bob \(\+14255550142\)/);
  await shoot('6-incoming');
  if (by === 'keyboard') await page.keyboard.press('Enter');
  else await press('accept-button');
  const accept = (await edge.next('accept')).frame.accept;
  assert.ok(!accept.offer, 'warm already');
  edge.update(second, 4);
  await state('Connected');
  const sent = (id) =>
    page.evaluate(async (id) => {
      let packets = 0;
      (await window.far[id].getStats()).forEach((s) => {
        if (s.type === 'inbound-rtp') packets = s.packetsReceived;
      });
      return packets;
    }, id);
  await page.waitForTimeout(1000);
  assert.ok((await sent(second)) > 20, 'the microphone arrives on the warm connection');
  await shoot('7-two-calls');
  if (by === 'keyboard') await page.keyboard.press('Escape');
  else await press('hangup-button');
  await page.waitForFunction(() => window.softphone.calls.length === 1);
  edge.end(invite.callId, 486, 560486, 'Busy here');
  await page.waitForFunction(() => window.softphone.calls.length === 0);
  assert.match(await at('end-reason').innerText(), /code 486 subCode 560486/);
  await shoot('8-ended');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name} scrolls sideways by ${wide}`);
  assert.deepEqual(errors, []);
  await context.close();
}
