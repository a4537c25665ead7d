#include "asl/intrinsic_functions.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace asl {
namespace {

using base::Error;
using Args = std::span<const Json>;

[[noreturn]] void fail(const std::string& why) {
  throw Error("States.IntrinsicFailure", why);
}

/// Java's toString of a value, which is what States.Format prints (seen in recordings): strings bare, objects
/// as `{a=1, b=[]}`.
std::string java_text(const Json& value) {
  std::string out, separator;
  switch (value.type()) {
    case Json::value_t::string:
      return value.get<std::string>();
    case Json::value_t::object:
      for (const auto& [name, member] : value.items()) {
        out += separator + name + "=" + java_text(member);
        separator = ", ";
      }
      return "{" + out + "}";
    case Json::value_t::array:
      for (const auto& element : value) {
        out += separator + java_text(element);
        separator = ", ";
      }
      return "[" + out + "]";
    default:
      return value.dump();
  }
}

const Json& array_at(Args args, std::size_t i, std::string_view function) {
  if (!args[i].is_array())
    fail(fmt::format("{}: argument {} must be an array, got {}", function, i + 1, args[i].dump()));
  return args[i];
}

std::string string_at(Args args, std::size_t i, std::string_view function) {
  if (!args[i].is_string())
    fail(fmt::format("{}: argument {} must be a string, got {}", function, i + 1, args[i].dump()));
  return args[i].get<std::string>();
}

/// Numbers are rounded half up, as Java's Math.round does: 1.5 is 2, -1.5 is -1; beyond 64 bits they stay at
/// its ends.
std::int64_t integer_at(Args args, std::size_t i, std::string_view function) {
  if (!args[i].is_number())
    fail(fmt::format("{}: argument {} must be a number, got {}", function, i + 1, args[i].dump()));
  constexpr std::int64_t least = INT64_MIN, most = INT64_MAX;
  if (args[i].is_number_unsigned())
    return static_cast<std::int64_t>(std::min(args[i].get<std::uint64_t>(), std::uint64_t{most}));
  if (args[i].is_number_integer()) return args[i].get<std::int64_t>();
  const double rounded = std::floor(args[i].get<double>() + 0.5);
  if (rounded >= 0x1p63) return most;
  return rounded < -0x1p63 ? least : static_cast<std::int64_t>(rounded);
}

std::int64_t sum(std::int64_t a, std::int64_t b, std::string_view function) {
  std::int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) fail(fmt::format("{}: {} + {} is beyond 64 bits", function, a, b));
  return out;
}

Json format(Args args, Entropy&) {
  const std::string pattern = string_at(args, 0, "States.Format");
  std::string out;
  std::size_t next = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out += pattern[++i];
    } else if (pattern.compare(i, 2, "{}") == 0) {
      if (next >= args.size()) fail("States.Format: more {} than arguments in '" + pattern + "'");
      out += java_text(args[next++]);
      ++i;
    } else {
      out += pattern[i];
    }
  }
  if (next != args.size()) fail("States.Format: more arguments than {} in '" + pattern + "'");
  return out;
}

Json string_to_json(Args args, Entropy&) {
  const std::string text = string_at(args, 0, "States.StringToJson");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return nullptr;
  try {
    return base::parse_json(text);
  } catch (const Error& error) {
    fail("States.StringToJson: " + error.message);
  }
}

Json array_partition(Args args, Entropy&) {
  const Json& array = array_at(args, 0, "States.ArrayPartition");
  const auto size = integer_at(args, 1, "States.ArrayPartition");
  if (size <= 0) fail("States.ArrayPartition: the chunk size must be positive, got " + args[1].dump());
  Json out = Json::array();
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i % static_cast<std::size_t>(size) == 0) out.push_back(Json::array());
    out.back().push_back(array[i]);
  }
  return out;
}

