#include "gateway/rest_host.h"

#include <utility>

#include "gateway/config/sip_routing.h"
#include "gateway/policy/caller_id_policy.h"
#include "gateway/policy/router.h"

namespace gw {

// Identities of apps, in the gateway's store; its thread's answers are brought to the Asio thread.
class RestHost::StoredIdentities final : public acs::identity::IdentityStore {
 public:
  StoredIdentities(acs::http::HttpServer& http, ops::Store& store) : http_(http), store_(store) {}

  void create(const std::string& identity, WallTime at, Answer answer) override {
    store_.create_identity(identity, at, brought(std::move(answer)));
  }
  void find(const std::string& identity, Answer answer) override {
    store_.find_identity(identity, brought(std::move(answer)));
  }
  void remove(const std::string& identity, Answer answer) override {
    store_.remove_identity(identity, brought(std::move(answer)));
  }
  void flush(Answer answer) override { store_.flushed(brought(std::move(answer))); }

 private:
  Answer brought(Answer answer) {
    return [&http = http_, answer = std::move(answer)](Result<bool> result) {
      http.post([answer, result = std::move(result)] { answer(result); });
    };
  }

  acs::http::HttpServer& http_;
  ops::Store& store_;
};

// What apps do to calls, done where calls live; the answers are brought to the Asio thread.
class RestHost::Calls final : public acs::call_automation::CallAutomation {
 public:
  explicit Calls(const Needs& needs) : needs_(needs) {}

  void perform(const std::string& connection, acs::call_automation::Command command,
               std::function<void(acs::call_automation::Outcome)> answer) override {
    needs_.automate(connection, std::move(command),
                    [this, answer = std::move(answer)](acs::call_automation::Outcome outcome) {
                      needs_.http.post([answer, outcome = std::move(outcome)] { answer(outcome); });
                    });
  }

 private:
  const Needs& needs_;
};

// What the Asio thread sees of a configuration.
struct RestHost::View {
  std::vector<acs::identity::DirectoryUser> users;
  std::vector<acs::rest::OwnedNumber> numbers;
  acs::rest::SipRouting routing;
  std::vector<Masked> access_keys, api_keys;
  double requests_per_second = 0;
};

RestHost::View RestHost::view_of(const config::Config& config, State& state) {
  View view;
  for (const config::User& user : config.users) {
    view.users.push_back({user.name, user.email, user.id,
                          user.display_name.empty() ? user.name : user.display_name, user.extension,
                          user.numbers, policy::allowed_numbers(config, user.name)});
  }
  for (const std::string& number : config.numbers.owned) {
    const policy::NumberKind kind = policy::kind_of(number);
    view.numbers.push_back({number, kind.country, kind.type});
  }
  view.routing = config::shown_routing(config, state.sip_routing());
  view.access_keys = config.acs.access_keys;
  view.api_keys = config.acs.api_keys;
  view.requests_per_second = config.limits.rest_requests_per_second;
  return view;
}

RestHost::RestHost(Needs needs, const config::Config& config)
    : needs_(std::move(needs)),
      identities_(std::make_unique<StoredIdentities>(needs_.http, needs_.state.store())),
      door_(needs_.http, needs_.state.tokens(), needs_.clock, needs_.random, needs_.metrics,
            needs_.log) {
  using namespace acs::rest;
  const Audit audit(needs_.log);
  const Duration lifetime = config.edge.token_lifetime;
  identity_api_ = std::make_unique<IdentityApi>(
      door_, IdentityApi::Needs{needs_.state.tokens(), *identities_, directory_, needs_.revoke,
                                lifetime, needs_.clock, needs_.random, audit});
  phone_numbers_api_ = std::make_unique<PhoneNumbersApi>(
      door_, [this]() -> const std::vector<OwnedNumber>& { return numbers_; },
      needs_.state.first_start());
  SipRoutingApi::Needs routing;
  routing.current = [this] { return routing_; };
  routing.adopt = [this](SipRouting wanted, std::function<void(Result<void>)> done) {
    needs_.adopt_routing(std::move(wanted), [this, done = std::move(done)](Result<void> result) {
      needs_.http.post([done, result = std::move(result)] { done(result); });
    });
  };
  sip_routing_api_ = std::make_unique<SipRoutingApi>(door_, std::move(routing));
  UsersApi::Needs users{needs_.state.tokens(), *identities_, directory_, lifetime,
                        needs_.clock,          audit,        {}};
  users.calls = [this](const std::string& user, size_t skip, size_t limit, auto done) {
    needs_.state.store().calls_of(
        user, skip, limit,
        [this, done = std::move(done)](Result<std::vector<std::string>> records) {
          needs_.http.post([done, records = std::move(records)] { done(records); });
        });
  };
  users_api_ = std::make_unique<UsersApi>(door_, std::move(users));
  calls_ = std::make_unique<Calls>(needs_);
  call_automation_api_ = std::make_unique<acs::call_automation::CallAutomationApi>(
      door_, acs::call_automation::CallAutomationApi::Needs{*calls_, needs_.clock});
  take(view_of(config, needs_.state));
}

RestHost::~RestHost() = default;

void RestHost::publish(const config::Config& config) {
  auto view = std::make_shared<View>(view_of(config, needs_.state));
  needs_.http.post([this, view] { take(std::move(*view)); });
}

void RestHost::take(View view) {
  directory_.replace(std::move(view.users));
  numbers_ = std::move(view.numbers);
  routing_ = std::move(view.routing);
  door_.set_keys(acs::rest::Authenticator(view.access_keys, view.api_keys));
  door_.set_limit(view.requests_per_second);
}

}  // namespace gw
