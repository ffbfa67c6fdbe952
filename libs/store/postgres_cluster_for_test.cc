#include "libs/store/postgres_cluster_for_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "libs/base/check.h"

namespace gannet::store {
namespace {

constexpr int kNotInstalled = 4;

std::string Quote(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The value of "key: value" in the section that postgres-dev prints.
std::string ValueOf(const std::string& section, const std::string& key) {
  std::istringstream lines(section);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find(key + ": ");
    if (at != std::string::npos) return line.substr(at + key.size() + 2);
  }
  return std::string();
}

// In memory where there is room for it: the disk may be busy with other things.
std::string InMemory() {
  constexpr uint64_t kRoom = uint64_t{1} << 30;
  struct statvfs memory {};
  if (::statvfs("/dev/shm", &memory) == 0 && memory.f_bavail * memory.f_frsize >= kRoom &&
      ::access("/dev/shm", W_OK) == 0)
    return "/dev/shm";
  return std::filesystem::temp_directory_path().string();
}

}  // namespace

PostgresClusterForTest::PostgresClusterForTest(const std::string& place)
    : folder_(place + "/gannet-pg-XXXXXX") {
  GANNET_CHECK(::mkdtemp(folder_.data()) != nullptr, "no temporary folder for the test");
  // The server may run as another user, whose folder is inside this one.
  ::chmod(folder_.c_str(), 0711);
}

std::unique_ptr<PostgresClusterForTest> PostgresClusterForTest::Start(
    std::vector<std::string> arguments) {
  // Crashes of the server are tested, not of the machine: no need to wait for disks.
  arguments.insert(arguments.end(), {"--set", "fsync=off"});
  return StartIn(InMemory(), std::move(arguments));
}

std::unique_ptr<PostgresClusterForTest> PostgresClusterForTest::StartDurable() {
  return StartIn(std::filesystem::temp_directory_path().string(), {});
}

std::unique_ptr<PostgresClusterForTest> PostgresClusterForTest::StartIn(
    const std::string& place, std::vector<std::string> arguments) {
  std::unique_ptr<PostgresClusterForTest> cluster(new PostgresClusterForTest(place));
  cluster->arguments_ = std::move(arguments);
  cluster->arguments_.insert(cluster->arguments_.end(), {"--watch", std::to_string(::getpid())});
  std::vector<std::string> start = {"start"};
  start.insert(start.end(), cluster->arguments_.begin(), cluster->arguments_.end());
  std::string section;
  const int code = cluster->Run(start, &section);
  if (code == kNotInstalled) return nullptr;
  GANNET_CHECK(code == 0, "tools/postgres-dev start failed; see above");
  cluster->ReadSection(section);
  return cluster;
}

std::unique_ptr<PostgresClusterForTest> PostgresClusterForTest::StartStandby(
    const PostgresClusterForTest& of) {
  std::unique_ptr<PostgresClusterForTest> cluster(new PostgresClusterForTest(InMemory()));
  std::string section;
  const int code = cluster->Run(
      {"standby", "--of", of.folder(), "--port", "0", "--watch", std::to_string(::getpid())},
      &section);
  GANNET_CHECK(code == 0, "tools/postgres-dev standby failed; see above");
  cluster->ReadSection(section);
  return cluster;
}

PostgresClusterForTest::~PostgresClusterForTest() {
  (void)Run({"stop", "--mode", "immediate", "--wipe"});
  ::rmdir(folder_.c_str());
}

void PostgresClusterForTest::ReadSection(const std::string& section) {
  const std::string hosts = ValueOf(section, "hosts");  // ["…"]
  GANNET_CHECK(hosts.size() > 4, "tools/postgres-dev prints a store section");
  const auto host = ParsePostgresHost(hosts.substr(2, hosts.size() - 4));
  GANNET_CHECK(host.ok(), "tools/postgres-dev prints a host");
  options_.hosts = {*host};
  options_.user = ValueOf(section, "user");
  options_.password_file = ValueOf(section, "password_file");
  options_.root_certificate = ValueOf(section, "root_certificate");
}

PostgresOptions PostgresClusterForTest::NewDatabase() {
  const std::string name = "test_" + std::to_string(++databases_);
  Psql("postgres", "CREATE DATABASE " + name);
  return Options(name);
}

PostgresOptions PostgresClusterForTest::Options(const std::string& database) const {
  PostgresOptions options = options_;
  options.database = database;
  return options;
}

int PostgresClusterForTest::pid() const {
  std::ifstream file(folder() + "/data/postmaster.pid");
  int pid = 0;
  file >> pid;
  return pid;
}

std::string PostgresClusterForTest::log() const {
  std::ifstream file(folder() + "/log");
  return {std::istreambuf_iterator<char>(file), {}};
}

void PostgresClusterForTest::Stop(const std::string& mode) {
  GANNET_CHECK(Run({"stop", "--mode", mode}) == 0, "tools/postgres-dev stop failed");
}

void PostgresClusterForTest::StartAgain(const std::vector<std::string>& settings) {
  std::vector<std::string> start = {"start", "--port", std::to_string(options_.hosts[0].port)};
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i] == "--port") {
      ++i;
    } else {
      start.push_back(arguments_[i]);
    }
  }
  for (const std::string& setting : settings) start.insert(start.end(), {"--set", setting});
  if (options_.hosts[0].name.starts_with('/')) start.erase(start.begin() + 1, start.begin() + 3);
  GANNET_CHECK(Run(start) == 0, "tools/postgres-dev start failed");
}

void PostgresClusterForTest::Promote() {
  GANNET_CHECK(Run({"promote"}) == 0, "tools/postgres-dev promote failed");
}

std::string PostgresClusterForTest::Psql(const std::string& database,
                                         const std::string& sql) const {
  std::string output;
  const int code =
      Run({"psql", "-d", database, "-At", "-v", "ON_ERROR_STOP=1", "-c", sql}, &output);
  GANNET_CHECK(code == 0, "psql failed; see above");
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

int PostgresClusterForTest::Run(std::vector<std::string> arguments, std::string* output) const {
  std::string command = "tools/postgres-dev " + arguments[0] + " --dir " + Quote(folder());
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

}  // namespace gannet::store
