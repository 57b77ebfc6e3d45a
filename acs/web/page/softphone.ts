// The softphone page: sign in, dial, answer, talk. Everything it does goes through the library.
import type { Call, CallAgent, IncomingCall } from '../src/index';
import { CallClient, Features } from '../src/index';
import type { CallRecord } from './call_view';
import { isUp, showCall, showCalls } from './call_view';
import { byId, make, setText } from './dom';
import { showDevices } from './devices';
import { showIncoming } from './incoming_view';
import { fillPad, toneOf } from './pad';
import { credentialFor, nameEdge } from './session';
import { parseTarget } from './target';
import { playTone, unlockTones } from './tones';

interface Softphone {
  client?: CallClient;
  agent?: CallAgent;
  calls: Call[];
}
const softphone: Softphone = { calls: [] };
(window as unknown as { softphone: Softphone }).softphone = softphone;

let records: CallRecord[] = [];
let active: CallRecord | undefined;
let ringing: IncomingCall[] = [];

const dialInput = byId<HTMLInputElement>('dial-input');
const callerId = byId<HTMLInputElement>('caller-id');
const notice = byId('notice');
const endReason = byId('end-reason');
const agentState = byId('agent-state');

function tell(text: string): void {
  setText(notice, text);
  notice.hidden = !text;
}

const whenFailed = (error: unknown): void => tell((error as Error).message || String(error));

// ---- Signing in and out ----

async function signIn(user: string, token: string): Promise<void> {
  tell('');
  setAgentState('Signing in', 'connecting');
  const button = byId<HTMLButtonElement>('signin-button');
  button.disabled = true;
  try {
    const credential = await credentialFor(user, token);
    const client = (softphone.client ??= new CallClient({
      diagnostics: { appName: 'softphone', appVersion: '1' },
    }));
    const agent = await client.createCallAgent(credential, user ? { displayName: user } : {});
    enter(client, agent);
  } catch (error) {
    setAgentState('Signed out', 'signed-out');
    whenFailed(error);
  } finally {
    button.disabled = false;
  }
}

function enter(client: CallClient, agent: CallAgent): void {
  softphone.agent = agent;
  agent.on('connectionStateChanged', showAgent);
  agent.on('callerIdsChanged', showAgent);
  agent.on('incomingCall', ({ incomingCall }) => onIncoming(incomingCall));
  agent.on('callsUpdated', ({ added, removed }) => {
    added.forEach(watch);
    removed.forEach(onEnded);
  });
  byId('signin').hidden = true;
  byId('phone').hidden = false;
  byId('signout-button').hidden = false;
  showAgent();
  render();
  focusDial();
  void showDevices(client);
}

async function signOut(): Promise<void> {
  const { agent } = softphone;
  softphone.agent = undefined;
  await agent?.dispose();
  byId('signin').hidden = false;
  byId('phone').hidden = true;
  byId('signout-button').hidden = true;
  setText(byId('who-name'), '');
  setAgentState('Signed out', 'signed-out');
}

function setAgentState(text: string, state: string): void {
  setText(agentState, text);
  agentState.dataset.state = state;
}

function showAgent(args?: { reason?: string } | void): void {
  const { agent } = softphone;
  if (!agent) return;
  setText(byId('who-name'), agent.displayName ?? '');
  byId('caller-ids').replaceChildren(...agent.callerIds.map((id) => make('option', { value: id })));
  byId('transfer-button').hidden = !agent.features.includes('transfer');
  const connected = agent.connectionState === 'Connected';
  setAgentState(agent.connectionState, connected ? 'connected' : 'disconnected');
  if (args?.reason === 'invalidToken') tell('The access token is no longer valid. Sign in again.');
}

/** Not where it would only bring up the keyboard on the screen. */
function focusDial(): void {
  if (!matchMedia('(pointer: coarse)').matches) dialInput.focus();
}

// ---- Calls ----

