#include "tests/kafka/cluster.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <map>
#include <vector>

#include "libs/base/check.h"

extern char** environ;

namespace gannet::bus {
namespace {

constexpr const char* kTool = "tools/kafka-dev";  // tests run in the project's root
constexpr int kStartLimitMs = 90'000;

}  // namespace

KafkaClusterForTest& KafkaClusterForTest::Shared(uint32_t brokers) {
  static std::map<uint32_t, std::unique_ptr<KafkaClusterForTest>> clusters;
  std::unique_ptr<KafkaClusterForTest>& cluster = clusters[brokers];
  if (cluster == nullptr) cluster = std::make_unique<KafkaClusterForTest>(brokers);
  if (!cluster->available()) SKIP("SKIPPED: Java or Kafka's jars are not to be had");
  return *cluster;
}

KafkaClusterForTest::KafkaClusterForTest(uint32_t brokers) : brokers_(brokers) {
  std::array<int, 2> input{}, output{};
  GANNET_CHECK(pipe2(input.data(), O_CLOEXEC) == 0 && pipe2(output.data(), O_CLOEXEC) == 0,
               "pipes to the cluster");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  std::vector<std::string> words = {
      kTool, "--dir", dir_.path(), "serve", "--brokers", std::to_string(brokers), "--port", "0"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed = posix_spawn(&child_, kTool, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  close(output[1]);
  input_ = input[1];
  GANNET_CHECK(failed == 0, "tools/kafka-dev can be started from the project's root");
  // It prints the bootstrap servers once they answer; or ends.
  std::string line;
  pollfd ready{.fd = output[0], .events = POLLIN, .revents = 0};
  for (char c = 0; line.empty() || c != '\n';) {
    if (poll(&ready, 1, kStartLimitMs) <= 0 || read(output[0], &c, 1) <= 0) break;
    if (c != '\n') line += c;
  }
  close(output[0]);
  cluster_.brokers = line;
  available_ = !line.empty();
  if (available_) return;
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  constexpr int kCannotBeHad = 4;
  GANNET_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == kCannotBeHad,
               "the cluster starts, or says that it cannot be had");
}

KafkaClusterForTest::~KafkaClusterForTest() {
  close(input_);
  int status = 0;
  if (child_ > 0) waitpid(child_, &status, 0);
}

void KafkaClusterForTest::Freeze(bool frozen) {
  for (uint32_t node = 1; node <= brokers_; ++node) {
    Run((frozen ? "pause " : "resume ") + std::to_string(node));
  }
}

void KafkaClusterForTest::Run(const std::string& command) {
  const std::string line = std::string(kTool) + " --dir " + dir_.path() + " " + command;
  GANNET_CHECK(std::system(line.c_str()) == 0, "tools/kafka-dev does as it is told");
}

}  // namespace gannet::bus
