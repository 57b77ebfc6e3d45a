// Both ends of a media stream, over a WebSocket on loopback.
#include "acs/streaming/media_stream.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "acs/streaming/stream_frame.h"
#include "base/assert.h"

namespace gw::acs::streaming {
namespace {

// What a test waits for, of one end. Shared: the end may outlive the test's interest.
class Told {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(what));
    changed_.notify_all();
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [this] { return !told_.empty(); })) return "nothing";
    std::string first = std::move(told_.front());
    told_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> told_;
};

// A call's sound that a test speaks and listens to.
class FakeSound final : public CallSound {
 public:
  struct State {
    State() : fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { GW_ASSERT(fd >= 0); }
    ~State() { ::close(fd); }
    void speak(int16_t level, uint64_t participant, size_t samples) {
      Said said;
      said.frame.size = samples;
      std::fill_n(said.frame.samples.begin(), samples, level);
      said.participant = participant;
      {
        const std::lock_guard lock(mutex);
        waiting.push_back(said);
      }
      const uint64_t one = 1;
      [[maybe_unused]] const auto n = ::write(fd, &one, sizeof one);
    }

    const int fd;
    std::mutex mutex;
    std::deque<Said> waiting;
    Told heard;  // "320 samples of 5", "stop"
  };

  explicit FakeSound(std::shared_ptr<State> state) : state_(std::move(state)) {}
  int fd() const override { return state_->fd; }
  bool next(Said& out) override {
    const std::lock_guard lock(state_->mutex);
    if (state_->waiting.empty()) {
      uint64_t ignored = 0;
      [[maybe_unused]] const auto n = ::read(state_->fd, &ignored, sizeof ignored);
      return false;
    }
    out = state_->waiting.front();
    state_->waiting.pop_front();
    return true;
  }
  void play(std::span<const int16_t> pcm) override {
    state_->heard.add(std::to_string(pcm.size()) + " samples of " + std::to_string(pcm[0]));
  }
  void stop_playing() override { state_->heard.add("stop"); }

 private:
  const std::shared_ptr<State> state_;
};

class MediaStreamTest : public ::testing::Test {
 protected:
  struct End {
    std::shared_ptr<FakeSound::State> sound = std::make_shared<FakeSound::State>();
    std::shared_ptr<Told> told = std::make_shared<Told>();
    std::shared_ptr<MediaStream> stream;
  };

  void SetUp() override {
    http::HttpConfig wanted;
    wanted.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false}};
    server_ = http::HttpServer::create(wanted, metrics_, Log{});
    http::WebSocketRoute route;
    route.path = "/media/";
    route.text = true;
    route.max_message = kMaxStreamMessage;
    route.accept = [this](std::shared_ptr<http::WebSocket> socket, const http::Request& request) {
      socket_ = socket;
      if (request.path == "/media/raw") {
        http::WebSocketHandler raw;
        raw.on_message = [this](std::string_view message) { raw_.add(std::string(message)); };
        raw.on_close = [this](uint16_t code) { raw_.add("closed " + std::to_string(code)); };
        raw_.add("open");
        return raw;
      }
      return client_.stream->attach(std::move(socket));
    };
    server_->websocket(route);
    auto bound = server_->start();
    ASSERT_TRUE(bound);
    url_ = "ws://127.0.0.1:" + std::to_string(bound->front().address.port()) + "/media/";
    auto sockets = http::WebSocketClient::create({}, server_->loop(), metrics_, Log{});
    ASSERT_TRUE(sockets);
    sockets_ = std::move(*sockets);
  }
  void TearDown() override {
    for (End* end : {&service_, &client_}) {
      if (end->stream) end->stream->close();
    }
    server_->stop();
  }

  void make(End& end, StreamSettings settings) {
    StreamEvents events;
    events.on_open = [told = end.told] { told->add("open"); };
    events.on_interrupted = [told = end.told](uint16_t code) {
      told->add("interrupted " + std::to_string(code));
    };
    events.on_closed = [told = end.told](const Result<void>& why) {
      told->add(why ? "closed" : "failed: " + why.error().detail);
    };
    events.on_key = [told = end.told](char key, const std::string& who) {
      told->add(std::string("key ") + key + " of " + who);
    };
    end.stream = MediaStream::create(std::move(settings), std::make_unique<FakeSound>(end.sound),
                                     std::move(events), server_->loop(), clock_, metrics_, Log{});
  }
  void make_client(uint32_t rate = 16000) {
    StreamSettings settings;
    settings.role = StreamRole::Client;
    settings.rate = rate;
    make(client_, settings);
  }
  StreamSettings service(uint32_t rate = 16000) const {
    StreamSettings settings;
    settings.role = StreamRole::Service;
    settings.subscription_id = "sub-1";
    settings.rate = rate;
    settings.keys = true;
    return settings;
  }
  void connect() {
    make_client();
    make(service_, service());
    service_.stream->dial(*sockets_, url_ + "1", {});
    ASSERT_EQ(service_.told->next(), "open");
    ASSERT_EQ(client_.told->next(), "open");
  }
  void connect_raw(StreamSettings settings) {
    make(service_, std::move(settings));
    service_.stream->dial(*sockets_, url_ + "raw", {});
    ASSERT_EQ(raw_.next(), "open");
    ASSERT_EQ(service_.told->next(), "open");
  }
  void to_service(std::string message) {
    server_->post([this, message = std::move(message)] { socket_->send_text(message); });
  }

  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<http::HttpServer> server_;
  std::unique_ptr<http::WebSocketClient> sockets_;
  std::string url_;
  std::shared_ptr<http::WebSocket> socket_;
  Told raw_;
  End service_, client_;
};

