#include "media/transport/srtp_session.h"

#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "media/wire/rtcp.h"
#include "media/wire/rtp.h"

namespace gw::media {
namespace {

using wire::SrtpSuite;

// The peer speaks libsrtp: what another implementation makes of our packets is what counts.
class LibSrtpPeer {
 public:
  LibSrtpPeer(SrtpSuite suite, const wire::SrtpMaster& send, const wire::SrtpMaster& receive) {
    static const bool ready = srtp_init() == srtp_err_status_ok;
    EXPECT_TRUE(ready);
    out_ = make(suite, send, ssrc_any_outbound);
    in_ = make(suite, receive, ssrc_any_inbound);
  }
  ~LibSrtpPeer() {
    srtp_dealloc(out_);
    srtp_dealloc(in_);
  }
  bool protect_rtp(Packet& p) { return run(srtp_protect, out_, p); }
  bool unprotect_rtp(Packet& p) { return run(srtp_unprotect, in_, p); }
  bool protect_rtcp(Packet& p) { return run(srtp_protect_rtcp, out_, p); }
  bool unprotect_rtcp(Packet& p) { return run(srtp_unprotect_rtcp, in_, p); }

 private:
  static srtp_t make(SrtpSuite suite, wire::SrtpMaster master, srtp_ssrc_type_t type) {
    srtp_policy_t policy{};
    const srtp_profile_t profile =
        suite == SrtpSuite::AeadAes128Gcm         ? srtp_profile_aead_aes_128_gcm
        : suite == SrtpSuite::AeadAes256Gcm       ? srtp_profile_aead_aes_256_gcm
        : suite == SrtpSuite::AesCm128HmacSha1_80 ? srtp_profile_aes128_cm_sha1_80
                                                  : srtp_profile_aes128_cm_sha1_32;
    srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
    srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
    policy.key = reinterpret_cast<unsigned char*>(master.bytes.data());
    policy.ssrc.type = type;
    policy.window_size = SrtpSession::kReplayWindow;
    srtp_t session = nullptr;
    EXPECT_EQ(srtp_err_status_ok, srtp_create(&session, &policy));
    return session;
  }
  template <class F>
  static bool run(F f, srtp_t session, Packet& p) {
    int size = static_cast<int>(p.size());
    if (f(session, p.data().data(), &size) != srtp_err_status_ok) return false;
    p.resize(static_cast<size_t>(size));
    return true;
  }
  srtp_t out_ = nullptr, in_ = nullptr;
};

class SrtpSessionTest : public ::testing::TestWithParam<SrtpSuite> {
 protected:
  void SetUp() override {
    const auto a = wire::new_master(GetParam(), random_), b = wire::new_master(GetParam(), random_);
    ours_ = SrtpSession::create({GetParam(), a, b});
    ASSERT_TRUE(ours_);
    theirs_ = std::make_unique<LibSrtpPeer>(GetParam(), b, a);
  }
  static void fill(Packet& packet, uint16_t sequence, uint32_t ssrc = 7, size_t size = 160) {
    packet.clear();
    wire::write_rtp_header(packet.room().first<wire::kRtpHeaderSize>(),
                           {0, false, sequence, sequence * 160u, ssrc});
    for (size_t i = 0; i < size; ++i) {
      packet.room()[wire::kRtpHeaderSize + i] = static_cast<std::byte>(sequence + i);
    }
    packet.resize(wire::kRtpHeaderSize + size);
  }
  static void fill_rtcp(Packet& packet, uint32_t ssrc = 7) {
    packet.clear();
    packet.resize(
        wire::write_rtcp(packet.room(), {ssrc, wire::SenderInfo{1, 2, 3, 4}, {}, "x", false}));
  }
  static void copy(Packet& to, const Packet& from) {
    to.clear();
    std::ranges::copy(from.data(), to.room().begin());
    to.resize(from.size());
  }
  static std::vector<std::byte> bytes(const Packet& p) {
    return {p.data().begin(), p.data().end()};
  }

