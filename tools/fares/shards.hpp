#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/system/file_descriptor.hpp"
#include "lib/system/shard.hpp"
#include "tools/fares/fares.hpp"

namespace farebench {

/// The fares of a shard: a part of a job's queries, in a block whose size differs from that of other shards
/// by at most one. The file has a JSON object per line: first the job and the shard, then each query in the
/// order of its completion.
///
/// The file is whole or not there. Until it is whole, its queries are in FILE.unfinished, where the next
/// process continues after one that failed or was killed. Not thread-safe.
class shard_file {
 public:
  /// Opens FILE.unfinished, unless the file is whole. Throws, and changes nothing,
  /// - std::invalid_argument if one of the two files is not of this shard of this job;
  /// - std::runtime_error if another process writes it;
  /// - std::system_error "write PATH" if it cannot be written.
  shard_file(const std::filesystem::path& file, const fares_job& job, const std::string& site,
             const shard& part);

  bool is_whole() const { return is_whole_; }
  /// Number of queries of the shard.
  std::size_t size() const { return size_; }
  /// Indices of the queries that were not there, in the job and in its order.
  const std::vector<std::size_t>& missing() const { return missing_; }

  /// Adds a query with its fares. Throws std::system_error "write PATH".
  void add(std::size_t index, const outcome& fares);
  /// Makes the file whole, once all missing queries are there. Throws std::system_error "write PATH".
  void commit();

 private:
  void open_part();
  void write(std::string_view line);

  const fares_job& job_;
  std::filesystem::path file_;
  std::filesystem::path part_;
  // Open on the part and holding its lock.
  file_descriptor descriptor_;
  std::uint64_t bytes_ = 0;
  std::size_t size_ = 0;
  std::vector<std::size_t> missing_;
  bool is_whole_ = false;
};

struct merged_shards {
  std::size_t queries = 0;
  std::size_t fares = 0;
  /// Number of queries of the job that no file has.
  std::size_t missing = 0;
};

/// Passes the output of the whole job to `write`, from the files of all its shards in any order. Throws
/// std::invalid_argument if a file is not of the job, a query is there twice, or, unless `is_partial`, one is
/// missing.
merged_shards merge_shards(const std::vector<std::string>& files, fares_format format, bool is_partial,
                           const std::function<void(const std::string& text)>& write);

}  // namespace farebench
