// AWS's models of its services: operations and the shapes of what goes in and comes out. The files are
// models/*.json, written by tools/aws-models and compiled in; their language is botocore's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace aws {

enum class Kind { structure, list, map, string, integer, real, boolean, timestamp, blob };
enum class Place { body, uri, query, header, headers, status };  ///< where a member goes in REST
enum class Protocol { query, ec2, json, rest_json, rest_xml };

struct Shape;

/// A member of a structure, the element of a list, a key or a value of a map: a shape, and how it is written
/// here.
struct Member {
  std::string name;         ///< as callers say it; "" in lists and maps
  std::string wire;         ///< its name on the wire; "" where only the protocol knows
  std::string query_name;   ///< EC2's own
  std::string time_format;  ///< "iso8601", "unixTimestamp", "rfc822"; "" where the protocol decides
  std::string xml_namespace, xml_prefix;
  const Shape* shape = nullptr;
  Place place = Place::body;
  bool flattened = false;
  bool is_attribute = false;
  bool is_token = false;   ///< makes a request that is sent twice one request
  bool is_secret = false;  ///< must not be shown
};

struct Shape {
  std::string name;
  Kind kind = Kind::string;
  std::vector<Member> members;  ///< of a structure
  std::vector<std::string> required;
  std::string payload;  ///< the member that is the whole body, in REST
  Member element;       ///< of a list; the value in a map
  Member key;           ///< in a map

  const Member* find(std::string_view member) const;
};

struct Operation {
  std::string name, method, uri;
  Member input, output;  ///< shape is null where there is none
  std::string result;    ///< the element around the output, in the query protocol
  bool is_signed = true;
  bool wants_checksum = false;  ///< S3: of the body
};

class Service {
 public:
  /// `text` is a model. Throws base::Error{"InvalidModel"}.
  Service(std::string name, std::string_view text);
  Service(const Service&) = delete;

  /// Throws base::Error{"UnknownOperation"}, with what is near.
  const Operation& operation(std::string_view name) const;

  std::string name;  ///< "rds"
  std::string id;    ///< as in variables and files: "secrets_manager"
  std::string api_version, endpoint_prefix, signing_name, json_version, target_prefix, xml_namespace;
  Protocol protocol = Protocol::query;

 private:
  std::map<std::string, Shape, std::less<>> shapes_;
  std::map<std::string, Operation, std::less<>> operations_;
};

/// The model of a service, read when it is first asked for. Throws base::Error{"UnknownService"}.
const Service& service(std::string_view name);

}  // namespace aws
