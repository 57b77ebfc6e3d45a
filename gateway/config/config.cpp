#include "gateway/config/config.h"

#include "gateway/config/values.h"

#include <algorithm>

namespace gw::config {
namespace {

template <class T, class Match>
const T* first(const std::vector<T>& items, Match match) {
  const auto found = std::ranges::find_if(items, match);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Phone* Config::phone(std::string_view username) const {
  if (phones_sorted) {
    const auto at = std::ranges::lower_bound(
        phones, username, {}, [](const Phone& p) { return std::string_view(p.username); });
    return at != phones.end() && at->username == username ? &*at : nullptr;
  }
  return first(phones, [&](const Phone& p) { return p.username == username; });
}

const Phone* Config::phone_by_extension(std::string_view extension) const {
  if (extension.empty()) return nullptr;
  if (phones_sorted) {
    const auto at = phone_of_extension.find(extension);
    return at == phone_of_extension.end() ? nullptr : &phones[at->second];
  }
  return first(phones, [&](const Phone& p) { return p.extension == extension; });
}

const User* Config::user(std::string_view name) const {
  return first(users, [&](const User& u) { return u.name == name; });
}

const User* Config::user_by_id(std::string_view raw_id) const {
  if (raw_id.empty()) return nullptr;
  return first(users, [&](const User& u) { return u.id == raw_id; });
}

const User* Config::user_by_extension(std::string_view extension) const {
  if (extension.empty()) return nullptr;
  return first(users, [&](const User& u) { return u.extension == extension; });
}

const Phone* Config::phone_by_identity(std::string_view raw_id) const {
  if (raw_id.empty()) return nullptr;
  return first(phones, [&](const Phone& p) { return p.identity == raw_id; });
}

const Trunk* Config::trunk(std::string_view name) const {
  return first(trunks, [&](const Trunk& t) { return t.name == name; });
}

const App* Config::app(std::string_view name) const {
  return first(apps, [&](const App& a) { return a.name == name; });
}

const Network* Config::network(std::string_view name) const {
  return first(networks, [&](const Network& n) { return n.name == name; });
}

bool App::subscribes_to(std::string_view called) const {
  return std::ranges::any_of(calls_to, [&](std::string_view wanted) {
    if (!wanted.ends_with('*')) return called == wanted;
    return called.starts_with(wanted.substr(0, wanted.size() - 1));
  });
}

// The narrowest peer that matches wins: one with a port over one without, then the longer prefix.
const Trunk* Config::trunk_of(const SocketAddress& source) const {
  const Trunk* best = nullptr;
  int best_rank = -1;
  for (const Trunk& trunk : trunks) {
    for (const AddressRange& peer : trunk.peers) {
      if (!peer.contains(source)) continue;
      const int rank = (peer.port() != 0 ? 1000 : 0) + static_cast<int>(peer.prefix());
      if (rank <= best_rank) continue;
      best = &trunk;
      best_rank = rank;
    }
  }
  return best;
}

void complete_called_tls(Config& config) {
  config.sip.called_tls.clear();
  for (const Trunk& trunk : config.trunks) {
    if (trunk.tls.certificate.empty() && trunk.tls.ca.empty()) continue;
    sip::TlsFiles files = config.sip.tls;
    if (!trunk.tls.certificate.empty()) {
      files.certificate = trunk.tls.certificate;
      files.key = trunk.tls.key;
    }
    if (!trunk.tls.ca.empty()) files.ca = trunk.tls.ca;
    for (const std::string& text : trunk.targets) {
      const auto target = parse_target(text);
      if (target) config.sip.called_tls.push_back({target->host, files});
    }
  }
}

}  // namespace gw::config
