// A folder of its own for one test, removed with everything in it afterwards.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "libs/base/check.h"

namespace gannet::base {

class TempDirForTest {
 public:
  TempDirForTest()
      : path_((std::filesystem::temp_directory_path() / "gannet-test-XXXXXX").string()) {
    GANNET_CHECK(mkdtemp(path_.data()) != nullptr, "no temporary folder for the test");
  }
  ~TempDirForTest() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirForTest(const TempDirForTest&) = delete;
  TempDirForTest& operator=(const TempDirForTest&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace gannet::base
