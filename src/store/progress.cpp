#include "store/progress.h"

#include "base/error.h"
#include "base/json.h"
#include "os/files.h"

namespace store {
namespace {

using base::Json;

constexpr auto least_between = std::chrono::seconds(1);

std::uint64_t rate(std::uint64_t bytes, std::chrono::microseconds took) {
  if (took <= std::chrono::microseconds(0)) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(bytes) * 1e6 / static_cast<double>(took.count()));
}

}  // namespace

void Progress::note(const std::string& execution, const std::string& state, const base::Note& note,
                    base::Time now) {
  const std::lock_guard lock(mutex_);
  const bool another = what_ != execution + state + note.what;
  if (another || note.done < first_) {
    what_ = execution + state + note.what;
    begun_ = now;
    first_ = note.done;
  }
  if (!another && now < written_ + least_between) return;
  written_ = now;
  const Json row = {{"state", state},
                    {"what", note.what},
                    {"done", note.done},
                    {"total", note.total},
                    {"at", now.time_since_epoch().count()},
                    {"bytesPerSecond", rate(note.done - first_, now - begun_)}};
  try {
    os::make_folder(folder_, 0700);
    os::replace_file(file(execution), row.dump(-1, ' ', false, Json::error_handler_t::replace), 0600);
  } catch (const base::Error&) {
    return;  // a full disk has worse consequences than this one, and they are told
  }
}

void Progress::forget(const std::string& execution) {
  std::error_code ignored;
  std::filesystem::remove(file(execution), ignored);
}

std::optional<ProgressRow> Progress::find(const std::string& execution) const {
  if (!os::fs::exists(file(execution))) return std::nullopt;
  const Json row = Json::parse(os::read_file(file(execution)), nullptr, false);
  if (!row.is_object()) return std::nullopt;
  return ProgressRow{.state = row.value("state", ""),
                     .note = {.what = row.value("what", ""),
                              .done = row.value("done", std::uint64_t{0}),
                              .total = row.value("total", std::uint64_t{0})},
                     .at = base::Time{std::chrono::microseconds{row.value("at", std::int64_t{0})}},
                     .bytes_per_second = row.value("bytesPerSecond", std::uint64_t{0})};
}

}  // namespace store
