#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "gateway/config/config.h"
#include "gateway/policy/usage_limits.h"
#include "sip/registrar.h"

namespace gw::ops {

// What must outlive a restart: who is registered where, identities of users, added users,
// revocations, what was used today of the dial policies' limits. The seam for a cluster: SQLite in
// one process. Owned by App. Reads happen at start-up (and from the command line) on the caller's
// thread; writes are queued (bounded) to the store's own thread and batched, so that no fsync
// stalls anybody. Methods may be called from any thread.
class Store : public policy::UsageJournal {
 public:
  // `path` is a file or ":memory:".
  static Result<std::unique_ptr<Store>> open(const std::string& path, Log log);
  ~Store() override = default;  // Writes what is queued, then closes.

  virtual std::vector<sip::Binding> registrations() = 0;
  virtual void keep(const sip::Binding& binding) = 0;  // By username and contact URI.
  virtual void forget(const sip::Binding& binding) = 0;

  // A setting that the gateway made itself ("resource_id"), written through before it returns.
  virtual std::optional<std::string> value(std::string_view key) = 0;
  virtual Result<void> set_value(std::string_view key, std::string_view value) = 0;

  // Identity of a configured user, written through before it returns.
  virtual std::optional<std::string> identity_of(std::string_view user_name) = 0;
  virtual Result<void> set_identity(std::string_view user_name, std::string_view identity) = 0;

  // Users of `user add`, beside those of the configuration.
  virtual std::vector<config::User> added_users() = 0;
  virtual Result<void> add_user(const config::User& user) = 0;  // Conflict when the name is taken.
  virtual Result<bool> remove_user(std::string_view name) = 0;  // False: there was none.

  // Tokens of an identity issued before a time are dead.
  virtual std::vector<std::pair<std::string, WallTime>> revocations() = 0;
  virtual void revoke(const std::string& identity, WallTime at) = 0;

  // For loops that must not wait for the disk: `done` runs once, on the store's thread, when what
  // was asked is on disk (an Error is Io). Each is done after everything that was asked before it.
  template <class T>
  using Done = std::function<void(Result<T>)>;

  // Identities that apps made over REST. Answers: was it new, is it there, was it there.
  virtual void create_identity(const std::string& identity, WallTime at, Done<bool> done) = 0;
  virtual void find_identity(const std::string& identity, Done<bool> done) = 0;
  virtual void remove_identity(const std::string& identity, Done<bool> done) = 0;

  virtual void keep_value(const std::string& key, const std::string& value, Done<bool> done) = 0;

  // Who was in which calls, newest first; a record is the CDR's JSON. Of one user the last
  // kCallsKept stay.
  static constexpr size_t kCallsKept = 1000;
  virtual void keep_call(const std::string& user, WallTime started, const std::string& call_id,
                         const std::string& record) = 0;
  virtual void calls_of(const std::string& user, size_t skip, size_t limit,
                        Done<std::vector<std::string>> done) = 0;

  virtual void flush() = 0;  // Returns when everything queued so far is on disk.
  virtual void flushed(Done<bool> done) = 0;
};

}  // namespace gw::ops
