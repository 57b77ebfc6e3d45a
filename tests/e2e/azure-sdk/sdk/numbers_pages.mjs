// Every owned number, however many pages there are.
import { PhoneNumbersClient } from '@azure/communication-phone-numbers';

const client = new PhoneNumbersClient(process.env.COMMUNICATION_CONNECTION_STRING);
const numbers = [];
for await (const number of client.listPurchasedPhoneNumbers()) numbers.push(number.phoneNumber);
console.log(JSON.stringify(numbers));
