// The library's voice in @azure/logger. Tokens and session keys never reach it.
import { createClientLogger } from '@azure/logger';
import type { AzureLogger } from '@azure/logger';

export type Log = AzureLogger;
export const defaultLog: Log = createClientLogger('acs-gateway-calling');
