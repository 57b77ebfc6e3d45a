#include "base/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <memory>
#include <thread>

namespace gw {
namespace {

bool readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

TEST(Mailbox, items_arrive_in_the_order_they_were_posted) {
  Mailbox<int> box;
  for (int i = 0; i < 5; ++i) box.post(i);
  std::vector<int> taken;
  box.drain([&](int i) { taken.push_back(i); });
  EXPECT_EQ(taken, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Mailbox, its_descriptor_is_readable_exactly_while_something_waits) {
  Mailbox<int> box;
  EXPECT_FALSE(readable(box.fd()));
  box.post(1);
  EXPECT_TRUE(readable(box.fd()));
  box.drain([](int) {});
  EXPECT_FALSE(readable(box.fd()));
}

TEST(Mailbox, an_item_posted_while_draining_waits_for_the_next_turn) {
  Mailbox<int> box;
  box.post(1);
  int seen = 0;
  box.drain([&](int) {
    ++seen;
    box.post(2);
  });
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(readable(box.fd()));
}

TEST(Mailbox, after_close_posts_are_refused_and_what_waited_is_destroyed) {
  TaskMailbox box;
  auto owned = std::make_shared<int>(1);
  box.post([owned] {});
  EXPECT_EQ(owned.use_count(), 2);
  box.close();
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_FALSE(box.post([] {}));
}

TEST(Mailbox, nothing_is_lost_between_threads) {
  constexpr int kEach = 20000;
  Mailbox<int> box;
  std::atomic<bool> done{false};
  int taken = 0;
  std::thread reader([&] {
    while (taken < 2 * kEach) {
      pollfd p{box.fd(), POLLIN, 0};
      ::poll(&p, 1, 1000);
      box.drain([&](int) { ++taken; });
    }
    done = true;
  });
  std::thread a([&] {
    for (int i = 0; i < kEach; ++i) box.post(i);
  });
  std::thread b([&] {
    for (int i = 0; i < kEach; ++i) box.post(i);
  });
  a.join();
  b.join();
  reader.join();
  EXPECT_TRUE(done);
  EXPECT_EQ(taken, 2 * kEach);
}

TEST(Task, may_own_what_cannot_be_copied) {
  auto value = std::make_unique<int>(7);
  int seen = 0;
  Task task([&seen, value = std::move(value)] { seen = *value; });
  task();
  EXPECT_EQ(seen, 7);
}

}  // namespace
}  // namespace gw
