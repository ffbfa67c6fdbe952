// A Redis of its own for one test program, made by tools/redis-dev in a temporary folder
// and gone with the program, however that ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/net/redis_client.h"

namespace gannet::net {

class RedisServerForTest {
 public:
  // `arguments` of redis-dev start. Null where Redis is not installed; the test is skipped
  // then. The working directory is the project's root.
  static std::unique_ptr<RedisServerForTest> Start(std::vector<std::string> arguments = {});
  ~RedisServerForTest();

  // How to reach it.
  RedisOptions Options() const;
  std::string folder() const { return folder_ + "/redis"; }
  int pid() const;
  void Stop();
  void StartAgain();  // at the same port, with what it held
  // What redis-cli prints.
  std::string Cli(const std::vector<std::string>& arguments) const;

 private:
  RedisServerForTest();
  // Runs tools/redis-dev; the exit code.
  int Run(std::vector<std::string> arguments, std::string* output = nullptr) const;

  std::string folder_;
  std::vector<std::string> arguments_;
  bool tls_ = false;
};

}  // namespace gannet::net
