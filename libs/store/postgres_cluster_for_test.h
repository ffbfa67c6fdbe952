// A PostgreSQL of its own for one test program, made by tools/postgres-dev in a
// temporary folder and gone with the program, however that ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/store/postgres_options.h"

namespace gannet::store {

class PostgresClusterForTest {
 public:
  // `arguments` of postgres-dev start. Null where PostgreSQL is not installed; the
  // test is skipped then. The working directory is the project's root.
  static std::unique_ptr<PostgresClusterForTest> Start(std::vector<std::string> arguments = {});
  // One for measuring: on disk, with the server's defaults.
  static std::unique_ptr<PostgresClusterForTest> StartDurable();
  // One that follows `of` synchronously.
  static std::unique_ptr<PostgresClusterForTest> StartStandby(const PostgresClusterForTest& of);
  ~PostgresClusterForTest();

  // How to reach a new, empty database.
  PostgresOptions NewDatabase();
  // How to reach `database`, which may not be there.
  PostgresOptions Options(const std::string& database) const;
  // Of the postmaster.
  int pid() const;
  std::string folder() const { return folder_ + "/pg"; }
  std::string log() const;

  // "fast", "immediate" (as a crash).
  void Stop(const std::string& mode);
  // With settings of its configuration, "name=value", besides those of before.
  void StartAgain(const std::vector<std::string>& settings = {});
  void Promote();
  // Runs SQL as the owner of everything; returns what psql -At prints.
  std::string Psql(const std::string& database, const std::string& sql) const;

 private:
  explicit PostgresClusterForTest(const std::string& place);
  static std::unique_ptr<PostgresClusterForTest> StartIn(const std::string& place,
                                                         std::vector<std::string> arguments);
  // Runs tools/postgres-dev; the exit code.
  int Run(std::vector<std::string> arguments, std::string* output = nullptr) const;
  void ReadSection(const std::string& output);

  std::string folder_;
  std::vector<std::string> arguments_;
  PostgresOptions options_;
  int databases_ = 0;
};

}  // namespace gannet::store
