#include "mock_server/site/site.hpp"

#include <gmock/gmock.h>

namespace farebench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(decode_form, reads_names_and_values_in_order) {
  EXPECT_THAT(decode_form("a=1&b=two&a=3").value(),
              ElementsAre(Pair("a", "1"), Pair("b", "two"), Pair("a", "3")));
}

TEST(decode_form, decodes_plus_and_percent_in_names_and_values) {
  EXPECT_THAT(decode_form("x%3Dy=1+2%2b%C5%BD&d=01%2E03%2E26").value(),
              ElementsAre(Pair("x=y", "1 2+\u017d"), Pair("d", "01.03.26")));
}

TEST(decode_form, takes_what_is_missing_as_empty) {
  EXPECT_THAT(decode_form("").value(), IsEmpty());
  EXPECT_THAT(decode_form("&&").value(), IsEmpty());
  EXPECT_THAT(decode_form("a&=b&c=&d=e=f").value(),
              ElementsAre(Pair("a", ""), Pair("", "b"), Pair("c", ""), Pair("d", "e=f")));
}

TEST(decode_form, refuses_bad_percent_encoding_and_says_where) {
  for (const char* body :
       {"a=1&b=%", "a=1&b=%4", "a=1&b=%4g", "a=1&b=% 41", "a=1&b=%+1", "a=1&b=%-1", "a=1&%zz=1"}) {
    const auto fields = decode_form(body);
    ASSERT_FALSE(fields) << body;
    EXPECT_THAT(fields.error(), HasSubstr("form field 2"));
  }
}

}  // namespace
}  // namespace farebench