function dial(): void {
  const { agent } = softphone;
  const target = parseTarget(dialInput.value);
  if (!agent || !target) {
    if (dialInput.value.trim()) tell('That is neither a number, an extension nor a user.');
    return dialInput.focus();
  }
  tell('');
  unlockTones();
  const alternate = callerId.value.replace(/[\s().-]/g, '');
  const options = alternate ? { alternateCallerId: { phoneNumber: alternate } } : {};
  try {
    const call =
      'groupId' in target ? agent.join(target) : agent.startCall([target.identifier], options);
    watch(call);
    dialInput.value = '';
    byId('active').focus(); // Digits are tones from here on.
  } catch (error) {
    whenFailed(error);
  }
}

function onIncoming(incoming: IncomingCall): void {
  ringing = [...ringing, incoming];
  incoming.on('callEnded', () => settle(incoming));
  render();
}

function settle(incoming: IncomingCall): void {
  ringing = ringing.filter((r) => r !== incoming);
  render();
}

function accept(incoming: IncomingCall): void {
  unlockTones();
  settle(incoming);
  incoming
    .accept()
    .then((call) => {
      watch(call);
      byId('active').focus();
    })
    .catch(whenFailed);
}

function reject(incoming: IncomingCall): void {
  settle(incoming);
  incoming.reject().catch(whenFailed);
}

/** Shows the call and follows it; a call is announced more than once, so it is watched only once. */
function watch(call: Call): void {
  if (records.some((r) => r.call === call) || call.state === 'Disconnected') return;
  const record: CallRecord = { call };
  records = [...records, record];
  softphone.calls = records.map((r) => r.call);
  endReason.hidden = true;
  call.on('stateChanged', () => onState(record));
  call.on('isMutedChanged', render);
  call.on('remoteParticipantsUpdated', ({ added }) => {
    added.forEach((p) => p.on('isSpeakingChanged', render));
    render();
  });
  const diagnostics = call.feature(Features.UserFacingDiagnostics);
  diagnostics.network.on('diagnosticChanged', render);
  diagnostics.media.on('diagnosticChanged', render);
  const collector = call
    .feature(Features.MediaStats)
    .createCollector({ aggregationInterval: 5, dataPointsPerAggregation: 1 });
  collector.on('sampleReported', (sample) => {
    record.sample = sample;
    render();
  });
  select(record);
}

function onState(record: CallRecord): void {
  if (record.call.state === 'Connected') record.connectedAt ??= Date.now();
  if (record.call.state === 'Disconnected') return onEnded(record.call);
  render();
}

function onEnded(call: Call): void {
  const record = records.find((r) => r.call === call);
  if (!record) return;
  records = records.filter((r) => r !== record);
  softphone.calls = records.map((r) => r.call);
  const { code = 0, subCode = 0, message = '' } = call.callEndReason ?? {};
  setText(endReason, `${message} (code ${code} subCode ${subCode})`);
  endReason.dataset.failed = String(code !== 0);
  endReason.hidden = false;
  if (active === record) active = records[records.length - 1];
  render();
  if (!active) focusDial();
}

/** One call talks at a time: choosing one puts the others on hold. */
function select(record: CallRecord): void {
  active = record;
  for (const other of records) {
    if (other !== record && other.call.state === 'Connected') other.call.hold().catch(whenFailed);
  }
  render();
}

function onCall(act: (call: Call) => Promise<void>): () => void {
  return () => {
    if (active) act(active.call).catch(whenFailed);
  };
}

function pressTone(key: string): void {
  const tone = toneOf(key);
  if (tone && active) active.call.sendDtmf(tone).catch(whenFailed);
}

function transfer(text: string): void {
  const target = parseTarget(text);
  if (!active || !target || !('identifier' in target)) return tell('Nobody to transfer to.');
  const under = active.call
    .feature(Features.Transfer)
    .transfer({ targetParticipant: target.identifier });
  under.on('stateChanged', () => {
    if (under.state === 'Failed') tell(`The transfer failed (code ${under.error?.code ?? 0}).`);
    else tell(under.state === 'Transferred' ? '' : 'Transferring…');
  });
}

