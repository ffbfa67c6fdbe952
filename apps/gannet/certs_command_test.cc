#include "apps/gannet/certs_command.h"

#include <catch2/catch_test_macros.hpp>
#include <sstream>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"
#include "libs/net/authority.h"
#include "libs/net/certificate.h"

namespace gannet::app {
namespace {

struct Fixture {
  base::TempDirForTest folder;
  base::PosixFiles files;
  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  CertsOptions options;
  std::ostringstream out;
  Fixture() { options.dir = folder / "certs"; }
  std::string Read(const std::string& name) { return *files.Read(options.dir + "/" + name); }
  int Mode(const std::string& name) { return *files.Mode(options.dir + "/" + name) & 0777; }
};

TEST_CASE("An authority signs certificates of services that TLS takes") {
  Fixture f;
  REQUIRE(MakeCerts(f.options, f.files, f.clock, f.out).ok());
  f.options.services = {"risk", "gateway"};
  f.options.names = {"*.trading.svc", "10.1.2.3"};
  REQUIRE(IssueCerts(f.options, f.files, f.clock, f.out).ok());
  CHECK(f.Mode("ca.key") == 0600);
  CHECK(f.Mode("risk/tls.key") == 0600);
  CHECK(f.Mode("risk/tls.crt") == 0644);
  const auto facts = net::ReadFacts(f.Read("risk/tls.crt"));
  REQUIRE(facts.ok());
  CHECK(facts->subject == "risk");
  CHECK(facts->issuer == "gannet development");
  CHECK(facts->names == std::vector<std::string>{"risk", "localhost", "127.0.0.1", "::1",
                                                 "*.trading.svc", "10.1.2.3"});
  CHECK_FALSE(facts->authority);
  CHECK(net::IsSignedBy(f.Read("risk/tls.crt"), f.Read("ca.crt")));
  CHECK(net::ReadFacts(f.Read("ca.crt"))->authority);
  CHECK(f.Read("risk/tls.crt") != f.Read("gateway/tls.crt"));
  CHECK(net::ReadCertificate({.certificate = f.options.dir + "/risk/tls.crt",
                              .key = f.options.dir + "/risk/tls.key",
                              .client_ca = f.options.dir + "/risk/ca.crt"},
                             f.clock.Now())
            .ok());
  REQUIRE(ShowCerts(f.options, f.files, f.clock, f.out).ok());
}

TEST_CASE("Nothing is overwritten") {
  Fixture f;
  f.options.services = {"risk"};
  CHECK(absl::IsFailedPrecondition(IssueCerts(f.options, f.files, f.clock, f.out)));
  REQUIRE(MakeCerts(f.options, f.files, f.clock, f.out).ok());
  REQUIRE(IssueCerts(f.options, f.files, f.clock, f.out).ok());
  const std::string authority = f.Read("ca.key"), key = f.Read("risk/tls.key");
  CHECK(absl::IsAlreadyExists(MakeCerts(f.options, f.files, f.clock, f.out)));
  f.options.services = {"gateway", "risk"};
  CHECK(absl::IsAlreadyExists(IssueCerts(f.options, f.files, f.clock, f.out)));
  CHECK_FALSE(f.files.Exists(f.options.dir + "/gateway"));  // all or none
  CHECK(f.Read("ca.key") == authority);
  CHECK(f.Read("risk/tls.key") == key);
}

TEST_CASE("What ends soon is renewed under its names, the rest is kept") {
  Fixture f;
  REQUIRE(MakeCerts(f.options, f.files, f.clock, f.out).ok());
  f.options.services = {"risk"};
  f.options.names = {"risk.desk.example"};
  REQUIRE(IssueCerts(f.options, f.files, f.clock, f.out).ok());
  const std::string first = f.Read("risk/tls.crt");
  f.options.services.clear();
  f.options.names.clear();
  REQUIRE(RenewCerts(f.options, f.files, f.clock, f.out).ok());
  CHECK(f.Read("risk/tls.crt") == first);
  f.clock.RunFor(std::chrono::hours(24 * 61));
  REQUIRE(RenewCerts(f.options, f.files, f.clock, f.out).ok());
  CHECK(f.Read("risk/tls.crt") != first);
  const auto facts = net::ReadFacts(f.Read("risk/tls.crt"));
  CHECK(facts->names.back() == "risk.desk.example");
  CHECK(facts->until > f.clock.Now() + std::chrono::hours(24 * 89));
  CHECK(net::IsSignedBy(f.Read("risk/tls.crt"), f.Read("ca.crt")));
  CHECK(f.Mode("risk/tls.key") == 0600);
  f.clock.RunFor(std::chrono::hours(24 * 91));
  f.out.str("");
  CHECK(absl::IsFailedPrecondition(ShowCerts(f.options, f.files, f.clock, f.out)));
  CHECK(f.out.str().find("HAS ENDED") != std::string::npos);
}

TEST_CASE("What is no name, no folder or no authority is refused") {
  Fixture f;
  REQUIRE(MakeCerts(f.options, f.files, f.clock, f.out).ok());
  for (const char* name : {"../risk", "", "Risk", "-risk", "a/b"}) {
    f.options.services = {name};
    INFO(name);
    CHECK(absl::IsInvalidArgument(IssueCerts(f.options, f.files, f.clock, f.out)));
  }
  f.options.services = {"risk"};
  for (const char* name :
       {"a b", "a,DNS:evil.example", "", "a..b", "-a.b", "*.*.a", "1.2.3.4.5x,"}) {
    f.options.names = {name};
    INFO(name);
    CHECK(absl::IsInvalidArgument(IssueCerts(f.options, f.files, f.clock, f.out)));
  }
  f.options.names.clear();
  f.options.days = 5000;  // longer than the authority
  const absl::Status late = IssueCerts(f.options, f.files, f.clock, f.out);
  CHECK(late.message().find("before the certificate would") != std::string_view::npos);
  f.options.days = 90;
  CHECK(IssueCerts(f.options, f.files, f.clock, f.out).ok());
  const auto other = net::MakeAuthority("other", f.clock.Now(), std::chrono::hours(24));
  REQUIRE(f.files.WriteAtomically(f.options.dir + "/ca.key", other->key, 0600).ok());
  f.options.services = {"gateway"};
  CHECK(absl::IsInvalidArgument(IssueCerts(f.options, f.files, f.clock, f.out)));
  REQUIRE(f.files.WriteAtomically(f.options.dir + "/ca.crt", other->certificate, 0644).ok());
  f.options.services.clear();
  f.out.str("");
  CHECK_FALSE(ShowCerts(f.options, f.files, f.clock, f.out).ok());
  CHECK(f.out.str().find("OF ANOTHER AUTHORITY") != std::string::npos);
}

}  // namespace
}  // namespace gannet::app
