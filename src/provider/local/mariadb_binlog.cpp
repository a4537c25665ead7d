#include "provider/local/mariadb_binlog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace provider::local {
namespace {

using base::Error;

constexpr std::size_t header_bytes = 19;
enum : unsigned char {
  query_event = 2,
  xid_event = 16,
  xa_prepare_event = 38,
  gtid_event = 162,
  gtid_list_event = 163,
  compressed_query_event = 165  // a statement that is all of its transaction, as with log_bin_compress
};
constexpr unsigned char standalone = 1;  ///< flag of a GTID event: the next event is all of it

struct Event {
  std::uint32_t seconds = 0, server = 0;
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
  const Event event{little_endian(header.data()), little_endian(header.data() + 5),
                    static_cast<unsigned char>(header[4]), little_endian(header.data() + 9)};
  if (event.size < header_bytes || offset + event.size > file_size) return std::nullopt;
  return event;
}

std::uint64_t little_endian_64(const char* bytes) {
  return static_cast<std::uint64_t>(little_endian(bytes + 4)) << 32U | little_endian(bytes);
}

/// Of each domain the server and the number of its last transaction.
using Gtids = std::map<std::uint32_t, std::pair<std::uint32_t, std::uint64_t>>;

/// `0-1-7,2-1-9`.
Gtids gtids_of(const std::string& text) {
  Gtids out;
  for (const auto& each : base::split_list(text, ',')) {
    const auto parts = base::split_list(std::string(base::trim(each)), '-');
    if (parts.size() == 3)
      out[static_cast<std::uint32_t>(std::strtoul(parts[0].c_str(), nullptr, 10))] = {
          static_cast<std::uint32_t>(std::strtoul(parts[1].c_str(), nullptr, 10)),
          std::strtoull(parts[2].c_str(), nullptr, 10)};
  }
  return out;
}

/// GTID event: sequence number (8 bytes), domain (4). List: how many (the lower 28 bits of 4 bytes), and of
/// each domain (4), server (4), sequence number (8), the last one of a domain last.
void note_gtids(std::ifstream& in, std::uint64_t offset, const Event& event, Gtids& seen) {
  if (event.type != gtid_event && event.type != gtid_list_event) return;
  std::string body(event.size - header_bytes, '\0');
  in.seekg(static_cast<std::streamoff>(offset + header_bytes));
  in.read(body.data(), static_cast<std::streamsize>(body.size()));
  if (event.type == gtid_event && body.size() >= 12)
    seen[little_endian(body.data() + 8)] = {event.server, little_endian_64(body.data())};
  if (event.type != gtid_list_event || body.size() < 4) return;
  const std::size_t count = little_endian(body.data()) & 0xFFFFFFFU;
  for (std::size_t i = 0; i < count && 4 + (i + 1) * 16 <= body.size(); ++i) {
    const char* at = body.data() + 4 + i * 16;
    seen[little_endian(at)] = {little_endian(at + 4), little_endian_64(at + 8)};
  }
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

bool is_position_of(const os::fs::path& file, std::uint64_t offset, const std::string& gtids) {
  const std::uint64_t size = os::fs::file_size(file);
  std::ifstream in(file, std::ios::binary);
  Gtids seen;
  std::uint64_t at = 4;
  while (at < offset) {
    const auto event = read_event(in, at, size);
    if (!event) return false;
    note_gtids(in, at, *event, seen);
    at += event->size;
  }
  if (at != offset) return false;
  // Of domains that a replica has from elsewhere, its own log need not know.
  for (const auto& [domain, last] : gtids_of(gtids))
    if (const auto found = seen.find(domain);
        found != seen.end() && found->second.first == last.first && found->second.second != last.second)
      return false;
  return true;
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
