#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "os/mail.h"

namespace os {
namespace {

constexpr std::size_t longest_line = 78;   // RFC 5322, 2.1.1: should be
constexpr std::size_t longest_word = 75;   // RFC 2047, 2: an encoded word
constexpr std::size_t longest_coded = 76;  // RFC 2045, 6.7: a line of quoted-printable, its `=` included

bool is_plain(char c) {
  return c >= ' ' && c <= '~';
}

std::string coded(char c) {
  return fmt::format("={:02X}", static_cast<unsigned char>(c));
}

/// One line of valid UTF-8.
std::string one_line(std::string_view text) {
  std::string out = base::valid_utf8(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return out;
}

/// Breaks at blanks, which begin the next line.
std::string folded(const std::string& header) {
  std::string out, rest = header;
  while (rest.size() > longest_line) {
    auto at = rest.rfind(' ', longest_line);
    if (at == std::string::npos || at < 2 || rest.find_first_not_of(' ') > at)
      at = rest.find(' ', longest_line);
    if (at == std::string::npos) break;
    out += rest.substr(0, at) + "\r\n";
    rest = rest.substr(at);
  }
  return out + rest + "\r\n";
}

/// A character of an encoded word (RFC 2047, 4.2 and 5).
std::string word_of(std::string_view character) {
  if (character == " ") return "_";
  std::string out;
  for (const char c : character) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += letter ? std::string(1, c) : coded(c);
  }
  return out;
}

/// As it is, or in encoded words where it could not be read as it is.
std::string header(std::string_view name, std::string_view value) {
  const std::string text = one_line(value);
  if (std::ranges::all_of(text, is_plain) && text.find("=?") == std::string::npos)
    return folded(fmt::format("{}: {}", name, text));
  constexpr std::string_view begin = "=?UTF-8?Q?", end = "?=";
  std::string out = fmt::format("{}:", name), word;
  const auto finish = [&] {
    if (!word.empty()) out += fmt::format("{} {}{}{}", out.ends_with(':') ? "" : "\r\n", begin, word, end);
    word.clear();
  };
  for (std::string_view rest = text; !rest.empty();) {
    const auto bytes = std::max<std::size_t>(1, base::utf8_character(rest));
    const auto next = word_of(rest.substr(0, bytes));
    // The first shares its line with the name.
    const auto room = longest_word - begin.size() - end.size() - (out.ends_with(':') ? name.size() + 2 : 0);
    if (word.size() + next.size() > room) finish();
    word += next;
    rest.remove_prefix(bytes);
  }
  finish();
  return out + "\r\n";
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string quoted_printable(std::string_view line) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool as_it_is = is_plain(c) && c != '=' && !(c == ' ' && last);
    const std::string next = as_it_is ? std::string(1, c) : coded(c);
    if (column + next.size() > longest_coded - (last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
    }
    out += next;
    column += next.size();
  }
  return out;
}

/// The header that says how it is written, an empty line, and the body.
std::string body(const std::string& text) {
  const std::string valid = base::valid_utf8(text);
  const auto lines = lines_of(valid);
  const bool plain = std::ranges::all_of(lines, [](std::string_view line) {
    return line.size() <= longest_line && std::ranges::all_of(line, is_plain);
  });
  std::string out = fmt::format("Content-Transfer-Encoding: {}\r\n\r\n", plain ? "7bit" : "quoted-printable");
  for (const auto& line : lines) out += (plain ? std::string(line) : quoted_printable(line)) + "\r\n";
  return out;
}

/// Of one who gets a mail; whatever it is, it must not end its header.
const std::string& must_be_one_line(const std::string& address) {
  if (!address.empty() && std::ranges::all_of(address, is_plain)) return address;
  throw base::Error("MailFailed", fmt::format("'{}' is no address", one_line(address)),
                    "look at smtp in settings.json");
}

std::string to_header(const Mail& mail) {
  std::string out = "To: ";
  for (const auto& each : mail.to) out += (out.ends_with(": ") ? "" : ",\r\n ") + must_be_one_line(each);
  return out + "\r\n";
}

/// The sender's, which is a name that others know.
std::string domain_of(const std::string& address) {
  auto domain = base::lower(address.substr(address.rfind('@') + 1));
  if (domain.ends_with('>')) domain.pop_back();
  const bool good =
      address.find('@') != std::string::npos && !domain.empty() && std::ranges::all_of(domain, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
      });
  return good ? domain : "dbrefresh.invalid";
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > 254 || at == 0 || at == std::string_view::npos || at + 1 == text.size() ||
      text.find('@', at + 1) != std::string_view::npos || text.starts_with('-'))
    return false;
  return std::ranges::all_of(text, [](char c) {
    return c > ' ' && c <= '~' && std::string_view("()<>[]:;,\\\"`").find(c) == std::string_view::npos;
  });
}

std::string mail_text(const Mail& mail) {
  std::string out =
      fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} +0000\r\n", base::utc_calendar(mail.date)) +
      fmt::format("Message-ID: <{}@{}>\r\n", one_line(mail.id), domain_of(mail.from)) +
      fmt::format("From: {}\r\n", must_be_one_line(mail.from)) + to_header(mail) +
      header("Subject", mail.subject) +
      // RFC 3834: nobody's holiday is an answer to it.
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  return out + body(mail.body);
}

}  // namespace os