Json array_range(Args args, Entropy&) {
  const auto from = integer_at(args, 0, "States.ArrayRange"), to = integer_at(args, 1, "States.ArrayRange"),
             step = integer_at(args, 2, "States.ArrayRange");
  if (step == 0) fail("States.ArrayRange: the step must not be 0");
  Json out = Json::array();
  for (auto i = from; step > 0 ? i <= to : i >= to;) {
    if (out.size() == 1000) fail("States.ArrayRange: more than 1000 elements");
    out.push_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return out;
}

Json array_get_item(Args args, Entropy&) {
  const Json& array = array_at(args, 0, "States.ArrayGetItem");
  const auto index = integer_at(args, 1, "States.ArrayGetItem");
  if (index < 0 || index >= static_cast<std::int64_t>(array.size())) {
    fail(fmt::format("States.ArrayGetItem: index {} is outside the array of {}", index, array.size()));
  }
  return array[static_cast<std::size_t>(index)];
}

Json array_unique(Args args, Entropy&) {
  Json out = Json::array();
  for (const Json& each : array_at(args, 0, "States.ArrayUnique"))
    if (std::ranges::find(out, each) == out.end()) out.push_back(each);
  return out;
}

Json base64_encode(Args args, Entropy&) {
  const std::string text = string_at(args, 0, "States.Base64Encode");
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Json base64_decode(Args args, Entropy&) {
  const std::string text = string_at(args, 0, "States.Base64Decode");
  std::string out(text.size() + 1, '\0');
  const int size = text.size() % 4 != 0 ? -1
                                        : EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                          reinterpret_cast<const unsigned char*>(text.data()),
                                                          static_cast<int>(text.size()));
  if (size < 0) fail("States.Base64Decode: not base64: " + text);
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return base::valid_utf8(out);
}

Json hash(Args args, Entropy&) {
  const std::string data = string_at(args, 0, "States.Hash");
  const std::string name = string_at(args, 1, "States.Hash");
  const EVP_MD* md = nullptr;
  if (name == "MD5") md = EVP_md5();
  if (name == "SHA-1") md = EVP_sha1();
  if (name == "SHA-256") md = EVP_sha256();
  if (name == "SHA-384") md = EVP_sha384();
  if (name == "SHA-512") md = EVP_sha512();
  if (md == nullptr) fail("States.Hash: unknown algorithm '" + name + "'");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(data.data(), data.size(), digest, &size, md, nullptr);
  return fmt::format("{:02x}", fmt::join(std::span(digest, size), ""));
}

Json json_merge(Args args, Entropy&) {
  if (!args[0].is_object() || !args[1].is_object())
    fail("States.JsonMerge: the first two arguments must be objects");
  if (args[2] != Json(false)) fail("States.JsonMerge: only a shallow merge (false) is supported");
  Json out = args[0];
  out.update(args[1]);
  return out;
}

Json math_random(Args args, Entropy& entropy) {
  const auto from = integer_at(args, 0, "States.MathRandom"), to = integer_at(args, 1, "States.MathRandom");
  if (to <= from) fail("States.MathRandom: the end must be larger than the start");
  if (args.size() == 3)
    entropy = Entropy{static_cast<std::uint64_t>(integer_at(args, 2, "States.MathRandom"))};
  const auto first = static_cast<std::uint64_t>(from);  // unsigned numbers wrap, signed ones may not
  return static_cast<std::int64_t>(first + entropy.next() % (static_cast<std::uint64_t>(to) - first));
}

/// The second argument is a set of characters; empty pieces are dropped (both recorded).
Json string_split(Args args, Entropy&) {
  const std::string text = string_at(args, 0, "States.StringSplit");
  const std::string separators = string_at(args, 1, "States.StringSplit");
  Json out = Json::array();
  std::string piece;
  for (std::string_view rest = text; !rest.empty();) {
    const auto character = rest.substr(0, std::max<std::size_t>(1, base::utf8_character(rest)));
    rest.remove_prefix(character.size());
    const bool separates = separators.find(character) != std::string::npos;
    if (!separates) piece += character;
    if ((separates || rest.empty()) && !piece.empty()) out.push_back(std::exchange(piece, ""));
  }
  return out;
}

Json uuid(Args, Entropy& entropy) {
  const auto a = entropy.next(), b = entropy.next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                     0x8000 | ((b >> 48) & 0x3fff), b & 0xffffffffffff);
}

constexpr std::size_t any_number = 100;
constexpr IntrinsicFunction functions[] = {
    {"Array", 0, any_number,
     [](Args args, Entropy&) { return Json(std::vector<Json>(args.begin(), args.end())); }},
    {"ArrayContains", 2, 2,
     [](Args args, Entropy&) {
       const Json& array = array_at(args, 0, "States.ArrayContains");
       return Json(std::ranges::find(array, args[1]) != array.end());
     }},
    {"ArrayGetItem", 2, 2, array_get_item},
    {"ArrayLength", 1, 1,
     [](Args args, Entropy&) { return Json(array_at(args, 0, "States.ArrayLength").size()); }},
    {"ArrayPartition", 2, 2, array_partition},
    {"ArrayRange", 3, 3, array_range},
    {"ArrayUnique", 1, 1, array_unique},
    {"Base64Decode", 1, 1, base64_decode},
    {"Base64Encode", 1, 1, base64_encode},
    {"Format", 1, any_number, format},
    {"Hash", 2, 2, hash},
    {"JsonMerge", 3, 3, json_merge},
    {"JsonToString", 1, 1, [](Args args, Entropy&) { return Json(args[0].dump()); }},
    {"MathAdd", 2, 2,
     [](Args args, Entropy&) {
       return Json(sum(integer_at(args, 0, "States.MathAdd"), integer_at(args, 1, "States.MathAdd"),
                       "States.MathAdd"));
     }},
    {"MathRandom", 2, 3, math_random},
    {"StringSplit", 2, 2, string_split},
    {"StringToJson", 1, 1, string_to_json},
    {"UUID", 0, 0, uuid},
};

}  // namespace

std::span<const IntrinsicFunction> intrinsic_functions() {
  return functions;
}

}  // namespace asl
