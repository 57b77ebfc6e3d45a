import { fail, failures } from '../errors';

/** Effects on streams are not ours; apps ask for support first and then leave them alone. */
export class NoEffects {
  readonly name = 'Effects';
  readonly activeEffects: unknown = undefined;

  async isSupported(_effect: unknown): Promise<boolean> {
    return false;
  }

  async startEffects(_effect: unknown): Promise<void> {
    throw fail(failures.badArgument, 'Effects are not supported by this gateway.');
  }

  async stopEffects(_effect?: unknown): Promise<void> {}
  on(_event: string, _listener: (args?: unknown) => void): void {}
  off(_event: string, _listener: (args?: unknown) => void): void {}
  dispose(): void {}
}
