#include "gateway/ops/console_page.h"

namespace gw::ops {

const std::string_view kConsoleHtml = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>acs-gateway</title>
<link rel="stylesheet" href="/console.css">
<script defer src="/console.js"></script>
</head>
<body>
<header><h1>acs-gateway</h1><p id="status" role="status">connecting</p></header>
<main>
<section><h2>Calls</h2><table id="calls"></table></section>
<section><h2>Phones</h2><table id="phones"></table></section>
<section><h2>Users</h2><table id="users"></table></section>
<section><h2>Trunks</h2><table id="trunks"></table></section>
</main>
</body>
</html>
)html";

const std::string_view kConsoleScript = R"js('use strict';
let token = sessionStorage.getItem('token') || '';
async function get(path) {
  const response = await fetch(path, { headers: token ? { Authorization: 'Bearer ' + token } : {} });
  if (response.status === 401) {
    token = prompt('Admin token') || '';
    sessionStorage.setItem('token', token);
    throw new Error('the token is needed');
  }
  if (!response.ok) throw new Error(path + ': ' + response.status);
  return response.json();
}
function show(id, columns, rows) {
  const table = document.getElementById(id);
  const line = (cells, kind) => {
    const tr = document.createElement('tr');
    for (const cell of cells) {
      const td = document.createElement(kind);
      td.textContent = cell ?? '';
      tr.append(td);
    }
    return tr;
  };
  table.replaceChildren(line(columns, 'th'), ...rows.map((row) => line(row, 'td')));
  if (!rows.length) table.append(line(['none'], 'td'));
}
async function refresh() {
  try {
    const [status, calls, phones, users, trunks] = await Promise.all(
      ['status', 'calls', 'phones', 'users', 'trunks'].map((name) => get('/api/' + name)));
    document.getElementById('status').textContent =
      `${status.state}, ${status.calls} calls, ${status.registrations} registrations, up ${status.uptime_s} s, version ${status.version}`;
    show('calls', ['call', 'state', 'from', 'dialled', 'caller id', 'route', 'legs'], calls.calls.map((c) => [c.call_id, c.state, c.source,
      c.dialled, c.caller_id_presented, c.route,
      c.legs.map((l) => `${l.party} ${l.codec || ''} in ${l.packets_in ?? 0} lost ${l.packets_lost ?? 0} mos ${(l.mos || 0).toFixed(1)}`).join(' / ')]));
    show('phones', ['phone', 'extension', 'name', 'devices', 'calls'], phones.phones.map((p) => [p.username, p.extension, p.display_name,
      p.devices.map((d) => `${d.transport} ${d.source} ${d.user_agent}`).join(' / ') || 'not registered', p.calls]));
    show('users', ['user', 'extension', 'identity', 'numbers', 'devices', 'calls'], users.users.map((u) => [u.name, u.extension, u.id,
      u.numbers.join(' '), u.devices, u.calls]));
    show('trunks', ['trunk', 'state', 'targets', 'calls'], trunks.trunks.map((t) => [t.name, t.state, t.targets.join(' '), t.calls]));
  } catch (error) {
    document.getElementById('status').textContent = error.message;
  }
}
refresh();
setInterval(refresh, 2000);
)js";

const std::string_view kConsoleStyle =
    R"css(:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
section { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
th { font-weight: 600; }
)css";

}  // namespace gw::ops