  SystemRandom random_;
  std::unique_ptr<SrtpSession> ours_;
  std::unique_ptr<LibSrtpPeer> theirs_;
  Packet packet_, copy_;
};

TEST_P(SrtpSessionTest, rtp_is_understood_both_ways) {
  for (uint16_t s = 1; s < 300; ++s) {
    fill(packet_, s, 7, s % 200);
    const auto plain = bytes(packet_);
    ASSERT_TRUE(ours_->protect_rtp(packet_));
    if (s % 200 > 16) {
      ASSERT_FALSE(std::equal(plain.begin() + 12, plain.end(), packet_.data().begin() + 12));
    }
    ASSERT_TRUE(theirs_->unprotect_rtp(packet_)) << s;
    ASSERT_EQ(plain, bytes(packet_));
    ASSERT_TRUE(theirs_->protect_rtp(packet_));
    ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
    ASSERT_EQ(plain, bytes(packet_));
  }
}

TEST_P(SrtpSessionTest, rtcp_is_understood_both_ways) {
  for (int i = 0; i < 300; ++i) {
    fill_rtcp(packet_);
    const auto plain = bytes(packet_);
    ASSERT_TRUE(ours_->protect_rtcp(packet_));
    ASSERT_NE(plain, bytes(packet_));
    ASSERT_TRUE(theirs_->unprotect_rtcp(packet_)) << i;
    ASSERT_EQ(plain, bytes(packet_));
    ASSERT_TRUE(theirs_->protect_rtcp(packet_));
    copy(copy_, packet_);
    ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtcp(packet_));
    ASSERT_EQ(plain, bytes(packet_));
    ASSERT_EQ(SrtpVerdict::Replayed, ours_->unprotect_rtcp(copy_));
  }
}

TEST_P(SrtpSessionTest, csrcs_and_header_extensions_stay_in_clear) {
  packet_.clear();
  const std::vector<int> raw{0xb1, 111,  0, 5, 0,    0,    0, 9, 0, 0, 0, 7, 1, 2, 3, 4,
                             0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0, 9, 8, 7, 6, 5, 0, 0, 3};
  for (size_t i = 0; i < raw.size(); ++i) packet_.room()[i] = static_cast<std::byte>(raw[i]);
  packet_.resize(raw.size());
  const auto plain = bytes(packet_);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 24, packet_.data().begin()));
  ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
  ASSERT_EQ(plain, bytes(packet_));
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  ASSERT_TRUE(theirs_->unprotect_rtp(packet_));
  EXPECT_EQ(plain, bytes(packet_));
}

TEST_P(SrtpSessionTest, changed_packet_is_not_authentic_wherever_it_was_changed) {
  for (size_t at = 1; at < 160; at += 13) {
    fill(packet_, static_cast<uint16_t>(1000 + at));
    ASSERT_TRUE(theirs_->protect_rtp(packet_));
    packet_.data()[at] ^= std::byte{1};
    EXPECT_NE(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_)) << at;
  }
  fill(packet_, 2000);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  packet_.data().back() ^= std::byte{0x80};
  EXPECT_EQ(SrtpVerdict::NotAuthentic, ours_->unprotect_rtp(packet_));
}

TEST_P(SrtpSessionTest, forged_packet_does_not_move_the_window) {
  fill(packet_, 1);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
  for (uint32_t s = 2; s < 32000; s += 3000) {
    fill(packet_, static_cast<uint16_t>(s));
    packet_.resize(packet_.size() + 16);
    ASSERT_EQ(SrtpVerdict::NotAuthentic, ours_->unprotect_rtp(packet_));
  }
  fill(packet_, 2);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
}

TEST_P(SrtpSessionTest, packet_that_comes_twice_is_a_replay) {
  fill(packet_, 1);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  copy(copy_, packet_);
  EXPECT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Replayed, ours_->unprotect_rtp(copy_));
}

TEST_P(SrtpSessionTest, packets_out_of_order_are_taken_once_each) {
  std::vector<Packet> packets(1000);
  for (uint16_t i = 0; i < 1000; ++i) {
    fill(packets[i], static_cast<uint16_t>(65000 + i));  // Across the wrap.
    ASSERT_TRUE(theirs_->protect_rtp(packets[i]));
  }
  for (size_t block = 0; block < 1000; block += 100) {
    for (size_t i = 100; i-- > 0;) {
      if (block == 0 && i != 99) continue;  // The first that comes fixes the turn.
      ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packets[block + i])) << block + i;
    }
  }
}

// janus#3640: a call dies when the 16-bit sequence number wraps.
TEST_P(SrtpSessionTest, rollover_goes_unnoticed_both_ways) {
  // Twice around with the default suite; the others, which are slow in libsrtp, once.
  const int packets = GetParam() == SrtpSuite::AeadAes128Gcm ? 72000 : 8000;
  uint16_t sequence = 60000;
  for (int i = 0; i < packets; ++i, ++sequence) {
    fill(packet_, sequence, 7, 4);
    ASSERT_TRUE(ours_->protect_rtp(packet_));
    ASSERT_TRUE(theirs_->unprotect_rtp(packet_)) << i;
    ASSERT_TRUE(theirs_->protect_rtp(packet_));
    ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_)) << i;
  }
}

