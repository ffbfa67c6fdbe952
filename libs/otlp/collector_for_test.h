// A collector in the test's own process: OTLP over gRPC on loopback. It keeps what came,
// and can be told to be slow, busy, or to refuse.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/time.h"

namespace gannet::otlp {

struct ReceivedSpan {
  std::string service, name, trace, id, parent;  // ids in hex; no parent: empty
  std::string order;                             // gannet.order.id
  uint64_t start_ns = 0, end_ns = 0;
  bool error = false;
  size_t links = 0;
};

class CollectorForTest {
 public:
  // Port 0: any free one.
  explicit CollectorForTest(uint16_t port = 0);
  ~CollectorForTest();
  CollectorForTest(const CollectorForTest&) = delete;
  CollectorForTest& operator=(const CollectorForTest&) = delete;

  std::string endpoint() const;  // "http://127.0.0.1:PORT"
  uint16_t port() const;
  // The next calls end with this code (a grpc::StatusCode), `count` of them.
  void FailNext(int code, int count);
  // Calls are not answered, but for those that are cancelled.
  void Hang();
  std::vector<ReceivedSpan> spans() const;
  size_t calls() const;

 private:
  struct Core;
  const std::unique_ptr<Core> core_;
};

}  // namespace gannet::otlp
