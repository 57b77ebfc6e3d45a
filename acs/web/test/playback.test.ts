// Sound out: what the library's <audio> element is told.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Playback } from '../src/media/playback';
import { FakeStream } from './support/fake_media';
import { S, World } from './support/world';
import { settle, until } from './support/until';

class FakeAudio {
  muted = false;
  autoplay = false;
  hidden = false;
  srcObject: unknown = null;
  dataset: Record<string, string> = {};
  plays = 0;
  sinks: string[] = [];
  removed = false;
  async play(): Promise<void> {
    this.plays += 1;
    if (refusesToPlay) throw new DOMException('gesture', 'NotAllowedError');
  }
  async setSinkId(id: string): Promise<void> {
    this.sinks.push(id);
  }
  remove(): void {
    this.removed = true;
  }
}

const world = new World();
const global = globalThis as { document?: unknown };
let elements: FakeAudio[] = [];
let refusesToPlay = false;

beforeEach(() => {
  elements = [];
  refusesToPlay = false;
  const page = new EventTarget();
  global.document = Object.assign(page, {
    visibilityState: 'visible',
    querySelector: () => null,
    createElement: () => {
      const element = new FakeAudio();
      elements.push(element);
      return element;
    },
    body: { appendChild: () => undefined },
  });
});
afterEach(() => delete global.document);

const log = { warning: () => undefined } as never;
const stream = new FakeStream() as never;

test('a_call_plays_is_silent_on_hold_and_stops_at_its_end', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await until('plays', () => (elements[0]?.plays ?? 0) > 0);
  const [audio] = elements;
  assert.equal(audio?.muted, false);
  assert.equal(audio?.autoplay, true);
  await call.hold();
  assert.equal(audio?.muted, true);
  await call.resume();
  assert.equal(audio?.muted, false);
  await call.muteIncomingAudio();
  assert.equal(call.isIncomingAudioMuted, true);
  assert.equal(audio?.muted, true);
  await call.hold();
  await call.resume();
  assert.equal(audio?.muted, true, 'muted stays muted through a hold');
  await call.unmuteIncomingAudio();
  assert.equal(audio?.muted, false);
  world.edge.end(call.id, 0, 0);
  await until('over', () => call.state === 'Disconnected');
  assert.equal(audio?.srcObject, null);
  assert.equal(audio?.removed, true);
});

test('incoming_audio_muted_before_media_comes_is_never_heard', async () => {
  await world.signIn();
  const call = world.agent.startCall([{ phoneNumber: '101' }]);
  await call.muteIncomingAudio();
  await world.edge.next('invite');
  world.edge.update(call.id, S.CONNECTED);
  await until('plays', () => (elements[0]?.plays ?? 0) > 0);
  assert.equal(elements[0]?.muted, true);
});

test('a_browser_that_wants_a_gesture_plays_at_the_next_one', async () => {
  const playback = new Playback('call', log);
  refusesToPlay = true;
  playback.play(stream);
  await settle();
  assert.equal(elements[0]?.plays, 1);
  refusesToPlay = false;
  (global.document as EventTarget).dispatchEvent(new Event('pointerdown'));
  assert.equal(elements[0]?.plays, 2);
  (global.document as EventTarget).dispatchEvent(new Event('keydown'));
  assert.equal(elements[0]?.plays, 2, 'once is enough');
  playback.stop();
});

test('the_chosen_speaker_is_used_from_the_first_sound_and_after', async () => {
  const playback = new Playback('call', log);
  playback.setSink('desk');
  playback.play(stream);
  playback.setSink('headset');
  assert.deepEqual(elements[0]?.sinks, ['desk', 'headset']);
  playback.stop();
});