// The sender goes on while its packets are lost: 30000 packets a step, so that it keeps count.
class SrtpGap : public SrtpSessionTest {
 protected:
  void SetUp() override {
    SrtpSessionTest::SetUp();
    deliver(1000);
  }
  SrtpVerdict deliver(uint32_t index) {
    seal(index);
    return ours_->unprotect_rtp(packet_);
  }
  void seal(uint32_t index) {
    while (index - sent_ > 30000) {
      sent_ += 30000;
      fill(packet_, static_cast<uint16_t>(sent_));
      ASSERT_TRUE(theirs_->protect_rtp(packet_));
    }
    sent_ = index;
    fill(packet_, static_cast<uint16_t>(index));
    plain_ = bytes(packet_);
    ASSERT_TRUE(theirs_->protect_rtp(packet_));
  }
  uint32_t sent_ = 0;
  std::vector<std::byte> plain_;
};
INSTANTIATE_TEST_SUITE_P(Suites, SrtpGap,
                         ::testing::Values(SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm,
                                           SrtpSuite::AesCm128HmacSha1_80,
                                           SrtpSuite::AesCm128HmacSha1_32));

TEST_P(SrtpGap, of_a_whole_turn_and_more_is_followed_from_the_first_packet) {
  uint32_t index = 1000;
  // Where the nearest index is ahead, behind the window, within it, and seen already.
  for (const uint32_t gap : {40000u, 60000u, 65000u, 65536u - 3, 65536u + 1, 70000u, 98000u}) {
    for (uint32_t i = 1; i <= 4; ++i) {
      ASSERT_EQ(SrtpVerdict::Ok, deliver(index + i)) << gap;
    }
    index += gap + 4;
    ASSERT_EQ(SrtpVerdict::Resynchronized, deliver(index)) << gap;
    ASSERT_EQ(plain_, bytes(packet_)) << gap;
    ASSERT_EQ(SrtpVerdict::Ok, deliver(++index)) << gap;
  }
}

TEST_P(SrtpGap, of_three_hours_is_followed_within_eight_packets) {
  const uint32_t index = 1000 + 8 * 65536 + 17;
  uint32_t tried = 0;
  while (tried < 9 && !passed(deliver(index + tried))) ++tried;
  EXPECT_LT(tried, 8u);
  EXPECT_EQ(SrtpVerdict::Ok, deliver(index + 9));
}

TEST_P(SrtpGap, does_not_let_an_old_packet_in_again) {
  seal(1001);
  Packet old;
  copy(old, packet_);
  ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
  ASSERT_TRUE(passed(deliver(1001 + 66000)));
  Packet newest;
  seal(1002 + 66000);
  copy(newest, packet_);
  ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
  for (int i = 0; i < 20; ++i) {
    copy(packet_, old);
    EXPECT_FALSE(passed(ours_->unprotect_rtp(packet_)));
    copy(packet_, newest);
    EXPECT_EQ(SrtpVerdict::Replayed, ours_->unprotect_rtp(packet_));
  }
  EXPECT_EQ(SrtpVerdict::Ok, deliver(1003 + 66000));
}

TEST_P(SrtpGap, forged_packets_do_not_hide_it) {
  for (int i = 0; i < 3; ++i) {
    fill(packet_, static_cast<uint16_t>(random_.u32()));
    packet_.resize(packet_.size() + 16);
    EXPECT_FALSE(passed(ours_->unprotect_rtp(packet_)));
  }
  const uint32_t index = 1000 + 66000;
  uint32_t tried = 0;
  while (tried < 9 && !passed(deliver(index + tried))) ++tried;
  EXPECT_LT(tried, 8u);
  EXPECT_EQ(SrtpVerdict::Ok, deliver(index + 9));
}

// RFC 3711 3.3.1: a new key leaves the rollover counter as it is; many phones begin at 0 instead.
TEST_P(SrtpSessionTest, rollover_counter_may_begin_anew_or_go_on_with_a_new_key) {
  const auto ours = wire::new_master(GetParam(), random_);
  for (const bool goes_on : {false, true}) {
    const auto session =
        SrtpSession::create({GetParam(), ours, wire::new_master(GetParam(), random_)});
    const auto next = wire::new_master(GetParam(), random_);
    ASSERT_TRUE(session->rekey({GetParam(), ours, next}));
    LibSrtpPeer phone(GetParam(), next, ours);
    if (goes_on) {  // Two turns that we did not see.
      for (uint32_t s = 0; s <= 150000; s += 30000) {
        fill(packet_, static_cast<uint16_t>(s));
        ASSERT_TRUE(phone.protect_rtp(packet_));
      }
    }
    int refused = 0;
    for (uint32_t s = 150001; s < 150010; ++s) {
      fill(packet_, static_cast<uint16_t>(s));
      ASSERT_TRUE(phone.protect_rtp(packet_));
      if (!passed(session->unprotect_rtp(packet_))) ++refused;
    }
    EXPECT_LE(refused, goes_on ? 2 : 0);
  }
}

