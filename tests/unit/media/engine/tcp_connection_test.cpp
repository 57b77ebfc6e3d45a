#include "media/engine/tcp_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "base/random.h"

namespace gw::media {
namespace {

using Bytes = std::vector<std::byte>;
using Frame = TcpConnection::Frame;

class TcpConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> pair{};
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()));
    peer_ = pair[1];
    connection_ = std::make_unique<TcpConnection>(pair[0], from_, counters_);
  }
  ~TcpConnectionTest() override { ::close(peer_); }

  static Bytes framed(const Bytes& data) {
    Bytes out(wire::kFrameHeader);
    wire::write_frame_header(std::span<std::byte, wire::kFrameHeader>(out.data(), 2),
                             static_cast<uint16_t>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
    return out;
  }
  Bytes some(size_t size) {
    Bytes data(size);
    random_.fill(data);
    return data;
  }
  void write(std::span<const std::byte> data) {
    ASSERT_EQ(static_cast<ssize_t>(data.size()), ::write(peer_, data.data(), data.size()));
  }
  // Everything that is whole now.
  std::vector<Bytes> frames() {
    EXPECT_TRUE(connection_->read());
    std::vector<Bytes> found;
    Packet packet;
    while (connection_->next(packet) == Frame::Whole) {
      EXPECT_EQ(from_, packet.from);
      found.emplace_back(packet.data().begin(), packet.data().end());
    }
    return found;
  }
  Bytes drain() {
    Bytes all;
    std::array<std::byte, 65536> block;
    for (;;) {
      const ssize_t n = ::read(peer_, block.data(), block.size());
      if (n <= 0) return all;
      all.insert(all.end(), block.begin(), block.begin() + n);
    }
  }

  SystemRandom random_;
  MediaCounters counters_;
  const SocketAddress from_ = *SocketAddress::parse("192.0.2.1:1000");
  int peer_ = -1;
  std::unique_ptr<TcpConnection> connection_;
};

TEST_F(TcpConnectionTest, frames_are_whole_however_the_stream_is_cut) {
  const std::vector<Bytes> sent{some(1), some(1500), some(20), some(200), some(1)};
  Bytes stream;
  for (const Bytes& data : sent) {
    const Bytes one = framed(data);
    stream.insert(stream.end(), one.begin(), one.end());
  }
  for (const size_t piece : {1u, 2u, 3u, 7u, 100u, 1502u, 1600u}) {
    std::vector<Bytes> got;
    for (size_t at = 0; at < stream.size(); at += piece) {
      write(std::span(stream).subspan(at, std::min(piece, stream.size() - at)));
      for (Bytes& data : frames()) got.push_back(std::move(data));
    }
    EXPECT_EQ(sent, got) << piece;
  }
}

TEST_F(TcpConnectionTest, many_small_frames_in_one_piece_all_come) {
  Bytes stream;
  for (int i = 0; i < 2000; ++i) {
    const Bytes one = framed(some(12));
    stream.insert(stream.end(), one.begin(), one.end());
  }
  write(stream);
  size_t got = 0;
  for (int turn = 0; turn < 20; ++turn) got += frames().size();
  EXPECT_EQ(2000u, got);
}

TEST_F(TcpConnectionTest, frame_longer_than_any_packet_is_told) {
  write(framed(some(1501)));
  ASSERT_TRUE(connection_->read());
  Packet packet;
  EXPECT_EQ(Frame::TooLong, connection_->next(packet));
}

TEST_F(TcpConnectionTest, end_of_the_stream_is_told_after_its_last_frame) {
  write(framed(some(30)));
  ::shutdown(peer_, SHUT_WR);
  EXPECT_EQ(1u, frames().size());
  EXPECT_FALSE(connection_->read());
}

TEST_F(TcpConnectionTest, what_is_sent_is_framed) {
  const Bytes a = some(100), b = some(1200);
  connection_->send(a, {});
  connection_->send(b, {});
  Bytes expected = framed(a);
  const Bytes second = framed(b);
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(expected, drain());
  EXPECT_EQ(2u, counters_.packets_out.get());
}

TEST_F(TcpConnectionTest, who_does_not_read_loses_packets_and_never_the_framing) {
  // Of the size that splits a frame at the end of the kernel's buffer.
  for (int i = 0; i < 20000; ++i) connection_->send(some(137), {});
  const uint64_t dropped = counters_.tcp_dropped.get();
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(20000u, dropped + counters_.packets_out.get());
  Bytes stream = drain();
  EXPECT_TRUE(connection_->flush());
  const Bytes rest = drain();
  stream.insert(stream.end(), rest.begin(), rest.end());
  connection_->send(Bytes(50, std::byte{7}), {});
  const Bytes last = drain();
  stream.insert(stream.end(), last.begin(), last.end());
  size_t at = 0, count = 0;
  while (const auto size = wire::frame_size(std::span<const std::byte>(stream).subspan(at))) {
    ASSERT_TRUE(*size == 137 || *size == 50) << count;
    at += 2 + *size;
    ++count;
  }
  EXPECT_EQ(at, stream.size());
  EXPECT_EQ(counters_.packets_out.get(), count);
}

TEST_F(TcpConnectionTest, peer_that_is_gone_is_counted_and_does_not_end_the_process) {
  ::shutdown(peer_, SHUT_RDWR);
  ::close(std::exchange(peer_, -1));
  connection_->send(some(10), {});
  EXPECT_EQ(1u, counters_.send_failed.get());
}

}  // namespace
}  // namespace gw::media
