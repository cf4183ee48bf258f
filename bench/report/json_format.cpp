#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/report/row_format.hpp"

namespace farebench {

namespace {

class json_format final : public row_format {
 public:
  void begin(const benchmark::BenchmarkReporter::Context& context, std::ostream& output,
             std::ostream&) override {
    std::ostringstream scratch;
    inner_.SetOutputStream(&scratch);
    inner_.ReportContext(context);
    auto opened = nlohmann::ordered_json::parse(scratch.str() + "]}");
    opened["context"].erase("host_name");
    opened["context"].erase("library_build_type");
    // As the inner reporter goes on from here: rows, and then the end of list and object.
    output << "{\n\"context\": " << opened["context"].dump(2) << ",\n\"benchmarks\": [\n";
  }

  void put(const clean_row& row, std::ostream& output) override {
    auto run = row.run;
    run.error_occurred = !row.failure.empty();
    run.error_message = row.failure;
    inner_.SetOutputStream(&output);
    inner_.ReportRuns({run});
  }

  void end(std::ostream& output) override {
    inner_.SetOutputStream(&output);
    inner_.Finalize();
  }

 private:
  benchmark::JSONReporter inner_;
};

}  // namespace

std::unique_ptr<row_format> make_json_format() { return std::make_unique<json_format>(); }

}  // namespace farebench