TEST_P(SrtpSessionTest, no_number_is_protected_twice) {
  fill(packet_, 5);
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  fill(packet_, 7);
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  fill(packet_, 6);  // Reordered: it was not used.
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  for (const uint16_t used : {5, 6, 7}) {
    fill(packet_, used);
    EXPECT_FALSE(ours_->protect_rtp(packet_));
  }
  fill(packet_, 8, 8);  // One SSRC a key.
  EXPECT_FALSE(ours_->protect_rtp(packet_));
}

// A phone changes its key by re-INVITE while ours stays.
TEST_P(SrtpSessionTest, new_key_of_the_peer_leaves_our_direction_as_it_is) {
  const auto ours = wire::new_master(GetParam(), random_);
  const auto first = wire::new_master(GetParam(), random_);
  const auto second = wire::new_master(GetParam(), random_);
  const auto session = SrtpSession::create({GetParam(), ours, first});
  LibSrtpPeer listener(GetParam(), first, ours);
  uint16_t sequence = 65500;
  for (int i = 0; i < 100; ++i, ++sequence) {  // The rollover counter is 1 at the end.
    fill(packet_, sequence);
    ASSERT_TRUE(session->protect_rtp(packet_));
    ASSERT_TRUE(listener.unprotect_rtp(packet_));
  }
  ASSERT_TRUE(session->rekey({GetParam(), ours, second}));
  fill(packet_, static_cast<uint16_t>(sequence - 1));
  EXPECT_FALSE(session->protect_rtp(packet_));
  fill(packet_, sequence);
  ASSERT_TRUE(session->protect_rtp(packet_));
  EXPECT_TRUE(listener.unprotect_rtp(packet_));
  LibSrtpPeer changed(GetParam(), second, ours);
  fill(packet_, 1);
  ASSERT_TRUE(changed.protect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Ok, session->unprotect_rtp(packet_));
}

TEST_P(SrtpSessionTest, too_many_sources_are_refused) {
  for (uint32_t ssrc = 0; ssrc < SrtpSession::kMaxSsrcs; ++ssrc) {
    fill(packet_, 1, ssrc);
    ASSERT_TRUE(theirs_->protect_rtp(packet_));
    ASSERT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
  }
  fill(packet_, 1, 9999);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Refused, ours_->unprotect_rtp(packet_));
  fill(packet_, 2, 0);
  ASSERT_TRUE(theirs_->protect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
}

TEST_P(SrtpSessionTest, random_bytes_are_refused) {
  for (int i = 0; i < 20000; ++i) {
    packet_.clear();
    const size_t size = random_.u32() % 300;
    random_.fill(packet_.room().first(size));
    if (size > 0 && i % 2 == 0) packet_.room()[0] = std::byte{0x90};
    packet_.resize(size);
    EXPECT_NE(SrtpVerdict::Ok, ours_->unprotect_rtp(packet_));
    packet_.resize(size);
    EXPECT_NE(SrtpVerdict::Ok, ours_->unprotect_rtcp(packet_));
  }
}

TEST_P(SrtpSessionTest, rtcp_that_claims_to_be_in_clear_is_refused) {
  fill_rtcp(packet_);
  ASSERT_TRUE(theirs_->protect_rtcp(packet_));
  const bool gcm = GetParam() == SrtpSuite::AeadAes128Gcm || GetParam() == SrtpSuite::AeadAes256Gcm;
  packet_.data()[packet_.size() - (gcm ? 4 : 14)] &= std::byte{0x7f};
  EXPECT_EQ(SrtpVerdict::NotAuthentic, ours_->unprotect_rtcp(packet_));
}

TEST_P(SrtpSessionTest, key_of_the_wrong_size_makes_no_session) {
  auto master = wire::new_master(GetParam(), random_);
  master.size -= 1;
  EXPECT_EQ(nullptr, SrtpSession::create({GetParam(), master, master}));
}

INSTANTIATE_TEST_SUITE_P(Suites, SrtpSessionTest,
                         ::testing::Values(SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm,
                                           SrtpSuite::AesCm128HmacSha1_80,
                                           SrtpSuite::AesCm128HmacSha1_32));

TEST(ReplayWindow, remembers_what_it_saw_and_forgets_what_is_too_old) {
  ReplayWindow<128> window;
  EXPECT_TRUE(window.fresh(0));
  window.accept(1000);
  EXPECT_FALSE(window.fresh(1000));
  EXPECT_TRUE(window.fresh(999));
  EXPECT_FALSE(window.fresh(1000 - 128));
  window.accept(1100);
  EXPECT_FALSE(window.fresh(1000));
  EXPECT_TRUE(window.fresh(1050));
  window.accept(1'000'000);
  EXPECT_TRUE(window.fresh(999'990));
  EXPECT_FALSE(window.fresh(1100));
}

}  // namespace
}  // namespace gw::media
