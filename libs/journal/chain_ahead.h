// The chain of a batch, worked out while its records gather: a commit then hashes what
// came last, not everything since the one before.
//
// It only ever spares work. What it hashed is a prefix of the batch's frames, which grow
// and never change until the batch is cleared (Forget); whoever asks names the chain that
// the batch goes on from, and gets nothing when the hash was begun from another (a new
// segment, the reserve): then it is worked out from the start. Records that gather while a
// batch written ahead waits for its end will be joined to it: they take its hash over (GoOn)
// and bring it back with theirs (Join).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/base/digest.h"
#include "libs/journal/format.h"

namespace gannet::journal {

class ChainAhead {
 public:
  // Of a batch without records yet.
  void Begin(const base::Sha256Digest& base) {
    base_ = base;
    hash_ = std::make_unique<base::Sha256Stream>();
    hash_->Update({reinterpret_cast<const char*>(base.data()), base.size()});
    before_ = taken_ = 0;
  }
  // Of a batch without records yet that will be joined to that of `other`, of so many bytes.
  void GoOn(ChainAhead& other, size_t bytes) {
    if (!other.Covers(bytes)) return;
    base_ = other.base_;
    hash_ = std::move(other.hash_);
    before_ = bytes;
    taken_ = 0;
    other.Forget();
  }
  // The frames of `other`'s batch come behind the `bytes` of this one.
  void Join(ChainAhead& other, size_t bytes) {
    if (other.hash_ == nullptr || other.before_ != bytes) return;
    base_ = other.base_;
    hash_ = std::move(other.hash_);
    before_ = 0;
    taken_ = bytes + other.taken_;
    other.Forget();
  }
  void Forget() {
    hash_.reset();
    before_ = taken_ = 0;
  }
  // Takes in what has gathered, when it is worth it.
  void Gather(std::string_view frames) {
    if (hash_ != nullptr && frames.size() >= taken_ + kPieceBytes) Take(frames);
  }
  // Takes in all of a batch that goes on from `base`, for whoever may find that out late.
  void GatherAll(const base::Sha256Digest& base, std::string_view frames) {
    if (hash_ == nullptr || before_ != 0 || base != base_) Begin(base);
    Take(frames);
  }
  // NextChain(base, frames).
  base::Sha256Digest Finish(const base::Sha256Digest& base, std::string_view frames) {
    if (hash_ == nullptr || before_ != 0 || base != base_ || taken_ > frames.size())
      return NextChain(base, frames);
    Take(frames);
    return hash_->Peek();
  }

 private:
  static constexpr size_t kPieceBytes = 512;

  bool Covers(size_t bytes) const { return hash_ != nullptr && before_ == 0 && taken_ == bytes; }
  void Take(std::string_view frames) {
    hash_->Update(frames.substr(taken_));
    taken_ = frames.size();
  }

  std::unique_ptr<base::Sha256Stream> hash_;  // null: not begun
  base::Sha256Digest base_{};
  size_t before_ = 0;  // bytes of the batch that this one will be joined to
  size_t taken_ = 0;   // bytes of the frames
};

}  // namespace gannet::journal
