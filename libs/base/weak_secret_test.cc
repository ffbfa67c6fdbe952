#include "libs/base/weak_secret.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/digest.h"

namespace gannet::base {
namespace {

TEST_CASE("A secret that is short, uniform or well known is weak, and is not repeated") {
  for (const char* weak :
       {"", "hunter2", "elevenchars", "aaaaaaaaaaaaaaaa", "121212121212", "changeme1234",
        "Password2024!", "P@ssw0rd-1234", "secretsecretsecret", "gannet-123456", "POSTGRES_2025",
        "administrator", "passwordpassword", "kafka-password-1", "supersecret.1"}) {
    INFO(weak);
    const std::string why(WhyWeak(weak));
    CHECK_FALSE(why.empty());
    CHECK((std::string_view(weak).empty() || why.find(weak) == std::string::npos));
  }
}

TEST_CASE("Random secrets and phrases are not weak") {
  for (int i = 0; i < 1000; ++i) {
    CHECK(WhyWeak(Hex(RandomBytes(12))).empty());
    CHECK(WhyWeak(Base64Url(RandomBytes(12))).empty());
  }
  for (const char* good :
       {"a-secret-that-nobody-may-see", "what-the-guest-says", "second-one-of-two"}) {
    INFO(good);
    CHECK(WhyWeak(good).empty());
  }
}

}  // namespace
}  // namespace gannet::base
