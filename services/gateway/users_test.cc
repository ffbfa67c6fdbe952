#include "services/gateway/users.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/sim_files.h"

namespace gannet::gateway {
namespace {

constexpr PasswordCost kLittle{.operations = 1, .memory_bytes = 8192};

TEST_CASE("Passwords are kept as Argon2id and told apart") {
  const std::string hash = HashPassword("correct horse", kLittle).value();
  CHECK(hash.starts_with("$argon2id$"));
  CHECK(VerifyPassword(hash, "correct horse"));
  CHECK_FALSE(VerifyPassword(hash, "correct horsf"));
  CHECK_FALSE(VerifyPassword(hash, ""));
  CHECK_FALSE(VerifyPassword("", "correct horse"));
  CHECK(HashPassword("correct horse", kLittle).value() != hash);
  const std::string a = MakePassword(), b = MakePassword();
  CHECK(a != b);
  CHECK(a.size() == 24);
}

TEST_CASE("Users are kept in a file of their owner only, and read again") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("d").ok());
  Users users(files, Users::PathIn("d"));
  CHECK(absl::IsNotFound(users.Load()));
  const base::Time now = base::FromUnixMillis(1'000);
  REQUIRE(users.Add("ann", Role::kRisk, "$argon2id$x", now).ok());
  CHECK(absl::IsAlreadyExists(users.Add("ann", Role::kViewer, "y", now)));
  CHECK(absl::IsInvalidArgument(users.Add("Ann B", Role::kViewer, "y", now)));
  CHECK(absl::IsInvalidArgument(users.Add("", Role::kViewer, "y", now)));
  CHECK(absl::IsNotFound(users.SetDisabled("bob", true)));
  REQUIRE(users.Consent("ann", 3, now).ok());
  CHECK(files.Mode("d/users.json").value() == 0600);
  Users again(files, Users::PathIn("d"));
  REQUIRE(again.Load().ok());
  REQUIRE(again.Find("ann") != nullptr);
  CHECK(again.Find("ann")->role == Role::kRisk);
  CHECK(again.Find("ann")->consent_version == 3);
  CHECK(again.Find("ann")->consent_time == now);
}

TEST_CASE("A file of users that is broken or open to others is refused and kept") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("d").ok());
  for (const char* text : {"", "{", "[]", "{\"format\":1}", "{\"format\":2,\"users\":[]}",
                           "{\"format\":1,\"users\":[{\"name\":\"a\"}]}",
                           "{\"format\":1,\"users\":[{\"name\":\"a\",\"role\":\"king\"}]}"}) {
    REQUIRE(files.WriteAtomically("d/users.json", text, 0600).ok());
    Users users(files, Users::PathIn("d"));
    CHECK(absl::IsDataLoss(users.Load()));
    CHECK(files.Read("d/users.json").value() == text);
  }
  REQUIRE(files.WriteAtomically("d/users.json", "{\"format\":1,\"users\":[]}", 0644).ok());
  Users users(files, Users::PathIn("d"));
  CHECK(absl::IsPermissionDenied(users.Load()));
}

}  // namespace
}  // namespace gannet::gateway
