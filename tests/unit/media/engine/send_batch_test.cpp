#include "media/engine/send_batch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "media/engine/udp_socket.h"

namespace gw::media {
namespace {

std::unique_ptr<UdpSocket> loopback() {
  auto socket = UdpSocket::bind(*SocketAddress::parse("127.0.0.1"), {});
  EXPECT_TRUE(socket);
  return std::move(*socket);
}

std::vector<std::string> read_all(const UdpSocket& socket) {
  std::vector<std::string> datagrams;
  for (std::array<char, 2000> in;;) {
    const ssize_t n = ::recv(socket.fd(), in.data(), in.size(), MSG_DONTWAIT);
    if (n < 0) return datagrams;
    datagrams.emplace_back(in.data(), static_cast<size_t>(n));
  }
}

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

struct SendBatchTest : testing::Test {
  std::unique_ptr<UdpSocket> a = loopback(), b = loopback(), peer = loopback(), other = loopback();
  MediaCounters counters;
  SendBatch batch;
};

TEST_F(SendBatchTest, nothing_leaves_before_the_turn_ends_and_then_all_in_order) {
  batch.add(a->fd(), bytes("1"), peer->address(), &counters);
  batch.add(b->fd(), bytes("2"), other->address(), &counters);
  batch.add(a->fd(), bytes("three"), peer->address(), &counters);
  EXPECT_TRUE(read_all(*peer).empty());
  EXPECT_EQ(counters.packets_out.get(), 0u);

  batch.flush();
  EXPECT_EQ(read_all(*peer), (std::vector<std::string>{"1", "three"}));
  EXPECT_EQ(read_all(*other), (std::vector<std::string>{"2"}));
  EXPECT_EQ(counters.packets_out.get(), 3u);
  EXPECT_EQ(counters.octets_out.get(), 7u);
  EXPECT_TRUE(batch.empty());
  batch.flush();
  EXPECT_TRUE(read_all(*peer).empty());
}

TEST_F(SendBatchTest, a_full_batch_leaves_by_itself) {
  std::vector<std::string> sent;
  for (size_t i = 0; i <= SendBatch::kMost; ++i) {
    sent.push_back(std::to_string(i));
    batch.add(a->fd(), bytes(sent.back()), peer->address(), &counters);
  }
  const std::string last = sent.back();
  sent.pop_back();
  EXPECT_EQ(read_all(*peer), sent);
  batch.flush();
  EXPECT_EQ(read_all(*peer), std::vector{last});
}

TEST_F(SendBatchTest, what_the_kernel_refuses_is_counted_and_the_rest_leaves) {
  const SocketAddress nowhere = *SocketAddress::parse("127.0.0.1:0");
  batch.add(a->fd(), bytes("first"), peer->address(), &counters);
  batch.add(a->fd(), bytes("refused"), nowhere, &counters);
  batch.add(a->fd(), bytes("last"), peer->address(), &counters);
  batch.flush();
  EXPECT_EQ(read_all(*peer), (std::vector<std::string>{"first", "last"}));
  EXPECT_EQ(counters.send_failed.get(), 1u);
  EXPECT_EQ(counters.packets_out.get(), 2u);
}

TEST_F(SendBatchTest, a_datagram_that_fits_no_slot_leaves_behind_those_before_it) {
  const std::string large(Packet::kMaxDatagram + Packet::kTailRoom + 1, 'x');
  batch.add(a->fd(), bytes("small"), peer->address(), &counters);
  batch.add(a->fd(), bytes(large), peer->address(), &counters);
  EXPECT_EQ(read_all(*peer), (std::vector<std::string>{"small", large}));
}

TEST_F(SendBatchTest, a_socket_without_a_batch_sends_at_once) {
  a->leave_by(&batch);
  a->count_in(&counters);
  a->send(bytes("waits"), peer->address());
  EXPECT_TRUE(read_all(*peer).empty());
  batch.flush();
  a->leave_by(nullptr);
  a->send(bytes("goes"), peer->address());
  EXPECT_EQ(read_all(*peer), (std::vector<std::string>{"waits", "goes"}));
}

}  // namespace
}  // namespace gw::media
