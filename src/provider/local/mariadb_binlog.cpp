#include "provider/local/mariadb_binlog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "base/error.h"

namespace provider::local {
namespace {

using base::Error;

constexpr std::size_t header_bytes = 19;
enum : unsigned char {
  query_event = 2,
  xid_event = 16,
  xa_prepare_event = 38,
  gtid_event = 162,
  compressed_query_event = 165  // a statement that is all of its transaction, as with log_bin_compress
};
constexpr unsigned char standalone = 1;  ///< flag of a GTID event: the next event is all of it

struct Event {
  std::uint32_t seconds = 0;
  unsigned char type = 0;
  std::uint32_t size = 0;
};

std::uint32_t little_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Nothing at the end of what has been written so far.
std::optional<Event> read_event(std::ifstream& in, std::uint64_t offset, std::uint64_t file_size) {
  if (offset + header_bytes > file_size) return std::nullopt;
  std::array<char, header_bytes> header{};
  in.seekg(static_cast<std::streamoff>(offset));
  if (!in.read(header.data(), header.size())) return std::nullopt;
  const Event event{little_endian(header.data()), static_cast<unsigned char>(header[4]),
                    little_endian(header.data() + 9)};
  if (event.size < header_bytes || offset + event.size > file_size) return std::nullopt;
  return event;
}

/// GTID event: sequence number (8 bytes), domain (4), flags.
bool is_standalone(std::ifstream& in, std::uint64_t offset) {
  in.seekg(static_cast<std::streamoff>(offset + header_bytes + 12));
  return (in.get() & standalone) != 0;
}

/// The COMMIT of a transaction without an XID (tables that are not transactional).
bool ends_in_commit(std::ifstream& in, std::uint64_t offset, std::uint32_t size) {
  std::string text(std::min<std::uint32_t>(size, 32), '\0');
  in.seekg(static_cast<std::streamoff>(offset + size - text.size()));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text.find("COMMIT") != std::string::npos;
}

/// Is this event the last of its transaction, which is `alone` if one statement is all of it?
bool ends_transaction(std::ifstream& in, std::uint64_t offset, const Event& event, bool alone) {
  if (event.type == xid_event || event.type == xa_prepare_event) return true;
  if (event.type == compressed_query_event) return alone;
  return event.type == query_event && (alone || ends_in_commit(in, offset, event.size));
}

/// `binlog.000007` → 7.
std::uint64_t number_of(const os::fs::path& file) {
  return std::strtoull(file.extension().c_str() + 1, nullptr, 10);
}

bool is_of_binlog(const os::fs::path& file, const os::fs::path& first) {
  const std::string number = file.extension();
  return file.stem() == first.stem() && number.size() >= 7 &&
         number.find_first_not_of("0123456789", 1) == std::string::npos;
}

}  // namespace

std::vector<os::fs::path> binlog_files(const os::fs::path& data, const std::string& first) {
  std::vector<os::fs::path> files;
  std::error_code error;
  for (os::fs::directory_iterator at(data, error), end; !error && at != end; at.increment(error))
    if (is_of_binlog(at->path(), first) && number_of(at->path()) >= number_of(first))
      files.push_back(at->path());
  std::ranges::sort(files, {}, number_of);
  if (files.empty() || files[0].filename() != first) return {};
  const bool whole = number_of(files.back()) - number_of(files.front()) + 1 == files.size();
  return whole ? files : std::vector<os::fs::path>();
}

bool is_binlog_before(const os::fs::path& file, const std::string& first) {
  return is_of_binlog(file, first) && number_of(file) < number_of(first);
}

base::Json position_of(sql::Connection& server) {
  const auto status = server.query("SHOW MASTER STATUS").table;
  if (status.empty()) return nullptr;
  return {{"file", status[0].at(0).value_or("")},
          {"offset", std::strtoull(status[0].at(1).value_or("0").c_str(), nullptr, 10)},
          {"gtid", server.scalar("SELECT @@gtid_binlog_pos").value_or("")}};
}

BinlogEnd find_binlog_end(const os::fs::path& file, std::uint64_t offset, base::Time until) {
  const std::uint64_t size = os::fs::file_size(file);
  std::ifstream in(file, std::ios::binary);
  std::array<char, 4> magic{};
  if (!in.read(magic.data(), magic.size()) || std::string_view(magic.data(), 4) !=
                                                  "\xFE"
                                                  "bin")
    throw Error("BinlogInvalid", fmt::format("{} is no binary log, or an encrypted one", file.string()));
  const auto limit = std::chrono::floor<std::chrono::seconds>(until).time_since_epoch().count();
  BinlogEnd end{.offset = offset};
  bool inside = false, alone = false;
  for (std::uint64_t at = std::max<std::uint64_t>(offset, 4);;) {
    const auto event = read_event(in, at, size);
    if (!event) return end;
    const std::uint64_t next = at + event->size;
    if (event->type == gtid_event) {
      if (event->seconds >= limit) return {at, true};
      inside = true;
      alone = is_standalone(in, at);
    } else if (inside && ends_transaction(in, at, *event, alone)) {
      inside = false;
    }
    if (!inside) end.offset = next;
    at = next;
  }
}

}  // namespace provider::local
