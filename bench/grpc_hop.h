// One unary gRPC call from one thread to a server in the same program that answers with
// the bytes it got, over a socket in the file system: what a gate behind an RPC would
// add to each order, before it did anything.
#pragma once

#include <memory>
#include <string>

namespace gannet::bench {

class GrpcHop {
 public:
  // `request`: the bytes of each call.
  explicit GrpcHop(const std::string& request);
  ~GrpcHop();
  // Waits for the answer; ends the program when there is none.
  void Call();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace gannet::bench
