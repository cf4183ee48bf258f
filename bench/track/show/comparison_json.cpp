#include <nlohmann/json.hpp>

#include "bench/track/show/comparison_table.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;

ordered_json side_json(const compared_side& side) {
  return {{"name", side.name},
          {"commit", side.commit},
          {"dirty", side.dirty},
          {"program_sha256", side.program_sha256}};
}

void put(ordered_json& object, const char* name, const std::optional<double>& value) {
  if (value) object[name] = *value;
}

ordered_json finding_json(const finding& one) {
  ordered_json out{{"series", one.series}, {"metric", one.metric}, {"verdict", to_string(one.what)}};
  for (const auto& [name, side] : {std::pair{"base", &one.base}, {"head", &one.head}})
    if (*side) out[name] = {{"median", (*side)->median}, {"spread", (*side)->spread}};
  put(out, "change", one.change);
  put(out, "change_low", one.low);
  put(out, "change_high", one.high);
  if (one.low) out["confidence"] = one.confidence;
  out["floor"] = one.floor;
  put(out, "smallest_seen", one.smallest_seen);
  out["why"] = one.why;
  if (!one.accepted.empty()) out["accepted"] = one.accepted;
  return out;
}

}  // namespace

std::string comparison_json(const comparison& of) {
  auto findings = ordered_json::array();
  for (const auto& one : of.findings) findings.push_back(finding_json(one));
  const ordered_json whole{{"format", "farebench-comparison 1"},
                           {"base", side_json(of.base)},
                           {"head", side_json(of.head)},
                           {"machine", of.machine},
                           {"from_files", of.is_from_files},
                           {"same_program", of.is_of_one_program()},
                           {"regressions", count(of, verdict::regression)},
                           {"accepted", count(of, verdict::regression) - count_unaccepted(of)},
                           {"improvements", count(of, verdict::improvement)},
                           {"same", count(of, verdict::same)},
                           {"cannot_tell", count(of, verdict::cannot_tell)},
                           {"findings", findings},
                           {"base_only", of.base_only},
                           {"head_only", of.head_only},
                           {"notes", of.notes}};
  // A reason may quote what is not UTF-8.
  return whole.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace farebench::track
