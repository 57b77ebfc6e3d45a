#include "acs/http/client_pool.h"

#include <algorithm>

namespace gw::acs::http {

bool ClientPool::enter(const std::string& host) {
  Host& h = hosts_[host];
  if (h.lines >= limits_.lines) return false;
  ++h.lines;
  return true;
}

bool ClientPool::wait(const std::string& host, std::weak_ptr<Turn> turn) {
  Host& h = hosts_[host];
  std::erase_if(h.waiting, [](const auto& t) { return t.expired(); });
  if (h.waiting.size() >= limits_.waiting) return false;
  h.waiting.push_back(std::move(turn));
  return true;
}

void ClientPool::leave(const std::string& host) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  Host& h = found->second;
  --h.lines;
  while (!h.waiting.empty()) {
    const auto turn = h.waiting.front().lock();
    h.waiting.pop_front();
    if (!turn) continue;  // Its deadline has passed.
    (*turn)();
    return;
  }
  drop_if_unused(host);
}

std::unique_ptr<ClientLine> ClientPool::take(const std::string& host, TimePoint now) {
  std::deque<Idle>& idle = hosts_[host].idle;
  while (!idle.empty()) {
    Idle last = std::move(idle.back());
    idle.pop_back();
    if (now < last.until && last.line->fresh()) return std::move(last.line);
  }
  return nullptr;
}

void ClientPool::keep(const std::string& host, std::unique_ptr<ClientLine> line, TimePoint now) {
  if (limits_.idle == 0) return;
  std::deque<Idle>& idle = hosts_[host].idle;
  if (idle.size() >= limits_.idle) idle.pop_front();
  idle.push_back({std::move(line), now + limits_.idle_timeout});
}

bool ClientPool::sweep(TimePoint now) {
  for (auto& [name, host] : hosts_) {
    std::erase_if(host.idle, [&](const Idle& i) { return now >= i.until || !i.line->fresh(); });
  }
  std::erase_if(hosts_, [](const auto& entry) {
    const Host& h = entry.second;
    return h.lines == 0 && h.idle.empty() && h.waiting.empty();
  });
  return idle() != 0;
}

size_t ClientPool::idle() const {
  size_t all = 0;
  for (const auto& [name, host] : hosts_) all += host.idle.size();
  return all;
}

void ClientPool::drop_if_unused(const std::string& host) {
  const auto found = hosts_.find(host);
  const Host& h = found->second;
  if (h.lines == 0 && h.idle.empty() && h.waiting.empty()) hosts_.erase(found);
}

}  // namespace gw::acs::http
