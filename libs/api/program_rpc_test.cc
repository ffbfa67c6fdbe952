#include "libs/api/program_rpc.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "libs/api/ports.h"
#include "libs/base/concat.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::api {
namespace {

TEST_CASE("Every program has a port of its own, as docs/rpc.md says") {
  std::ifstream in("docs/rpc.md");
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::set<uint16_t> ports;
  for (const ProgramPort& row : kProgramPorts) {
    CAPTURE(row.program);
    CHECK(ports.insert(row.port).second);
    // Below the ports that Linux hands out (net.ipv4.ip_local_port_range).
    CHECK(row.port < 32'768);
    CHECK(page.find(base::Concat({"| ", row.program, " | ", std::to_string(row.port), " |"})) !=
          std::string::npos);
  }
  CHECK(DefaultAddress("risk") == "127.0.0.1:7105");
  CHECK(DefaultAddress("nobody").empty());
}

TEST_CASE("The flag goes before the file, the file before the table") {
  base::TempDirForTest folder;
  base::PosixFiles files;
  runtime::ServiceFlags flags;
  flags.name = "risk";
  CHECK(ProgramRpcConfig(flags, files)->address == "127.0.0.1:7105");
  flags.rpc_file = folder.path() + "/rpc.yaml";
  REQUIRE(
      files
          .WriteAtomically(flags.rpc_file,
                           "address: 10.0.0.1:9\n"
                           "tls: {certificate: c.pem, key: /etc/k.pem}\n"
                           "people:\n"
                           "  - {name: ann, rights: [read, risk], token_sha256: "
                           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}\n")
          .ok());
  const auto config = ProgramRpcConfig(flags, files);
  INFO(config.status().ToString());
  REQUIRE(config.ok());
  CHECK(config->address == "10.0.0.1:9");
  CHECK(config->tls.certificate == folder.path() + "/c.pem");
  CHECK(config->tls.key == "/etc/k.pem");
  REQUIRE(config->tokens.size() == 1);
  CHECK(config->tokens.begin()->second.person == "ann");
  CHECK(rpc::Allows(config->tokens.begin()->second.rights, rpc::Right::kRisk));
  CHECK_FALSE(rpc::Allows(config->tokens.begin()->second.rights, rpc::Right::kTrade));
  flags.rpc_address = "127.0.0.1:1";
  CHECK(ProgramRpcConfig(flags, files)->address == "127.0.0.1:1");
  flags.rpc_address = kNoPort;
  CHECK(ProgramRpcConfig(flags, files)->address.empty());
}

TEST_CASE("What would let strangers in, or says nothing, is refused") {
  base::TempDirForTest folder;
  base::PosixFiles files;
  runtime::ServiceFlags flags;
  flags.name = "risk";
  flags.rpc_address = "0.0.0.0:1";
  CHECK(ProgramRpcConfig(flags, files).status().code() == absl::StatusCode::kInvalidArgument);
  flags.rpc_address = "localhost";
  CHECK_FALSE(ProgramRpcConfig(flags, files).ok());
  flags.rpc_address = "";
  flags.rpc_file = folder.path() + "/rpc.yaml";
  CHECK_FALSE(ProgramRpcConfig(flags, files).ok());  // not there
  for (const char* text : {"address: 0.0.0.0:1\n", "people: [{name: ann, rights: [fly]}]\n",
                           "people: [{name: ann, rights: [read], token_sha256: abc}]\n",
                           "tls: {certificate: c.pem}\n"}) {
    CAPTURE(text);
    REQUIRE(files.WriteAtomically(flags.rpc_file, text).ok());
    CHECK_FALSE(ProgramRpcConfig(flags, files).ok());
  }
}

}  // namespace
}  // namespace gannet::api
