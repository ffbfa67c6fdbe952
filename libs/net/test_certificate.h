// A self-signed certificate for "localhost", made anew for each test.
#pragma once

#include <string>

namespace gannet::net {

// A folder of its own that goes away with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Writes certificate.pem and key.pem (P-256, valid for a day) into `folder`.
void WriteTestCertificate(const std::string& folder);

}  // namespace gannet::net
