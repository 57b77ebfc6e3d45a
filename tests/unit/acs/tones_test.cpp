#include "acs/identity/tones.h"

#include <gtest/gtest.h>

namespace gw::acs {
namespace {

TEST(Tones, each_key_has_azure_s_word_and_comes_back_from_it) {
  for (const char key : std::string_view("0123456789ABCD#*")) {
    EXPECT_EQ(key_of_tone(tone_of_key(key)), key);
  }
  EXPECT_EQ(tone_of_key('#'), "pound");
  EXPECT_EQ(tone_of_key('!'), "");
  EXPECT_EQ(key_of_tone("Five"), std::nullopt) << "Azure's words are in small letters";
  EXPECT_EQ(key_of_tone("star"), std::nullopt);
}

TEST(Tones, streams_spell_keys_in_many_ways) {
  const std::pair<const char*, char> table[] = {
      {"zero", '0'}, {"Nine", '9'}, {"5", '5'}, {"pound", '#'}, {"hash", '#'}, {"number", '#'},
      {"#", '#'},    {"STAR", '*'}, {"*", '*'}, {"a", 'A'},     {"D", 'D'},    {"asterisk", '*'}};
  for (const auto& [text, key] : table) EXPECT_EQ(key_of_any_spelling(text), key) << text;
  for (const char* none : {"", "E", "flash", "55", "asterisks", "x"}) {
    EXPECT_EQ(key_of_any_spelling(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace gw::acs
