#include "libs/runtime/flags.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "libs/base/sim_files.h"

namespace gannet::runtime {
namespace {

struct Settings {
  int64_t port = 1;
};
void Read(config::Section& in, Settings& out) {
  in.Optional("port", out.port, config::Between(0, 10));
}

std::optional<Ending> Parse(ServiceFlags& flags, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "gannet-test");
  return ParseFlags(static_cast<int>(arguments.size()), arguments.data(), flags);
}

TEST_CASE("Service flags are read over the defaults of main") {
  ServiceFlags flags{.name = "test", .about = "A test.", .data_dir = "/default"};
  CHECK(!Parse(flags, {}).has_value());
  CHECK(flags.data_dir == "/default");
  CHECK(!Parse(flags, {"--data", "/d", "--fresh", "--log-level", "warning", "--config", "c.yaml"})
             .has_value());
  const ProcessOptions options = OptionsOf(flags);
  CHECK(options.name == "test");
  CHECK(options.data_dir == "/d");
  CHECK(options.fresh);
  CHECK(options.log_level == telemetry::Level::kWarning);
  CHECK(options.build_id == BuildId());
}

TEST_CASE("Service flags: help and version end with 0, mistakes with 2 and what is wrong") {
  ServiceFlags flags{.name = "test", .about = "Does what a test does."};
  const auto help = Parse(flags, {"--help"});
  REQUIRE(help.has_value());
  CHECK(help->code == 0);
  CHECK(help->text.find("Does what a test does.") != std::string::npos);
  CHECK(help->text.find("--check-config") != std::string::npos);
  CHECK(Parse(flags, {"--version"})->text == BuildId() + "\n");
  CHECK(Parse(flags, {"--nonsense"})->code == kExitBadUsage);
  CHECK(Parse(flags, {"--log-level", "loud"})->code == kExitBadUsage);
  const auto no_data = Parse(flags, {});
  REQUIRE(no_data.has_value());
  CHECK(no_data->code == kExitBadUsage);
  CHECK(no_data->text.find("--data") != std::string::npos);
}

TEST_CASE("An RPC address is a host and a port, and its flag is named when it is none") {
  ServiceFlags flags{.name = "test", .data_dir = "/d"};
  for (const char* good : {"127.0.0.1:0", "[::1]:65535", "0.0.0.0:7105", "off"}) {
    CAPTURE(good);
    CHECK(!Parse(flags, {"--rpc-address", good}).has_value());
  }
  for (const char* bad :
       {"127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:", ":1", "127.0.0.1", "1"}) {
    CAPTURE(bad);
    const auto ending = Parse(flags, {"--rpc-address", bad});
    REQUIRE(ending.has_value());
    CHECK(ending->code == kExitBadUsage);
    CHECK(ending->text.find("--rpc-address") != std::string::npos);
    CHECK(ending->text.find("0 to 65535") != std::string::npos);
  }
}

TEST_CASE("--check-config looks at what the start reads beside the configuration") {
  ServiceFlags flags{.name = "test", .data_dir = "/d"};
  const auto broken = [] { return absl::PermissionDeniedError("others may read key.pem"); };
  CHECK(!CheckConfig(flags, absl::OkStatus(), broken).has_value());  // the start itself says it
  flags.check_config = true;
  const auto ending = CheckConfig(flags, absl::OkStatus(), broken);
  REQUIRE(ending.has_value());
  CHECK(ending->code == kExitBadUsage);
  CHECK(ending->text.find("others may read key.pem") != std::string::npos);
  // Not of a configuration that cannot be used.
  const auto first = CheckConfig(flags, absl::InvalidArgumentError("no such key"), broken);
  CHECK(first->text.find("key.pem") == std::string::npos);
}

TEST_CASE("One of several has a stream of its own, and the first that of one alone") {
  const auto stream = [](std::vector<const char*> arguments) {
    ServiceFlags flags{.name = "test", .data_dir = "/d", .numbered = true};
    REQUIRE(!Parse(flags, std::move(arguments)).has_value());
    return OptionsOf(flags).shard;
  };
  CHECK(stream({"--bus", "b"}) == "test");
  CHECK(stream({"--bus", "b", "--replica", "0"}) == "test");
  CHECK(stream({"--bus", "b", "--replica", "7"}) == "test-7");
  ServiceFlags several{.name = "test", .data_dir = "/d", .numbered = true};
  const auto alone = Parse(several, {"--replica", "1"});
  REQUIRE(alone.has_value());
  CHECK(alone->code == kExitBadUsage);
  CHECK(alone->text.find("--bus") != std::string::npos);
  CHECK(Parse(several, {"--bus", "b", "--replica", "-1"})->code == kExitBadUsage);
  CHECK(Parse(several, {"--bus", "b", "--replica", "1000"})->code == kExitBadUsage);
  ServiceFlags single{.name = "test", .data_dir = "/d"};
  CHECK(Parse(single, {"--bus", "b", "--replica", "1"})->code == kExitBadUsage);
}

TEST_CASE("LoadConfig reads the file strictly and remembers its hash") {
  base::SimFiles files;
  ServiceFlags flags;
  CHECK(LoadConfig<Settings>(flags, files, Read)->port == 1);
  CHECK(flags.config_hash.empty());
  flags.config_file = "c.yaml";
  CHECK(absl::IsNotFound(LoadConfig<Settings>(flags, files, Read).status()));
  REQUIRE(files.WriteAtomically("c.yaml", "port: 7\n").ok());
  CHECK(LoadConfig<Settings>(flags, files, Read)->port == 7);
  CHECK(flags.config_hash == base::Hex(base::Sha256("port: 7\n")));
  CHECK(!CheckConfig(flags, absl::OkStatus()).has_value());
  REQUIRE(files.WriteAtomically("c.yaml", "prot: 7\n").ok());
  const auto bad = CheckConfig(flags, LoadConfig<Settings>(flags, files, Read).status());
  REQUIRE(bad.has_value());
  CHECK(bad->code == kExitBadUsage);
  CHECK(bad->text.find("c.yaml:1: prot") != std::string::npos);
  flags.check_config = true;
  CHECK(CheckConfig(flags, absl::OkStatus())->code == 0);
}

TEST_CASE("BuildId names version and program") {
  CHECK(BuildId().find('+') != std::string::npos);
  CHECK(BuildId().find("unknown") == std::string::npos);
}

}  // namespace
}  // namespace gannet::runtime
