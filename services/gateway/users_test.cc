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

TEST_CASE("What ends all sessions raises the generation of a user, and letting in again does not") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("d").ok());
  // As earlier builds wrote it.
  REQUIRE(files
              .WriteAtomically("d/users.json",
                               R"({"format":1,"users":[{"name":"ann","role":"risk","password":"x",
              "disabled":false,"created_ns":0,"consent_version":0,"consent_ns":0}]})",
                               0600)
              .ok());
  Users users(files, Users::PathIn("d"));
  REQUIRE(users.Load().ok());
  CHECK(users.Find("ann")->generation == 0);
  REQUIRE(users.SetDisabled("ann", true).ok());
  REQUIRE(users.SetDisabled("ann", true).ok());
  REQUIRE(users.SetDisabled("ann", false).ok());
  CHECK(users.Find("ann")->generation == 1);
  REQUIRE(users.SetPassword("ann", "y", /*own=*/true).ok());
  Users again(files, Users::PathIn("d"));
  REQUIRE(again.Load().ok());
  CHECK(again.Find("ann")->generation == 2);
}

TEST_CASE("Whom an admin added alone may not be the second of two people until confirmed") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("d").ok());
  Users users(files, Users::PathIn("d"));
  REQUIRE(users.Add("host", Role::kAdmin, "x", {}).ok());
  REQUIRE(users.Add("ann", Role::kRisk, "x", {}, "host").ok());
  REQUIRE(users.Add("bob", Role::kTrader, "x", {}, "host").ok());  // decides nothing anyway
  CHECK(users.MayBeSecond("host").ok());
  CHECK(users.MayBeSecond("bob").ok());
  CHECK(absl::IsFailedPrecondition(users.MayBeSecond("ann")));
  CHECK(absl::IsNotFound(users.MayBeSecond("eve")));

  CHECK(absl::IsFailedPrecondition(users.Confirm("ann")));  // host has seen the password
  REQUIRE(users.SetPassword("ann", "y", /*own=*/true).ok());
  REQUIRE(users.SetPassword("ann", "z", /*own=*/false).ok());  // and whoever reset it this one
  CHECK(absl::IsFailedPrecondition(users.Confirm("ann")));
  REQUIRE(users.SetPassword("ann", "w", /*own=*/true).ok());
  Users again(files, Users::PathIn("d"));
  REQUIRE(again.Load().ok());
  CHECK(absl::IsFailedPrecondition(again.MayBeSecond("ann")));
  REQUIRE(again.Confirm("ann").ok());
  REQUIRE(users.Load().ok());
  CHECK(users.MayBeSecond("ann").ok());
}

TEST_CASE("Consent that was heard outlasts a file that does not tell of it") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("d").ok());
  Users elsewhere(files, Users::PathIn("d"));
  REQUIRE(elsewhere.Add("ann", Role::kTrader, "x", {}).ok());
  Users users(files, Users::PathIn("d"));
  REQUIRE(users.Load().ok());
  const base::Time time = base::FromUnixMillis(1'000);
  users.HearConsent("ann", 1, time);
  users.HearConsent("bob", 1, time);  // whom the file does not know yet
  CHECK(users.Find("ann")->consent_version == 1);
  REQUIRE(elsewhere.Add("bob", Role::kTrader, "x", {}).ok());
  REQUIRE(users.Load().ok());
  users.HearConsent("ann", 0, {});  // an older one changes nothing
  for (const char* name : {"ann", "bob"}) {
    CHECK(users.Find(name)->consent_version == 1);
    CHECK(users.Find(name)->consent_time == time);
  }
  for (size_t i = 0; i < Users::kMaxHeard + 10; ++i)
    users.HearConsent("u" + std::to_string(i), 1, time);
  CHECK(users.Find("ann")->consent_version == 1);
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
