// Where the edge is looked for, and what is refused as one.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { checkEdgeUrl, discoverEdge } from '../src/edge/discovery';
import { tokenWith } from './support/world';

const global = globalThis as { __ACS_EDGE_URL__?: string; document?: unknown };

afterEach(() => {
  delete global.__ACS_EDGE_URL__;
  delete global.document;
});

function pageNames(url: string): void {
  global.document = {
    querySelector: (selector: string) =>
      selector === 'meta[name="acs-edge"]' ? { getAttribute: () => url } : null,
  };
}

test('options_go_before_the_page_and_the_page_before_the_token', () => {
  const token = tokenWith({ edge: 'wss://token.example/edge' });
  const options = { networkConfiguration: { proxy: { url: 'wss://options.example/edge' } } };
  assert.equal(discoverEdge({}, token), 'wss://token.example/edge');
  pageNames('wss://meta.example/edge');
  assert.equal(discoverEdge({}, token), 'wss://meta.example/edge');
  global.__ACS_EDGE_URL__ = 'wss://global.example/edge';
  assert.equal(discoverEdge({}, token), 'wss://global.example/edge');
  assert.equal(discoverEdge(options, token), 'wss://options.example/edge');
});

test('no_address_anywhere_is_412_40115', () => {
  assert.throws(() => discoverEdge({}, tokenWith()), { code: 412, subCode: 40115 });
  assert.throws(() => discoverEdge({}, 'opaque'), { code: 412, subCode: 40115 });
});

test('plain_sockets_are_for_this_machine_only', () => {
  for (const url of ['ws://localhost:8080/edge', 'ws://127.0.0.1:1/edge', 'ws://[::1]:8/edge']) {
    assert.equal(checkEdgeUrl(url), url);
  }
  const bad = [
    'ws://gateway.example/edge',
    'ws://127.0.0.1.evil.example/edge',
    'ws://localhost.evil.example/edge',
    'http://localhost/edge',
    'wss://user:secret@gateway.example/edge',
    'javascript:alert(1)',
    '/edge',
  ];
  for (const url of bad) assert.throws(() => checkEdgeUrl(url), { subCode: 40115 }, url);
});

test('a_host_alone_means_its_edge', () => {
  assert.equal(checkEdgeUrl('wss://gateway.example:8443'), 'wss://gateway.example:8443/edge');
  assert.equal(checkEdgeUrl('wss://gateway.example/voice'), 'wss://gateway.example/voice');
});
