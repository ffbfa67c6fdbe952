// What a program states about itself in each segment of its journal
// (journal::SegmentInfo::versions), so that the run can be decided again from the
// journal alone. `gannet journal replay` reads it.
#pragma once

namespace gannet::runtime::stated {

inline constexpr char kProgram[] = "program";  // "gannet run", "gannet-risk"
inline constexpr char kConfig[] = "config";    // path of the configuration; absent: the defaults
inline constexpr char kFile[] = "file:";       // and a path: the text of a file of configuration
inline constexpr char kShard[] = "shard";      // names the stream of facts
inline constexpr char kBus[] = "bus";          // "joined": foreign topics came in from a bus
inline constexpr char kHeartbeats[] = "heartbeats";  // "told": Deps::heartbeats

}  // namespace gannet::runtime::stated
