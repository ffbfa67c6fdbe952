#include "apps/gannet/crashes_command.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "libs/base/sim_files.h"
#include "libs/runtime/crash_report.h"

namespace gannet::app {
namespace {

constexpr char kReport[] =
    R"({"program":"risk","build":"0.1.0+ab12","signal":"SIGSEGV","time":1700000000,"pid":7,"host":"desk-7","frames":[)"
    R"({"module":"risk","build_id":"00112233445566778899aabbccddeeff01234567","offset":"0x10"},)"
    R"({"module":"libc.so.6","build_id":"ffeeddccbbaa99887766554433221100aaaaaaaa","offset":"0x20"},)"
    R"({"module":"","build_id":"","offset":"0x0"}]})"
    "\n";

TEST_CASE("A DSN is taken apart, over TLS beyond loopback, and never repeated") {
  const auto dsn = ParseDsn("https://0123abcd@errors.example:8443/sub/42");
  REQUIRE(dsn.ok());
  CHECK(dsn->base == "https://errors.example:8443/sub");
  CHECK(dsn->key == "0123abcd");
  CHECK(dsn->project == "42");
  CHECK(ParseDsn("http://abc@127.0.0.1:9000/1").ok());
  for (const char* bad :
       {"", "nowhere", "https://errors.example/1", "https://@errors.example/1",
        "https://hidden@errors.example", "https://hidden@errors.example/",
        "https://hidden@errors.example/seven", "http://hidden@errors.example/1",
        "http://hidden@127.0.0.1.example/1", "https://hid\"den@errors.example/1"}) {
    INFO(bad);
    const auto refused = ParseDsn(bad);
    CHECK_FALSE(refused.ok());
    CHECK(refused.status().message().find("hidden") == absl::string_view::npos);
  }
}

TEST_CASE("A report becomes an envelope of known fields and nothing else") {
  const auto envelope = CrashEnvelope(kReport, "feed", "test");
  REQUIRE(envelope.ok());
  std::istringstream lines(*envelope);
  std::string head, item, event;
  std::getline(lines, head);
  std::getline(lines, item);
  std::getline(lines, event);
  CHECK(nlohmann::json::parse(head).at("event_id") == "feed");
  CHECK(nlohmann::json::parse(item).at("length") == event.size());
  const auto json = nlohmann::json::parse(event);
  CHECK(json.at("release") == "gannet@0.1.0+ab12");
  CHECK(json.at("level") == "fatal");
  const auto& values = json.at("exception").at("values").at(0);
  CHECK(values.at("type") == "SIGSEGV");
  const auto& frames = values.at("stacktrace").at("frames");
  REQUIRE(frames.size() == 3);
  CHECK(frames.at(2).at("instruction_addr") == "0x10");  // what died comes last
  CHECK(frames.at(2).at("addr_mode") == "rel:0");
  CHECK_FALSE(frames.at(0).contains("addr_mode"));
  const auto& images = json.at("debug_meta").at("images");
  REQUIRE(images.size() == 2);
  CHECK(images.at(0).at("debug_id") == "33221100-5544-7766-8899-aabbccddeeff");
  CHECK(envelope->find("desk-7") == std::string::npos);
  for (const char* bad :
       {"", "{", "[]", "{}", R"({"program":1})", R"({"program":"a","build":"b"})"})
    CHECK_FALSE(CrashEnvelope(bad, "feed", "test").ok());
}

TEST_CASE("Reports of a folder are listed, and one that is none is named") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("d").ok());
  std::ostringstream out, err;
  CrashesOptions options;
  options.data_dir = "d";
  CHECK(ListCrashes(options, {files, out, err}) == 0);
  CHECK(out.str() == "no process on d has died of a fault\n");
  REQUIRE(files.WriteAtomically(runtime::CrashReportPath("d", 0), kReport).ok());
  REQUIRE(files.WriteAtomically(runtime::CrashReportPath("d", 3), "half").ok());
  out.str("");
  CHECK(ListCrashes(options, {files, out, err}) == 1);
  CHECK(out.str().find("risk 0.1.0+ab12 died of SIGSEGV") != std::string::npos);
  CHECK(out.str().find("    libc.so.6 0x20\n") != std::string::npos);
  CHECK(err.str().find("d/crash-3.json is no crash report") != std::string::npos);
}

}  // namespace
}  // namespace gannet::app
