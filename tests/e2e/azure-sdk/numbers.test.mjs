// Azure's phone-numbers SDK against the gateway: owned numbers, trunks and routes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Gateway } from './lib/gateway.mjs';

describe('phone numbers and SIP routing by the official SDK', () => {
  let gateway;
  before(async () => { gateway = await Gateway.start(); });
  after(() => gateway.close());

  test('every_operation', async () => {
    const out = await gateway.sdk('numbers');
    assert.deepEqual(out.listed.map((one) => one.phoneNumber), ['+14255550100', '+14255550101']);
    assert.equal(out.one.id, '14255550101');
    assert.equal(out.one.countryCode, 'US');
    assert.deepEqual(out.one.capabilities, { calling: 'inbound+outbound', sms: 'none' });
    assert.equal(out.missing.status, 404);
    assert.equal(out.missing.code, 'NotFound');
    assert.equal(out.released.status, 501);

    assert.deepEqual(out.before, []);
    assert.deepEqual(out.set, [{ fqdn: 'old.contoso.test', sipSignalingPort: 5060 }, { fqdn: 'sbc1.contoso.test', sipSignalingPort: 5061 }]);
    assert.deepEqual(out.replaced, [{ fqdn: 'sbc1.contoso.test', sipSignalingPort: 5067 }, { fqdn: 'sbc2.contoso.test', sipSignalingPort: 5061 }]);
    assert.deepEqual(out.one_set, { fqdn: 'sbc2.contoso.test', sipSignalingPort: 5068 });
    assert.deepEqual(out.trunk, { fqdn: 'sbc1.contoso.test', sipSignalingPort: 5067 });
    assert.deepEqual(out.routes.map((route) => route.name), ['four two five', 'all']);
    assert.deepEqual(out.listedRoutes, out.routes);
    const inner = {
      badPattern: 'InvalidRouteNumberPattern', noName: 'InvalidRouteName', missingTrunk: 'MissingTrunk', badFqdn: 'InvalidTrunkFqdn',
      badPort: 'InvalidTrunkSipSignalingPort', inUse: 'MissingTrunk',
    };
    for (const name of Object.keys(inner)) {
      assert.equal(out[name].status, 422, `${name} ${JSON.stringify(out[name])}`);
      assert.equal(out[name].code, 'UnprocessableConfiguration', name);
    }
    assert.deepEqual(out.after, [{ fqdn: 'sbc1.contoso.test', sipSignalingPort: 5067 }]);
  });

  test('numbers_come_in_pages', async () => {
    let target = '/phoneNumbers?skip=0&top=1&api-version=2025-06-01';
    const seen = [];
    while (target) {
      const { status, json } = await gateway.ask('GET', target);
      assert.equal(status, 200);
      assert.equal(json.phoneNumbers.length, 1);
      seen.push(json.phoneNumbers[0].phoneNumber);
      target = json.nextLink;
    }
    assert.deepEqual(seen, ['+14255550100', '+14255550101']);
    const none = await gateway.ask('GET', '/phoneNumbers?skip=5&maxPageSize=1&api-version=2025-06-01');
    assert.deepEqual(none.json, { phoneNumbers: [] });
    assert.equal((await gateway.ask('GET', '/phoneNumbers?skip=-1&api-version=2025-06-01')).status, 400);
  });

  test('the_sdk_follows_the_pages', async () => {
    const owned = Array.from({ length: 250 }, (_, i) => `+1425555${String(i + 100).padStart(4, '0')}`);
    const many = await Gateway.start({ set: { 'numbers.owned': JSON.stringify(owned) } });
    try {
      assert.deepEqual(await many.sdk('numbers_pages'), owned);
    } finally {
      await many.close();
    }
  });

  test('trunks_and_routes_are_the_gateway_s_own_and_outlive_a_restart', async () => {
    const patch = (body) => gateway.ask('PATCH', '/sip?api-version=2023-03-01', { body: JSON.stringify(body) });
    assert.equal((await patch({
      trunks: { 'sbc3.contoso.test': { sipSignalingPort: 5061 } },
      routes: [{ name: 'to sbc3', numberPattern: '^\\+44', trunks: ['sbc3.contoso.test'] }],
    })).status, 200);
    const trunks = async () => (await gateway.daemon.api('trunks')).trunks.map((trunk) => trunk.name);
    assert.ok((await trunks()).includes('sbc3.contoso.test'));
    const test = async (number) => {
      const { json } = await gateway.ask('POST', `/sip:testRoutesWithNumber?targetPhoneNumber=${encodeURIComponent(number)}&api-version=2024-11-15-preview`);
      return json.matchingRoutes.map((route) => route.name);
    };
    assert.deepEqual(await test('+442071234567'), ['to sbc3']);
    assert.deepEqual(await test('+14255550123'), []);
    await gateway.daemon.restart('SIGKILL');
    assert.deepEqual(await test('+442071234567'), ['to sbc3']);
    assert.ok((await trunks()).includes('sbc3.contoso.test'));
    // The files' trunk is there as before, and its routes come first.
    assert.ok((await trunks()).includes('carrier'));
    const { stdout } = await gateway.daemon.command('route', '--from', 'phone:101', '--to', '+442071234567', '--json');
    assert.match(stdout, /to sbc3|carrier/);
  });

  test('a_trunk_of_the_operator_is_shown_and_not_changed', async () => {
    const named = await Gateway.start({
      files: { 'acme.toml': '[[trunk]]\nname = "acme"\ntargets = ["sip.acme.example:5070"]\noptions_interval = "0s"\n' },
    });
    try {
      const patch = (body) => named.ask('PATCH', '/sip?api-version=2023-03-01', { body: JSON.stringify(body) });
      const { json } = await named.ask('GET', '/sip?api-version=2023-03-01');
      assert.deepEqual(json.trunks, { 'sip.acme.example': { sipSignalingPort: 5070 } });
      assert.equal((await patch({ trunks: { 'sip.acme.example': { sipSignalingPort: 5070 } } })).status, 200);
      for (const value of [null, { sipSignalingPort: 5071 }]) {
        const refused = await patch({ trunks: { 'sip.acme.example': value } });
        assert.equal(refused.status, 422);
        assert.equal(refused.json.error.innererror.code, 'TrunkOfTheOperator');
      }
      assert.equal((await patch({ routes: [{ name: 'a', numberPattern: '^\\+', trunks: ['sip.acme.example'] }] })).status, 200);
    } finally {
      await named.close();
    }
  });
});