TEST_F(MediaStreamTest, sound_goes_both_ways) {
  connect();
  service_.sound->speak(5, 0, 320);
  EXPECT_EQ(client_.sound->heard.next(), "320 samples of 5");
  client_.sound->speak(7, 0, 320);
  EXPECT_EQ(service_.sound->heard.next(), "320 samples of 7");
}

TEST_F(MediaStreamTest, the_service_says_first_what_its_sound_is_like) {
  connect_raw(service(24000));
  EXPECT_EQ(raw_.next(), write_metadata({"sub-1", "PCM", 24000, 1, 960}));
  service_.stream->name(9, "8:acs:nine");
  service_.sound->speak(1, 9, 480);
  const auto frame = parse_frame(raw_.next());
  ASSERT_TRUE(frame);
  const auto* audio = std::get_if<AudioData>(&*frame);
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->pcm, std::vector<int16_t>(480, 1));
  EXPECT_EQ(audio->participant, "8:acs:nine");
}

TEST_F(MediaStreamTest, an_answer_given_in_one_go_is_played_in_its_time_until_stop_audio) {
  connect_raw(service());
  raw_.next();
  to_service(write_client_audio(std::vector<int16_t>(320 * 100, 3), false));
  EXPECT_EQ(service_.sound->heard.next(), "320 samples of 3");
  to_service(write_stop_audio());
  // At once: two seconds were waiting.
  std::string heard = service_.sound->heard.next();
  for (int i = 0; i < 50 && heard != "stop"; ++i) heard = service_.sound->heard.next();
  EXPECT_EQ(heard, "stop");
  to_service(write_client_audio(std::vector<int16_t>(320, 4), false));
  EXPECT_EQ(service_.sound->heard.next(), "320 samples of 4");
}

TEST_F(MediaStreamTest, keys_of_the_call_are_told_with_who_pressed_them) {
  connect();
  service_.stream->name(3, "4:+14255550100");
  service_.stream->press('#', 3);
  EXPECT_EQ(client_.told->next(), "key # of 4:+14255550100");
}

TEST_F(MediaStreamTest, keys_that_were_not_asked_for_are_not_told) {
  StreamSettings settings = service();
  settings.keys = false;
  connect_raw(settings);
  raw_.next();
  service_.stream->press('#', 0);
  service_.sound->speak(1, 0, 320);
  EXPECT_NE(raw_.next().find("AudioData"), std::string::npos);
}

TEST_F(MediaStreamTest, a_listener_that_may_not_speak_is_not_heard) {
  StreamSettings settings = service();
  settings.hears = false;
  connect_raw(settings);
  raw_.next();
  to_service(write_client_audio(std::vector<int16_t>(320, 3), false));
  to_service(write_stop_audio());
  EXPECT_EQ(service_.sound->heard.next(), "stop");
  EXPECT_EQ(service_.stream->figures().frames_in, 1u);
}

TEST_F(MediaStreamTest, what_is_no_frame_is_counted_and_nothing_else) {
  connect_raw(service());
  raw_.next();
  to_service("{");
  to_service(R"({"kind":"AudioData","audioData":{"data":"*"}})");
  to_service(write_client_audio(std::vector<int16_t>(320, 3), false));
  EXPECT_EQ(service_.sound->heard.next(), "320 samples of 3");
  EXPECT_EQ(service_.stream->figures().refused, 2u);
}

TEST_F(MediaStreamTest, a_connection_that_breaks_is_made_again_and_begins_with_metadata) {
  connect_raw(service());
  const std::string metadata = raw_.next();
  server_->post([this] { socket_->close(1011, "broken"); });
  EXPECT_EQ(service_.told->next(), "interrupted 1011");
  EXPECT_EQ(service_.told->next(), "open");
  std::string again = raw_.next();
  while (again.starts_with("closed") || again == "open") again = raw_.next();
  EXPECT_EQ(again, metadata);
}

TEST_F(MediaStreamTest, who_cannot_be_reached_is_given_up) {
  StreamSettings settings = service();
  settings.reconnections = 0;
  make(service_, settings);
  service_.stream->dial(*sockets_, "ws://127.0.0.1:1/", {});
  EXPECT_TRUE(service_.told->next().starts_with("failed: ws://127.0.0.1:1: no connection"));
}

TEST_F(MediaStreamTest, another_format_than_asked_for_ends_it) {
  make_client(24000);
  make(service_, service(16000));
  service_.stream->dial(*sockets_, url_ + "1", {});
  EXPECT_EQ(client_.told->next(), "open");
  EXPECT_TRUE(client_.told->next().starts_with("failed: the media stream's sample rate"));
}

TEST_F(MediaStreamTest, a_second_connection_takes_the_firsts_place) {
  connect();
  End second;
  make(second, service());
  second.stream->dial(*sockets_, url_ + "2", {});
  EXPECT_EQ(client_.told->next(), "open");
  second.sound->speak(6, 0, 320);
  EXPECT_EQ(client_.sound->heard.next(), "320 samples of 6");
  EXPECT_EQ(service_.told->next(), "interrupted 1000");
  second.stream->close();
}

TEST_F(MediaStreamTest, paused_it_says_nothing_and_hears_nothing) {
  connect_raw(service());
  raw_.next();
  service_.stream->pause(true);
  service_.sound->speak(1, 0, 320);
  service_.stream->press('1', 0);  // Comes after what the pause swallowed.
  EXPECT_NE(raw_.next().find("DtmfData"), std::string::npos);
}

TEST_F(MediaStreamTest, closed_it_says_goodbye_once) {
  connect();
  service_.stream->close();
  service_.stream->close();
  EXPECT_EQ(service_.told->next(), "closed");
  EXPECT_EQ(client_.told->next(), "interrupted 1000");
}

}  // namespace
}  // namespace gw::acs::streaming
