#include "gateway/ops/cdr.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>
#include <variant>

#include "base/heap.h"
#include "base/mailbox.h"

namespace gw::ops {
namespace {

constexpr size_t kMaxRecordsQueued =
    100'000;                    // Some 50 MB; a disk that is this far behind is gone.
constexpr int kRetryMs = 1000;  // After a failed write.
// Between two batches: a call a millisecond shall not cost a wake-up and an fdatasync each, and
// each record is on disk within a second all the same.
constexpr Duration kGather = 200ms;

std::string error_text() {
  return std::strerror(errno);
}

class FileCdrWriter final : public CdrWriter {
 public:
  FileCdrWriter(std::string path, int fd, Metrics& metrics, Log log)
      : path_(std::move(path)),
        log_(std::move(log)),
        written_(metrics.counter("gw_cdr_written_total", "Call records on disk.")),
        dropped_(metrics.counter("gw_cdr_dropped_total",
                                 "Call records lost: the disk did not keep up.")),
        fd_(fd),
        thread_([this] { run(); }) {}

  ~FileCdrWriter() override {
    mailbox_.post(Stop{});
    thread_.join();
    if (fd_ >= 0) ::close(fd_);
  }

  void record(Cdr cdr) override {
    if (queued_.fetch_add(1) >= kMaxRecordsQueued || !mailbox_.post(std::move(cdr))) {
      queued_.fetch_sub(1);
      dropped_.Increment();
    }
  }

  void reopen() override { mailbox_.post(Reopen{}); }

 private:
  struct Stop {};
  struct Reopen {};
  using Message = std::variant<Cdr, Reopen, Stop>;

  void run() {
    heap::keep_no_cache();
    while (!stopping_) {
      pollfd wait{mailbox_.fd(), POLLIN, 0};
      ::poll(&wait, 1, pending_.empty() ? -1 : kRetryMs);
      std::this_thread::sleep_until(written_at_ + kGather);
      mailbox_.drain([this](Message message) { take(std::move(message)); });
      write_pending();
      written_at_ = monotonic_now();
    }
    mailbox_.close();
  }

  void take(Message message) {
    if (auto* cdr = std::get_if<Cdr>(&message)) {
      pending_ += to_json(*cdr) + "\n";
      ++pending_records_;
    } else if (std::holds_alternative<Reopen>(message)) {
      write_pending();
      open_again();
    } else {
      stopping_ = true;
    }
  }

  void open_again() {
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
      log_.error("CDR file could not be reopened, the old one stays",
                 {{"path", path_}, {"why", error_text()}});
      return;
    }
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
    log_.info("CDR file was reopened", {{"path", path_}});
  }

  // Whole batches, then one fdatasync: on disk well within the second.
  void write_pending() {
    if (pending_.empty()) return;
    size_t done = 0;
    while (done < pending_.size()) {
      const ssize_t n = ::write(fd_, pending_.data() + done, pending_.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      done += static_cast<size_t>(n);
    }
    pending_.erase(0, done);
    const bool on_disk = pending_.empty() && (::fdatasync(fd_) == 0 ||
                                              errno == EINVAL);  // EINVAL: a pipe or /dev/stdout.
    if (!on_disk) {
      if (!failing_)
        log_.error("CDRs could not be written, trying again",
                   {{"path", path_}, {"why", error_text()}});
      failing_ = true;
      if (!pending_.empty()) return;
    } else if (failing_) {
      failing_ = false;
      log_.info("CDRs are written again", {{"path", path_}});
    }
    written_.Increment(static_cast<double>(pending_records_));
    queued_.fetch_sub(pending_records_);
    pending_records_ = 0;
  }

  const std::string path_;
  const Log log_;
  Counter& written_;
  Counter& dropped_;

  Mailbox<Message> mailbox_;
  std::atomic<size_t> queued_{0};

  // The writer thread's.
  int fd_;
  std::string pending_;
  size_t pending_records_ = 0;
  TimePoint written_at_{};
  bool failing_ = false;
  bool stopping_ = false;

  std::thread thread_;  // Last: it starts with everything above in place.
};

}  // namespace

Result<std::unique_ptr<CdrWriter>> CdrWriter::open(const std::string& file, Metrics& metrics,
                                                   Log log) {
  // [cdr] file = "": nobody wants them.
  const std::string path = file.empty() ? "/dev/null" : file;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) {
    return fail(ErrorCode::Io, "[cdr] file " + path + " cannot be written: " + error_text());
  }
  return std::make_unique<FileCdrWriter>(path, fd, metrics, std::move(log));
}

}  // namespace gw::ops
