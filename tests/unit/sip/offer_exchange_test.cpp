#include "sip/offer_exchange.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace gw::sip {
namespace {

using By = OfferExchange::By;
using Open = OfferExchange::Open;
using Verdict = OfferExchange::Verdict;

// In a call that was answered, whoever began it.
OfferExchange talking(bool we_called) {
  OfferExchange exchange;
  if (we_called) {
    exchange.send_invite(true);
    exchange.answer_taken();
  } else {
    exchange.take_invite(true);
    exchange.answer();
  }
  exchange.invite_over();
  return exchange;
}

TEST(OfferExchange, nothing_may_be_offered_but_by_invite_before_anything_was_agreed) {
  const OfferExchange fresh;
  EXPECT_TRUE(fresh.may_offer(By::Invite));
  for (const By by : {By::Update, By::Prack, By::Response}) EXPECT_FALSE(fresh.may_offer(by));
}

// RFC 3264 4, RFC 3261 14, RFC 3311 5: what an offer of theirs meets, by what is open.
TEST(OfferExchange, their_offer_meets_491_or_500_by_what_is_open) {
  struct Case {
    const char* name;
    void (*before)(OfferExchange&);
    By by;
    Verdict verdict;
  };
  const Case cases[] = {
      {"quiet, re-INVITE", [](OfferExchange&) {}, By::Invite, Verdict::Taken},
      {"quiet, UPDATE", [](OfferExchange&) {}, By::Update, Verdict::Taken},
      {"our re-INVITE, re-INVITE", [](OfferExchange& e) { e.offer(By::Invite); }, By::Invite,
       Verdict::Pending},
      {"our re-INVITE, UPDATE", [](OfferExchange& e) { e.offer(By::Invite); }, By::Update,
       Verdict::Pending},
      {"our UPDATE, re-INVITE", [](OfferExchange& e) { e.offer(By::Update); }, By::Invite,
       Verdict::Pending},
      {"our UPDATE, UPDATE", [](OfferExchange& e) { e.offer(By::Update); }, By::Update,
       Verdict::Pending},
      {"their re-INVITE, re-INVITE", [](OfferExchange& e) { e.take_invite(true); }, By::Invite,
       Verdict::Busy},
      {"their re-INVITE, UPDATE", [](OfferExchange& e) { e.take_invite(true); }, By::Update,
       Verdict::Busy},
      {"their UPDATE, re-INVITE", [](OfferExchange& e) { e.take_offer(By::Update); }, By::Invite,
       Verdict::Busy},
      {"their late re-INVITE, UPDATE", [](OfferExchange& e) { e.take_invite(false); }, By::Update,
       Verdict::Busy},
      {"our late re-INVITE, UPDATE", [](OfferExchange& e) { e.send_invite(false); }, By::Update,
       Verdict::Pending},
      {"our answered re-INVITE, UPDATE",
       [](OfferExchange& e) {
         e.offer(By::Invite);
         e.answer_taken();
       },
       By::Update, Verdict::Taken},
      {"their answered re-INVITE, another: its ACK was lost",
       [](OfferExchange& e) {
         e.take_invite(true);
         e.answer();
         e.invite_answered();
       },
       By::Invite, Verdict::Taken},
  };
  for (const Case& c : cases) {
    OfferExchange exchange = talking(true);
    c.before(exchange);
    EXPECT_EQ(exchange.take_offer(c.by), c.verdict) << c.name;
  }
}

TEST(OfferExchange, an_early_update_waits_for_a_reliable_answer) {
  OfferExchange callee;
  callee.take_invite(true);
  EXPECT_EQ(callee.take_offer(By::Update), Verdict::Busy);
  EXPECT_TRUE(callee.answer());  // A 183 whose PRACK came.
  EXPECT_EQ(callee.take_offer(By::Update), Verdict::Taken);
  EXPECT_TRUE(callee.answer());
  EXPECT_TRUE(callee.may_offer(By::Update));
  EXPECT_FALSE(callee.may_offer(By::Invite)) << "theirs is under way";
}

TEST(OfferExchange, a_late_offer_is_made_by_who_answers) {
  OfferExchange caller, callee;
  ASSERT_TRUE(caller.send_invite(false));
  ASSERT_EQ(callee.take_invite(false), Verdict::Taken);
  EXPECT_FALSE(callee.answer()) << "there is no offer to answer";
  EXPECT_FALSE(callee.may_offer(By::Update));
  ASSERT_TRUE(callee.offer(By::Response));
  ASSERT_EQ(caller.take_offer(By::Response), Verdict::Taken);
  EXPECT_TRUE(caller.answer());
  EXPECT_TRUE(callee.answer_taken());
  caller.invite_over();
  callee.invite_over();
  EXPECT_TRUE(caller.settled() && caller.idle() && callee.settled() && callee.idle());
}

TEST(OfferExchange, an_ack_that_answers_no_offer_leaves_none_open) {
  OfferExchange callee = talking(false);
  callee.take_invite(false);
  callee.offer(By::Response);
  callee.invite_over();
  EXPECT_TRUE(callee.idle());
  EXPECT_TRUE(callee.settled()) << "what was agreed before stays";
}

TEST(OfferExchange, steps_that_are_not_legal_change_nothing) {
  OfferExchange exchange = talking(true);
  EXPECT_FALSE(exchange.answer());
  EXPECT_FALSE(exchange.answer_taken());
  EXPECT_FALSE(exchange.refuse());
  EXPECT_FALSE(exchange.refused());
  exchange.offer(By::Invite);
  EXPECT_FALSE(exchange.offer(By::Update));
  EXPECT_FALSE(exchange.offer(By::Invite));
  EXPECT_FALSE(exchange.answer());
  EXPECT_EQ(exchange.open(), Open::Ours);
}

// --- Two sides and a network that delays: whatever they try, both agree in the end on one and the
// same offer.

struct Wire {
  enum class Kind { Offer, Answer, Refusal, Ack };
  Kind kind;
  By by;
  int version;
};

struct Side {
  OfferExchange exchange = talking(true);
  int in_force = 0;  // The offer that both agreed on, by number.
  int offered = 0;   // Ours that is open.
  int received = 0;  // Theirs that is open.
  By received_by = By::Invite;
  bool ack_awaited = false;
  bool again = false;  // 491: later.
  std::deque<Wire> out;
};

class Pair {
 public:
  explicit Pair(uint32_t seed) : random_(seed) { sides_[1].exchange = talking(false); }