// ---- The page ----

function render(): void {
  showIncoming(ringing, { accept, reject });
  showCall(active);
  showCalls(records, active, select);
  const waiting = active?.call.direction === 'Outgoing' && active.call.state === 'Ringing';
  playTone(
    waiting ? 'ringback' : ringing.length > 0 && records.length === 0 ? 'ringing' : undefined,
  );
  const phone = byId('phone');
  phone.dataset.inCall = String(!!active);
  phone.dataset.quiet = String(!active && endReason.hidden);
  document.title = ringing[0] ? 'Incoming call' : active ? 'In a call' : 'Softphone';
}

function expand(button: HTMLElement, panel: HTMLElement): void {
  button.addEventListener('click', () => {
    panel.hidden = !panel.hidden;
    button.setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) panel.querySelector<HTMLElement>('input, button')?.focus();
  });
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || byId('phone').hidden) return;
  const target = event.target as HTMLElement;
  const typing = ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
  if (event.key === 'Escape') {
    if (active) active.call.hangUp().catch(whenFailed);
    else if (ringing[0]) reject(ringing[0]);
    return;
  }
  if (typing || target.tagName === 'BUTTON' || target.tagName === 'SUMMARY') {
    if (typing || !/^[0-9*#+]$/.test(event.key)) return;
  }
  if (event.key === 'Enter') {
    event.preventDefault();
    if (ringing[0] && !dialInput.value) accept(ringing[0]);
    else dial();
  } else if (active && isUp(active.call) && toneOf(event.key)) {
    pressTone(event.key);
  } else if (/^[0-9*#+]$/.test(event.key)) {
    event.preventDefault();
    dialInput.value += event.key;
    dialInput.focus();
  }
}

function wire(): void {
  fillPad(byId('dial-pad'), 'dial', (key) => {
    dialInput.value += key;
  });
  fillPad(byId('dtmf-pad'), 'dtmf', pressTone);
  byId('dial-erase').addEventListener('click', () => {
    dialInput.value = dialInput.value.slice(0, -1);
    dialInput.focus();
  });
  byId('dial-form').addEventListener('submit', (event) => {
    event.preventDefault();
    dial();
  });
  byId('signin-form').addEventListener('submit', (event) => {
    event.preventDefault();
    unlockTones();
    const user = byId<HTMLInputElement>('signin-user').value.trim();
    const token = byId<HTMLTextAreaElement>('signin-token').value.trim();
    if (user || token) void signIn(user, token);
    else byId('signin-user').focus();
  });
  byId('signout-button').addEventListener('click', () => void signOut());
  byId('mute-button').addEventListener(
    'click',
    onCall((c) => (c.isMuted ? c.unmute() : c.mute())),
  );
  byId('hold-button').addEventListener(
    'click',
    onCall((c) => (c.state === 'LocalHold' ? c.resume() : c.hold())),
  );
  byId('hangup-button').addEventListener(
    'click',
    onCall((c) => c.hangUp()),
  );
  expand(byId('keys-button'), byId('dtmf-pad'));
  expand(byId('transfer-button'), byId('transfer-form'));
  byId('transfer-form').addEventListener('submit', (event) => {
    event.preventDefault();
    transfer(byId<HTMLInputElement>('transfer-input').value);
  });
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointerdown', unlockTones, { once: true });
  setInterval(() => {
    if (records.length > 0) render();
  }, 1000);
}

function start(): void {
  nameEdge();
  wire();
  const query = new URLSearchParams(location.search);
  const user = query.get('user') ?? '';
  byId<HTMLInputElement>('signin-user').value = user;
  if (user && query.get('auto') === '1') void signIn(user, '');
  else byId('signin-user').focus();
}

start();
