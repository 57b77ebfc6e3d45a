#include "media/transport/srtp_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "media/wire/rtp.h"

namespace gw::media {
namespace {

using wire::SrtpSuite;

class SrtpSessionTest : public ::testing::TestWithParam<SrtpSuite> {
 protected:
  void SetUp() override {
    const auto a = wire::new_master(GetParam(), random_), b = wire::new_master(GetParam(), random_);
    ours_ = SrtpSession::create({GetParam(), a, b});
    theirs_ = SrtpSession::create({GetParam(), b, a});
    ASSERT_TRUE(ours_ && theirs_);
  }
  static void fill(Packet& packet, uint16_t sequence, uint32_t ssrc = 7) {
    packet.clear();
    wire::write_rtp_header(packet.room().first<wire::kRtpHeaderSize>(),
                           {0, false, sequence, sequence * 160u, ssrc});
    std::fill_n(packet.room().begin() + wire::kRtpHeaderSize, 160, std::byte{0x55});
    packet.resize(wire::kRtpHeaderSize + 160);
  }
  static void copy(Packet& to, const Packet& from) {
    to.clear();
    std::ranges::copy(from.data(), to.room().begin());
    to.resize(from.size());
  }

  SystemRandom random_;
  std::unique_ptr<SrtpSession> ours_, theirs_;
  Packet packet_, copy_;
};

TEST_P(SrtpSessionTest, what_is_protected_here_is_read_there) {
  fill(packet_, 1);
  const std::vector<std::byte> plain(packet_.data().begin(), packet_.data().end());
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  EXPECT_FALSE(std::ranges::equal(packet_.data().first(plain.size()), plain));
  ASSERT_EQ(SrtpVerdict::Ok, theirs_->unprotect_rtp(packet_));
  EXPECT_TRUE(std::ranges::equal(packet_.data(), plain));
}

TEST_P(SrtpSessionTest, changed_packet_is_not_authentic) {
  fill(packet_, 1);
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  packet_.data()[40] ^= std::byte{1};
  EXPECT_EQ(SrtpVerdict::NotAuthentic, theirs_->unprotect_rtp(packet_));
}

TEST_P(SrtpSessionTest, packet_that_comes_twice_is_a_replay) {
  fill(packet_, 1);
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  copy(copy_, packet_);
  EXPECT_EQ(SrtpVerdict::Ok, theirs_->unprotect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Replayed, theirs_->unprotect_rtp(copy_));
}

// janus#3640: a call dies when the 16-bit sequence number wraps.
TEST_P(SrtpSessionTest, rollover_of_the_sequence_goes_unnoticed) {
  uint16_t sequence = 65000;
  for (int i = 0; i < 70000; ++i) {
    fill(packet_, sequence++);
    ASSERT_TRUE(ours_->protect_rtp(packet_));
    ASSERT_EQ(SrtpVerdict::Ok, theirs_->unprotect_rtp(packet_)) << i;
  }
}

TEST_P(SrtpSessionTest, too_many_sources_are_refused) {
  for (uint32_t ssrc = 0; ssrc < SrtpSession::kMaxSsrcs; ++ssrc) {
    fill(packet_, 1, ssrc);
    ASSERT_TRUE(ours_->protect_rtp(packet_));
    ASSERT_EQ(SrtpVerdict::Ok, theirs_->unprotect_rtp(packet_));
  }
  fill(packet_, 1, 9999);
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Refused, theirs_->unprotect_rtp(packet_));
  fill(packet_, 2, 0);
  ASSERT_TRUE(ours_->protect_rtp(packet_));
  EXPECT_EQ(SrtpVerdict::Ok, theirs_->unprotect_rtp(packet_));
}

TEST_P(SrtpSessionTest, random_bytes_are_refused) {
  for (int i = 0; i < 2000; ++i) {
    packet_.clear();
    const size_t size = random_.u32() % 300;
    random_.fill(packet_.room().first(size));
    packet_.resize(size);
    EXPECT_NE(SrtpVerdict::Ok, theirs_->unprotect_rtp(packet_));
    packet_.resize(size);
    EXPECT_NE(SrtpVerdict::Ok, theirs_->unprotect_rtcp(packet_));
  }
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

}  // namespace
}  // namespace gw::media
