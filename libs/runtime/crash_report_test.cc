#include "libs/runtime/crash_report.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::runtime {
namespace {

#if !defined(__SANITIZE_ADDRESS__)

// How a child that calls `die` ends.
int StatusOf(const std::string& folder, void (*die)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    ReportCrashes("probe", "1.2.3+abc", folder);
    die();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

TEST_CASE("A process that dies of a fault leaves a report, and still dies of it") {
  base::TempDirForTest folder;
  base::PosixFiles files;
  const std::string data = folder.path();
  int status = StatusOf(data, [] { std::abort(); });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  const std::string first = files.Read(CrashReportPath(data, 0)).value();
  CHECK(first.starts_with(R"({"program":"probe","build":"1.2.3+abc","signal":"SIGABRT","time":)"));
  CHECK(first.ends_with("]}\n"));
  CHECK(first.find(R"("module":"probe")") != std::string::npos);
  CHECK(first.find("libc.so.6") != std::string::npos);
  CHECK(files.Mode(CrashReportPath(data, 0)).value() == 0600);

  status = StatusOf(data, [] { ::raise(SIGSEGV); });
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
  CHECK(files.Read(CrashReportPath(data, 1)).value().find("SIGSEGV") != std::string::npos);
}

TEST_CASE("Reports are bounded, and a folder that is gone does no harm") {
  base::TempDirForTest folder;
  base::PosixFiles files;
  for (int i = 0; i < kMaxCrashReports; ++i)
    REQUIRE(files.WriteAtomically(CrashReportPath(folder.path(), i), "kept").ok());
  int status = StatusOf(folder.path(), [] { std::abort(); });
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
  CHECK(files.Read(CrashReportPath(folder.path(), 0)).value() == "kept");
  CHECK_FALSE(files.Exists(CrashReportPath(folder.path(), kMaxCrashReports)));
  status = StatusOf("/nonexistent", [] { std::abort(); });
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

#endif

}  // namespace
}  // namespace gannet::runtime
