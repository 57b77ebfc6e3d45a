#include "gateway/policy/user_codecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::policy {
namespace {

using config::RouteMedia;
using enum media::Codec;
using testing::ElementsAre;

TEST(UserCodecs, auto_takes_what_the_other_party_speaks_and_else_opus) {
  EXPECT_THAT(codecs_for_user(RouteMedia::Auto, Pcmu), ElementsAre(Pcmu, Opus, G722, Pcma));
  EXPECT_THAT(codecs_for_user(RouteMedia::Auto, Pcma), ElementsAre(Pcma, Opus, G722, Pcmu));
  EXPECT_THAT(codecs_for_user(RouteMedia::Auto, G722), ElementsAre(G722, Opus, Pcmu, Pcma));
  EXPECT_THAT(codecs_for_user(RouteMedia::Auto, Opus), ElementsAre(Opus, G722, Pcmu, Pcma));
  EXPECT_THAT(codecs_for_user(RouteMedia::Auto, std::nullopt), ElementsAre(Opus, G722, Pcmu, Pcma));
}

TEST(UserCodecs, opus_is_opus_whatever_the_other_party_speaks) {
  for (const media::Codec other : {Pcmu, Pcma, G722, Opus}) {
    EXPECT_EQ(Opus, codecs_for_user(RouteMedia::Opus, other).front());
  }
}

TEST(UserCodecs, g711_is_the_other_partys_law) {
  EXPECT_THAT(codecs_for_user(RouteMedia::G711, Pcma), ElementsAre(Pcma, Opus, G722, Pcmu));
  EXPECT_THAT(codecs_for_user(RouteMedia::G711, Pcmu), ElementsAre(Pcmu, Pcma, Opus, G722));
  EXPECT_THAT(codecs_for_user(RouteMedia::G711, G722), ElementsAre(Pcmu, Pcma, Opus, G722));
}

}  // namespace
}  // namespace gw::policy
