#include "gateway/ops/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <future>
#include <thread>

#include "gateway/ops/sqlite.h"
#include "tests/unit/gateway/config_folder.h"

namespace gw::ops {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::unique_ptr<Store> open(const std::string& path) {
  auto store = Store::open(path, Log{});
  EXPECT_TRUE(store) << (store ? "" : store.error().detail);
  return store ? std::move(*store) : nullptr;
}

sip::Binding binding(const std::string& username, const std::string& contact) {
  sip::Binding b;
  b.username = username;
  b.contact_uri = contact;
  b.instance = "<urn:uuid:1>";
  b.transport = sip::Transport::Tls;
  b.source = *SocketAddress::parse("[2001:db8::7]:5071");
  b.user_agent = "Phone 1.0 \xff";
  b.call_id = "abc@x";
  b.cseq = 4'000'000'000;
  b.expires = WallTime(std::chrono::milliseconds(1'795'219'200'123));
  return b;
}

TEST(Store, registrations_outlive_a_restart) {
  test::ConfigFolder folder;
  const std::string path = folder.file("gateway.db");
  {
    const auto store = open(path);
    store->keep(binding("101", "sip:101@a"));
    store->keep(binding("101", "sip:101@b"));
    store->keep(binding("102", "sip:102@a"));
    store->forget(binding("101", "sip:101@b"));
    sip::Binding again = binding("101", "sip:101@a");
    again.cseq = 7;
    store->keep(again);
  }
  const auto restored = open(path)->registrations();
  ASSERT_THAT(restored, SizeIs(2));
  const sip::Binding& first = restored[0].username == "101" ? restored[0] : restored[1];
  const sip::Binding expected = binding("101", "sip:101@a");
  EXPECT_EQ(first.contact_uri, "sip:101@a");
  EXPECT_EQ(first.cseq, 7u);
  EXPECT_EQ(first.instance, expected.instance);
  EXPECT_EQ(first.transport, expected.transport);
  EXPECT_EQ(first.source, expected.source);
  EXPECT_EQ(first.user_agent, expected.user_agent);
  EXPECT_EQ(first.call_id, expected.call_id);
  EXPECT_EQ(first.expires, expected.expires);
  const sip::Binding& second = restored[0].username == "102" ? restored[0] : restored[1];
  EXPECT_EQ(second.cseq, 4'000'000'000u);
}

TEST(Store, a_state_of_the_first_schema_is_taken_over_with_its_registrations) {
  test::ConfigFolder folder;
  const std::string path = folder.file("gateway.db");
  {
    auto old = sqlite::Database::open(path);
    ASSERT_TRUE(old);
    ASSERT_TRUE(old->run(
        "CREATE TABLE registration (username TEXT NOT NULL, contact_uri TEXT NOT NULL, instance "
        "TEXT NOT NULL, transport INTEGER NOT NULL, source TEXT NOT NULL, user_agent TEXT NOT "
        "NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL, expires_ms INTEGER NOT NULL, PRIMARY "
        "KEY (username, contact_uri)) WITHOUT ROWID;"
        "INSERT INTO registration VALUES "
        "('101','sip:101@a','',0,'192.0.2.1:5060','','c',1,4000000000000);"
        "PRAGMA user_version = 1"));
  }
  for (int start = 0; start < 2; ++start) {
    const auto store = open(path);
    const auto restored = store->registrations();
    ASSERT_THAT(restored, SizeIs(1));
    EXPECT_EQ(restored[0].contact_uri, "sip:101@a");
    EXPECT_EQ(restored[0].network, "");
  }
  sip::Binding moved = binding("101", "sip:101@a");
  moved.network = "private";
  open(path)->keep(moved);
  EXPECT_EQ(open(path)->registrations().at(0).network, "private");
}

TEST(Store, a_read_sees_every_write_before_it) {
  const auto store = open(":memory:");
  for (int i = 0; i < 1000; ++i) store->keep(binding("101", "sip:101@" + std::to_string(i)));
  EXPECT_THAT(store->registrations(), SizeIs(1000));
  for (int i = 0; i < 1000; ++i) store->forget(binding("101", "sip:101@" + std::to_string(i)));
  EXPECT_THAT(store->registrations(), IsEmpty());
}

TEST(Store, values_and_identities_are_written_through) {
  test::ConfigFolder folder;
  const auto store = open(folder.file("gateway.db"));
  EXPECT_EQ(store->value("resource_id"), std::nullopt);
  ASSERT_TRUE(store->set_value("resource_id", "one"));
  ASSERT_TRUE(store->set_value("resource_id", "two"));
  ASSERT_TRUE(store->set_identity("alice", "8:acs:a_b"));
  // Another process, e.g. the command line, sees it at once.
  const auto other = open(folder.file("gateway.db"));
  EXPECT_EQ(other->value("resource_id"), "two");
  EXPECT_EQ(other->identity_of("alice"), "8:acs:a_b");
  EXPECT_EQ(other->identity_of("bob"), std::nullopt);
}

TEST(Store, users_are_added_listed_and_removed) {
  const auto store = open(":memory:");
  config::User user;
  user.name = "carol";
  user.email = "carol@example.com";
  user.display_name = "Carol; DROP TABLE user";
  user.extension = "203";
  user.numbers = {"+14255550103", "+14255550104"};
  user.alternate_caller_ids = {"+14255550100"};
  ASSERT_TRUE(store->add_user(user));
  const auto twice = store->add_user(user);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::Conflict);
  ASSERT_TRUE(store->set_identity("carol", "8:acs:c_d"));
  const auto users = store->added_users();
  ASSERT_THAT(users, SizeIs(1));
  EXPECT_EQ(users[0].name, "carol");
  EXPECT_EQ(users[0].email, user.email);
  EXPECT_EQ(users[0].display_name, user.display_name);
  EXPECT_EQ(users[0].extension, "203");
  EXPECT_THAT(users[0].numbers, ElementsAre("+14255550103", "+14255550104"));
  EXPECT_THAT(users[0].alternate_caller_ids, ElementsAre("+14255550100"));
  EXPECT_EQ(users[0].id, "8:acs:c_d");
  EXPECT_EQ(store->remove_user("carol"), true);
  EXPECT_EQ(store->remove_user("carol"), false);
  EXPECT_THAT(store->added_users(), IsEmpty());
  EXPECT_EQ(store->identity_of("carol"), "8:acs:c_d");  // Who comes back is the same.
}

TEST(Store, the_latest_revocation_stands) {
  const auto store = open(":memory:");
  const WallTime early(std::chrono::nanoseconds(1'795'000'000'000'000'001)),
      late(std::chrono::nanoseconds(1'795'000'000'000'000'002));
  store->revoke("8:acs:a_b", late);
  store->revoke("8:acs:a_b", early);
  EXPECT_THAT(store->revocations(), ElementsAre(std::pair(std::string("8:acs:a_b"), late)));
}

TEST(Store, may_be_used_from_any_thread) {
  const auto store = open(":memory:");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        store->keep(binding(std::to_string(t), "sip:" + std::to_string(i)));
        if (i % 25 == 0) (void)store->value("x");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store->flush();
  EXPECT_THAT(store->registrations(), SizeIs(400));
}

TEST(Store, two_processes_share_the_file) {
  test::ConfigFolder folder;
  const auto daemon = open(folder.file("gateway.db"));
  const auto command = open(folder.file("gateway.db"));
  for (int i = 0; i < 50; ++i) {
    daemon->keep(binding("101", "sip:" + std::to_string(i)));
    config::User user;
    user.name = "u" + std::to_string(i);
    ASSERT_TRUE(command->add_user(user));
  }
  EXPECT_THAT(command->registrations(), SizeIs(testing::Le(50u)));
  daemon->flush();
  EXPECT_THAT(command->registrations(), SizeIs(50));
  EXPECT_THAT(daemon->added_users(), SizeIs(50));
}

TEST(Store, a_folder_that_is_not_there_is_an_error) {
  EXPECT_FALSE(Store::open("/nowhere/at/all/gateway.db", Log{}));
}

TEST(Store, a_database_of_a_newer_version_is_left_alone) {
  test::ConfigFolder folder;
  const std::string path = folder.file("gateway.db");
  open(path).reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_FALSE(Store::open(path, Log{}));
}

TEST(Store, rubbish_instead_of_a_database_is_an_error) {
  test::ConfigFolder folder;
  folder.write("gateway.db", std::string(8192, 'x'));
  EXPECT_FALSE(Store::open(folder.file("gateway.db"), Log{}));
}

// The answer of a question that the store answers on its own thread.
template <class T, class Ask>
Result<T> answer_of(Ask ask) {
  std::promise<Result<T>> promise;
  ask([&](Result<T> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

TEST(Store, identities_of_apps_are_made_found_and_removed_and_outlive_a_restart) {
  test::ConfigFolder folder;
  const std::string path = folder.file("gateway.db");
  const auto create = [](Store& store, const char* id) {
    return *answer_of<bool>([&](auto done) { store.create_identity(id, WallTime{}, done); });
  };
  const auto find = [](Store& store, const char* id) {
    return *answer_of<bool>([&](auto done) { store.find_identity(id, done); });
  };
  {
    const auto store = open(path);
    EXPECT_TRUE(create(*store, "8:acs:a_b"));
    EXPECT_FALSE(create(*store, "8:acs:a_b"));
    EXPECT_TRUE(create(*store, "8:acs:a_c"));
    EXPECT_TRUE(*answer_of<bool>([&](auto done) { store->remove_identity("8:acs:a_c", done); }));
    EXPECT_FALSE(*answer_of<bool>([&](auto done) { store->remove_identity("8:acs:a_c", done); }));
  }
  const auto store = open(path);
  EXPECT_TRUE(find(*store, "8:acs:a_b"));
  EXPECT_FALSE(find(*store, "8:acs:a_c"));
}

TEST(Store, what_was_used_today_outlives_a_restart_and_other_days_are_forgotten) {
  test::ConfigFolder folder;
  const std::string path = folder.file("gateway.db");
  {
    const auto store = open(path);
    store->spent(20'000, "phone:101", 61s);
    store->spent(20'000, "phone:101", 1500ms);
    store->spent(19'999, "phone:101", 1h);
    store->called(20'000, "phone:101", "+12065550101");
    store->called(20'000, "phone:101", "+12065550102");
    store->called(20'000, "phone:101", "+12065550101");
    store->called(20'000, "trunk:acme", "+12065550101");
    store->called(19'999, "phone:102", "+12065550101");
  }
  {
    const auto used = open(path)->used(20'000);
    ASSERT_EQ(used.size(), 2u);
    EXPECT_EQ(used[0].party, "phone:101");
    EXPECT_EQ(used[0].talked, 62'500ms);
    EXPECT_THAT(used[0].numbers, ElementsAre("+12065550101", "+12065550102"));
    EXPECT_EQ(used[1].party, "trunk:acme");
    EXPECT_EQ(used[1].talked, 0s);
    EXPECT_THAT(used[1].numbers, ElementsAre("+12065550101"));
  }
  const auto store = open(path);
  EXPECT_THAT(store->used(19'999), IsEmpty());
  EXPECT_THAT(store->used(20'000), IsEmpty());
}

TEST(Store, a_users_calls_come_newest_first_in_pages_and_the_oldest_go) {
  const auto store = open(":memory:");
  const auto calls = [&](const char* user, size_t skip, size_t limit) {
    return *answer_of<std::vector<std::string>>(
        [&](auto done) { store->calls_of(user, skip, limit, done); });
  };
  const size_t all = Store::kCallsKept + 5;
  for (size_t i = 0; i < all; ++i) {
    store->keep_call("alice", WallTime(std::chrono::seconds(i + 1)), std::to_string(i),
                     std::to_string(i));
  }
  store->keep_call("bob", WallTime(1s), "x", "bob's");
  EXPECT_THAT(calls("alice", 0, 2), ElementsAre(std::to_string(all - 1), std::to_string(all - 2)));
  EXPECT_THAT(calls("alice", 2, 1), ElementsAre(std::to_string(all - 3)));
  EXPECT_THAT(calls("alice", 0, 2 * all), SizeIs(Store::kCallsKept));
  EXPECT_THAT(calls("bob", 0, 10), ElementsAre("bob's"));
  EXPECT_THAT(calls("carol", 0, 10), IsEmpty());
}

}  // namespace
}  // namespace gw::ops
