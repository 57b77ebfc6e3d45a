// What is measured of a call's sound.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DiagnosticQuality, estimateMos, Features } from '../src/index';
import type { MediaStatsReportSample, MediaStatsReportSummary } from '../src/index';
import { QualityMeter } from '../src/media/quality';
import { timing } from '../src/timing';
import { media } from './support/fake_media';
import { settle, until } from './support/until';
import { World } from './support/world';

const world = new World();

function stats(totals: { received: number; lost: number; energy: number; rtt?: number }): void {
  media.stats = [
    { id: 'codec', type: 'codec', mimeType: 'audio/opus' },
    {
      id: 'in',
      type: 'inbound-rtp',
      kind: 'audio',
      codecId: 'codec',
      transportId: 't',
      packetsReceived: totals.received,
      packetsLost: totals.lost,
      bytesReceived: totals.received * 100,
      jitter: 0.004,
      jitterBufferDelay: 30,
      jitterBufferEmittedCount: 1000,
      audioLevel: 0.5,
    },
    { id: 'out', type: 'outbound-rtp', kind: 'audio', packetsSent: 50, bytesSent: 5000 },
    {
      id: 'rin',
      type: 'remote-inbound-rtp',
      kind: 'audio',
      roundTripTime: totals.rtt ?? 0.02,
      fractionLost: totals.rtt ? 0 : 0.02,
      packetsLost: 3,
    },
    {
      id: 'src',
      type: 'media-source',
      kind: 'audio',
      totalAudioEnergy: totals.energy,
      audioLevel: 0,
    },
  ];
}

test('quality_is_reported_to_the_gateway', async () => {
  timing.qualityMs = 5;
  stats({ received: 900, lost: 100, energy: 1 });
  await world.signIn();
  const call = await world.connectedCall();
  const { frame } = await world.edge.next('quality');
  const report = frame.quality;
  assert.equal(report?.callId, call.id);
  assert.deepEqual([report?.codec, report?.rttMs, report?.jitterMs], ['opus', 20, 4]);
  assert.ok(Math.abs((report?.lossIn ?? 0) - 0.1) < 1e-6);
  assert.ok(Math.abs((report?.lossOut ?? 0) - 0.02) < 1e-6);
  assert.ok((report?.mos ?? 0) > 1 && (report?.mos ?? 9) < 4.4);
});

test('loss_is_what_happened_since_the_last_report', () => {
  const meter = new QualityMeter();
  const reading = (packets: number, lost: number) => ({
    at: 0,
    codec: 'opus',
    inbound: { id: '', packets, bytes: 0, lost, jitterMs: 0, concealed: 0, samples: 0 },
  });
  assert.equal(meter.update(reading(50, 50), true).lossIn, 0.5);
  assert.equal(meter.update(reading(150, 50), true).lossIn, 0);
  assert.equal(meter.update(reading(150, 49), true).lossIn, 0, 'a duplicate found later');
  assert.equal(meter.update(reading(240, 59), true).lossIn, 0.1);
});

test('mos_falls_with_loss_and_delay_and_is_good_when_clean', () => {
  const clean = estimateMos({ codec: 'opus', rttMs: 20, jitterMs: 2, loss: 0 });
  const lossy = estimateMos({ codec: 'opus', rttMs: 20, jitterMs: 2, loss: 0.05 });
  const g711 = estimateMos({ codec: 'PCMU', rttMs: 20, jitterMs: 2, loss: 0.05 });
  const far = estimateMos({ codec: 'opus', rttMs: 700, jitterMs: 2, loss: 0 });
  assert.ok(clean > 4.3 && clean <= 4.5, `${clean}`);
  assert.ok(lossy < clean && g711 < lossy && far < clean);
  assert.ok(estimateMos({ codec: '', rttMs: 5000, jitterMs: 500, loss: 1 }) >= 1);
});

test('mos_is_the_figure_that_the_gateway_reckons', async () => {
  // Tests run from test/.out.
  const path = new URL('../../../../tests/reference/e_model.csv', import.meta.url);
  const table = await readFile(path, 'utf8');
  const rows = table.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const [codec = '', loss, rttMs, jitterMs, mos] = row.split(',');
    const heard = { codec, rttMs: Number(rttMs), jitterMs: Number(jitterMs), loss: Number(loss) / 100 };
    assert.ok(Math.abs(estimateMos(heard) - Number(mos)) < 0.006, `${row}: ${estimateMos(heard)}`);
  }
});

test('a_microphone_of_digital_silence_is_diagnosed_and_a_muted_one_is_not', async () => {
  timing.qualityMs = 5;
  stats({ received: 10, lost: 0, energy: 1 });
  await world.signIn();
  const call = await world.connectedCall();
  const { media: told } = call.feature(Features.UserFacingDiagnostics);
  await until('silent', () => told.getLatest().microphoneNotMuteButSilent?.value === true);
  await call.mute();
  await until('muted', () => told.getLatest().microphoneNotMuteButSilent?.value === false);
});

test('a_bad_network_is_diagnosed', async () => {
  timing.qualityMs = 5;
  stats({ received: 10, lost: 0, energy: 1 });
  await world.signIn();
  const call = await world.connectedCall();
  const { network } = call.feature(Features.UserFacingDiagnostics);
  const bad: unknown[] = [];
  network.on('diagnosticChanged', (args) => bad.push([args.diagnostic, args.value]));
  stats({ received: 10, lost: 0, energy: 1, rtt: 0.9 });
  await until('told', () => bad.length >= 2);
  assert.deepEqual(bad.slice(0, 2), [
    ['networkReceiveQuality', DiagnosticQuality.Bad],
    ['networkSendQuality', DiagnosticQuality.Bad],
  ]);
});

test('collectors_report_samples_and_summaries', async () => {
  timing.statsMs = 5;
  stats({ received: 100, lost: 1, energy: 1 });
  await world.signIn();
  const call = await world.connectedCall();
  const collector = call
    .feature(Features.MediaStats)
    .createCollector({ aggregationInterval: 2, dataPointsPerAggregation: 2 });
  const samples: MediaStatsReportSample[] = [];
  const summaries: MediaStatsReportSummary[] = [];
  collector.on('sampleReported', (sample) => samples.push(sample));
  collector.on('summaryReported', (summary) => summaries.push(summary));
  await until('a summary', () => summaries.length === 1);
  assert.equal(samples.length, 4);
  const [heard] = samples[0]?.audio.receive ?? [];
  assert.deepEqual(
    [heard?.codecName, heard?.packets, heard?.packetsLost, heard?.jitterInMs, heard?.rttInMs],
    ['opus', 100, 1, 4, 20],
  );
  assert.equal(heard?.jitterBufferDelayInMs, 30);
  const packets = summaries[0]?.audio.receive[0]?.packets;
  assert.deepEqual(packets?.raw, [100, 100, 100, 100]);
  assert.deepEqual(packets?.aggregation, {
    count: [2, 2],
    sum: [200, 200],
    min: [100, 100],
    max: [100, 100],
  });
  collector.dispose();
  const { length } = samples;
  await settle();
  assert.equal(samples.length, length);
});