  void run(int steps) {
    for (int n = 0; n < steps; ++n) step(pick(2), pick(6));
    for (int n = 0; n < 200 && !quiet(); ++n) {
      for (const int who : {0, 1}) {
        deliver(who);
        answer(who, false);
      }
    }
  }

  void expect_agreement() {
    for (Side& side : sides_) {
      EXPECT_TRUE(side.exchange.idle());
      EXPECT_TRUE(side.exchange.settled());
    }
    EXPECT_EQ(sides_[0].in_force, sides_[1].in_force);
  }

  int agreed() const { return agreed_; }
  int glares() const { return glares_; }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  void step(int who, int what) {
    switch (what) {
      case 0: return offer(who, By::Invite);
      case 1: return offer(who, By::Update);
      case 2: return answer(who, pick(4) == 0);
      default: return deliver(who);
    }
  }

  void offer(int who, By by) {
    Side& side = sides_[who];
    if (side.ack_awaited && by == By::Invite) return;
    const bool may = side.exchange.may_offer(by);
    EXPECT_EQ(side.exchange.offer(by), may);
    if (!may) return;
    side.offered = ++versions_;
    side.out.push_back({Wire::Kind::Offer, by, side.offered});
  }

  void answer(int who, bool refuse) {
    Side& side = sides_[who];
    if (side.received == 0) return;
    EXPECT_EQ(side.exchange.open(), Open::Theirs);
    const int version = std::exchange(side.received, 0);
    if (refuse) {
      EXPECT_TRUE(side.exchange.refuse());
      if (side.received_by == By::Invite) side.exchange.invite_over();
      side.out.push_back({Wire::Kind::Refusal, side.received_by, version});
      return;
    }
    EXPECT_TRUE(side.exchange.answer());
    side.in_force = version;
    if (side.received_by == By::Invite) {
      side.exchange.invite_answered();
      side.ack_awaited = true;
    }
    side.out.push_back({Wire::Kind::Answer, side.received_by, version});
  }

  void deliver(int from) {
    if (sides_[from].out.empty()) return;
    const Wire wire = sides_[from].out.front();
    sides_[from].out.pop_front();
    Side& side = sides_[1 - from];
    switch (wire.kind) {
      case Wire::Kind::Offer: {
        const Verdict verdict = side.exchange.take_offer(wire.by);
        if (verdict == Verdict::Taken) {
          EXPECT_EQ(side.received, 0) << "two offers of theirs at once";
          side.received = wire.version;
          side.received_by = wire.by;
        } else {
          glares_ += verdict == Verdict::Pending;
          side.out.push_back({Wire::Kind::Refusal, wire.by, wire.version});
        }
        return;
      }
      case Wire::Kind::Answer:
        EXPECT_EQ(side.offered, wire.version);
        EXPECT_TRUE(side.exchange.answer_taken());
        side.in_force = wire.version;
        ++agreed_;
        break;
      case Wire::Kind::Refusal:
        EXPECT_EQ(side.offered, wire.version);
        EXPECT_TRUE(side.exchange.refused());
        if (wire.by == By::Invite) side.exchange.invite_over();
        return;
      case Wire::Kind::Ack:
        side.ack_awaited = false;
        side.exchange.invite_over();
        return;
    }
    if (wire.by == By::Invite) {
      side.exchange.invite_over();
      side.out.push_back({Wire::Kind::Ack, wire.by, wire.version});
    }
  }

  bool quiet() const {
    for (const Side& side : sides_) {
      if (!side.out.empty() || side.received != 0) return false;
    }
    return true;
  }

  std::mt19937 random_;
  Side sides_[2];
  int versions_ = 0, agreed_ = 0, glares_ = 0;
};

TEST(OfferExchange, two_sides_that_offer_as_they_like_agree_in_the_end) {
  int agreed = 0, glares = 0;
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    Pair pair(seed);
    pair.run(60);
    pair.expect_agreement();
    agreed += pair.agreed();
    glares += pair.glares();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(agreed, 2000) << "most offers get through";
  EXPECT_GT(glares, 500) << "and glare is met";
}

}  // namespace
}  // namespace gw::sip
