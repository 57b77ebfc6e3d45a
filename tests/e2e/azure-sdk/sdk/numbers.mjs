// Every operation of @azure/communication-phone-numbers that the gateway serves, and some that it does not.
import { PhoneNumbersClient, SipRoutingClient } from '@azure/communication-phone-numbers';

const numbers = new PhoneNumbersClient(process.env.COMMUNICATION_CONNECTION_STRING);
const sip = new SipRoutingClient(process.env.COMMUNICATION_CONNECTION_STRING);
const all = async (pages) => {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
};
const refused = async (operation) => {
  try {
    await operation;
  } catch (error) {
    return { status: error.statusCode, code: error.code, message: error.message, inner: error.details?.error?.innererror?.code };
  }
  return { status: 200 };
};

const out = {};
out.listed = await all(numbers.listPurchasedPhoneNumbers());
out.one = await numbers.getPurchasedPhoneNumber('+14255550101');
out.missing = await refused(numbers.getPurchasedPhoneNumber('+14255550199'));
out.released = await refused(numbers.beginReleasePhoneNumber('+14255550100'));

out.before = await all(sip.listTrunks());
out.set = await sip.setTrunks([{ fqdn: 'sbc1.contoso.test', sipSignalingPort: 5061 }, { fqdn: 'old.contoso.test', sipSignalingPort: 5060 }]);
out.replaced = await sip.setTrunks([{ fqdn: 'sbc1.contoso.test', sipSignalingPort: 5067 }, { fqdn: 'sbc2.contoso.test', sipSignalingPort: 5061 }]);
out.one_set = await sip.setTrunk({ fqdn: 'sbc2.contoso.test', sipSignalingPort: 5068 });
out.trunk = await sip.getTrunk('sbc1.contoso.test');
out.routes = await sip.setRoutes([
  { name: 'four two five', description: 'Redmond', numberPattern: '^\\+1425(\\d{7})$', trunks: ['sbc2.contoso.test', 'sbc1.contoso.test'] },
  { name: 'all', numberPattern: '^+[1-9][0-9]{3,23}$', trunks: ['sbc1.contoso.test'] },
]);
out.listedRoutes = await all(sip.listRoutes());
out.badPattern = await refused(sip.setRoutes([{ name: 'x', numberPattern: '(' }]));
out.noName = await refused(sip.setRoutes([{ name: '', numberPattern: '^1' }]));
out.missingTrunk = await refused(sip.setRoutes([{ name: 'x', numberPattern: '^1', trunks: ['nowhere.contoso.test'] }]));
out.badFqdn = await refused(sip.setTrunk({ fqdn: '_', sipSignalingPort: 5061 }));
out.badPort = await refused(sip.setTrunk({ fqdn: 'a.contoso.test', sipSignalingPort: 0 }));
out.inUse = await refused(sip.deleteTrunk('sbc2.contoso.test'));
await sip.setRoutes([out.routes[1]]);
await sip.deleteTrunk('sbc2.contoso.test');
await sip.deleteTrunk('never.contoso.test');
out.after = await all(sip.listTrunks());
console.log(JSON.stringify(out));
