// A self-signed certificate for "localhost", made anew for each test.
#pragma once

#include <string>

namespace gannet::net {

// Writes certificate.pem and key.pem (P-256, valid for a day) into `folder`.
void WriteTestCertificate(const std::string& folder);

}  // namespace gannet::net
