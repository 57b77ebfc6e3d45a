#include "sip/sofia_loop.h"

#include <gtest/gtest.h>
#include <sofia-sip/su_wait.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "tests/unit/support/sofia_loop_thread.h"

namespace gw::sip {
namespace {

TEST(SofiaLoop, timers_fire_by_time_and_equal_ones_in_the_order_of_asking) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  std::vector<int> fired;
  loop.after(20ms, [&] { fired.push_back(3); });
  loop.after(5ms, [&] { fired.push_back(2); });
  loop.after(0ms, [&] { fired.push_back(1); });
  loop.after(30ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(fired, (std::vector{1, 2, 3}));
}

TEST(SofiaLoop, a_timer_is_never_early) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  const TimePoint begun = std::chrono::steady_clock::now();
  TimePoint fired{};
  loop.after(15ms, [&] {
    fired = std::chrono::steady_clock::now();
    loop.stop();
  });
  loop.run();
  EXPECT_GE(fired - begun, 15ms);
}

TEST(SofiaLoop, a_cancelled_timer_does_not_fire_and_a_fired_one_may_be_cancelled) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  bool wrong = false;
  const TimerId first = loop.after(1ms, [] {});
  const TimerId second = loop.after(10ms, [&] { wrong = true; });
  loop.after(5ms, [&] {
    loop.cancel(first);
    loop.cancel(second);
    loop.cancel(TimerId{});
  });
  loop.after(20ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(wrong);
}

TEST(SofiaLoop, a_timer_may_set_timers_and_zero_delays_do_not_starve_posted_tasks) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  int turns = 0;
  bool posted_ran = false;
  std::function<void()> again = [&] {
    ++turns;
    if (!posted_ran && turns < 10'000) loop.after(0ms, [&] { again(); });
  };
  loop.after(0ms, [&] {
    again();
    loop.post([&] {
      posted_ran = true;
      loop.stop();
    });
  });
  loop.run();
  EXPECT_TRUE(posted_ran);
  EXPECT_LT(turns, 1'000);
}

TEST(SofiaLoop, tasks_posted_from_many_threads_all_run_on_the_loop_in_each_threads_order) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  constexpr int kEach = 5'000;
  const auto loop_thread = std::this_thread::get_id();
  std::vector<int> last(3, -1);
  int ran = 0;
  bool in_order = true;
  std::vector<std::thread> posters;
  for (int t = 0; t < 3; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          in_order = in_order && last[t] == i - 1 && std::this_thread::get_id() == loop_thread;
          last[t] = i;
          if (++ran == 3 * kEach) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& poster : posters) poster.join();
  EXPECT_EQ(ran, 3 * kEach);
  EXPECT_TRUE(in_order);
}

TEST(SofiaLoop, what_it_posts_to_itself_runs_before_it_sleeps_and_never_within_the_call) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  std::vector<int> order;
  int slept = 0;
  loop.before_sleep([&] { ++slept; });
  loop.after(5ms, [&] {
    loop.post([&] {
      order.push_back(2);
      // Sockets come first, and then this.
      loop.post([&] {
        order.push_back(3);
        loop.stop();
      });
    });
    order.push_back(1);
  });
  const TimePoint begun = monotonic_now();
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_GT(slept, 0);
  EXPECT_LT(monotonic_now() - begun, 80ms) << "its probe, every 100 ms, did not have to wake it";
}

TEST(SofiaLoop, what_a_timer_of_sofias_posts_does_not_wait_for_the_next_event) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  struct Seen {
    SofiaLoop& loop;
    TimePoint rang{}, ran{};
  } seen{loop};
  su_timer_t* timer = su_timer_create(su_root_task(loop.root()), 10);
  const auto ring = [](su_root_magic_t*, su_timer_t*, su_timer_arg_t* argument) {
    auto* to = reinterpret_cast<Seen*>(argument);
    to->rang = monotonic_now();
    to->loop.post([to] {
      to->ran = monotonic_now();
      to->loop.stop();
    });
  };
  ASSERT_EQ(su_timer_set(timer, ring, reinterpret_cast<su_timer_arg_t*>(&seen)), 0);
  loop.run();
  EXPECT_LT(seen.ran - seen.rang, 5ms);
  su_timer_destroy(timer);
}

TEST(SofiaLoop, what_nobody_ran_is_destroyed_with_the_loop) {
  auto held = std::make_shared<int>(1);
  {
    Metrics metrics;
    SofiaLoop loop(metrics);
    EXPECT_TRUE(loop.post([held] {}));
    loop.after(1h, [held] {});
    EXPECT_EQ(held.use_count(), 3);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(SofiaLoop, a_busy_task_shows_in_the_lag) {
  Metrics metrics;
  SofiaLoop loop(metrics);
  loop.after(1ms, [] {
    const auto until = std::chrono::steady_clock::now() + 250ms;
    while (std::chrono::steady_clock::now() < until) {
    }
  });
  Duration seen{};
  loop.after(260ms, [&] {
    seen = loop.lag();
    loop.stop();
  });
  loop.run();
  EXPECT_GE(seen, 100ms);
  EXPECT_NE(metrics.expose().find("gw_signalling_lag_seconds_count"), std::string::npos);
}

TEST(SofiaLoop, stop_from_another_thread_ends_run) {
  test::SofiaLoopThread thread;
  EXPECT_EQ(thread.on([] { return 42; }), 42);
}

}  // namespace
}  // namespace gw::sip
