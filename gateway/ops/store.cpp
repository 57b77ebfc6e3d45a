#include "gateway/ops/store.h"

#include <poll.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "base/heap.h"
#include "base/mailbox.h"
#include "base/text.h"
#include "gateway/ops/sqlite.h"

namespace gw::ops {
namespace {

using sqlite::Database;
using sqlite::Statement;

// Registrations that wait for the disk. Beyond it they are dropped: the phone registers again
// within the hour.
constexpr size_t kMaxQueued = 100'000;
constexpr int kSchema = 2;

constexpr const char* kCreate = R"(
CREATE TABLE IF NOT EXISTS registration (
  username TEXT NOT NULL, contact_uri TEXT NOT NULL, instance TEXT NOT NULL, transport INTEGER NOT NULL,
  source TEXT NOT NULL, user_agent TEXT NOT NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  network TEXT NOT NULL DEFAULT '', PRIMARY KEY (username, contact_uri)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS value (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (user_name TEXT PRIMARY KEY, identity TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user (
  name TEXT PRIMARY KEY, email TEXT NOT NULL, display_name TEXT NOT NULL, extension TEXT NOT NULL,
  numbers TEXT NOT NULL, alternate_caller_ids TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revocation (identity TEXT PRIMARY KEY, at_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app_identity (identity TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS call (
  user TEXT NOT NULL, started_ms INTEGER NOT NULL, call_id TEXT NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (user, started_ms, call_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS usage (
  day INTEGER NOT NULL, party TEXT NOT NULL, talked_ns INTEGER NOT NULL, PRIMARY KEY (day, party)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS usage_number (
  day INTEGER NOT NULL, party TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (day, party, number)) WITHOUT ROWID;
PRAGMA user_version = 2;
)";

// From schema 1 to 2.
constexpr const char* kAddNetwork =
    "ALTER TABLE registration ADD COLUMN network TEXT NOT NULL DEFAULT ''; PRAGMA user_version = 2";

// Numbers hold no blanks.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) items.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return items;
}

int64_t to_ns(WallTime t) {
  return t.time_since_epoch().count();
}

std::optional<sip::Transport> transport_from(int64_t number) {
  if (number < 0 || number > static_cast<int64_t>(sip::Transport::Tls)) return std::nullopt;
  return static_cast<sip::Transport>(number);
}

// Everything runs on one thread in the order it was asked for; one transaction carries all that
// waited together, and whoever waits for an answer gets it after the commit.
class SqliteStore final : public Store {
 public:
  SqliteStore(Database database, Log log)
      : log_(std::move(log)), database_(std::move(database)), thread_([this] { run(); }) {}

  ~SqliteStore() override {
    mailbox_.post(Work{Task([this] { stopping_ = true; }), nullptr});
    thread_.join();
  }

  std::vector<sip::Binding> registrations() override;
  void keep(const sip::Binding& binding) override;
  void forget(const sip::Binding& binding) override;
  std::optional<std::string> value(std::string_view key) override;
  Result<void> set_value(std::string_view key, std::string_view value) override;
  std::optional<std::string> identity_of(std::string_view user_name) override;
  Result<void> set_identity(std::string_view user_name, std::string_view identity) override;
  std::vector<config::User> added_users() override;
  Result<void> add_user(const config::User& user) override;
  Result<bool> remove_user(std::string_view name) override;
  std::vector<std::pair<std::string, WallTime>> revocations() override;
  void revoke(const std::string& identity, WallTime at) override;
  void create_identity(const std::string& identity, WallTime at, Done<bool> done) override;
  void find_identity(const std::string& identity, Done<bool> done) override;
  void remove_identity(const std::string& identity, Done<bool> done) override;
  void keep_value(const std::string& key, const std::string& value, Done<bool> done) override;
  void keep_call(const std::string& user, WallTime started, const std::string& call_id,
                 const std::string& record) override;
  void calls_of(const std::string& user, size_t skip, size_t limit,
                Done<std::vector<std::string>> done) override;
  std::vector<Used> used(int64_t day) override;
  void spent(int64_t day, const std::string& party, Duration talked) override;
  void called(int64_t day, const std::string& party, const std::string& number) override;
  void flush() override {
    ask([] {});
  }
  void flushed(Done<bool> done) override {
    later<bool>([]() -> Result<bool> { return true; }, std::move(done));
  }

 private:
  struct Work {
    Task task;
    std::function<void(bool)> committed;  // After the commit, when somebody waits.
  };

  void run();
  void run_batch();

  // Queues a write that nobody waits for.
  template <class F>
  void queue(F work) {
    if (queued_.fetch_add(1) >= kMaxQueued) {
      queued_.fetch_sub(1);
      if (!dropping_.exchange(true))
        log_.error("registrations, calls and usage are not kept: the disk does not keep up");
      return;
    }
    mailbox_.post(Work{Task([this, work = std::move(work)]() mutable {
                         queued_.fetch_sub(1);
                         work();
                       }),
                       nullptr});
  }

  // Runs `work` on the store's thread and waits for the commit. False: it is not on disk.
  template <class F>
  bool ask(F work) {
    auto committed = std::make_shared<std::promise<bool>>();
    std::future<bool> answer = committed->get_future();
    const auto tell = [committed](bool done) { committed->set_value(done); };
    if (!mailbox_.post(Work{Task(std::move(work)), tell})) return false;
    return answer.get();
  }

  // Runs `work` on the store's thread; `done` gets what it found, there too, after the commit.
  template <class T, class F>
  void later(F work, Done<T> done) {
    auto result = std::make_shared<Result<T>>(fail(ErrorCode::Io, "the state is closed"));
    const auto tell = [result, done](bool committed) {
      if (*result && !committed) *result = fail(ErrorCode::Io, "the state could not be written");
      done(std::move(*result));
    };
    const auto run = [result, work = std::move(work)]() mutable { *result = work(); };
    if (!mailbox_.post(Work{Task(run), tell})) done(fail(ErrorCode::Io, "the state is closed"));
  }

  Result<void> write(Statement& statement, std::string_view first, std::string_view second);

  const Log log_;
  Mailbox<Work> mailbox_;
  std::atomic<size_t> queued_{0};
  std::atomic<bool> dropping_{false};

  // The store thread's.
  Database database_;
  std::vector<Work> batch_;
  bool stopping_ = false;
  Statement keep_ = database_.prepare(
      "INSERT INTO registration VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (username, contact_uri) "
      "DO "
      "UPDATE SET "
      "instance=excluded.instance, transport=excluded.transport, source=excluded.source, "
      "user_agent=excluded.user_agent, "
      "call_id=excluded.call_id, cseq=excluded.cseq, expires_ms=excluded.expires_ms, "
      "network=excluded.network");
  Statement forget_ =
      database_.prepare("DELETE FROM registration WHERE username=? AND contact_uri=?");
  Statement set_value_ = database_.prepare("INSERT OR REPLACE INTO value VALUES (?,?)");
  Statement set_identity_ = database_.prepare("INSERT OR REPLACE INTO identity VALUES (?,?)");
  Statement revoke_ = database_.prepare(
      "INSERT INTO revocation VALUES (?,?) ON CONFLICT (identity) DO UPDATE SET at_ns=max(at_ns, "
      "excluded.at_ns)");

  Statement create_identity_ = database_.prepare("INSERT OR IGNORE INTO app_identity VALUES (?,?)");
  Statement find_identity_ = database_.prepare("SELECT 1 FROM app_identity WHERE identity=?");
  Statement keep_call_ = database_.prepare("INSERT OR REPLACE INTO call VALUES (?,?,?,?)");
  Statement trim_calls_ = database_.prepare(
      "DELETE FROM call WHERE user=? AND started_ms < (SELECT started_ms FROM call WHERE user=? "
      "ORDER BY started_ms DESC LIMIT 1 OFFSET ?)");
  Statement calls_of_ = database_.prepare(
      "SELECT record FROM call WHERE user=? ORDER BY started_ms DESC, call_id LIMIT ? OFFSET ?");

  Statement spent_ = database_.prepare(
      "INSERT INTO usage VALUES (?,?,?) ON CONFLICT (day, party) DO UPDATE SET "
      "talked_ns = talked_ns + excluded.talked_ns");
  Statement called_ = database_.prepare("INSERT OR IGNORE INTO usage_number VALUES (?,?,?)");

  std::thread thread_;  // Last: it starts with everything above in place.
};

void SqliteStore::run() {
  heap::keep_no_cache();
  while (!stopping_) {
    pollfd wait{mailbox_.fd(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    mailbox_.drain([this](Work work) { batch_.push_back(std::move(work)); });
    run_batch();
  }
  mailbox_.close();
}

void SqliteStore::run_batch() {
  if (batch_.empty()) return;
  Result<void> done = database_.run("BEGIN IMMEDIATE");
  for (Work& work : batch_) work.task();
  if (done) done = database_.run("COMMIT");
  if (!done) {
    log_.error("the state could not be written", {{"why", done.error().detail}});
    (void)database_.run("ROLLBACK");
  }
  for (Work& work : batch_) {
    if (work.committed) work.committed(done.has_value());
  }
  batch_.clear();
  if (queued_.load() < kMaxQueued / 2) dropping_ = false;
}

Result<void> SqliteStore::write(Statement& statement, std::string_view first,
                                std::string_view second) {
  Result<void> result;
  const bool committed = ask([&] {
    if (!statement.bind(first).bind(second).run())
      result = tl::unexpected(database_.error("write"));
  });
  if (result && !committed) return fail(ErrorCode::Io, "the state could not be written");
  return result;
}

std::vector<sip::Binding> SqliteStore::registrations() {
  std::vector<sip::Binding> bindings;
  ask([&] {
    Statement rows = database_.prepare(
        "SELECT username, contact_uri, instance, transport, source, user_agent, call_id, cseq, "
        "expires_ms, network FROM registration");
    while (rows.row()) {
      sip::Binding binding;
      binding.username = rows.text();
      binding.contact_uri = rows.text();
      binding.instance = rows.text();
      const auto transport = transport_from(rows.number());
      const auto source = SocketAddress::parse(rows.text());
      binding.user_agent = rows.text();
      binding.call_id = rows.text();
      binding.cseq = static_cast<uint32_t>(rows.number());
      binding.expires = WallTime(std::chrono::milliseconds(rows.number()));
      binding.network = rows.text();
      if (!transport || !source) continue;
      binding.transport = *transport;
      binding.source = *source;
      bindings.push_back(std::move(binding));
    }
  });
  return bindings;
}

void SqliteStore::keep(const sip::Binding& binding) {
  queue([this, binding] {
    keep_.bind(binding.username).bind(binding.contact_uri).bind(binding.instance);
    keep_.bind(static_cast<int64_t>(binding.transport)).bind(binding.source.to_string());
    keep_.bind(binding.user_agent).bind(binding.call_id).bind(int64_t{binding.cseq});
    if (!keep_.bind(unix_ms(binding.expires)).bind(binding.network).run()) {
      log_.error("a registration was not kept", {{"why", database_.error("write").detail}});
    }
  });
}

void SqliteStore::forget(const sip::Binding& binding) {
  queue([this, username = binding.username, contact = binding.contact_uri] {
    forget_.bind(username).bind(contact).run();
  });
}

std::optional<std::string> SqliteStore::value(std::string_view key) {
  std::optional<std::string> found;
  ask([&] {
    Statement rows = database_.prepare("SELECT value FROM value WHERE key=?");
    if (rows.bind(key).row()) found = rows.text();
  });
  return found;
}

Result<void> SqliteStore::set_value(std::string_view key, std::string_view value) {
  return write(set_value_, key, value);
}

std::optional<std::string> SqliteStore::identity_of(std::string_view user_name) {
  std::optional<std::string> found;
  ask([&] {
    Statement rows = database_.prepare("SELECT identity FROM identity WHERE user_name=?");
    if (rows.bind(user_name).row()) found = rows.text();
  });
  return found;
}

Result<void> SqliteStore::set_identity(std::string_view user_name, std::string_view identity) {
  return write(set_identity_, user_name, identity);
}

std::vector<config::User> SqliteStore::added_users() {
  std::vector<config::User> users;
  ask([&] {
    Statement rows = database_.prepare(
        "SELECT user.name, email, display_name, extension, numbers, alternate_caller_ids, "
        "ifnull(identity.identity, '') "
        "FROM user LEFT JOIN identity ON identity.user_name = user.name ORDER BY user.name");
    while (rows.row()) {
      config::User user;
      user.name = rows.text();
      user.email = rows.text();
      user.display_name = rows.text();
      user.extension = rows.text();
      user.numbers = split(rows.text());
      user.alternate_caller_ids = split(rows.text());
      user.id = rows.text();
      user.origin = {"user add", 0};
      users.push_back(std::move(user));
    }
  });
  return users;
}

Result<void> SqliteStore::add_user(const config::User& user) {
  Result<void> result;
  const bool committed = ask([&] {
    Statement exists = database_.prepare("SELECT 1 FROM user WHERE name=?");
    if (exists.bind(user.name).row()) {
      result = fail(ErrorCode::Conflict, "there is a user " + user.name + " already");
      return;
    }
    Statement insert = database_.prepare("INSERT INTO user VALUES (?,?,?,?,?,?)");
    insert.bind(user.name).bind(user.email).bind(user.display_name).bind(user.extension);
    insert.bind(joined(user.numbers, " ")).bind(joined(user.alternate_caller_ids, " "));
    if (!insert.run()) result = tl::unexpected(database_.error("write"));
    if (result && !user.id.empty() && !set_identity_.bind(user.name).bind(user.id).run()) {
      result = tl::unexpected(database_.error("write"));
    }
  });
  if (result && !committed) return fail(ErrorCode::Io, "the state could not be written");
  return result;
}

// The identity stays: who comes back under the same name is the same user to apps that stored it.
Result<bool> SqliteStore::remove_user(std::string_view name) {
  bool removed = false;
  const bool committed = ask([&] {
    Statement remove = database_.prepare("DELETE FROM user WHERE name=?");
    removed = remove.bind(name).run() && database_.changes() > 0;
  });
  if (!committed) return fail(ErrorCode::Io, "the state could not be written");
  return removed;
}

std::vector<std::pair<std::string, WallTime>> SqliteStore::revocations() {
  std::vector<std::pair<std::string, WallTime>> out;
  ask([&] {
    Statement rows = database_.prepare("SELECT identity, at_ns FROM revocation");
    while (rows.row()) {
      std::string identity = rows.text();
      out.emplace_back(std::move(identity), WallTime(Duration(rows.number())));
    }
  });
  return out;
}

void SqliteStore::create_identity(const std::string& identity, WallTime at, Done<bool> done) {
  const auto work = [this, identity, at]() -> Result<bool> {
    if (!create_identity_.bind(identity).bind(unix_ms(at)).run()) {
      return tl::unexpected(database_.error("write"));
    }
    return database_.changes() > 0;
  };
  later<bool>(work, std::move(done));
}

void SqliteStore::find_identity(const std::string& identity, Done<bool> done) {
  const auto work = [this, identity]() -> Result<bool> {
    const bool found = find_identity_.bind(identity).row();
    find_identity_.reset();
    return found;
  };
  later<bool>(work, std::move(done));
}

void SqliteStore::remove_identity(const std::string& identity, Done<bool> done) {
  const auto work = [this, identity]() -> Result<bool> {
    Statement remove = database_.prepare("DELETE FROM app_identity WHERE identity=?");
    if (!remove.bind(identity).run()) return tl::unexpected(database_.error("write"));
    return database_.changes() > 0;
  };
  later<bool>(work, std::move(done));
}

void SqliteStore::keep_value(const std::string& key, const std::string& value, Done<bool> done) {
  const auto work = [this, key, value]() -> Result<bool> {
    if (!set_value_.bind(key).bind(value).run()) return tl::unexpected(database_.error("write"));
    return true;
  };
  later<bool>(work, std::move(done));
}

void SqliteStore::keep_call(const std::string& user, WallTime started, const std::string& call_id,
                            const std::string& record) {
  queue([this, user, started, call_id, record] {
    keep_call_.bind(user).bind(unix_ms(started)).bind(call_id).bind(record);
    if (!keep_call_.run()) {
      log_.error("a call was not kept", {{"why", database_.error("write").detail}});
    }
    trim_calls_.bind(user).bind(user).bind(static_cast<int64_t>(kCallsKept - 1)).run();
  });
}

void SqliteStore::calls_of(const std::string& user, size_t skip, size_t limit,
                           Done<std::vector<std::string>> done) {
  const auto work = [this, user, skip, limit]() -> Result<std::vector<std::string>> {
    std::vector<std::string> records;
    calls_of_.bind(user).bind(static_cast<int64_t>(limit)).bind(static_cast<int64_t>(skip));
    while (calls_of_.row()) records.push_back(calls_of_.text());
    calls_of_.reset();
    return records;
  };
  later<std::vector<std::string>>(work, std::move(done));
}

std::vector<policy::UsageJournal::Used> SqliteStore::used(int64_t day) {
  std::map<std::string, Used> parties;
  ask([&] {
    for (const char* table : {"usage", "usage_number"}) {
      Statement over = database_.prepare(std::string("DELETE FROM ") + table + " WHERE day <> ?");
      over.bind(day).run();
    }
    Statement talked = database_.prepare("SELECT party, talked_ns FROM usage");
    while (talked.row()) {
      const std::string party = talked.text();
      parties[party].talked = Duration(talked.number());
    }
    Statement numbers = database_.prepare("SELECT party, number FROM usage_number");
    while (numbers.row()) {
      const std::string party = numbers.text();
      parties[party].numbers.insert(numbers.text());
    }
  });
  std::vector<Used> all;
  for (auto& [party, used] : parties) {
    used.party = party;
    all.push_back(std::move(used));
  }
  return all;
}

void SqliteStore::spent(int64_t day, const std::string& party, Duration talked) {
  queue([this, day, party, talked] {
    if (spent_.bind(day).bind(party).bind(int64_t{talked.count()}).run()) return;
    log_.error("minutes of a dial policy were not kept",
               {{"party", party}, {"why", database_.error("write").detail}});
  });
}

void SqliteStore::called(int64_t day, const std::string& party, const std::string& number) {
  queue([this, day, party, number] {
    if (called_.bind(day).bind(party).bind(number).run()) return;
    log_.error("a destination of a dial policy was not kept",
               {{"party", party}, {"why", database_.error("write").detail}});
  });
}

// Never dropped, however long the queue: a token that should be dead must not come alive at a
// restart.
void SqliteStore::revoke(const std::string& identity, WallTime at) {
  mailbox_.post(
      Work{Task([this, identity, at] {
             if (revoke_.bind(identity).bind(to_ns(at)).run()) return;
             log_.error("a revocation was not written", {{"why", database_.error("write").detail}});
           }),
           nullptr});
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Log log) {
  auto database = Database::open(path);
  if (!database) return tl::unexpected(database.error());
  // FULL: what was promised to an app survives a power cut; it costs an fsync for each batch, on
  // this thread. Of pages 256 kB are kept in memory, SQLite's own 2 MB fill up with old calls, and
  // the kernel has them all anyway.
  for (const char* sql :
       {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -256"}) {
    if (const auto done = database->run(sql); !done) return tl::unexpected(done.error());
  }
  Statement version = database->prepare("PRAGMA user_version");
  const int64_t schema = version.row() ? version.number() : 0;
  version.reset();
  if (schema > kSchema) {
    return fail(ErrorCode::Io, path + " was written by a newer version of the gateway");
  }
  if (schema == 1) {
    if (const auto done = database->run(kAddNetwork); !done) return tl::unexpected(done.error());
  }
  if (const auto done = database->run(kCreate); !done) return tl::unexpected(done.error());
  return std::make_unique<SqliteStore>(*std::move(database), std::move(log));
}

}  // namespace gw::ops
