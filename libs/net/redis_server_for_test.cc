#include "libs/net/redis_server_for_test.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "libs/base/check.h"

namespace gannet::net {
namespace {

constexpr int kNotInstalled = 4;

std::string Quote(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string FirstWord(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

}  // namespace

RedisServerForTest::RedisServerForTest()
    : folder_(std::filesystem::temp_directory_path().string() + "/gannet-redis-XXXXXX") {
  GANNET_CHECK(::mkdtemp(folder_.data()) != nullptr, "no temporary folder for the test");
}

std::unique_ptr<RedisServerForTest> RedisServerForTest::Start(std::vector<std::string> arguments) {
  std::unique_ptr<RedisServerForTest> server(new RedisServerForTest());
  server->tls_ = std::find(arguments.begin(), arguments.end(), "--tls") != arguments.end();
  server->arguments_ = std::move(arguments);
  server->arguments_.insert(server->arguments_.end(), {"--watch", std::to_string(::getpid())});
  std::vector<std::string> start = {"start"};
  start.insert(start.end(), server->arguments_.begin(), server->arguments_.end());
  const int code = server->Run(start);
  if (code == kNotInstalled) return nullptr;
  GANNET_CHECK(code == 0, "tools/redis-dev start failed; see above");
  return server;
}

RedisServerForTest::~RedisServerForTest() {
  (void)Run({"stop", "--wipe"});
  ::rmdir(folder_.c_str());
}

RedisOptions RedisServerForTest::Options() const {
  RedisOptions options;
  options.host = tls_ ? "localhost" : "127.0.0.1";
  options.port = static_cast<uint16_t>(std::stoi(FirstWord(folder() + "/port")));
  options.password = [file = folder() + "/password"] {
    return absl::StatusOr<std::string>(FirstWord(file));
  };
  if (tls_) options.root_certificate = folder() + "/ca.pem";
  // A busy machine is no outage.
  options.timeout = std::chrono::seconds(20);
  options.connect_timeout = std::chrono::seconds(20);
  return options;
}

int RedisServerForTest::pid() const { return std::stoi(FirstWord(folder() + "/pid")); }

void RedisServerForTest::Stop() { GANNET_CHECK(Run({"stop"}) == 0, "tools/redis-dev stop failed"); }

void RedisServerForTest::StartAgain() {
  std::vector<std::string> start = {"start"};
  start.insert(start.end(), arguments_.begin(), arguments_.end());
  GANNET_CHECK(Run(start) == 0, "tools/redis-dev start failed");
}

std::string RedisServerForTest::Cli(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {"cli"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::string output;
  GANNET_CHECK(Run(all, &output) == 0, "redis-cli failed; see above");
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

int RedisServerForTest::Run(std::vector<std::string> arguments, std::string* output) const {
  std::string command = "tools/redis-dev " + arguments[0] + " --dir " + Quote(folder());
  for (size_t i = 1; i < arguments.size(); ++i) command += " " + Quote(arguments[i]);
  std::FILE* pipe = ::popen(command.c_str(), "re");
  GANNET_CHECK(pipe != nullptr, "a shell starts");
  std::array<char, 4096> bytes;
  std::string text;
  for (size_t got; (got = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;)
    text.append(bytes.data(), got);
  const int status = ::pclose(pipe);
  if (output != nullptr) *output = std::move(text);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace gannet::net
