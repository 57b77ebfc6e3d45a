#include "gateway/ops/cdr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/unit/gateway/config_folder.h"

namespace gw::ops {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::SizeIs;

Cdr talk(const std::string& id) {
  Cdr cdr;
  cdr.call_id = id;
  cdr.started = WallTime(std::chrono::milliseconds(1'795'219'200'000));
  cdr.answered = cdr.started + 5s;
  cdr.ended = cdr.started + 65s;
  cdr.direction = "outbound";
  cdr.source = "phone:101";
  cdr.dialled = "2065550123";
  cdr.normalised = "+12065550123";
  cdr.route = "out";
  cdr.caller_id_presented = "+14255550100";
  CdrLeg phone{"sip", "phone:101", "PCMU", ""};
  phone.packets_in = 3000;
  phone.packets_lost = 2;
  phone.jitter_ms = 1.23456;
  phone.round_trip_ms = 20.5;
  phone.loss = 2.0 / 3002;
  phone.burst_loss = 0.25;
  phone.burst_ms = 80;
  phone.concealed_ms = 40;
  phone.mos = 4.3;
  CdrLeg user{"edge", "user:alice", "opus", "AEAD_AES_128_GCM"};
  user.packets_in = 2999;
  cdr.legs = {phone, user};
  cdr.transcoded = true;
  cdr.cause = {200, 16, 0, 560000};
  cdr.ended_by = "caller";
  return cdr;
}

std::vector<json> records(const std::string& path) {
  std::ifstream in(path);
  std::vector<json> out;
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
  return out;
}

TEST(Cdr, has_every_documented_key) {
  const std::string line = to_json(talk("7f3a"));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const json record = json::parse(line);
  std::vector<std::string> keys;
  const auto ordered = nlohmann::ordered_json::parse(line);
  for (const auto& [key, value] : ordered.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("call_id", "started", "answered", "ended", "direction", "source",
                                "dialled", "normalised", "route", "caller_id_presented", "legs",
                                "transcoded", "cause", "ended_by"));
  EXPECT_EQ(record["started"], "2026-11-21T00:00:00.000Z");
  EXPECT_EQ(record["ended"], "2026-11-21T00:01:05.000Z");
  EXPECT_EQ(record["cause"], json({{"sip", 200}, {"q850", 16}, {"code", 0}, {"sub_code", 560000}}));
  EXPECT_EQ(record["legs"][0], json({{"kind", "sip"},
                                     {"party", "phone:101"},
                                     {"codec", "PCMU"},
                                     {"srtp", ""},
                                     {"packets_in", 3000},
                                     {"packets_lost", 2},
                                     {"jitter_ms", 1.235},
                                     {"round_trip_ms", 20.5},
                                     {"loss_percent", 0.067},
                                     {"burst_loss_percent", 25.0},
                                     {"burst_ms", 80.0},
                                     {"concealed_ms", 40.0},
                                     {"mos", 4.3}}));
  EXPECT_TRUE(record["legs"][1]["mos"].is_null());  // Unknown is not zero.
}

TEST(Cdr, a_call_that_nobody_answered_says_so) {
  Cdr cdr = talk("1");
  cdr.answered = {};
  EXPECT_TRUE(json::parse(to_json(cdr))["answered"].is_null());
}

TEST(Cdr, hostile_text_stays_one_line_of_json) {
  Cdr cdr = talk("1");
  cdr.dialled = "10\n1\"\xff\x01";
  const std::string line = to_json(cdr);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(json::parse(line)["dialled"].get<std::string>().substr(0, 5), "10\n1\"");
}

TEST(CdrWriter, appends_a_line_for_each_call) {
  test::ConfigFolder folder;
  Metrics metrics;
  const std::string path = folder.file("log/cdr.jsonl");  // The folder is made.
  for (int run = 0; run < 2; ++run) {
    auto writer = CdrWriter::open(path, metrics, Log{});
    ASSERT_TRUE(writer) << writer.error().detail;
    for (int i = 0; i < 100; ++i) (*writer)->record(talk(std::to_string(i)));
  }
  const auto lines = records(path);
  ASSERT_THAT(lines, SizeIs(200));
  EXPECT_EQ(lines[99]["call_id"], "99");
}

TEST(CdrWriter, goes_on_in_a_new_file_after_logrotate) {
  test::ConfigFolder folder;
  Metrics metrics;
  const std::string path = folder.file("cdr.jsonl");
  {
    auto writer = CdrWriter::open(path, metrics, Log{});
    ASSERT_TRUE(writer);
    (*writer)->record(talk("before"));
    std::filesystem::rename(path, path + ".1");
    (*writer)->reopen();
    (*writer)->record(talk("after"));
  }
  ASSERT_THAT(records(path + ".1"), SizeIs(1));
  EXPECT_EQ(records(path + ".1")[0]["call_id"], "before");
  ASSERT_THAT(records(path), SizeIs(1));
  EXPECT_EQ(records(path)[0]["call_id"], "after");
}

TEST(CdrWriter, a_path_that_cannot_be_written_is_an_error_at_start) {
  Metrics metrics;
  EXPECT_FALSE(CdrWriter::open("/proc/none/cdr.jsonl", metrics, Log{}));
}

TEST(CdrWriter, no_file_means_no_records) {
  Metrics metrics;
  auto writer = CdrWriter::open("", metrics, Log{});
  ASSERT_TRUE(writer);
  (*writer)->record(talk("1"));
}

TEST(CdrWriter, a_full_disk_is_survived) {
  Metrics metrics;
  auto writer = CdrWriter::open("/dev/full", metrics, Log{});
  ASSERT_TRUE(writer);
  (*writer)->record(talk("1"));
}

}  // namespace
}  // namespace gw::ops
