import type { Call, MediaStatsReportSample } from '../src/index';
import { DiagnosticQuality, estimateMos, Features } from '../src/index';
import { byId, make, setText } from './dom';
import { nameOf, peerName } from './names';

const stateNames: Record<Call['state'], string> = {
  None: 'Starting',
  Connecting: 'Connecting',
  Ringing: 'Ringing',
  EarlyMedia: 'Early media',
  Connected: 'Connected',
  LocalHold: 'On hold',
  RemoteHold: 'Held by the other side',
  InLobby: 'In the lobby',
  Disconnecting: 'Ending',
  Disconnected: 'Ended',
};

/** What the page knows of one call beyond the call itself. */
export interface CallRecord {
  call: Call;
  connectedAt?: number;
  sample?: MediaStatsReportSample;
}

const view = {
  idle: byId('idle'),
  active: byId('active'),
  avatar: byId('peer-avatar'),
  name: byId('peer-name'),
  state: byId('call-state'),
  timer: byId('call-timer'),
  mute: byId<HTMLButtonElement>('mute-button'),
  hold: byId<HTMLButtonElement>('hold-button'),
  keys: byId<HTMLButtonElement>('keys-button'),
  transfer: byId<HTMLButtonElement>('transfer-button'),
  hangup: byId<HTMLButtonElement>('hangup-button'),
  people: byId('people'),
  quality: byId('quality'),
  diagnostic: byId('diagnostic'),
  list: byId('call-list'),
};

export function isUp(call: Call): boolean {
  return ['Connected', 'LocalHold', 'RemoteHold'].includes(call.state);
}

export function showCall(record: CallRecord | undefined): void {
  view.idle.hidden = !!record;
  view.active.hidden = !record;
  if (!record) return;
  const { call } = record;
  const name = peerName(call);
  setText(view.name, name);
  setText(view.avatar, initialOf(name));
  setText(view.state, stateNames[call.state]);
  view.state.dataset.state = call.state;
  setText(view.timer, record.connectedAt ? duration(Date.now() - record.connectedAt) : '');
  const held = call.state === 'LocalHold';
  toggle(view.mute, call.isMuted, call.isMuted ? 'Unmute' : 'Mute');
  toggle(view.hold, held, held ? 'Resume' : 'Hold');
  view.hold.disabled = view.transfer.disabled = !isUp(call);
  view.keys.disabled = !isUp(call) && call.state !== 'EarlyMedia';
  view.hangup.disabled = call.state === 'Disconnecting';
  showPeople(call);
  showQuality(record.sample);
  showDiagnostic(call);
}

export function showCalls(
  records: CallRecord[],
  active: CallRecord | undefined,
  select: (record: CallRecord) => void,
): void {
  view.list.hidden = records.length < 2;
  view.list.replaceChildren(
    ...records.map((record) => {
      const time = record.connectedAt ? duration(Date.now() - record.connectedAt) : '';
      const button = make(
        'button',
        { type: 'button', 'data-testid': 'call-item', 'aria-current': String(record === active) },
        make('span', {}, peerName(record.call)),
        make('small', {}, `${stateNames[record.call.state]} ${time}`.trim()),
      );
      button.addEventListener('click', () => select(record));
      return make('li', {}, button);
    }),
  );
}

function showPeople(call: Call): void {
  const others = call.remoteParticipants;
  view.people.hidden = others.length < 2;
  if (others.length < 2) return;
  view.people.replaceChildren(
    ...others.map((other) =>
      make(
        'li',
        { 'data-speaking': String(other.isSpeaking) },
        make('span', {}, other.displayName || nameOf(other.identifier)),
        make('small', {}, other.isMuted ? 'Muted' : other.state === 'Connected' ? '' : other.state),
      ),
    ),
  );
}

function showQuality(sample: MediaStatsReportSample | undefined): void {
  const heard = sample?.audio.receive[0];
  view.quality.hidden = !heard;
  if (!heard) return;
  const rate = heard.packetsPerSecond ?? 0;
  const lost = heard.packetsLostPerSecond ?? 0;
  const loss = rate + lost > 0 ? lost / (rate + lost) : 0;
  const codec = heard.codecName ?? '';
  const mos = estimateMos({
    codec,
    rttMs: heard.rttInMs ?? 0,
    jitterMs: heard.jitterInMs ?? 0,
    loss,
  });
  const facts: Array<[string, string]> = [
    ['Codec', codec || '–'],
    ['RTT', heard.rttInMs === undefined ? '–' : `${Math.round(heard.rttInMs)} ms`],
    ['Jitter', `${Math.round(heard.jitterInMs ?? 0)} ms`],
    ['Loss', `${(loss * 100).toFixed(1)} %`],
    ['MOS', mos.toFixed(1)],
  ];
  view.quality.dataset.grade = mos >= 4 ? 'good' : mos >= 3.4 ? 'fair' : 'poor';
  view.quality.replaceChildren(
    ...facts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
  );
}

function showDiagnostic(call: Call): void {
  const { network, media } = call.feature(Features.UserFacingDiagnostics);
  const told = { ...network.getLatest(), ...media.getLatest() };
  const flags: Array<[keyof typeof told, string]> = [
    [
      'microphonePermissionDenied',
      'The microphone is blocked: nobody hears you. Allow it for this page.',
    ],
    ['noMicrophoneDevicesEnumerated', 'There is no microphone: nobody hears you.'],
    ['microphoneNotFunctioning', 'The microphone has stopped working.'],
    ['microphoneMuteUnexpectedly', 'The system has muted the microphone.'],
    ['speakingWhileMicrophoneIsMuted', 'You are muted: nobody hears you.'],
    ['noNetwork', 'There is no network. The call waits for it.'],
    ['microphoneNotMuteButSilent', 'The microphone gives no sound.'],
  ];
  const reconnect = told.networkReconnect?.value ?? DiagnosticQuality.Good;
  const flag = flags.find(([name]) => told[name]?.value === true)?.[1];
  const text = flag ?? (reconnect !== DiagnosticQuality.Good ? 'Reconnecting to the gateway…' : '');
  view.diagnostic.hidden = !text;
  setText(view.diagnostic, text);
}

function toggle(button: HTMLButtonElement, pressed: boolean, label: string): void {
  button.dataset.on = String(pressed);
  const span = button.querySelector('span');
  if (span) setText(span, label);
}

function initialOf(name: string): string {
  return /[\p{L}]/u.exec(name)?.[0].toUpperCase() ?? '#';
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
