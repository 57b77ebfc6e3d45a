import type { IncomingCall } from '../src/index';
import { byId, make } from './dom';
import { callerName } from './names';

const list = byId('incoming-list');

export interface IncomingActions {
  accept(incoming: IncomingCall): void;
  reject(incoming: IncomingCall): void;
}

export function showIncoming(ringing: ReadonlyArray<IncomingCall>, actions: IncomingActions): void {
  const wanted = new Set(ringing.map((incoming) => incoming.id));
  for (const card of [...list.children]) {
    if (!wanted.has((card as HTMLElement).dataset.call ?? '')) card.remove();
  }
  for (const incoming of ringing) {
    if (!list.querySelector(`[data-call="${CSS.escape(incoming.id)}"]`)) {
      list.append(cardOf(incoming, actions));
    }
  }
}

function cardOf(incoming: IncomingCall, actions: IncomingActions): HTMLElement {
  const from = make('p', { class: 'incoming-from', 'data-testid': 'incoming-from' });
  const rename = (): void => {
    from.textContent = callerName(incoming.callerInfo);
  };
  rename();
  incoming.on('callerInfoChanged', rename);
  const button = (id: string, label: string, look: string, act: () => void): HTMLElement => {
    const element = make('button', { type: 'button', class: look, 'data-testid': id }, label);
    element.addEventListener('click', act);
    return element;
  };
  return make(
    'section',
    {
      class: 'card incoming',
      'data-testid': 'incoming',
      'data-call': incoming.id,
      'aria-label': 'Incoming call',
    },
    make('div', {}, make('p', { class: 'hint' }, 'Incoming call'), from),
    make(
      'div',
      { class: 'incoming-actions' },
      button('reject-button', 'Decline', 'hangup', () => actions.reject(incoming)),
      button('accept-button', 'Accept', 'call', () => actions.accept(incoming)),
    ),
  );
}
