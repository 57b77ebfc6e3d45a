#include "gateway/ops/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace gw::ops {
namespace {

namespace fs = std::filesystem;

// A folder of the test's own; the chores' thread has done all there was when it is let go.
class DeadLettersTest : public testing::Test {
 protected:
  DeadLettersTest()
      : folder_(fs::temp_directory_path() / ("dead-letters-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    chores_.emplace();
  }
  ~DeadLettersTest() override { fs::remove_all(folder_); }

  std::string file() const { return (folder_ / "dead-letters.jsonl").string(); }
  void done() { chores_.reset(); }
  static std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const fs::path folder_;
  std::optional<Chores> chores_;
};

TEST_F(DeadLettersTest, a_line_a_letter_for_the_eyes_of_its_owner) {
  {
    DeadLetters letters(file(), *chores_, Log{});
    letters.keep(R"({"event":"CallConnected"})");
    letters.keep(R"({"event":"CallDisconnected"})");
  }
  done();  // What was kept is written when the letters' owner is gone.
  EXPECT_EQ(read(file()), "{\"event\":\"CallConnected\"}\n{\"event\":\"CallDisconnected\"}\n");
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(DeadLettersTest, what_was_there_stays) {
  std::ofstream(file()) << "before\n";
  DeadLetters(file(), *chores_, Log{}).keep("after");
  done();
  EXPECT_EQ(read(file()), "before\nafter\n");
}

TEST_F(DeadLettersTest, a_full_file_is_set_aside_and_the_one_before_it_goes) {
  std::ofstream(file() + ".1") << "oldest\n";
  std::ofstream(file()) << "old\n";
  fs::resize_file(file(), DeadLetters::kLargest);
  DeadLetters letters(file(), *chores_, Log{});
  letters.keep("new");
  letters.keep("newer");
  done();
  EXPECT_EQ(read(file()), "new\nnewer\n");
  EXPECT_EQ(fs::file_size(file() + ".1"), DeadLetters::kLargest);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
}

TEST_F(DeadLettersTest, a_folder_that_is_not_there_costs_the_letter_and_nothing_else) {
  DeadLetters letters((folder_ / "none" / "dead-letters.jsonl").string(), *chores_, Log{});
  letters.keep("lost");
  done();
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace gw::ops
