#include "provider/local/mariadb_binlog.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "os/descriptor.h"

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

/// A file of the log, which lies in a folder that its server's account writes to: a link or a FIFO in its
/// place is not followed and not waited for. Its size is that of when it was opened.
class LogFile {
 public:
  explicit LogFile(const os::fs::path& path) : file_(os::open_regular(path)) {
    struct stat status {};
    if (!file_ || ::fstat(file_.get(), &status) != 0) os::fail("read", path, errno);
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  std::uint64_t size() const { return size_; }
  /// Fewer bytes at the end of the file.
  std::string read(std::uint64_t offset, std::size_t bytes) const {
    std::string out(bytes, '\0');
    const auto got = ::pread(file_.get(), out.data(), bytes, static_cast<off_t>(offset));
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }

 private:
  os::Fd file_;
  std::uint64_t size_ = 0;
};

/// Nothing at the end of what has been written so far.
std::optional<Event> read_event(const LogFile& file, std::uint64_t offset) {
  if (offset + header_bytes > file.size()) return std::nullopt;
  const std::string header = file.read(offset, header_bytes);
  if (header.size() < header_bytes) return std::nullopt;
  const Event event{little_endian(header.data()), little_endian(header.data() + 5),
                    static_cast<unsigned char>(header[4]), little_endian(header.data() + 9)};
  if (event.size < header_bytes || offset + event.size > file.size()) return std::nullopt;
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
void note_gtids(const LogFile& file, std::uint64_t offset, const Event& event, Gtids& seen) {
  if (event.type != gtid_event && event.type != gtid_list_event) return;
  const std::string body = file.read(offset + header_bytes, event.size - header_bytes);
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
bool is_standalone(const LogFile& file, std::uint64_t offset) {
  const std::string flags = file.read(offset + header_bytes + 12, 1);
  return !flags.empty() && (static_cast<unsigned char>(flags[0]) & standalone) != 0;
}

/// The COMMIT of a transaction without an XID (tables that are not transactional).
bool ends_in_commit(const LogFile& file, std::uint64_t offset, std::uint32_t size) {
  const std::uint32_t bytes = std::min<std::uint32_t>(size, 32);
  return file.read(offset + size - bytes, bytes).find("COMMIT") != std::string::npos;
}

/// Is this event the last of its transaction, which is `alone` if one statement is all of it?
bool ends_transaction(const LogFile& file, std::uint64_t offset, const Event& event, bool alone) {
  if (event.type == xid_event || event.type == xa_prepare_event) return true;
  if (event.type == compressed_query_event) return alone;
  return event.type == query_event && (alone || ends_in_commit(file, offset, event.size));
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
    if (is_of_binlog(at->path(), first) && number_of(at->path()) >= number_of(first) &&
        at->symlink_status(error).type() == os::fs::file_type::regular)
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
  const LogFile log(file);
  Gtids seen;
  std::uint64_t at = 4;
  while (at < offset) {
    const auto event = read_event(log, at);
    if (!event) return false;
    note_gtids(log, at, *event, seen);
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
  const LogFile log(file);
  if (log.read(0, 4) !=
      "\xFE"
      "bin")
    throw Error("BinlogInvalid", fmt::format("{} is no binary log, or an encrypted one", file.string()));
  const auto limit = std::chrono::floor<std::chrono::seconds>(until).time_since_epoch().count();
  BinlogEnd end{.offset = offset};
  bool inside = false, alone = false;
  for (std::uint64_t at = std::max<std::uint64_t>(offset, 4);;) {
    const auto event = read_event(log, at);
    if (!event) return end;
    const std::uint64_t next = at + event->size;
    if (event->type == gtid_event) {
      if (event->seconds >= limit) return {at, true};
      inside = true;
      alone = is_standalone(log, at);
    } else if (inside && ends_transaction(log, at, *event, alone)) {
      inside = false;
    }
    if (!inside) end.offset = next;
    at = next;
  }
}

}  // namespace provider::local
